//! Goods that orders hold, give back and send out: always those of a whole order, told one event a variant.

use contracts::OrderId;
use contracts::events::commerce::{StockMove, StockMoved};
use kernel::store::{StoreError, Tx};

use crate::domain::Line;
use crate::store;

/// Holds the goods of a new order, whose lines are stored. They were seen to be there in this very transaction.
pub fn hold(tx: &mut Tx<'_>, order: OrderId, lines: &[Line]) -> Result<(), StoreError> {
    lock(tx, order, lines)?;
    if store::hold(tx, order)? != lines.len() as u64 {
        return Err(StoreError::Conflict);
    }
    note(tx, order, lines, StockMove::Held)
}

/// Gives back what an order held.
pub fn release(tx: &mut Tx<'_>, order: OrderId, lines: &[Line]) -> Result<(), StoreError> {
    lock(tx, order, lines)?;
    store::release(tx, order)?;
    note(tx, order, lines, StockMove::Released)
}

/// Sends out what an order held.
pub fn ship(tx: &mut Tx<'_>, order: OrderId, lines: &[Line]) -> Result<(), StoreError> {
    lock(tx, order, lines)?;
    store::ship(tx, order)?;
    note(tx, order, lines, StockMove::Shipped)
}

/// One row needs no order.
fn lock(tx: &mut Tx<'_>, order: OrderId, lines: &[Line]) -> Result<(), StoreError> {
    if lines.len() > 1 { store::lock_stock(tx, order) } else { Ok(()) }
}

fn note(tx: &mut Tx<'_>, order_id: OrderId, lines: &[Line], movement: StockMove) -> Result<(), StoreError> {
    store::insert_movements(tx, order_id, movement)?;
    for line in lines {
        let (variant_id, quantity) = (line.variant_id, line.quantity);
        tx.publish(variant_id, &StockMoved { variant_id, order_id, movement, quantity })?;
    }
    Ok(())
}
