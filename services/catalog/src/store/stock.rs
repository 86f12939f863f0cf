//! The statements on stock and its movements.

use contracts::{OrderId, ProductId, Timestamp, VariantId};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::{Availability, MovementId, MovementKind, Stock};

/// The stock of a variant, as it is kept.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Kept {
    /// The product that it is of.
    pub product_id: ProductId,
    /// In the store.
    pub on_hand: i64,
    /// Promised to orders.
    pub committed: i64,
}

/// One change of stock.
#[derive(Clone, Debug, Deserialize)]
pub struct Movement {
    /// Which.
    pub id: MovementId,
    /// Of what.
    pub variant_id: VariantId,
    /// What moved it.
    pub kind: MovementKind,
    /// How many more there are in store.
    pub on_hand_by: i64,
    /// How many more are promised.
    pub committed_by: i64,
    /// Why, where somebody said it.
    pub reason: Option<String>,
    /// For which order.
    pub order_id: Option<OrderId>,
    /// When.
    pub at: Timestamp,
}

impl Kept {
    /// The stock alone.
    pub fn stock(self) -> Stock {
        Stock { on_hand: self.on_hand, committed: self.committed }
    }
}

/// The stock of a variant, which stays as it is until the commit.
pub fn locked_stock(tx: &mut Tx<'_>, id: VariantId) -> Result<Option<Kept>, StoreError> {
    let rows: Vec<Kept> = tx.lock_rows(
        "select product_id, on_hand, committed from variants where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )?;
    Ok(rows.into_iter().next())
}

/// Stores the stock of a variant.
pub fn set_stock(tx: &mut Tx<'_>, id: VariantId, stock: Stock) -> Result<(), StoreError> {
    tx.run(
        "update variants set on_hand = $3, committed = $4 where project_id = $1 and id = $2",
        params![tx.project()?, id, stock.on_hand, stock.committed],
    )
    .map(drop)
}

/// How much can be sold of the variant of a product of which most can be.
pub fn available_most(tx: &mut Tx<'_>, id: ProductId) -> Result<i64, StoreError> {
    let most: Option<i64> = tx.one(
        "select max(on_hand - committed) from variants where project_id = $1 and product_id = $2",
        params![tx.project()?, id],
    )?;
    Ok(most.unwrap_or(0))
}

/// What a product's list shows of its stock.
pub fn availability(tx: &mut Tx<'_>, id: ProductId) -> Result<Availability, StoreError> {
    tx.one("select availability from products where project_id = $1 and id = $2", params![tx.project()?, id])
}

/// Stores what a product's list shows of its stock. It is written even when it is the same: of two variants whose
/// stock changes at once, the second must see the first.
pub fn set_availability(
    tx: &mut Tx<'_>,
    id: ProductId,
    availability: Availability,
) -> Result<(), StoreError> {
    tx.run(
        "update products set availability = $3, turns = turns + 1 where project_id = $1 and id = $2",
        params![tx.project()?, id, availability],
    )
    .map(drop)
}

/// Adds movements; they are never changed.
pub fn insert_movements(tx: &mut Tx<'_>, movements: &[Movement]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let values = |moved: &Movement| -> Vec<Value> {
        params![
            project,
            moved.id,
            moved.variant_id,
            moved.kind,
            moved.on_hand_by,
            moved.committed_by,
            moved.reason,
            moved.order_id,
            moved.at
        ]
        .to_vec()
    };
    let rows: Vec<Vec<Value>> = movements.iter().map(values).collect();
    tx.run_many(
        "insert into movements (project_id, id, variant_id, kind, on_hand_by, committed_by, reason, order_id, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &rows,
    )
    .map(drop)
}

/// Movements of a variant before `before`, newest first.
pub fn movements(
    tx: &mut Tx<'_>,
    variant: VariantId,
    before: MovementId,
    limit: u32,
) -> Result<Vec<Movement>, StoreError> {
    tx.rows(
        "select id, variant_id, kind, on_hand_by, committed_by, reason, order_id, at from movements
         where project_id = $1 and variant_id = $2 and id < $3 order by id desc limit $4",
        params![tx.project()?, variant, before, limit],
    )
}
