//! The statements on what is for sale, and on stock.

use contracts::events::commerce::{StockMove, VariantFacts};
use contracts::{Currency, EventId, OrderId, ProductId, VariantId};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};

use super::{joined, wanted_ids};
use crate::domain::Offer;

/// How variants are offered in a currency; those that nobody has told of are left out.
pub fn offers(
    tx: &mut Tx<'_>,
    variants: impl IntoIterator<Item = VariantId>,
    currency: Currency,
) -> Result<Vec<Offer>, StoreError> {
    tx.rows(
        wanted_ids!(
            "$2",
            "select v.variant_id, v.product_id, v.sku, v.title, v.variant_title, v.image_url, v.on_sale,
               p.amount as price, coalesce(s.on_hand - s.held, 0) as available
             from wanted as w
             join variants as v on v.project_id = $1 and v.variant_id = w.id
             left join prices as p on p.project_id = $1 and p.variant_id = v.variant_id and p.currency = $3
             left join stock as s on s.project_id = $1 and s.variant_id = v.variant_id"
        ),
        params![tx.project()?, joined(variants), currency],
    )
}

/// Takes all variants of a product off sale.
pub fn off_sale(tx: &mut Tx<'_>, product: ProductId) -> Result<(), StoreError> {
    tx.run(
        "update variants set on_sale = false where project_id = $1 and product_id = $2",
        params![tx.project()?, product],
    )
    .map(drop)
}

/// Forgets what the variants of a product cost.
pub fn drop_prices(tx: &mut Tx<'_>, product: ProductId) -> Result<(), StoreError> {
    tx.run(
        "delete from prices where project_id = $1 and variant_id in
           (select variant_id from variants where project_id = $1 and product_id = $2)",
        params![tx.project()?, product],
    )
    .map(drop)
}

/// Stores the variants of a product as they are now; each is named once.
pub fn put_variants<'f>(
    tx: &mut Tx<'_>,
    product: ProductId,
    title: &str,
    on_sale: bool,
    variants: impl Iterator<Item = &'f VariantFacts>,
) -> Result<(), StoreError> {
    let project = tx.project()?;
    let values = |v: &VariantFacts| -> Vec<Value> {
        params![project, v.variant_id, product, v.sku, title, v.title, v.image_url, on_sale].to_vec()
    };
    let rows: Vec<Vec<Value>> = variants.map(values).collect();
    tx.run_many(
        "insert into variants (project_id, variant_id, product_id, sku, title, variant_title, image_url, on_sale)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (project_id, variant_id) do update set product_id = excluded.product_id, sku = excluded.sku,
           title = excluded.title, variant_title = excluded.variant_title, image_url = excluded.image_url,
           on_sale = excluded.on_sale",
        &rows,
    )
    .map(drop)
}

/// Stores what variants cost; each pair of variant and currency is named once.
pub fn insert_prices(
    tx: &mut Tx<'_>,
    prices: impl IntoIterator<Item = ((VariantId, Currency), i64)>,
) -> Result<(), StoreError> {
    let project = tx.project()?;
    let rows: Vec<Vec<Value>> = prices
        .into_iter()
        .map(|((variant, currency), amount)| params![project, variant, currency, amount].to_vec())
        .collect();
    tx.run_many(
        "insert into prices (project_id, variant_id, currency, amount) values ($1, $2, $3, $4)
         on conflict (project_id, variant_id, currency) do update set amount = excluded.amount",
        &rows,
    )
    .map(drop)
}

/// Counts goods in or out. Fewer than are promised may be left: `short` says by how much.
pub fn adjust(tx: &mut Tx<'_>, variant: VariantId, delta: i64) -> Result<(), StoreError> {
    let short = delta.saturating_neg().max(0);
    tx.run(
        "insert into stock (project_id, variant_id, on_hand, held, short) values ($1, $2, $3, 0, $4)
         on conflict (project_id, variant_id) do update set on_hand = stock.on_hand + excluded.on_hand,
           short = case when stock.held > stock.on_hand + excluded.on_hand
             then stock.held - stock.on_hand - excluded.on_hand else 0 end",
        params![tx.project()?, variant, delta, short],
    )
    .map(drop)
}

/// Locks the stock of all lines of an order, always in the same order, so that no two orders wait for each other.
pub fn lock_stock(tx: &mut Tx<'_>, order: OrderId) -> Result<(), StoreError> {
    let locked: Vec<VariantId> = tx.lock_rows(
        "select variant_id from stock where project_id = $1 and variant_id in
           (select variant_id from order_lines where project_id = $1 and order_id = $2) order by variant_id",
        params![tx.project()?, order],
    )?;
    drop(locked);
    Ok(())
}

/// Promises an order its goods, where they are there; says of how many lines they are.
pub fn hold(tx: &mut Tx<'_>, order: OrderId) -> Result<u64, StoreError> {
    tx.run(
        "update stock set held = stock.held + l.quantity from order_lines as l
         where stock.project_id = $1 and l.project_id = $1 and l.order_id = $2
           and stock.variant_id = l.variant_id and stock.on_hand - stock.held >= l.quantity",
        params![tx.project()?, order],
    )
}

/// Gives back what was promised to an order.
pub fn release(tx: &mut Tx<'_>, order: OrderId) -> Result<(), StoreError> {
    tx.run(
        "update stock set held = stock.held - l.quantity,
           short = case when stock.held - l.quantity > stock.on_hand
             then stock.held - l.quantity - stock.on_hand else 0 end
         from order_lines as l
         where stock.project_id = $1 and l.project_id = $1 and l.order_id = $2
           and stock.variant_id = l.variant_id",
        params![tx.project()?, order],
    )
    .map(drop)
}

/// Takes the goods of an order out of the store.
pub fn ship(tx: &mut Tx<'_>, order: OrderId) -> Result<(), StoreError> {
    tx.run(
        "update stock set on_hand = stock.on_hand - l.quantity, held = stock.held - l.quantity
         from order_lines as l
         where stock.project_id = $1 and l.project_id = $1 and l.order_id = $2
           and stock.variant_id = l.variant_id",
        params![tx.project()?, order],
    )
    .map(drop)
}

/// Writes down what an order did with all its goods; a second time is refused by the key.
pub fn insert_movements(tx: &mut Tx<'_>, order: OrderId, movement: StockMove) -> Result<(), StoreError> {
    tx.run(
        "insert into movements (project_id, cause, movement, variant_id, quantity, moved_at)
         select project_id, order_id, cast($3 as text), variant_id, quantity, cast($4 as bigint) from order_lines
         where project_id = $1 and order_id = $2",
        params![tx.project()?, order, movement, tx.now()],
    )
    .map(drop)
}

/// Writes down that goods were counted in or out.
pub fn insert_movement(
    tx: &mut Tx<'_>,
    cause: EventId,
    variant: VariantId,
    quantity: i64,
) -> Result<(), StoreError> {
    tx.run(
        "insert into movements (project_id, cause, movement, variant_id, quantity, moved_at)
         values ($1, $2, 'adjusted', $3, $4, $5)",
        params![tx.project()?, cause, variant, quantity, tx.now()],
    )
    .map(drop)
}
