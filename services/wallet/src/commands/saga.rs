//! What each word makes of a payment, and what is told then. Each word may come twice, late, or never.
//!
//! A payment that lives has a time by which something has to happen, and is looked at when it is over; the ledger is
//! asked to let go until it has said how the payment ended. So no money stays set aside for ever, and no payment ends
//! twice.

use std::time::Duration;

use contracts::events::wallet::{
    BalanceRefused, BalanceReleased, ReleaseRequested, RiskAssessed, TransactionSettled,
    WalletPaymentCompleted, WalletPaymentProcessing,
};
use contracts::events::{PaymentFailed, PaymentKind};
use contracts::{Money, Timestamp, WalletPaymentId};
use kernel::store::{StoreError, Tx};

use super::saying::say;
use super::{counting, schedules, top_ups, withdrawals};
use crate::domain::{Cause, Ended, Note, Payment, Reason, State, Verdict, Whose};
use crate::error::Error;
use crate::jobs::Deadline;
use crate::store;

/// What has been over its time for so long was forgotten by its job.
const OVERDUE_AFTER: Duration = Duration::from_secs(300);
/// Payments that are handed out at a time, and how long a job has for them until it counts as gone.
const HANDED_OUT_MAX: u32 = 2_000;
const HANDED_OUT_FOR: Duration = Duration::from_secs(300);

/// The ledger has set the money aside.
pub fn reserved(tx: &mut Tx<'_>, id: WalletPaymentId) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    advance(tx, payment.reserve())
}

/// The ledger has not set the money aside.
pub fn refused(tx: &mut Tx<'_>, told: &BalanceRefused, at: Timestamp) -> Result<(), Error> {
    fail(tx, told.payment_id, &told.reason, at)
}

/// The ledger has let the money go.
pub fn released(tx: &mut Tx<'_>, told: &BalanceReleased, at: Timestamp) -> Result<(), Error> {
    fail(tx, told.payment_id, &told.reason, at)
}

/// The ledger has moved the money; a transaction that is for no payment is not ours.
pub fn settled(tx: &mut Tx<'_>, told: &TransactionSettled, at: Timestamp) -> Result<(), Error> {
    let Some(id) = told.payment_id else { return Ok(()) };
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    if matches!(payment.state, State::Ended(Ended::Failed { .. })) {
        tracing::error!(payment.id = %id, "the ledger has moved the money of a payment that had failed");
    }
    advance(tx, payment.settle(told.transaction_id, at))
}

/// Fraud detection has judged; payments at providers are not ours.
pub fn assessed(tx: &mut Tx<'_>, told: &RiskAssessed) -> Result<(), Error> {
    let Ok(id) = told.payment_id.parse::<WalletPaymentId>() else { return Ok(()) };
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    let (frozen, now) = (store::any_frozen(tx, payment.from, payment.to)?, tx.now());
    advance(tx, payment.assess(told.decision, frozen, now))
}

/// A person has looked at a payment, and says why it may go on or not.
pub fn review(
    tx: &mut Tx<'_>,
    id: WalletPaymentId,
    verdict: Verdict,
    reviewer: &str,
    why: &Note,
) -> Result<Payment, Error> {
    let payment = store::lock_payment(tx, id)?.ok_or(Error::Absent("payment"))?;
    let (frozen, now) = (store::any_frozen(tx, payment.from, payment.to)?, tx.now());
    advance(tx, Some(payment.review(verdict, frozen, now)?))?;
    store::insert_review(tx, id, verdict, reviewer, why)?;
    store::payment(tx, id)?.ok_or(Error::Absent("payment"))
}

/// The payer does not want it any more.
pub fn cancel(tx: &mut Tx<'_>, id: WalletPaymentId, whose: Whose) -> Result<Payment, Error> {
    let payment = store::lock_payment(tx, id)?.filter(|payment| whose.covers(payment.payer));
    let payment = payment.ok_or(Error::Absent("payment"))?;
    let now = tx.now();
    advance(tx, Some(payment.cancel(now)?))?;
    store::payment(tx, id)?.ok_or(Error::Absent("payment"))
}

/// An account of the payment was frozen.
pub fn freeze(tx: &mut Tx<'_>, id: WalletPaymentId) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    let now = tx.now();
    advance(tx, payment.freeze(now))
}

