//! What payments tell of an order's money, and asking for it back.
//!
//! What is told may come twice and in any order. An order that is not known here is somebody else's: nothing is done.

use contracts::events::commerce::{PaymentRefunded, RefundFailed, RefundRequested};
use contracts::events::{OrderPaid, PaidLine, PaymentSucceeded};
use contracts::{Money, OrderId, Timestamp};
use kernel::store::{StoreError, Tx};

use super::{forgetting, locked, stock};
use crate::domain::{
    Attempt, Happening, Order, Payment, Receipt, RefundReason, RefundState, Repaid, Whose, refund_of,
};
use crate::error::Error;
use crate::queries;
use crate::store::{self, RefundRow};

const TOO_LATE: &str = "The payment came after the order had come to nothing.";
const WRONG_AMOUNT: &str = "The payment was not of what the order costs.";
const UNASKED: &str = "It was sent back by the provider or by hand.";
const REASON_LETTERS_MAX: usize = 100;

/// A payment has succeeded: it pays the order, or goes back, or somebody has to look at it.
pub fn receive(tx: &mut Tx<'_>, id: OrderId, told: &PaymentSucceeded, at: Timestamp) -> Result<(), Error> {
    let Some(order) = store::lock_order(tx, id)? else { return Ok(()) };
    let payment = Payment { intent: told.payment_intent_id.clone(), id: told.payment_id };
    let fits = order.fits(told.amount, told.currency);
    let receipt = order.clone().receive(payment.clone(), fits, at);
    let outcome = match &receipt {
        Receipt::Pays(_) => "pays",
        Receipt::TooLate(_) => "too_late",
        Receipt::WrongAmount => "wrong_amount",
        Receipt::Second => "second",
        Receipt::Known => return Ok(()),
    };
    if !store::insert_receipt(tx, id, &payment, outcome)? {
        return Ok(());
    }
    match receipt {
        Receipt::Pays(order) => pay(tx, *order, &payment),
        Receipt::TooLate(late) => {
            store::tell(tx, id, &Happening::PaidTooLate)?;
            let counts = late.state != order.state;
            if counts {
                store::update_order(tx, &late)?;
            }
            send_back(tx, &late, &payment, TOO_LATE, counts)?;
            if counts { catch_up(tx, &payment, late.id) } else { Ok(()) }
        }
        Receipt::WrongAmount => {
            store::tell(tx, id, &Happening::PaidWrongly)?;
            Ok(send_back(tx, &order, &payment, WRONG_AMOUNT, false)?)
        }
        Receipt::Second => {
            tracing::warn!(order.id = %id, payment.intent = payment.intent, "an order was paid twice");
            store::tell(tx, id, &Happening::PaidTwice(payment.intent))?;
            Ok(())
        }
        Receipt::Known => Ok(()),
    }
}

/// Notes how far an attempt to pay has come.
pub fn attempt(tx: &mut Tx<'_>, id: OrderId, heard: Attempt) -> Result<(), Error> {
    let what = match &heard {
        Attempt::Open { .. } => Happening::PaymentGivenUp,
        Attempt::Failed { reason, .. } => Happening::PaymentFailed(reason.clone()),
        Attempt::Authorized { .. } => Happening::PaymentAuthorized,
    };
    let Some(order) = store::lock_order(tx, id)?.and_then(|order| order.try_paying(heard)) else {
        return Ok(());
    };
    store::update_order(tx, &order)?;
    store::tell(tx, id, &what)?;
    Ok(())
}

/// The code of a failure as it may be shown.
pub fn failure(reason: Option<&str>) -> String {
    let letters = reason.unwrap_or_default().chars().filter(|letter| !letter.is_control());
    let reason: String = letters.take(REASON_LETTERS_MAX).collect();
    if reason.is_empty() { "unknown".to_owned() } else { reason }
}

/// Asks for money of an order back: so much, or all that is left. Never more than was paid.
pub fn refund(
    tx: &mut Tx<'_>,
    id: OrderId,
    amount: Option<i64>,
    reason: &RefundReason,
) -> Result<RefundRow, Error> {
    let order = locked(tx, id, Whose::Everybodys)?;
    let asked = store::asked_back(tx, id)?;
    let left = order.refundable(asked)?;
    let amount = amount.unwrap_or(left);
    if amount > left || left == 0 {
        return Err(Error::RefundTooLarge(Money::new(left, order.total.currency())));
    }
    // Locking is not enough: who waited for the row goes on with sums that are older, unless the row has changed.
    store::update_order(tx, &order)?;
    Ok(ask_back(tx, &order, amount, reason.as_str())?)
}

/// Asks for all back that has not been asked for.
pub fn ask_back_the_rest(tx: &mut Tx<'_>, order: &Order, reason: &str) -> Result<(), Error> {
    let asked = store::asked_back(tx, order.id)?;
    match order.refundable(asked)? {
        0 => {}
        left => drop(ask_back(tx, order, left, reason)?),
    }
    Ok(())
}

