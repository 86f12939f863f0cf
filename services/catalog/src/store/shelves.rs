//! The statements that put products where lists and searches find them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use contracts::ProductId;
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx, Value};

use super::{names, naming};
use crate::domain::category::DEPTH_MAX;
use crate::domain::listing::{Shelf, title_key};
use crate::domain::{CategoryId, Product};

static CLEAR_SHELVES: LazyLock<String> =
    LazyLock::new(|| naming("delete from shelves where project_id = $1 and product_id in"));
static CLEAR_TOKENS: LazyLock<String> =
    LazyLock::new(|| naming("delete from product_search where project_id = $1 and product_id in"));

/// Puts products onto these shelves and no others.
pub fn put_shelves(tx: &mut Tx<'_>, products: &[(&Product, Vec<Shelf>)]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let ids: Vec<ProductId> = products.iter().map(|(product, _)| product.id).collect();
    let params = names(tx, &ids)?;
    tx.run(&CLEAR_SHELVES, &params)?;
    let values = |product: &Product, shelf: &Shelf| -> Vec<Value> {
        let place = shelf.place.map(|place| place.to_string()).unwrap_or_default();
        let currency = shelf.currency.map(|currency| currency.code()).unwrap_or_default();
        let in_stock = product.availability().is_in_stock();
        let key = title_key(&product.title);
        params![project, place, currency, product.id, product.status, key, shelf.amount, in_stock].to_vec()
    };
    let rows: Vec<Vec<Value>> = products
        .iter()
        .flat_map(|(product, shelves)| shelves.iter().map(|shelf| values(product, shelf)))
        .collect();
    tx.run_many(
        "insert into shelves (project_id, place, currency, product_id, status, title_key, amount, in_stock)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &rows,
    )
    .map(drop)
}

/// Says of a product's shelves whether it can be bought now.
pub fn mark_stock(tx: &mut Tx<'_>, id: ProductId, in_stock: bool) -> Result<(), StoreError> {
    tx.run(
        "update shelves set in_stock = $3 where project_id = $1 and product_id = $2",
        params![tx.project()?, id, in_stock],
    )
    .map(drop)
}

/// Has products found by these words and no others.
pub fn put_tokens(tx: &mut Tx<'_>, products: &[(ProductId, BTreeSet<String>)]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let ids: Vec<ProductId> = products.iter().map(|(id, _)| *id).collect();
    let params = names(tx, &ids)?;
    tx.run(&CLEAR_TOKENS, &params)?;
    let values = |id: &ProductId, token: &String| -> Vec<Value> {
        params![project, Bytes(token.clone().into_bytes()), id].to_vec()
    };
    let rows: Vec<Vec<Value>> =
        products.iter().flat_map(|(id, tokens)| tokens.iter().map(|token| values(id, token))).collect();
    tx.run_many("insert into product_search (project_id, token, product_id) values ($1, $2, $3)", &rows)
        .map(drop)
}

/// Takes what stands in a category from the shelves of those that it was part of.
pub fn leave(tx: &mut Tx<'_>, category: CategoryId, above: &[CategoryId]) -> Result<(), StoreError> {
    let mut params = params![tx.project()?, category].to_vec();
    params.extend(above.iter().map(Value::of).chain(std::iter::repeat(Value::Null)).take(DEPTH_MAX));
    tx.run(
        "delete from shelves where project_id = $1 and place in ($3, $4, $5, $6, $7, $8)
         and product_id in (select s.product_id from shelves as s where s.project_id = $1 and s.place = $2)",
        &params,
    )
    .map(drop)
}

/// Puts what stands in a category onto the shelves of those that it is part of now.
pub fn join(tx: &mut Tx<'_>, category: CategoryId, above: &[CategoryId]) -> Result<(), StoreError> {
    let mut params = params![tx.project()?, category].to_vec();
    params.extend(above.iter().map(Value::of).chain(std::iter::repeat(Value::Null)).take(DEPTH_MAX));
    tx.run(
        "insert into shelves (project_id, place, currency, product_id, status, title_key, amount, in_stock)
         select s.project_id, c.id, s.currency, s.product_id, s.status, s.title_key, s.amount, s.in_stock
         from shelves as s join categories as c on c.project_id = s.project_id
         where s.project_id = $1 and s.place = $2 and c.id in ($3, $4, $5, $6, $7, $8)",
        &params,
    )
    .map(drop)
}

/// Adds to how many products on sale categories have.
pub fn count(tx: &mut Tx<'_>, more: &BTreeMap<CategoryId, i64>) -> Result<(), StoreError> {
    let project = tx.project()?;
    let changed = more.iter().filter(|(_, by)| **by != 0);
    let rows: Vec<Vec<Value>> = changed.map(|(id, by)| params![project, id, by].to_vec()).collect();
    tx.run_many(
        "insert into category_counts (project_id, category_id, products) values ($1, $2, $3)
         on conflict (project_id, category_id) do update set products = category_counts.products + excluded.products",
        &rows,
    )
    .map(drop)
}
