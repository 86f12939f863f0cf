//! Money goes back: reserved when it is asked for, so that no two refunds share it.

use contracts::events::commerce::{PaymentRefunded, RefundFailed, RefundRequested};
use contracts::{PaymentId, RefundId};
use kernel::store::Tx;

use super::{Came, Source, Whose, keep, key, locked, note};
use crate::domain::{Payment, Reason, Refund, RefundMove, RefundNews, RefundStanding, RefundStatus, Stage};
use crate::error::Error;
use crate::jobs::{LookRefund, Refunding};
use crate::store;

const REFUND: &str = "refund";
const MORE_THAN_CAPTURED: &str = "more_than_captured";
/// Why money went back that nobody asked for here.
const AT_THE_PROVIDER: &str = "made at the provider";

/// Asks for a refund of `amount`, or of all that is left.
pub fn ask(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    amount: Option<i64>,
    reason: Option<&Reason>,
) -> Result<Refund, Error> {
    let payment = locked(tx, payment, Whose::Everybodys)?;
    if payment.top_up_id.is_some() {
        return Err(Error::OtherHands("this money is in a wallet; it leaves by a withdrawal"));
    }
    let amount = payment.reservable(amount).ok_or(Error::MoreThanCaptured)?;
    let reason = reason.map_or("unspecified", Reason::as_str);
    let refund = new_refund(tx, tx.new_id(), &payment, amount, reason);
    request(tx, &payment, refund)
}

/// Another service asks for a refund; by the same name it is one.
pub fn on_request(tx: &mut Tx<'_>, asked: &RefundRequested) -> Result<(), Error> {
    if store::refund(tx, asked.refund_id)?.is_some() {
        return Ok(());
    }
    let Some(payment) = store::paid_of_order(tx, asked.order_id)? else {
        let told = RefundFailed {
            refund_id: asked.refund_id,
            payment_id: None,
            order_id: Some(asked.order_id),
            reason: "no_payment".to_owned(),
        };
        tx.publish(asked.order_id, &told)?;
        return Ok(());
    };
    let reason = Reason::of(&asked.reason);
    if let Some(amount) = payment.reservable(asked.amount) {
        let refund = new_refund(tx, asked.refund_id, &payment, amount, reason.as_str());
        return request(tx, &payment, refund).map(drop);
    }
    // It is kept, so that the same name asked for later is not a new one.
    let amount = asked.amount.unwrap_or_default().max(1);
    let refund = Refund {
        status: RefundStatus::Failed,
        failure: Some(MORE_THAN_CAPTURED.to_owned()),
        ..new_refund(tx, asked.refund_id, &payment, amount, reason.as_str())
    };
    store::insert_refund(tx, &refund)?;
    let came = Came { result: "refused", said: Some(MORE_THAN_CAPTURED), refund: Some(refund.id) };
    note(tx, payment.status, &payment, &Source { what: REFUND, cause: None }, came)?;
    tell_failed(tx, &payment, &refund)
}

fn request(tx: &mut Tx<'_>, payment: &Payment, refund: Refund) -> Result<Refund, Error> {
    if !store::reserve(tx, payment.id, refund.amount)? {
        return Err(Error::MoreThanCaptured);
    }
    store::insert_refund(tx, &refund)?;
    let came = Came { result: "asked", said: None, refund: Some(refund.id) };
    note(tx, payment.status, payment, &Source { what: REFUND, cause: None }, came)?;
    tx.enqueue(&Refunding { refund: refund.id })?;
    Ok(refund)
}

/// The provider has said where a refund stands.
pub fn hear(
    tx: &mut Tx<'_>,
    id: RefundId,
    news: &RefundNews,
    source: &Source<'_>,
) -> Result<Option<Refund>, Error> {
    let Some((payment, refund)) = both(tx, id)? else { return Ok(None) };
    if news.amount != refund.amount {
        tracing::warn!(payment.id = %payment.id, refund.id = %id, "a provider names another amount for a refund; somebody has to look");
        let payment = keep(tx, Payment { needs_review: true, ..payment })?;
        let came = Came { result: "amount_mismatch", said: Some(&news.said), refund: Some(id) };
        note(tx, payment.status, &payment, source, came)?;
        return Ok(Some(refund));
    }
    let known = Refund { provider_ref: Some(news.reference.clone()), ..refund };
    apply(tx, payment, known, news, source).map(Some)
}

/// The money certainly did not go back.
pub fn refused(tx: &mut Tx<'_>, id: RefundId, code: &str, source: &Source<'_>) -> Result<(), Error> {
    let Some((payment, refund)) = both(tx, id)? else { return Ok(()) };
    let news = RefundNews {
        reference: String::new(),
        standing: RefundStanding::Failed,
        amount: refund.amount,
        failure: Some(code.to_owned()),
        said: code.to_owned(),
    };
    apply(tx, payment, refund, &news, source).map(drop)
}

