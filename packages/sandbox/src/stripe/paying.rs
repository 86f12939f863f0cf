//! How money comes in: the owner is asked, the bank decides, what is held is taken.

use std::time::Duration;

use kernel::jobs::{Job, Jobs};
use kernel::store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cards::{Decline, Verdict};
use super::errors::Error;
use super::intents::{self, allow, locked};
use super::objects::{Charge, ChargeStatus, Intent, Kept, Metadata, Move, PaymentMethod, Status};
use super::store;
use super::wire::{self, Reply};
use super::work::{Cause, ChargeId, Work};

/// What the caller said of how it pays.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// The owner is not there and cannot be asked.
    pub off_session: bool,
    /// A payment that needs its owner is declined.
    pub error_on_action: bool,
}

/// A slow bank decides.
#[derive(Debug, Serialize, Deserialize)]
struct Settle {
    account: String,
    intent: String,
}

/// What is held too long is let go.
#[derive(Debug, Serialize, Deserialize)]
struct Expire {
    account: String,
    intent: String,
}

impl Job for Settle {
    const KIND: &'static str = "sandbox.stripe_settle";
}

impl Job for Expire {
    const KIND: &'static str = "sandbox.stripe_expire";
}

/// A slow bank is quick here.
const SLOW: Duration = Duration::from_secs(10);
const HELD: Duration = Duration::from_secs(7 * 86_400);

/// Begins to pay: what cannot be begun was refused before.
pub fn begin(
    work: &mut Work<'_, '_>,
    mut intent: Intent,
    method: Option<PaymentMethod>,
    how: How,
) -> Result<Reply, Error> {
    let Some(method) = method else { return Err(Error::missing("payment_method")) };
    intent.payment_method = Some(method.id.clone());
    if method.conduct.asks_owner && !intent.authenticated {
        if how.off_session || how.error_on_action {
            return decline(work, intent, &method, Decline::AuthenticationRequired);
        }
        let action = next_action(work, &intent);
        intent.ask_owner(action);
        store::update(work.tx, work.account, &intent)?;
        work.tell("payment_intent.requires_action", wire::intent(&intent));
        return Ok(Reply::ok(wire::intent(&intent)));
    }
    decide(work, intent, &method)
}

/// The owner has answered.
pub fn authenticate(work: &mut Work<'_, '_>, id: &str, secret: &str, yes: bool) -> Result<Intent, Error> {
    let mut intent = locked(work.tx, work.account, id)?;
    if intent.client_secret != secret {
        return Err(Error::no_such(Intent::KIND, id));
    }
    allow(&intent, Move::Authenticate, "authenticated")?;
    let known = intent.payment_method.clone().unwrap_or_default();
    let found = store::find::<PaymentMethod>(work.tx, work.account, &known)?;
    let method = found.ok_or_else(|| Error::no_such(PaymentMethod::KIND, &known))?;
    if !yes {
        decline(work, intent, &method, Decline::NotAuthenticated)?;
    } else if intent.confirmation_method == "manual" {
        intent.reset();
        intent.authenticated = true;
        store::update(work.tx, work.account, &intent)?;
    } else {
        intent.authenticated = true;
        decide(work, intent, &method)?;
    }
    locked(work.tx, work.account, id)
}

/// Takes what is held, or some of it; the rest is let go.
pub fn capture(work: &mut Work<'_, '_>, mut intent: Intent, amount: i64) -> Result<Reply, Error> {
    let mut charge = charge_of(work, &intent)?;
    charge.capture(amount);
    intent.advance(&charge);
    store::update(work.tx, work.account, &charge)?;
    store::update(work.tx, work.account, &intent)?;
    work.tell("charge.captured", wire::charge(&charge));
    work.tell("payment_intent.succeeded", wire::intent(&intent));
    Ok(Reply::ok(wire::intent(&intent)))
}

/// The bank decides, or begins to think.
fn decide(work: &mut Work<'_, '_>, mut intent: Intent, method: &PaymentMethod) -> Result<Reply, Error> {
    if !method.conduct.slow {
        if let Verdict::Declined(why) = method.conduct.verdict {
            return decline(work, intent, method, why);
        }
        let charge = charge(work, &intent, method, ChargeStatus::Succeeded);
        store::insert(work.tx, work.account, &charge)?;
        approve(work, &mut intent, &charge)?;
        return Ok(Reply::ok(wire::intent(&intent)));
    }
    let charge = charge(work, &intent, method, ChargeStatus::Pending);
    store::insert(work.tx, work.account, &charge)?;
    intent.advance(&charge);
    store::update(work.tx, work.account, &intent)?;
    work.tell("charge.pending", wire::charge(&charge));
    work.tell("payment_intent.processing", wire::intent(&intent));
    let settle = Settle { account: work.account.to_owned(), intent: intent.id.clone() };
    work.tx.enqueue_at(&settle, work.tx.now().saturating_add(SLOW))?;
    Ok(Reply::ok(wire::intent(&intent)))
}

/// The bank said yes.
fn approve(work: &mut Work<'_, '_>, intent: &mut Intent, charge: &Charge) -> Result<(), Error> {
    intent.advance(charge);
    store::update(work.tx, work.account, intent)?;
    keep_for_later(work, intent)?;
    work.tell("charge.succeeded", wire::charge(charge));
    if intent.status == Status::RequiresCapture {
        let expire = Expire { account: work.account.to_owned(), intent: intent.id.clone() };
        work.tx.enqueue_at(&expire, work.tx.now().saturating_add(HELD))?;
        work.tell("payment_intent.amount_capturable_updated", wire::intent(intent));
    } else {
        work.tell("payment_intent.succeeded", wire::intent(intent));
    }
    Ok(())
}

