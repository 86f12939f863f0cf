//! Refunds: money goes back, never more than was taken; and the charges that it comes from.

use std::time::Duration;

use kernel::jobs::{Job, Jobs};
use kernel::store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cards::RefundConduct;
use super::errors::Error;
use super::form::Form;
use super::lists::{self, Narrow};
use super::objects::{Charge, ChargeStatus, Intent, Kept, Metadata, Refund, RefundStatus};
use super::payouts::{self, Payout};
use super::store;
use super::wire::{self, Reply};
use super::work::{Cause, RefundId, Work};

/// A refund that took its time, or came back.
#[derive(Debug, Serialize, Deserialize)]
struct Settle {
    account: String,
    refund: String,
}

impl Job for Settle {
    const KIND: &'static str = "sandbox.stripe_refund";
}

/// A slow bank is quick here.
const SLOW: Duration = Duration::from_secs(10);
const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// `POST /v1/refunds`.
pub fn create(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&["payment_intent", "charge", "amount", "reason", "metadata"])?;
    let reason = form.one_of("reason", &REASONS)?.map(str::to_owned);
    let mut charge = charge_to_refund(work, form)?;
    let amount = form.integer("amount")?;
    if amount.is_some_and(|amount| amount < 1) {
        let message = "Invalid positive integer: amount must be at least 1";
        return Err(Error::param("amount", "parameter_invalid_integer", message));
    }
    let left = charge.refundable();
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", charge.id);
        return Err(Error::invalid(message).code("charge_already_refunded"));
    }
    let amount = amount.unwrap_or(left);
    if amount > left {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(Error::param("amount", "amount_too_large", message));
    }
    let conduct = charge.method.conduct.refunds;
    let mut refund = Refund {
        id: work.id::<RefundId>(),
        created: work.now_s(),
        amount,
        currency: charge.currency.clone(),
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        reason,
        status: match conduct {
            RefundConduct::Later => RefundStatus::Pending,
            RefundConduct::AtOnce | RefundConduct::ComeBack => RefundStatus::Succeeded,
        },
        failure_reason: None,
        metadata: Metadata::new(),
    };
    form.merge_metadata(&mut refund.metadata)?;
    // What is under way back counts as gone, so that two at once never make more than there was.
    charge.amount_refunded = charge.amount_refunded.saturating_add(amount);
    store::update(work.tx, work.account, &charge)?;
    store::insert(work.tx, work.account, &refund)?;
    work.tell("refund.created", wire::refund(&refund));
    work.tell("charge.refunded", wire::charge(&charge));
    if conduct != RefundConduct::AtOnce {
        let settle = Settle { account: work.account.to_owned(), refund: refund.id.clone() };
        work.tx.enqueue_at(&settle, work.tx.now().saturating_add(SLOW))?;
    }
    Ok(Reply::ok(wire::refund(&refund)))
}

/// `GET /v1/refunds/{id}`.
pub fn retrieve(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found = store::find::<Refund>(work.tx, work.account, id)?;
    found.map(|refund| Reply::ok(wire::refund(&refund))).ok_or_else(|| Error::no_such(Refund::KIND, id))
}

/// `POST /v1/refunds/{id}`.
pub fn update(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&["metadata"])?;
    let found = store::lock::<Refund>(work.tx, work.account, id)?;
    let mut refund = found.ok_or_else(|| Error::no_such(Refund::KIND, id))?;
    form.merge_metadata(&mut refund.metadata)?;
    store::update(work.tx, work.account, &refund)?;
    work.tell("refund.updated", wire::refund(&refund));
    Ok(Reply::ok(wire::refund(&refund)))
}

/// `GET /v1/refunds`.
pub fn list(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["charge", "payment_intent"]].concat())?;
    let narrow = Narrow {
        owner: form.text("charge").map(str::to_owned),
        about: form.text("payment_intent").map(str::to_owned),
        ..Narrow::default()
    };
    lists::list(work, form, "/v1/refunds", &narrow, wire::refund)
}

/// `GET /v1/charges/{id}`.
pub fn retrieve_charge(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found = store::find::<Charge>(work.tx, work.account, id)?;
    found.map(|charge| Reply::ok(wire::charge(&charge))).ok_or_else(|| Error::no_such(Charge::KIND, id))
}

