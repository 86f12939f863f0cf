//! What the catalog tells: what is for sale at which price, and how much of it there is.

use std::collections::BTreeMap;

use contracts::EventId;
use contracts::events::commerce::{ProductChanged, StockAdjusted, VariantFacts};
use kernel::store::{StoreError, Tx};

use crate::store;

/// Takes a product as it is told for the whole truth: a variant that it leaves out is for sale no more.
pub fn take_product(tx: &mut Tx<'_>, product: &ProductChanged) -> Result<(), StoreError> {
    store::off_sale(tx, product.product_id)?;
    store::drop_prices(tx, product.product_id)?;
    // Whatever is named twice counts once, as it was named last.
    let variants: BTreeMap<_, &VariantFacts> = product.variants.iter().map(|v| (v.variant_id, v)).collect();
    let each = variants.values().copied();
    store::put_variants(tx, product.product_id, &product.title, product.on_sale, each)?;
    let prices: BTreeMap<_, _> = variants
        .values()
        .flat_map(|v| v.prices.iter().map(|price| ((v.variant_id, price.currency), price.amount)))
        .filter(|(_, amount)| *amount >= 0)
        .collect();
    store::insert_prices(tx, prices)
}

/// Counts goods in or out.
pub fn adjust(tx: &mut Tx<'_>, cause: EventId, adjusted: &StockAdjusted) -> Result<(), StoreError> {
    store::adjust(tx, adjusted.variant_id, adjusted.delta)?;
    store::insert_movement(tx, cause, adjusted.variant_id, adjusted.delta)
}