/// A way to pay that is to be used again becomes its customer's.
fn keep_for_later(work: &mut Work<'_, '_>, intent: &Intent) -> Result<(), Error> {
    let (Some(_), Some(customer), Some(method)) =
        (&intent.setup_future_usage, &intent.customer, &intent.payment_method)
    else {
        return Ok(());
    };
    let Some(mut method) = store::lock::<PaymentMethod>(work.tx, work.account, method)? else {
        return Ok(());
    };
    if method.customer.is_none() {
        method.customer = Some(customer.clone());
        store::update(work.tx, work.account, &method)?;
        work.tell("payment_method.attached", wire::payment_method(&method));
    }
    Ok(())
}

/// The bank or the owner said no. The change stays, and the caller hears an error.
fn decline(
    work: &mut Work<'_, '_>,
    mut intent: Intent,
    method: &PaymentMethod,
    why: Decline,
) -> Result<Reply, Error> {
    // Where the owner did not say yes, the bank was never asked.
    let charge = (why != Decline::NotAuthenticated).then(|| {
        let charge = charge(work, &intent, method, ChargeStatus::Failed);
        Charge { decline: Some(why), ..charge }
    });
    if let Some(charge) = &charge {
        store::insert(work.tx, work.account, charge)?;
        work.tell("charge.failed", wire::charge(charge));
    }
    let id = charge.as_ref().map(|charge| charge.id.as_str());
    intent.decline(why.error(id, wire::payment_method(method)), charge.as_ref());
    store::update(work.tx, work.account, &intent)?;
    work.tell("payment_intent.payment_failed", wire::intent(&intent));
    Ok(intents::declined(&intent))
}

fn charge(work: &Work<'_, '_>, intent: &Intent, method: &PaymentMethod, status: ChargeStatus) -> Charge {
    let captured = intent.capture_method != "manual" && status != ChargeStatus::Failed;
    let taken = captured && status == ChargeStatus::Succeeded;
    Charge {
        id: work.id::<ChargeId>(),
        created: work.now_s(),
        payment_intent: intent.id.clone(),
        payment_method: method.id.clone(),
        customer: intent.customer.clone(),
        amount: intent.amount,
        amount_captured: if taken { intent.amount } else { 0 },
        amount_refunded: 0,
        currency: intent.currency.clone(),
        captured,
        status,
        decline: None,
        description: intent.description.clone(),
        receipt_email: intent.receipt_email.clone(),
        metadata: Metadata::clone(&intent.metadata),
        method: method.clone(),
    }
}

/// The charge that an intent stands on.
fn charge_of(work: &mut Work<'_, '_>, intent: &Intent) -> Result<Charge, Error> {
    let id = intent.latest_charge.clone().unwrap_or_default();
    store::lock(work.tx, work.account, &id)?.ok_or_else(|| Error::no_such(Charge::KIND, &id))
}

fn next_action(work: &Work<'_, '_>, intent: &Intent) -> Value {
    let page = format!(
        "{}/3ds/{}?account={}&client_secret={}",
        work.cause.url, intent.id, work.account, intent.client_secret
    );
    match &intent.return_url {
        Some(return_url) => json!({
            "type": "redirect_to_url",
            "redirect_to_url": { "url": page, "return_url": return_url },
        }),
        None => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": { "type": "three_d_secure_redirect", "stripe_js": page },
        }),
    }
}

/// The jobs of slow banks and of what is held too long.
pub fn jobs(jobs: &mut Jobs) {
    jobs.inside(settle);
    jobs.inside(expire);
}

fn settle(tx: &mut Tx<'_>, job: &Settle) -> Result<(), Error> {
    let cause = Cause::default();
    let mut work = Work::new(tx, &job.account, &cause);
    let mut intent = locked(work.tx, &job.account, &job.intent)?;
    if intent.may(Move::Settle).is_err() {
        return Ok(());
    }
    let mut charge = charge_of(&mut work, &intent)?;
    match charge.method.conduct.verdict {
        Verdict::Approved => {
            charge.status = ChargeStatus::Succeeded;
            charge.amount_captured = if charge.captured { charge.amount } else { 0 };
            store::update(work.tx, work.account, &charge)?;
            approve(&mut work, &mut intent, &charge)?;
        }
        Verdict::Declined(why) => {
            (charge.status, charge.decline, charge.captured) = (ChargeStatus::Failed, Some(why), false);
            store::update(work.tx, work.account, &charge)?;
            let error = why.error(Some(&charge.id), wire::payment_method(&charge.method));
            intent.decline(error, Some(&charge));
            store::update(work.tx, work.account, &intent)?;
            work.tell("charge.failed", wire::charge(&charge));
            work.tell("payment_intent.payment_failed", wire::intent(&intent));
        }
    }
    work.finish()
}

fn expire(tx: &mut Tx<'_>, job: &Expire) -> Result<(), Error> {
    let cause = Cause::default();
    let mut work = Work::new(tx, &job.account, &cause);
    let mut intent = locked(work.tx, &job.account, &job.intent)?;
    if intent.status != Status::RequiresCapture {
        return Ok(());
    }
    let charge = charge_of(&mut work, &intent)?;
    intent.cancel(work.now_s(), Some("automatic"));
    store::update(work.tx, work.account, &intent)?;
    work.tell("charge.expired", wire::charge(&charge));
    work.tell("payment_intent.canceled", wire::intent(&intent));
    work.finish()
}