/// `GET /v1/charges`.
pub fn list_charges(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["customer", "payment_intent"]].concat())?;
    let narrow = Narrow {
        owner: form.text("payment_intent").map(str::to_owned),
        about: form.text("customer").map(str::to_owned),
        ..Narrow::default()
    };
    lists::list(work, form, "/v1/charges", &narrow, wire::charge)
}

/// `GET /v1/balance_transactions/{id}`: found again by the id of what it stands for.
pub fn retrieve_transaction(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let absent = || Error::no_such("balance_transaction", id);
    let number = id.strip_prefix("txn_").ok_or_else(absent)?;
    let source = if let Some(number) = number.strip_prefix("ch") {
        store::find::<Charge>(work.tx, work.account, &format!("ch_{number}"))?
            .map(|charge| wire::charge(&charge))
    } else if let Some(number) = number.strip_prefix("re") {
        store::find::<Refund>(work.tx, work.account, &format!("re_{number}"))?
            .map(|refund| wire::refund(&refund))
    } else if let Some(number) = number.strip_prefix("po") {
        store::find::<Payout>(work.tx, work.account, &format!("po_{number}"))?
            .map(|payout| payouts::shown(&payout))
    } else {
        None
    };
    let line = source.and_then(|source| wire::balance_transaction(&source));
    line.map(|(_, line)| Reply::ok(line)).ok_or_else(absent)
}

/// `GET /v1/balance`: what there is in a world of trials.
pub fn balance() -> Reply {
    let amounts = json!([{ "amount": 0, "currency": "usd", "source_types": { "card": 0 } }]);
    Reply::ok(json!({ "object": "balance", "available": amounts, "livemode": false, "pending": amounts }))
}

/// The charge that a refund is wanted of, for this transaction alone.
fn charge_to_refund(work: &mut Work<'_, '_>, form: &Form) -> Result<Charge, Error> {
    let id = match (form.text("charge"), form.text("payment_intent")) {
        (Some(charge), None) => charge.to_owned(),
        (None, Some(intent)) => {
            let found = store::find::<Intent>(work.tx, work.account, intent)?;
            let absent = || Error::no_such_param("payment_intent", Intent::KIND, intent);
            let charge = found.ok_or_else(absent)?.latest_charge;
            charge.ok_or_else(|| {
                Error::invalid("This PaymentIntent does not have a successful charge to refund.")
            })?
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "You may only specify one of these parameters: charge, payment_intent.",
            ));
        }
        (None, None) => {
            return Err(Error::invalid(
                "One of the following params should be provided: payment_intent or charge.",
            ));
        }
    };
    let found = store::lock::<Charge>(work.tx, work.account, &id)?;
    let charge = found.ok_or_else(|| Error::no_such_param("charge", Charge::KIND, &id))?;
    if charge.status != ChargeStatus::Succeeded || !charge.captured {
        let message = format!("Charge {id} has no money to refund: it was not captured.");
        return Err(Error::invalid(message).code("charge_not_refundable"));
    }
    Ok(charge)
}

/// The jobs of refunds.
pub fn jobs(jobs: &mut Jobs) {
    jobs.inside(settle);
}

fn settle(tx: &mut Tx<'_>, job: &Settle) -> Result<(), Error> {
    let cause = Cause::default();
    let mut work = Work::new(tx, &job.account, &cause);
    let found = store::lock::<Refund>(work.tx, work.account, &job.refund)?;
    let mut refund = found.ok_or_else(|| Error::no_such(Refund::KIND, &job.refund))?;
    match refund.status {
        RefundStatus::Pending => {
            refund.status = RefundStatus::Succeeded;
            store::update(work.tx, work.account, &refund)?;
            work.tell("refund.updated", wire::refund(&refund));
        }
        // The money came back: the charge can be refunded anew.
        RefundStatus::Succeeded => {
            refund.status = RefundStatus::Failed;
            refund.failure_reason = Some("expired_or_canceled_card".into());
            store::update(work.tx, work.account, &refund)?;
            let found = store::lock::<Charge>(work.tx, work.account, &refund.charge)?;
            let mut charge = found.ok_or_else(|| Error::no_such(Charge::KIND, &refund.charge))?;
            charge.amount_refunded = charge.amount_refunded.saturating_sub(refund.amount);
            store::update(work.tx, work.account, &charge)?;
            work.tell("refund.updated", wire::refund(&refund));
            work.tell("refund.failed", wire::refund(&refund));
        }
        RefundStatus::Failed => {}
    }
    work.finish()
}
