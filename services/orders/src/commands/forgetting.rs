//! Forgetting to whom orders went, once their buyer was erased. What was sold, for how much, to which country and region
//! stays: books and taxes need it.

use std::collections::HashMap;

use contracts::{OrderId, UserId};
use kernel::store::{StoreError, Tx};

use crate::domain::{Destination, Order, Place};
use crate::jobs::ForgetBuyer;
use crate::store;

/// Orders that one step looks at.
const STEP_MAX: u32 = 100;

/// Somebody was erased: what is over is forgotten soon, what is not once it is.
pub fn erase(tx: &mut Tx<'_>, buyer: UserId) -> Result<(), StoreError> {
    store::note_erased(tx, buyer)?;
    tx.enqueue(&ForgetBuyer { buyer, after: None }).map(drop)
}

/// Forgets some of somebody's orders; what is left is the next step's.
pub fn forget(tx: &mut Tx<'_>, buyer: UserId, after: Option<OrderId>) -> Result<(), StoreError> {
    let bought = store::lock_bought(tx, buyer, after, STEP_MAX)?;
    let Some(last) = bought.last().map(|order| order.id) else { return Ok(()) };
    let full = bought.len() == STEP_MAX as usize;
    let mut open = Vec::new();
    let mut places: HashMap<Place, Vec<OrderId>> = HashMap::new();
    for order in bought {
        match order.destination() {
            Destination::Known(ship_to) if order.status.is_over() => {
                places.entry(ship_to.place()).or_default().push(order.id);
            }
            Destination::Known(_) => open.push(order.id),
            Destination::Forgotten(_) => {}
        }
    }
    for (place, orders) in places {
        store::forget_ship_to(tx, orders, &place)?;
    }
    if !open.is_empty() {
        store::touch_orders(tx, open)?;
    }
    if full {
        tx.enqueue(&ForgetBuyer { buyer, after: Some(last) })?;
    }
    Ok(())
}

/// Stores an order that has come to its end, and forgets to whom it went where its buyer was erased before.
pub fn end(tx: &mut Tx<'_>, order: &Order) -> Result<(), StoreError> {
    store::update_order(tx, order)?;
    match &order.ship_to {
        Destination::Known(ship_to) if store::is_erased(tx, order.buyer)? => {
            store::forget_ship_to(tx, [order.id], &ship_to.place())
        }
        Destination::Known(_) | Destination::Forgotten(_) => Ok(()),
    }
}
