//! A provider's message, proven to be its own: kept as it came, and applied once, in one transaction.

use contracts::{PaymentId, RefundId};
use kernel::store::Tx;

use super::hear::hear;
use super::{Came, Source, WEBHOOK, give_back, note, pay_out};
use crate::domain::{News, Payment, Payout, PayoutId, ProviderName, RefundNews};
use crate::error::Error;
use crate::jobs::Taking;
use crate::providers::stripe::{About, NotAMessage, Notice};
use crate::store::{self, Message};

/// What a message did, and to what.
type Did = (&'static str, store::About);

/// Who sends messages.
const PROVIDER: ProviderName = ProviderName::Stripe;

/// Keeps and applies a message; one that was taken before changes nothing.
pub fn take(tx: &mut Tx<'_>, notice: &Notice, body: &[u8]) -> Result<(), Error> {
    if keep_message(tx, notice, body)? { apply(tx, notice) } else { Ok(()) }
}

/// Keeps a message of which so many came at once that it found no turn at its payment: a job applies it.
pub fn take_later(tx: &mut Tx<'_>, notice: &Notice, body: &[u8]) -> Result<(), Error> {
    if keep_message(tx, notice, body)? {
        tx.enqueue(&Taking { event: notice.event.clone() })?;
    }
    Ok(())
}

/// Applies a message that was kept, unless that was done.
pub fn take_kept(tx: &mut Tx<'_>, job: &Taking) -> Result<(), Error> {
    let Some(sealed) = store::kept_message(tx, PROVIDER, &job.event)? else { return Ok(()) };
    let body = tx.keys().keyring.open(&context_of(tx, &job.event)?, &sealed)?;
    match Notice::read(&body) {
        Ok(notice) => apply(tx, &notice),
        Err(NotAMessage) => {
            Ok(store::set_outcome(tx, PROVIDER, &job.event, "not_understood", store::About::default())?)
        }
    }
}

/// Keeps a message as it came; says whether it is a new one.
fn keep_message(tx: &mut Tx<'_>, notice: &Notice, body: &[u8]) -> Result<bool, Error> {
    let message = Message {
        provider: PROVIDER,
        event: &notice.event,
        kind: &notice.kind,
        told_at: notice.at,
        payload: tx.keys().keyring.seal(&context_of(tx, &notice.event)?, body)?,
    };
    Ok(store::insert_message(tx, &message)?)
}

/// What a message is sealed for.
fn context_of(tx: &Tx<'_>, event: &str) -> Result<Vec<u8>, Error> {
    Ok(format!("payments.webhook {} {event}", tx.project()?).into_bytes())
}

fn apply(tx: &mut Tx<'_>, notice: &Notice) -> Result<(), Error> {
    let provider = PROVIDER;
    let source = Source { what: WEBHOOK, cause: Some(&notice.event) };
    let (outcome, about) = match &notice.about {
        About::Payment { reference, ours, news } => {
            of_intent(tx, provider, reference, *ours, news.as_ref(), &source)?
        }
        About::Refund { payment, ours, news: Some(news) } => {
            of_refund(tx, provider, payment.as_deref(), *ours, news, &source)?
        }
        About::Payout { reference, ours, news } => {
            match (find_payout(tx, provider, reference, *ours)?, news) {
                (Some(payout), Some(news)) => {
                    let (payout, result) = pay_out::apply(tx, payout, news, &source)?;
                    (result, store::About { payment: None, payout: Some(payout.id) })
                }
                (Some(payout), None) => {
                    ("not_understood", store::About { payment: None, payout: Some(payout.id) })
                }
                (None, _) => ("unmatched", store::About::default()),
            }
        }
        About::Refund { news: None, .. } => ("not_understood", store::About::default()),
        About::Other => ("ignored", store::About::default()),
    };
    store::set_outcome(tx, provider, &notice.event, outcome, about)?;
    Ok(())
}

fn of_intent(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
    ours: Option<PaymentId>,
    news: Option<&News>,
    source: &Source<'_>,
) -> Result<Did, Error> {
    // Old news changes nothing, so it need not wait for its turn at the payment: a crowd of it passes at once.
    if let Some(news) = news
        && let Some(payment) = store::payment_by_reference(tx, provider, reference)?
        && payment.knows(news)
    {
        note(tx, payment.status, &payment, source, Came::of("kept", Some(&news.said)))?;
        return Ok(("kept", of_payment(payment.id)));
    }
    match (find(tx, provider, reference, ours)?, news) {
        (Some(payment), Some(news)) => {
            let (payment, result) = hear(tx, payment, news, source)?;
            Ok((result, of_payment(payment.id)))
        }
        (Some(payment), None) => Ok(("not_understood", of_payment(payment.id))),
        (None, _) => Ok(("unmatched", store::About::default())),
    }
}

fn of_payment(id: PaymentId) -> store::About {
    store::About { payment: Some(id), payout: None }
}

/// The payout of a provider's name, or the one that waits for the answer to our own question.
fn find_payout(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
    ours: Option<PayoutId>,
) -> Result<Option<Payout>, Error> {
    if let Some(found) = store::lock_payout_by_reference(tx, provider, reference)? {
        return Ok(Some(found));
    }
    let Some(ours) = ours else { return Ok(None) };
    let found = store::lock_payout(tx, ours)?;
    Ok(found.filter(|payout| payout.provider == Some(provider) && payout.provider_ref.is_none()))
}

/// The payment of a provider's name. A message may be here before the answer to our own question: then the name
/// that we gave says which it is, and it has its reference from now on.
fn find(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
    ours: Option<PaymentId>,
) -> Result<Option<Payment>, Error> {
    if let Some(found) = store::lock_by_reference(tx, provider, reference)? {
        return Ok(Some(found));
    }
    let Some(ours) = ours else { return Ok(None) };
    let found = store::lock_payment(tx, ours)?;
    let waiting = |payment: &Payment| payment.provider == Some(provider) && payment.provider_ref.is_none();
    Ok(found.filter(waiting).map(|payment| Payment { provider_ref: Some(reference.to_owned()), ..payment }))
}

fn of_refund(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    payment: Option<&str>,
    ours: Option<RefundId>,
    news: &RefundNews,
    source: &Source<'_>,
) -> Result<Did, Error> {
    let unmatched = ("unmatched", store::About::default());
    let Some(reference) = payment else { return Ok(unmatched) };
    let Some(payment) = store::lock_by_reference(tx, provider, reference)? else { return Ok(unmatched) };
    let named = match ours {
        Some(ours) => store::refund(tx, ours)?.filter(|refund| refund.payment_id == payment.id),
        None => None,
    };
    let named = match named {
        Some(refund) => Some(refund),
        None => store::refund_by_reference(tx, payment.id, &news.reference)?,
    };
    let about = of_payment(payment.id);
    match named {
        Some(refund) => {
            give_back::hear(tx, refund.id, news, source)?;
            Ok(("applied", about))
        }
        None => Ok((give_back::foreign(tx, payment, news, source)?, about)),
    }
}