/// Nobody knows whether the money went back: it stays reserved, and people find out.
pub fn lost(tx: &mut Tx<'_>, id: RefundId, source: &Source<'_>) -> Result<(), Error> {
    let Some((payment, _)) = both(tx, id)? else { return Ok(()) };
    tracing::warn!(payment.id = %payment.id, refund.id = %id, "nobody knows whether this refund was made; somebody has to look");
    let payment = keep(tx, Payment { needs_review: true, ..payment })?;
    let came = Came { result: "unknown", said: None, refund: Some(id) };
    note(tx, payment.status, &payment, source, came)
}

/// A message tells of a refund that nobody here asked for: the account's owner made it there, and it is ours now.
pub fn foreign(
    tx: &mut Tx<'_>,
    payment: Payment,
    news: &RefundNews,
    source: &Source<'_>,
) -> Result<&'static str, Error> {
    // It overtook the word that the money was taken: sent again, it comes after it.
    if payment.stage() != Stage::Paid {
        return Err(Error::NotReady);
    }
    if news.standing == RefundStanding::Failed {
        let came = Came { result: "kept", said: Some(&news.reference), refund: None };
        note(tx, payment.status, &payment, source, came)?;
        return Ok("kept");
    }
    let Some(amount) = payment.reservable(Some(news.amount)) else {
        tracing::warn!(payment.id = %payment.id, "more went back at the provider than there is; somebody has to look");
        let payment = keep(tx, Payment { needs_review: true, ..payment })?;
        let came = Came { result: MORE_THAN_CAPTURED, said: Some(&news.reference), refund: None };
        note(tx, payment.status, &payment, source, came)?;
        return Ok(MORE_THAN_CAPTURED);
    };
    // A wallet that was topped up with it still has it.
    let needs_review = payment.needs_review || payment.top_up_id.is_some();
    let reserved = payment.refund_reserved.saturating_add(amount);
    let payment = keep(tx, Payment { refund_reserved: reserved, needs_review, ..payment })?;
    let made = new_refund(tx, tx.new_id(), &payment, amount, AT_THE_PROVIDER);
    let refund = Refund { provider_ref: Some(news.reference.clone()), ..made };
    store::insert_refund(tx, &refund)?;
    let refund = apply(tx, payment, refund, news, source)?;
    if refund.is_open() {
        tx.enqueue(&LookRefund { refund: refund.id, round: 0 })?;
    }
    Ok("foreign_refund")
}

fn apply(
    tx: &mut Tx<'_>,
    before: Payment,
    refund: Refund,
    news: &RefundNews,
    source: &Source<'_>,
) -> Result<Refund, Error> {
    let status = before.status;
    let (refund, moved) = refund.hear(news.standing, news.failure.clone());
    let amount = refund.amount;
    let (payment, result) = match moved {
        RefundMove::Kept => (before, "kept"),
        RefundMove::Waiting => (before, "applied"),
        RefundMove::GivenBack => (before.give_back(amount)?, "applied"),
        RefundMove::Released => (before.release(amount)?, "applied"),
        RefundMove::TakenBack => (before.take_back(amount)?, "applied"),
    };
    let payment = keep(tx, payment)?;
    store::save_refund(tx, &refund)?;
    note(tx, status, &payment, source, Came { result, said: Some(&news.said), refund: Some(refund.id) })?;
    match moved {
        RefundMove::Kept | RefundMove::Waiting => {}
        RefundMove::GivenBack => {
            let told = PaymentRefunded {
                refund_id: refund.id,
                payment_id: payment.id,
                order_id: payment.order_id,
                invoice_id: payment.invoice_id.as_ref().map(ToString::to_string),
                amount,
                refunded_total: payment.refunded,
                currency: payment.currency,
            };
            tx.publish(key(&payment), &told)?;
        }
        RefundMove::Released | RefundMove::TakenBack => tell_failed(tx, &payment, &refund)?,
    }
    Ok(refund)
}

/// A refund and its payment, locked in the one order in which all do it.
fn both(tx: &mut Tx<'_>, id: RefundId) -> Result<Option<(Payment, Refund)>, Error> {
    let Some(found) = store::refund(tx, id)? else { return Ok(None) };
    let payment = store::lock_payment(tx, found.payment_id)?;
    let refund = store::lock_refund(tx, id)?;
    Ok(payment.zip(refund))
}

fn tell_failed(tx: &mut Tx<'_>, payment: &Payment, refund: &Refund) -> Result<(), Error> {
    let told = RefundFailed {
        refund_id: refund.id,
        payment_id: Some(payment.id),
        order_id: payment.order_id,
        reason: refund.failure.clone().unwrap_or_else(|| "refused".to_owned()),
    };
    tx.publish(key(payment), &told)?;
    Ok(())
}

fn new_refund(tx: &Tx<'_>, id: RefundId, payment: &Payment, amount: i64, reason: &str) -> Refund {
    Refund {
        id,
        payment_id: payment.id,
        amount,
        currency: payment.currency,
        reason: reason.to_owned(),
        status: RefundStatus::Requested,
        provider_ref: None,
        failure: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 0,
    }
}
