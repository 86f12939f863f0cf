//! What is done with a payment on purpose: confirmed, captured, settled by hand, called off.

use contracts::{OrderId, PaymentId, TopUpId};
use kernel::store::Tx;

use super::hear::{hear, tell};
use super::{Came, Source, Whose, keep, locked, note};
use crate::domain::{CallOff, News, Payment, PaymentMethod, ProviderName, Standing, Status};
use crate::error::Error;
use crate::jobs::{Look, Steering};
use crate::providers::{Refusal, Steer};
use crate::store;

const BY_HAND: &str = "people take this money by hand; settle it when they have";

/// Has the customer charged or, where the money is held and the caller may, has it taken. Over is over.
pub fn process(
    tx: &mut Tx<'_>,
    id: PaymentId,
    whose: Whose,
    method: Option<&PaymentMethod>,
) -> Result<(), Error> {
    let payment = locked(tx, id, whose)?;
    match payment.status {
        Status::Authorized if whose == Whose::Everybodys => capture(tx, id, payment.capture_asked),
        Status::Authorized | Status::Processing => Ok(()),
        Status::Succeeded | Status::Refunded | Status::PartiallyRefunded => Ok(()),
        Status::Created | Status::Pending | Status::Failed if payment.is_payable() => {
            if payment.provider == Some(ProviderName::Offline) {
                return Err(Error::OtherHands(BY_HAND));
            }
            act(tx, payment, Steer::Confirm { method: method.cloned() })
        }
        Status::Created | Status::Pending | Status::Failed | Status::Cancelled => Err(Error::NotPayable),
    }
}

/// Has money taken that is held, all of it where no amount is said.
pub fn capture(tx: &mut Tx<'_>, id: PaymentId, amount: Option<i64>) -> Result<(), Error> {
    let payment = locked(tx, id, Whose::Everybodys)?;
    let amount = payment.capturable(amount).ok_or(Error::NotCapturable)?;
    if payment.acting {
        return if payment.capture_asked == Some(amount) { Ok(()) } else { Err(Error::NotCapturable) };
    }
    act(tx, Payment { capture_asked: Some(amount), ..payment }, Steer::Capture { amount })
}

/// One question at a time: who asks while one is under way waits for its answer.
fn act(tx: &mut Tx<'_>, payment: Payment, steer: Steer) -> Result<(), Error> {
    if payment.acting {
        return Ok(());
    }
    tx.enqueue(&Steering { payment: payment.id, steer })?;
    keep(tx, Payment { acting: true, ..payment }).map(drop)
}

/// People have taken the money by hand.
pub fn settle(tx: &mut Tx<'_>, id: PaymentId, by: &str) -> Result<Payment, Error> {
    let payment = locked(tx, id, Whose::Everybodys)?;
    if payment.provider != Some(ProviderName::Offline) {
        return Err(Error::OtherHands("a provider takes this money; it says when it has"));
    }
    match payment.status {
        Status::Succeeded => return Ok(payment),
        Status::Pending if payment.is_payable() => {}
        Status::Created => return Err(Error::NotReady),
        Status::Pending
        | Status::Authorized
        | Status::Processing
        | Status::Failed
        | Status::Cancelled
        | Status::Refunded
        | Status::PartiallyRefunded => return Err(Error::NotPayable),
    }
    let news = News {
        standing: Standing::Succeeded,
        amount: Some(payment.amount),
        currency: Some(payment.currency),
        received: Some(payment.amount),
        failure: None,
        at: tx.now(),
        said: "settled_by_hand".to_owned(),
    };
    let (settled, _) = hear(tx, payment, &news, &Source { what: "settle", cause: Some(by) })?;
    Ok(settled)
}

/// The order came to nothing: its payment is cancelled as far as the provider lets us.
pub fn call_off(tx: &mut Tx<'_>, order: OrderId) -> Result<(), Error> {
    store::cancel_order(tx, order)?;
    match store::live_of_order(tx, order)? {
        Some(payment) => call_off_payment(tx, payment),
        None => Ok(()),
    }
}

/// The top-up is not wanted any more: the same.
pub fn call_off_top_up(tx: &mut Tx<'_>, top_up: TopUpId) -> Result<(), Error> {
    store::expire_top_up(tx, top_up)?;
    match store::live_of_top_up(tx, top_up)? {
        Some(payment) => call_off_payment(tx, payment),
        None => Ok(()),
    }
}

fn call_off_payment(tx: &mut Tx<'_>, before: Payment) -> Result<(), Error> {
    let (after, todo) = before.clone().call_off();
    match todo {
        CallOff::Over => return Ok(()),
        CallOff::AskProvider => {
            tx.enqueue(&Steering { payment: after.id, steer: Steer::Cancel })?;
        }
        CallOff::Cancelled | CallOff::Wait => {}
    }
    let after = keep(tx, after)?;
    let source = Source { what: "cancel", cause: None };
    note(tx, before.status, &after, &source, Came::of("asked", None))?;
    tell(tx, &before, &after)
}

/// The provider has answered what it was to do.
pub fn answered(
    tx: &mut Tx<'_>,
    job: &Steering,
    reply: &Result<News, Refusal>,
    cause: &str,
) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, job.payment)? else { return Ok(()) };
    let payment = done_acting(payment, &job.steer);
    let source = Source { what: job.steer.name(), cause: Some(cause) };
    match reply {
        Ok(news) => hear(tx, payment, news, &source).map(drop),
        Err(Refusal { news: Some(news), .. }) => {
            hear(tx, not_captured(payment, &job.steer), news, &source).map(drop)
        }
        Err(Refusal { code, news: None }) => {
            let payment = not_captured(payment, &job.steer);
            unanswered(tx, payment, &source, Came::of("refused", Some(code)))
        }
    }
}

/// The provider has not answered, or not what it was asked: where the payment stands is found out by looking.
pub fn not_answered(tx: &mut Tx<'_>, job: &Steering, result: &str) -> Result<(), Error> {
    let Some(payment) = store::lock_payment(tx, job.payment)? else { return Ok(()) };
    let payment = done_acting(payment, &job.steer);
    unanswered(tx, payment, &Source { what: job.steer.name(), cause: None }, Came::of(result, None))
}

fn unanswered(tx: &mut Tx<'_>, payment: Payment, source: &Source<'_>, came: Came<'_>) -> Result<(), Error> {
    let payment = keep(tx, payment)?;
    note(tx, payment.status, &payment, source, came)?;
    if payment.is_open() && payment.provider != Some(ProviderName::Offline) {
        tx.enqueue(&Look { payment: payment.id, round: 0, once: true })?;
    }
    Ok(())
}

/// What was asked for did not happen: a later capture says its own amount.
fn not_captured(payment: Payment, steer: &Steer) -> Payment {
    match steer {
        Steer::Capture { .. } => Payment { capture_asked: None, ..payment },
        Steer::Confirm { .. } | Steer::Cancel => payment,
    }
}

fn done_acting(payment: Payment, steer: &Steer) -> Payment {
    match steer {
        Steer::Confirm { .. } | Steer::Capture { .. } => Payment { acting: false, ..payment },
        Steer::Cancel => payment,
    }
}
