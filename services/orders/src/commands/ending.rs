//! How orders end: cancelled, expired, or sent.

use contracts::OrderId;
use contracts::events::commerce::{CancelReason, OrderCancelled, OrderFulfilled};
use kernel::store::{StoreError, Tx};

use super::{forgetting, locked, money, stock};
use crate::domain::{By, Happening, Order, Tracking, Whose};
use crate::error::Error;
use crate::queries::{self, Record};
use crate::store;

const BY_SHOP: &str = "The shop cancelled the order.";

/// Cancels an order: the customer one that is not paid, the shop one that is not sent. Whatever was paid goes back.
pub fn cancel(tx: &mut Tx<'_>, id: OrderId, whose: Whose) -> Result<Record, Error> {
    let order = locked(tx, id, whose)?;
    let (by, why) = match whose {
        Whose::Of(_) => (By::Customer, CancelReason::Customer),
        Whose::Everybodys => (By::Shop, CancelReason::Shop),
    };
    let order = order.cancel(by)?;
    come_to_nothing(tx, &order, why)?;
    if order.paid().is_some() {
        money::ask_back_the_rest(tx, &order, BY_SHOP)?;
    }
    queries::order(tx, id, whose)
}

/// Gives an order up that was not paid in time. One that was, or has ended, stays as it is.
pub fn expire(tx: &mut Tx<'_>, id: OrderId) -> Result<(), Error> {
    let now = tx.now();
    let Some(order) = store::lock_order(tx, id)?.and_then(|order| order.expire(now)) else { return Ok(()) };
    Ok(come_to_nothing(tx, &order, CancelReason::Expired)?)
}

/// Sends the goods of a paid order.
pub fn fulfil(tx: &mut Tx<'_>, id: OrderId, tracking: Option<&Tracking>) -> Result<Record, Error> {
    let order = locked(tx, id, Whose::Everybodys)?.fulfil(tracking.cloned())?;
    forgetting::end(tx, &order)?;
    store::tell(tx, id, &Happening::Fulfilled)?;
    let tracking = tracking.map(|tracking| tracking.as_str().to_owned());
    tx.publish(id, &OrderFulfilled { order_id: id, user_id: order.buyer, tracking })?;
    let lines = queries::lines(tx, id)?;
    stock::ship(tx, id, &lines)?;
    queries::order(tx, id, Whose::Everybodys)
}

fn come_to_nothing(tx: &mut Tx<'_>, order: &Order, reason: CancelReason) -> Result<(), StoreError> {
    forgetting::end(tx, order)?;
    store::tell(tx, order.id, &Happening::Cancelled(reason))?;
    tx.publish(order.id, &OrderCancelled { order_id: order.id, user_id: order.buyer, reason })?;
    let lines = queries::lines(tx, order.id)?;
    stock::release(tx, order.id, &lines)
}
