//! A provider has said where a payment stands: by an answer or by a message, it is the same.

use contracts::events::commerce::{PaymentAuthorized, PaymentCancelled};
use contracts::events::{PaymentFailed, PaymentKind, PaymentSucceeded};
use kernel::store::Tx;

use super::{Came, POLL, Source, WEBHOOK, keep, key, note};
use crate::domain::{Doubt, Heard, News, Payment, Stage, Standing, Status};
use crate::error::Error;
use crate::jobs::{Look, Steering};
use crate::providers::Steer;

/// Applies news, writes the attempt down and tells the world; says what it did in a word.
pub fn hear(
    tx: &mut Tx<'_>,
    before: Payment,
    news: &News,
    source: &Source<'_>,
) -> Result<(Payment, &'static str), Error> {
    let (after, result) = match before.clone().hear(news, tx.now()) {
        Heard::Moved(after) if (after.status, &after.failure) != (before.status, &before.failure) => {
            (after, "applied")
        }
        Heard::Moved(after) | Heard::Kept(after) => (after, "kept"),
        Heard::Doubted(after, doubt) => {
            doubted(tx, &after, doubt, source)?;
            (after, doubt.code())
        }
    };
    let after = keep(tx, after)?;
    note(tx, before.status, &after, source, Came::of(result, Some(&news.said)))?;
    tell(tx, &before, &after)?;
    if must_be_cancelled(&before, &after, news, source) {
        tx.enqueue(&Steering { payment: after.id, steer: Steer::Cancel })?;
    }
    Ok((after, result))
}

/// Tells the world what became of a payment.
pub fn tell(tx: &mut Tx<'_>, before: &Payment, after: &Payment) -> Result<(), Error> {
    let is_new = before.status != after.status;
    match after.status {
        Status::Authorized if is_new => {
            let told = PaymentAuthorized {
                payment_id: after.id,
                order_id: after.order_id,
                amount: after.amount,
                currency: after.currency,
                expires_at: None,
            };
            tx.publish(key(after), &told)?;
        }
        Status::Succeeded if before.status.stage() != Stage::Paid => {
            let told = PaymentSucceeded {
                order_id: after.order_id,
                invoice_id: after.invoice_id.as_ref().map(ToString::to_string),
                top_up_id: after.top_up_id,
                payment_intent_id: after.provider_ref.clone().unwrap_or_else(|| after.id.to_string()),
                payment_id: Some(after.id),
                amount: Some(after.captured),
                currency: Some(after.currency),
                user_id: after.user_id,
            };
            tx.publish(key(after), &told)?;
        }
        Status::Failed if is_new || before.failure != after.failure => {
            let told = PaymentFailed {
                order_id: after.order_id,
                invoice_id: after.invoice_id.as_ref().map(ToString::to_string),
                top_up_id: after.top_up_id,
                payment_intent_id: after.provider_ref.clone(),
                payment_id: Some(after.id),
                kind: PaymentKind::Provider,
                user_id: after.user_id,
                reason: after.failure.clone(),
            };
            tx.publish(key(after), &told)?;
        }
        Status::Cancelled if is_new => {
            let told = PaymentCancelled {
                payment_id: after.id,
                order_id: after.order_id,
                invoice_id: after.invoice_id.as_ref().map(ToString::to_string),
                top_up_id: after.top_up_id,
            };
            tx.publish(key(after), &told)?;
        }
        Status::Created
        | Status::Pending
        | Status::Processing
        | Status::Authorized
        | Status::Succeeded
        | Status::Failed
        | Status::Cancelled
        | Status::Refunded
        | Status::PartiallyRefunded => {}
    }
    Ok(())
}

/// A message is not believed over our own price: the provider is asked. Its own answer leaves it to people.
fn doubted(tx: &mut Tx<'_>, payment: &Payment, doubt: Doubt, source: &Source<'_>) -> Result<(), Error> {
    if source.what == WEBHOOK {
        tx.enqueue(&Look { payment: payment.id, round: 0, once: true })?;
    } else {
        tracing::warn!(payment.id = %payment.id, doubt = doubt.code(), "a provider's answer cannot be true; somebody has to look");
    }
    Ok(())
}

/// Whether the provider is to let an unwanted payment go: once it can, and again where it says that it still has it.
fn must_be_cancelled(before: &Payment, after: &Payment, news: &News, source: &Source<'_>) -> bool {
    let waits = match news.standing {
        Standing::Waiting | Standing::Authorized | Standing::Failed => true,
        Standing::Processing | Standing::Succeeded | Standing::Cancelled => false,
    };
    let told_again = after.blocked && waits && [WEBHOOK, POLL].contains(&source.what);
    after.unwanted && (after.status != before.status || told_again) && may_be_cancelled(after)
}

fn may_be_cancelled(payment: &Payment) -> bool {
    match payment.status {
        Status::Pending | Status::Failed | Status::Authorized => payment.is_open(),
        Status::Created
        | Status::Processing
        | Status::Succeeded
        | Status::Cancelled
        | Status::Refunded
        | Status::PartiallyRefunded => false,
    }
}
