//! What one can do: `goods` (what the catalog tells), `carts`, `placing`, `money` (what payments tell, and refunds),
//! `ending` (cancelling, expiring, sending), `forgetting` (whose buyer was erased).
//!
//! A command neither begins nor commits. Whoever changes an order locks its row first; whoever changes stock goes
//! through `stock`, which takes the rows of an order in the order of their ids.

pub mod carts;
pub mod ending;
pub mod forgetting;
pub mod goods;
pub mod money;
pub mod placing;
mod stock;

use contracts::OrderId;
use kernel::store::Tx;

use crate::domain::{Order, Whose};
use crate::error::Error;
use crate::store;

/// An order that the caller may change, locked until the commit.
fn locked(tx: &mut Tx<'_>, id: OrderId, whose: Whose) -> Result<Order, Error> {
    let found = store::lock_order(tx, id)?.filter(|order| whose.covers(order.buyer));
    found.ok_or(Error::Absent("order"))
}
