//! Moving stock: what people count, and what orders do.

use contracts::events::commerce::StockMoved;
use contracts::{Timestamp, VariantId};
use kernel::store::Tx;

use super::keep::{adjusted, told};
use crate::domain::text::Reason;
use crate::domain::{Availability, Stock};
use crate::error::Error;
use crate::store::stock::{self, Kept, Movement};
use crate::store::{categories, shelves};

/// Adds to what is in store or takes from it, never more than there is.
pub fn adjust(tx: &mut Tx<'_>, id: VariantId, delta: i64, why: &Reason) -> Result<Stock, Error> {
    let kept = stock::locked_stock(tx, id)?.ok_or(Error::NoSuch("variant"))?;
    let after = kept.stock().adjust(delta)?;
    let movement = adjusted(tx, id, delta, why.as_str());
    settle(tx, kept, after, movement)?;
    tx.publish(id, &told(id, delta, why.as_str()))?;
    Ok(after)
}

/// Follows what an order did. A variant that is not here any more needs nothing.
pub fn follow(tx: &mut Tx<'_>, moved: &StockMoved, at: Timestamp) -> Result<(), Error> {
    let Some(kept) = stock::locked_stock(tx, moved.variant_id)? else { return Ok(()) };
    let after = kept.stock().moved(moved.movement, moved.quantity)?;
    let movement = Movement {
        id: tx.new_id(),
        variant_id: moved.variant_id,
        kind: moved.movement.into(),
        on_hand_by: after.on_hand - kept.on_hand,
        committed_by: after.committed - kept.committed,
        reason: None,
        order_id: Some(moved.order_id),
        at,
    };
    settle(tx, kept, after, movement)
}

/// Writes stock and its movement down, and what lists show of it.
fn settle(tx: &mut Tx<'_>, kept: Kept, after: Stock, movement: Movement) -> Result<(), Error> {
    let product = kept.product_id;
    stock::set_stock(tx, movement.variant_id, after)?;
    stock::insert_movements(tx, &[movement])?;
    let before = stock::availability(tx, product)?;
    let now = Availability::of(stock::available_most(tx, product)?);
    stock::set_availability(tx, product, now)?;
    if before.is_in_stock() != now.is_in_stock() {
        // A category on the move copies what its shelves say of stock.
        categories::take_turn(tx)?;
        shelves::mark_stock(tx, product, now.is_in_stock())?;
    }
    Ok(())
}