/// Time has passed; what has time left is looked at again when that is over.
pub fn run_out(tx: &mut Tx<'_>, id: WalletPaymentId) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    let now = tx.now();
    advance(tx, payment.run_out(now))
}

/// Has payments looked at whose time is over. Few ever are, so their row alone waits for it and not a job each.
pub fn hand_out_overdue(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    for (project, payment) in store::hand_out_overdue(tx, now.saturating_add(HANDED_OUT_FOR), HANDED_OUT_MAX)?
    {
        tx.enqueue_for(project, &Deadline { payment }, now)?;
    }
    Ok(())
}

/// Has top-ups, withdrawals and schedules looked at whose time has been over for long: the job that was to do it is gone.
pub fn look_for_overdue(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    top_ups::look_for_overdue(tx, OVERDUE_AFTER)?;
    withdrawals::look_for_overdue(tx, OVERDUE_AFTER)?;
    schedules::look_for_overdue(tx, OVERDUE_AFTER)
}

fn fail(tx: &mut Tx<'_>, id: WalletPaymentId, reason: &str, at: Timestamp) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(()) };
    if matches!(payment.state, State::Ended(Ended::Completed { .. })) {
        tracing::error!(payment.id = %id, "the ledger has let the money of a payment go that was completed");
    }
    advance(tx, payment.fail(Reason::heard(reason), at))
}

/// Stores where a payment stands now, and tells what follows from it. Nothing is stored or told where it did not move.
fn advance(tx: &mut Tx<'_>, moved: Option<Payment>) -> Result<(), Error> {
    let Some(payment) = moved else { return Ok(()) };
    store::update_payment(tx, &payment)?;
    match &payment.state {
        State::Initiated { .. } | State::Reserved { .. } => {}
        State::InReview { .. } => {
            let text = format!("Your payment of {} is being looked at.", payment.amount);
            say(tx, payment.payer, text, format!("wallet.{}.in_review", payment.id))?;
        }
        State::Processing { .. } => {
            tx.publish(payment.id, &WalletPaymentProcessing { payment: payment.facts() })?;
        }
        State::Releasing { why, .. } => {
            let reason = why.as_str().to_owned();
            tx.publish(payment.id, &ReleaseRequested { payment_id: payment.id, reason })?;
        }
        State::Ended(Ended::Completed { .. }) => complete(tx, &payment)?,
        State::Ended(Ended::Failed { why, .. }) => come_to_nothing(tx, &payment, why)?,
    }
    Ok(())
}

fn complete(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), Error> {
    tx.publish(payment.id, &WalletPaymentCompleted { payment: payment.facts() })?;
    settle_cause(tx, payment, true)?;
    let fee = Money::new(payment.fee, payment.amount.currency());
    let received = payment.amount.checked_sub(fee)?;
    let id = payment.id;
    say(tx, payment.payer, format!("You paid {}.", payment.amount), format!("wallet.{id}.completed.payer"))?;
    say(tx, payment.payee, format!("You received {received}."), format!("wallet.{id}.completed.payee"))?;
    Ok(())
}

fn come_to_nothing(tx: &mut Tx<'_>, payment: &Payment, why: &Reason) -> Result<(), Error> {
    let reason = why.as_str().to_owned();
    let failed = PaymentFailed {
        order_id: None,
        invoice_id: None,
        top_up_id: None,
        payment_intent_id: None,
        payment_id: None,
        kind: PaymentKind::Wallet,
        user_id: Some(payment.payer),
        reason: Some(reason.clone()),
    };
    tx.publish(payment.id, &failed)?;
    if payment.counts() {
        counting::give_back(tx, payment.from, payment.amount.minor(), payment.initiated_at)?;
    }
    settle_cause(tx, payment, false)?;
    let text = format!("Your payment of {} did not go through: {reason}.", payment.amount);
    say(tx, payment.payer, text, format!("wallet.{}.failed", payment.id))?;
    Ok(())
}

/// What brought the payment about hears how it ended.
fn settle_cause(tx: &mut Tx<'_>, payment: &Payment, completed: bool) -> Result<(), StoreError> {
    match payment.cause {
        Cause::Asked(request) => store::settle_request(tx, request, payment.id, completed),
        Cause::Refund(of) if !completed => {
            store::change_refunded(tx, of, payment.amount.minor().saturating_neg())
        }
        Cause::Refund(_) | Cause::Direct | Cause::Schedule(..) => Ok(()),
    }
}
