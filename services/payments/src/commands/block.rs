//! What fraud detection says of a payment: what it does not want and is still open fails for good, and what is there
//! already is looked at; what waited for a word goes on, or has waited for long enough.

use contracts::events::wallet::{RiskAssessed, RiskDecision};
use contracts::{OrderId, PaymentId, Timestamp};
use kernel::store::Tx;

use super::hear::tell;
use super::{Came, Source, keep, note};
use crate::domain::{CallOff, Clearance, OnSilence, Payment, Waited};
use crate::error::Error;
use crate::jobs::{Open, Silence, Steering};
use crate::providers::Steer;
use crate::store;

/// The name of fraud detection in the list of attempts.
const FRAUD: Source<'static> = Source { what: "fraud", cause: None };

/// A payment was judged: by its own name, or before payments told of themselves by its order's. Payments between wallets
/// are not ours.
pub fn assessed(tx: &mut Tx<'_>, told: &RiskAssessed) -> Result<(), Error> {
    let found = if let Ok(order) = told.payment_id.parse::<OrderId>() {
        give_up(tx, told.decision, order)?;
        store::live_of_order(tx, order)?
    } else if let Ok(payment) = told.payment_id.parse::<PaymentId>() {
        let found = store::lock_payment(tx, payment)?;
        if let Some(order) = found.as_ref().and_then(|payment| payment.order_id) {
            give_up(tx, told.decision, order)?;
        }
        found
    } else {
        None
    };
    match (told.decision, found) {
        (_, None) => Ok(()),
        (RiskDecision::Approve, Some(payment)) => clear(tx, payment, "approve"),
        // People look while it goes on; what they find may call it off.
        (RiskDecision::Review, Some(payment)) => clear(tx, payment, "review"),
        (RiskDecision::Block, Some(payment)) => block(tx, payment),
    }
}

/// An order whose payment is blocked gets no other one.
fn give_up(tx: &mut Tx<'_>, decision: RiskDecision, order: OrderId) -> Result<(), Error> {
    match decision {
        RiskDecision::Approve | RiskDecision::Review => Ok(()),
        RiskDecision::Block => Ok(store::block_order(tx, order)?),
    }
}

/// Has a payment fail, and its provider let it go.
pub fn block(tx: &mut Tx<'_>, before: Payment) -> Result<(), Error> {
    if before.blocked {
        return Ok(());
    }
    let (after, todo) = before.clone().block();
    if todo == CallOff::AskProvider {
        tx.enqueue(&Steering { payment: after.id, steer: Steer::Cancel })?;
    }
    let after = keep(tx, after)?;
    let result = match todo {
        CallOff::Cancelled | CallOff::AskProvider | CallOff::Wait => "blocked",
        CallOff::Over => "too_late",
    };
    if after.needs_review && !before.needs_review {
        tracing::warn!(payment.id = %after.id, "a payment was blocked after it was made; somebody has to look");
    }
    note(tx, before.status, &after, &FRAUD, Came::of(result, None))?;
    tell(tx, &before, &after)
}

/// A payment waits for a word until then, unless there is one already.
pub fn wait(tx: &mut Tx<'_>, id: PaymentId, until: Timestamp, then: OnSilence) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    if payment.clearance == Clearance::Cleared {
        // The word came as its provider was about to be asked.
        tx.enqueue(&Open { payment: id })?;
        return Ok(());
    }
    let Some(waiting) = payment.awaits() else { return Ok(()) };
    let waiting = keep(tx, waiting)?;
    tx.enqueue_at(&Silence { payment: id, then }, until)?;
    note(tx, waiting.status, &waiting, &FRAUD, Came::of("awaited", None))
}

/// Nothing was said of a payment in time.
pub fn silent(tx: &mut Tx<'_>, id: PaymentId, then: OnSilence) -> Result<(), Error> {
    let Some(before) = store::lock_payment(tx, id)? else { return Ok(()) };
    let after = match before.clone().unheard_of(then) {
        Waited::NotAtAll => return Ok(()),
        Waited::GoesOn(after) => {
            tx.enqueue(&Open { payment: id })?;
            after
        }
        Waited::Failed(after) => after,
    };
    let after = keep(tx, after)?;
    note(tx, before.status, &after, &FRAUD, Came::of("silent", None))?;
    tell(tx, &before, &after)
}

/// Nothing keeps a payment from its provider any more. One that nobody waits for yet finds it said when its turn comes.
fn clear(tx: &mut Tx<'_>, payment: Payment, word: &str) -> Result<(), Error> {
    if payment.clearance == Clearance::Cleared || !payment.is_unasked() {
        return Ok(());
    }
    let waited = payment.waits();
    let payment = keep(tx, payment.cleared())?;
    if waited {
        tx.enqueue(&Open { payment: payment.id })?;
        note(tx, payment.status, &payment, &FRAUD, Came::of(word, None))?;
    }
    Ok(())
}