/// Money has gone back.
pub fn repaid(tx: &mut Tx<'_>, id: OrderId, told: &PaymentRefunded) -> Result<(), Error> {
    let Some(order) = store::lock_order(tx, id)? else { return Ok(()) };
    if told.currency != order.total.currency() {
        tracing::warn!(order.id = %id, refund.id = %told.refund_id, "a refund is in another currency than its order");
        return Ok(());
    }
    store::note_repaid(tx, id, told.payment_id, told.refunded_total)?;
    if store::finish_refund(tx, id, told.refund_id, told.amount)? == 0 {
        let counts = match order.paid() {
            Some(paid) => paid.may_be(told.payment_id),
            // Heard before its payment, unless that one was sent back for being of a wrong amount.
            None => !store::has_receipt(tx, id, told.payment_id)?,
        };
        let (amount, reason, state) = (told.amount, UNASKED.to_owned(), RefundState::Done);
        store::insert_refund(
            tx,
            &RefundRow { id: told.refund_id, order: id, amount, reason, state, counts },
        )?;
    }
    store::tell(tx, id, &Happening::Refunded(Money::new(told.amount, told.currency)))?;
    match order.clone().repay(told.payment_id, told.refunded_total) {
        // The row changes all the same, so that whoever asks for money back at this moment sees this refund.
        Repaid::Nothing => Ok(store::update_order(tx, &order)?),
        moved => Ok(settle(tx, moved)?),
    }
}

/// Money has not gone back: it can be asked for again.
pub fn refund_failed(tx: &mut Tx<'_>, id: OrderId, told: &RefundFailed) -> Result<(), Error> {
    if store::lock_order(tx, id)?.is_some() && store::fail_refund(tx, id, told.refund_id)? {
        store::tell(tx, id, &Happening::RefundFailed(failure(Some(&told.reason))))?;
    }
    Ok(())
}

fn pay(tx: &mut Tx<'_>, order: Order, payment: &Payment) -> Result<(), Error> {
    store::update_order(tx, &order)?;
    store::tell(tx, order.id, &Happening::Paid)?;
    let lines = queries::lines(tx, order.id)?;
    let lines = lines.into_iter().map(|line| PaidLine {
        title: line.title,
        quantity: line.quantity,
        amount: line.amount.minor(),
    });
    let (amount, currency) = (order.total.minor(), order.total.currency());
    let paid = OrderPaid {
        order_id: order.id,
        amount,
        currency,
        user_id: order.buyer,
        lines: lines.collect(),
        number: Some(order.number.to_string()),
    };
    tx.publish(order.id, &paid)?;
    catch_up(tx, payment, order.id)
}

/// What went back of a payment may have been heard before the payment itself.
fn catch_up(tx: &mut Tx<'_>, payment: &Payment, id: OrderId) -> Result<(), Error> {
    let Some(payment) = payment.id else { return Ok(()) };
    let total = store::repaid_of(tx, id, payment)?;
    if total == 0 {
        return Ok(());
    }
    let Some(order) = store::order(tx, id)? else { return Ok(()) };
    Ok(settle(tx, order.repay(payment, total))?)
}

fn settle(tx: &mut Tx<'_>, moved: Repaid) -> Result<(), StoreError> {
    match moved {
        Repaid::Nothing => Ok(()),
        Repaid::Noted(order) => store::update_order(tx, &order),
        Repaid::GivesUpGoods(order) => {
            forgetting::end(tx, &order)?;
            let lines = queries::lines(tx, order.id)?;
            stock::release(tx, order.id, &lines)
        }
    }
}

/// Asks for part of the order's money.
fn ask_back(tx: &mut Tx<'_>, order: &Order, amount: i64, reason: &str) -> Result<RefundRow, StoreError> {
    let (id, reason, state) = (tx.new_id(), reason.to_owned(), RefundState::Asked);
    let refund = RefundRow { id, order: order.id, amount, reason, state, counts: true };
    store::insert_refund(tx, &refund)?;
    let asked = Money::new(amount, order.total.currency());
    store::tell(tx, order.id, &Happening::RefundAsked(asked, refund.reason.clone()))?;
    let reason = refund.reason.clone();
    tx.publish(
        order.id,
        &RefundRequested { refund_id: id, order_id: order.id, amount: Some(amount), reason },
    )?;
    Ok(refund)
}

/// Asks for the whole of a payment that is not wanted; twice is once, by the refund's name.
fn send_back(
    tx: &mut Tx<'_>,
    order: &Order,
    payment: &Payment,
    reason: &str,
    counts: bool,
) -> Result<(), StoreError> {
    let (id, order_id) = (refund_of(order.id, &payment.intent), order.id);
    let (amount, state) = (order.total.minor(), RefundState::Asked);
    let refund = RefundRow { id, order: order_id, amount, reason: reason.to_owned(), state, counts };
    if store::insert_refund(tx, &refund)? {
        let reason = reason.to_owned();
        tx.publish(order_id, &RefundRequested { refund_id: id, order_id, amount: None, reason })?;
    }
    Ok(())
}
