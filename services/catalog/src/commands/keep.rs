//! Writing products down: the one way for all that changes them, one or many at a time.

use std::collections::{BTreeMap, HashMap};

use contracts::events::commerce::StockAdjusted;
use contracts::{ProductId, VariantId};
use kernel::store::Tx;

use crate::domain::category::Tree;
use crate::domain::intake::Revision;
use crate::domain::listing::{Shelf, shelves, title_key};
use crate::domain::search::tokens;
use crate::domain::{CategoryId, MovementKind, Product, Status, Variant};
use crate::error::Error;
use crate::store::{self, stock::Movement};

/// Writes down what differs, and tells the world; what does not differ costs nothing.
pub fn keep(
    tx: &mut Tx<'_>,
    tree: &Tree,
    revisions: Vec<Revision>,
    why: &str,
) -> Result<Vec<Product>, Error> {
    let changed: Vec<Revision> = revisions.into_iter().filter_map(|revision| counted(tx, revision)).collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let products: Vec<&Product> = changed.iter().map(|revision| &revision.after).collect();
    store::products::put_products(tx, &products)?;
    let variants: Vec<(ProductId, &Variant)> = changed.iter().flat_map(new_variants).collect();
    store::products::put_variants(tx, &variants)?;
    put_out(tx, tree, &changed)?;
    let told = changed.iter().filter(|revision| is_news(revision));
    for product in told.map(|revision| &revision.after) {
        tx.publish(product.id, &product.facts())?;
    }
    move_stock(tx, &changed, why)?;
    Ok(changed.into_iter().map(|revision| revision.after).collect())
}

/// Writes one product down.
pub fn keep_one(
    tx: &mut Tx<'_>,
    before: Option<Product>,
    after: Product,
    why: &str,
) -> Result<Product, Error> {
    let placed = before.as_ref().and_then(|before| before.category_id).or(after.category_id);
    let tree = if placed.is_some() { store::categories::tree(tx)? } else { Tree::default() };
    if after.category_id.is_some_and(|category| !tree.holds(category)) {
        return Err(Error::field("category_id", "there is no such category"));
    }
    let kept = keep(tx, &tree, vec![Revision { before, after: after.clone() }], why)?;
    Ok(kept.into_iter().next().unwrap_or(after))
}

/// The revision with its new version, or none where nothing differs.
fn counted(tx: &Tx<'_>, revision: Revision) -> Option<Revision> {
    if revision.before.as_ref() == Some(&revision.after) {
        return None;
    }
    if !is_news(&revision) {
        return Some(revision);
    }
    let after = Product { version: revision.after.version + 1, updated_at: tx.now(), ..revision.after };
    Some(Revision { after, ..revision })
}

/// Whether something differs that is not stock.
fn is_news(revision: &Revision) -> bool {
    revision.before.as_ref().is_none_or(|before| revision.after.differs_from(before))
}

fn new_variants(revision: &Revision) -> impl Iterator<Item = (ProductId, &Variant)> {
    let before: HashMap<VariantId, &Variant> = variants(revision.before.as_ref());
    let differs = move |variant: &&Variant| before.get(&variant.id) != Some(variant);
    revision.after.variants.iter().filter(differs).map(|variant| (revision.after.id, variant))
}

fn variants(product: Option<&Product>) -> HashMap<VariantId, &Variant> {
    product.into_iter().flat_map(|product| &product.variants).map(|variant| (variant.id, variant)).collect()
}

/// Puts products where lists and searches find them, as far as they stand elsewhere now.
fn put_out(tx: &mut Tx<'_>, tree: &Tree, changed: &[Revision]) -> Result<(), Error> {
    let moved: Vec<(&Product, Vec<Shelf>)> = changed
        .iter()
        .filter(|revision| {
            revision.before.as_ref().is_none_or(|before| shown(before) != shown(&revision.after))
        })
        .map(|revision| (&revision.after, shelves(&revision.after, &path(tree, &revision.after))))
        .collect();
    if !moved.is_empty() {
        let categories = changed.iter().flat_map(|one| [one.before.as_ref(), Some(&one.after)]).flatten();
        if categories.filter_map(|product| product.category_id).next().is_some() {
            store::categories::take_turn(tx)?;
        }
        store::shelves::put_shelves(tx, &moved)?;
        store::shelves::count(tx, &counts(tree, changed))?;
    }
    let renamed =
        changed.iter().map(|one| (one.after.id, one.before.as_ref().map(tokens), tokens(&one.after)));
    let renamed: Vec<_> = renamed
        .filter(|(_, before, after)| before.as_ref() != Some(after))
        .map(|(id, _, after)| (id, after))
        .collect();
    if !renamed.is_empty() {
        store::shelves::put_tokens(tx, &renamed)?;
    }
    Ok(())
}

fn path(tree: &Tree, product: &Product) -> Vec<CategoryId> {
    product.category_id.map(|category| tree.path(category)).unwrap_or_default()
}

/// All that shelves know of a product.
fn shown(product: &Product) -> impl PartialEq + use<> {
    let in_stock = product.availability().is_in_stock();
    (product.category_id, product.status, title_key(&product.title), product.lowest_prices(), in_stock)
}

/// How many products on sale each category has more than before.
fn counts(tree: &Tree, changed: &[Revision]) -> BTreeMap<CategoryId, i64> {
    let mut counts = BTreeMap::new();
    for revision in changed {
        for (product, by) in [(revision.before.as_ref(), -1), (Some(&revision.after), 1)] {
            let on_sale = product.filter(|product| product.status == Status::OnSale);
            for category in on_sale.map(|product| path(tree, product)).unwrap_or_default() {
                *counts.entry(category).or_insert(0) += by;
            }
        }
    }
    counts
}

/// Writes down what came and went, and tells it.
fn move_stock(tx: &mut Tx<'_>, changed: &[Revision], why: &str) -> Result<(), Error> {
    let mut movements = Vec::new();
    for revision in changed {
        let before = variants(revision.before.as_ref());
        for variant in &revision.after.variants {
            let on_hand = before.get(&variant.id).map_or(0, |before| before.stock.on_hand);
            let delta = variant.stock.on_hand.saturating_sub(on_hand);
            if delta != 0 {
                movements.push(adjusted(tx, variant.id, delta, why));
                tx.publish(variant.id, &told(variant.id, delta, why))?;
            }
        }
    }
    if !movements.is_empty() {
        store::stock::insert_movements(tx, &movements)?;
    }
    Ok(())
}

/// An adjustment as it is kept.
pub fn adjusted(tx: &Tx<'_>, variant: VariantId, delta: i64, why: &str) -> Movement {
    Movement {
        id: tx.new_id(),
        variant_id: variant,
        kind: MovementKind::Adjusted,
        on_hand_by: delta,
        committed_by: 0,
        reason: Some(why.to_owned()),
        order_id: None,
        at: tx.now(),
    }
}

/// An adjustment as it is told.
pub fn told(variant: VariantId, delta: i64, why: &str) -> StockAdjusted {
    StockAdjusted { variant_id: variant, delta, reason: why.to_owned() }
}
