//! What becomes of a short message: it is sent, then it arrives or not, and each time its owner is told.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use kernel::jobs::{CallTrouble, Job, Jobs, OnUnknown, Outcome};
use kernel::outside::{Call, ProviderSettings};
use kernel::service::Means;
use kernel::store::{Scope, StoreError, Tx};
use serde::{Deserialize, Serialize};

use super::super::form::Form;
use super::super::store;
use super::signature::signature;
use super::wire::API_VERSION;
use super::{Status, Text};
use crate::faults::{self, Kind, Provider};

/// A short message goes one step on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Step {
    sid: String,
}

/// The owner of a short message is told where it stands.
#[derive(Debug, Serialize, Deserialize)]
struct Tell {
    sid: String,
    status: Status,
}

impl Job for Step {
    const KIND: &'static str = "sandbox.text_step";
}

impl Job for Tell {
    const KIND: &'static str = "sandbox.text_callback";
    const QUEUE: &'static str = "text_callbacks";
}

const LATE_BY: Duration = Duration::from_secs(10);
const ON_THE_AIR: Duration = Duration::from_secs(1);
const TELLING_TIME_MAX: Duration = Duration::from_secs(15);
const TRIES_MAX: u32 = 8;
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// What a token is sealed for.
pub fn sealing_place(sid: &str) -> Vec<u8> {
    format!("sandbox.text_messages.token/{sid}").into_bytes()
}

/// The jobs of short messages.
pub fn register(jobs: &mut Jobs, means: &Means) {
    jobs.inside(|tx, step: &Step| go_on(tx, &step.sid));
    let means = means.clone();
    let policy = jobs.outside(
        move |tell: std::sync::Arc<Tell>, _| {
            let means = means.clone();
            async move { call_back(&means, &tell).await }
        },
        |_, _: &Tell, _: &Outcome<()>| Ok::<_, StoreError>(()),
    );
    policy.attempts_max = TRIES_MAX;
    policy.backoff_max = LONGEST_WAIT;
    policy.call_timeout = TELLING_TIME_MAX * 2;
    // Twilio too may tell the same thing twice.
    policy.on_unknown = OnUnknown::AskAgain;
}

/// Has a message that was just taken go on its way.
pub fn begin(tx: &mut Tx<'_>, sid: &str) -> Result<(), StoreError> {
    tx.enqueue(&Step { sid: sid.to_owned() }).map(drop)
}

fn go_on(tx: &mut Tx<'_>, sid: &str) -> Result<(), StoreError> {
    let Some(text) = store::text(tx, sid)? else { return Ok(()) };
    let Some(moved) = text.moved(tx.now()) else { return Ok(()) };
    if !store::move_text(tx, &moved, text.status)? {
        return Ok(());
    }
    if moved.callback.is_some() {
        tell(tx, Tell { sid: sid.to_owned(), status: moved.status })?;
    }
    if moved.moved(tx.now()).is_some() {
        let due = tx.now().saturating_add(ON_THE_AIR);
        tx.enqueue_at(&Step { sid: sid.to_owned() }, due)?;
    }
    Ok(())
}

/// Has the owner told, with the trouble that was asked for.
fn tell(tx: &mut Tx<'_>, tell: Tell) -> Result<(), StoreError> {
    if faults::take_in(tx, Provider::Twilio, Kind::WebhookLost)?.is_some() {
        return Ok(());
    }
    if faults::take_in(tx, Provider::Twilio, Kind::WebhookDuplicate)?.is_some() {
        tx.enqueue(&tell)?;
    }
    let late = faults::take_in(tx, Provider::Twilio, Kind::WebhookLate)?.map(|late| late.time(LATE_BY));
    // Later than the next thing that becomes of it is told.
    let swapped = faults::take_in(tx, Provider::Twilio, Kind::WebhookOutOfOrder)?.map(|_| ON_THE_AIR * 3);
    let wait = late.max(swapped).unwrap_or_default();
    tx.enqueue_at(&tell, tx.now().saturating_add(wait)).map(drop)
}

async fn call_back(means: &Means, tell: &Tell) -> Result<(), CallTrouble> {
    let sid = tell.sid.clone();
    let read = means.store.read(Scope::System("a callback to be sent"), move |tx| store::text(tx, &sid));
    let text = read.await.map_err(|error: StoreError| CallTrouble::NotSent(error.to_string()))?;
    // The inbox keeps so many and no more; of what it has forgotten it tells nothing.
    let Some(text) = text else { return Ok(()) };
    let Some(url) = text.callback.clone() else { return Ok(()) };
    let keyring = &means.store.keys().keyring;
    let token = keyring
        .open(&sealing_place(&text.sid), &text.token)
        .map_err(|error| CallTrouble::Refused(format!("the token cannot be read: {error}")))?;
    let form = told(&text, tell.status);
    let request = Request::post(&url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
        .header(header::USER_AGENT, "TwilioProxy/1.1")
        .header("X-Twilio-Signature", signature(&token, &url, form.fields()))
        .body(Bytes::from(form.text()))
        .map_err(|error| CallTrouble::Refused(error.to_string()))?;
    // One owner who does not answer must not keep the others from being told.
    let lane = || ProviderSettings { breaker: None, ..ProviderSettings::default() };
    let provider = means.outside.provider_with("text callbacks of the sandbox", lane);
    let call = Call { timeout: TELLING_TIME_MAX, ..Call::default() };
    let answer = provider.send(request, call).await?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(CallTrouble::NotSent(format!("the callback was answered with {status}"))),
    }
}

fn told(text: &Text, status: Status) -> Form {
    let mut form = Form::default()
        .with("AccountSid", &text.account)
        .with("ApiVersion", API_VERSION)
        .with("From", text.sender.as_deref().unwrap_or_default())
        .with("MessageSid", &text.sid)
        .with("MessageStatus", status.as_str())
        .with("SmsSid", &text.sid)
        .with("SmsStatus", status.as_str())
        .with("To", &text.recipient);
    if let Some(service) = &text.messaging_service {
        form = form.with("MessagingServiceSid", service);
    }
    match text.error_code.filter(|_| status == Status::Undelivered) {
        Some(code) => form.with("ErrorCode", code.to_string()),
        None => form,
    }
}
