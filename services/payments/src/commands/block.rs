//! Fraud detection does not want a payment: what is still open fails for good; what is there already is looked at.

use contracts::events::wallet::{RiskAssessed, RiskDecision};
use contracts::{OrderId, PaymentId};
use kernel::store::Tx;

use super::hear::tell;
use super::{Came, Source, keep, note};
use crate::domain::{CallOff, Payment};
use crate::error::Error;
use crate::jobs::Steering;
use crate::providers::Steer;
use crate::store;

/// A payment was judged: an order's by the order's name, others by their own. Payments between wallets are not ours.
pub fn assessed(tx: &mut Tx<'_>, told: &RiskAssessed) -> Result<(), Error> {
    match told.decision {
        RiskDecision::Approve | RiskDecision::Review => return Ok(()),
        RiskDecision::Block => {}
    }
    let found = if let Ok(order) = told.payment_id.parse::<OrderId>() {
        store::block_order(tx, order)?;
        store::live_of_order(tx, order)?
    } else if let Ok(payment) = told.payment_id.parse::<PaymentId>() {
        store::lock_payment(tx, payment)?
    } else {
        None
    };
    match found {
        Some(payment) => block(tx, payment),
        None => Ok(()),
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
    note(tx, before.status, &after, &Source { what: "fraud", cause: None }, Came::of(result, None))?;
    tell(tx, &before, &after)
}
