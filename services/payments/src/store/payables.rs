//! The statements on what orders and top-ups are to bring, as it was told, and on orders that may not be paid for.

use contracts::{Currency, OrderId, TopUpId, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

/// An order as it was told.
#[derive(Clone, Debug, Deserialize)]
pub struct PayableOrder {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it costs.
    pub amount: i64,
    /// The currency of that.
    pub currency: Currency,
    /// Whether it came to nothing.
    pub cancelled: bool,
}

/// A top-up as it was told.
#[derive(Clone, Debug, Deserialize)]
pub struct PayableTopUp {
    /// The top-up.
    pub top_up_id: TopUpId,
    /// Who pays.
    pub user_id: UserId,
    /// How much.
    pub amount: i64,
    /// The currency of that.
    pub currency: Currency,
    /// Whether nothing is to be taken for it any more.
    pub expired: bool,
}

/// One order.
pub fn order(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<PayableOrder>, StoreError> {
    tx.row(
        "select order_id, user_id, amount, currency, cancelled from payable_orders
         where project_id = $1 and order_id = $2",
        params![tx.project()?, id],
    )
}

/// Remembers an order; what is known of it already stays.
pub fn insert_order(tx: &mut Tx<'_>, order: &PayableOrder) -> Result<(), StoreError> {
    tx.run(
        "insert into payable_orders (project_id, order_id, user_id, amount, currency, cancelled)
         values ($1, $2, $3, $4, $5, $6) on conflict (project_id, order_id) do nothing",
        params![tx.project()?, order.order_id, order.user_id, order.amount, order.currency, order.cancelled],
    )
    .map(drop)
}

/// Remembers that an order came to nothing.
pub fn cancel_order(tx: &mut Tx<'_>, id: OrderId) -> Result<(), StoreError> {
    tx.run(
        "update payable_orders set cancelled = true where project_id = $1 and order_id = $2",
        params![tx.project()?, id],
    )
    .map(drop)
}

/// Remembers that nothing is to be taken for a top-up any more.
pub fn expire_top_up(tx: &mut Tx<'_>, id: TopUpId) -> Result<(), StoreError> {
    tx.run(
        "update payable_top_ups set expired = true where project_id = $1 and top_up_id = $2",
        params![tx.project()?, id],
    )
    .map(drop)
}

/// One top-up.
pub fn top_up(tx: &mut Tx<'_>, id: TopUpId) -> Result<Option<PayableTopUp>, StoreError> {
    tx.row(
        "select top_up_id, user_id, amount, currency, expired from payable_top_ups
         where project_id = $1 and top_up_id = $2",
        params![tx.project()?, id],
    )
}

/// Remembers a top-up; says whether it is a new one.
pub fn insert_top_up(tx: &mut Tx<'_>, top_up: &PayableTopUp) -> Result<bool, StoreError> {
    let stored = tx.run(
        "insert into payable_top_ups (project_id, top_up_id, user_id, amount, currency)
         values ($1, $2, $3, $4, $5) on conflict (project_id, top_up_id) do nothing",
        params![tx.project()?, top_up.top_up_id, top_up.user_id, top_up.amount, top_up.currency],
    )?;
    Ok(stored == 1)
}

/// Remembers that an order may not be paid for.
pub fn block_order(tx: &mut Tx<'_>, id: OrderId) -> Result<(), StoreError> {
    tx.run(
        "insert into blocked_orders (project_id, order_id, blocked_at) values ($1, $2, $3)
         on conflict (project_id, order_id) do nothing",
        params![tx.project()?, id, tx.now()],
    )
    .map(drop)
}

/// Whether an order may not be paid for.
pub fn is_blocked(tx: &mut Tx<'_>, id: OrderId) -> Result<bool, StoreError> {
    let found: Option<(OrderId,)> = tx.row(
        "select order_id from blocked_orders where project_id = $1 and order_id = $2",
        params![tx.project()?, id],
    )?;
    Ok(found.is_some())
}
