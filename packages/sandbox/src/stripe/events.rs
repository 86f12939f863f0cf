//! Events: each change tells one, and each endpoint hears it, signed and until it says yes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contracts::Timestamp;
use http::Request;
use kernel::jobs::{Attempt, CallTrouble, Concurrency, Job, Jobs, OnUnknown, Outcome};
use kernel::outside::{Call, Provider, ProviderSettings};
use kernel::service::{Means, Running};
use kernel::store::{Json, Scope, Store, StoreError, Tx};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::Error;
use super::form::{Form, hex};
use super::lists::{self, Narrow, Window};
use super::objects::{Event, Kept};
use super::wire::{self, Reply};
use super::work::{Cause, EndpointId, EventId, Told, Work};
use super::{API_VERSION, SCOPE, store};
use crate::faults::{self, Kind};

/// Who hears of events.
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoint {
    /// Whose events; `*` is everybody's.
    pub account: String,
    /// Its id.
    pub id: String,
    /// Where.
    pub url: String,
    /// What the events are signed with.
    pub secret: String,
    /// Which events; `*` is all.
    pub types: Json<Vec<String>>,
    /// When it was made.
    pub created_s: i64,
}

/// A copy of an event on its way to one endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sending {
    /// Whose.
    pub account: String,
    /// Which event.
    pub event: String,
    /// To whom.
    pub endpoint: String,
    /// Two where one was to arrive twice.
    pub number: i64,
    /// What became of it.
    pub state: Delivery,
}

/// What became of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It is on its way.
    Pending,
    /// The endpoint said yes.
    Delivered,
    /// The endpoint never said yes.
    Failed,
    /// It was to be lost.
    Lost,
}

/// Takes one copy to its endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deliver(Sending);

impl Job for Deliver {
    const KIND: &'static str = "sandbox.stripe_webhook";
    const QUEUE: &'static str = "stripe_webhooks";
}

/// Seconds between the tries; a day's patience of Stripe's in a little more than two hours.
const WAITS_S: [u64; 9] = [1, 5, 30, 120, 300, 600, 1200, 1800, 3600];
const ATTEMPTS_MAX: u32 = 10;
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_secs(10);
/// How much later than what follows something is told that is to come out of order.
const OVERTAKEN_BY: Duration = Duration::from_secs(2);
/// Webhooks on their way at once.
const AT_ONCE: usize = 16;
const TYPES_MAX: usize = 100;

/// Writes down what happened and sends it on its way, in its order or as a fault will have it.
pub fn send(tx: &mut Tx<'_>, account: &str, cause: &Cause, told: Vec<Told>) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    let endpoints = store::endpoints(tx, account)?;
    let quiet = endpoints.is_empty() || faults::is_quiet_in(tx, faults::Provider::Stripe)?;
    let order = if quiet { None } else { taken(tx, Kind::WebhookOutOfOrder)? };
    let gap = order.map(|fault| fault.time(OVERTAKEN_BY));
    let count = told.len();
    let mut copies = Vec::new();
    for (place, Told { kind, object }) in told.into_iter().enumerate() {
        let heard: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.hears(kind)).collect();
        let event = Event {
            id: tx.new_id::<EventId>().to_string(),
            created: tx.now().as_millis() / 1000,
            kind: kind.to_owned(),
            object,
            request: cause.request.clone(),
            idempotency_key: cause.key.clone(),
            pending_webhooks: heard.len(),
            api_version: cause.version.clone().unwrap_or_else(|| API_VERSION.to_owned()),
        };
        store::insert(tx, account, &event)?;
        if heard.is_empty() {
            continue;
        }
        // The first waits longest, and alone it waits for what comes next.
        let behind = u32::try_from((count - 1 - place).max(usize::from(count == 1))).unwrap_or(u32::MAX);
        let wait = gap.map_or(Duration::ZERO, |gap| gap.saturating_mul(behind));
        let mut course = if quiet { Course::default() } else { Course::taken(tx)? };
        course.late = course.late.saturating_add(wait);
        copies.extend(dispatch(tx, account, &event.id, &heard, course)?);
    }
    store::insert_deliveries(tx, &copies, tx.now().as_millis() / 1000)?;
    Ok(())
}

/// How the copies of one event go on their way.
#[derive(Clone, Copy, Default)]
struct Course {
    lost: bool,
    twice: bool,
    late: Duration,
}

impl Course {
    /// As the faults that stand will have it; each is taken for one event.
    fn taken(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        if taken(tx, Kind::WebhookLost)?.is_some() {
            return Ok(Self { lost: true, ..Self::default() });
        }
        let twice = taken(tx, Kind::WebhookDuplicate)?.is_some();
        let late = taken(tx, Kind::WebhookLate)?.map_or(Duration::ZERO, |fault| fault.time(LATE));
        Ok(Self { lost: false, twice, late })
    }
}

/// Enqueues the copies of one event.
fn dispatch(
    tx: &mut Tx<'_>,
    account: &str,
    event: &str,
    heard: &[&Endpoint],
    course: Course,
) -> Result<Vec<Sending>, Error> {
    let due = tx.now().saturating_add(course.late);
    let state = if course.lost { Delivery::Lost } else { Delivery::Pending };
    let mut copies = Vec::new();
    for endpoint in heard {
        for number in 0..=i64::from(course.twice) {
            let (account, event) = (account.to_owned(), event.to_owned());
            let copy = Sending { account, event, endpoint: endpoint.id.clone(), number, state };
            if !course.lost {
                tx.enqueue_at(&Deliver(copy.clone()), due)?;
            }
            copies.push(copy);
        }
    }
    Ok(copies)
}

fn taken(tx: &mut Tx<'_>, kind: Kind) -> Result<Option<faults::Fault>, StoreError> {
    faults::take_in(tx, faults::Provider::Stripe, kind)
}

impl Endpoint {
    fn hears(&self, kind: &str) -> bool {
        self.types.0.iter().any(|wanted| wanted == "*" || wanted == kind)
    }

    fn shown(&self, with_secret: bool) -> Value {
        let mut shown = json!({
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": null,
            "application": null,
            "created": self.created_s,
            "description": null,
            "enabled_events": self.types.0,
            "livemode": false,
            "metadata": {},
            "status": "enabled",
            "url": self.url,
        });
        if with_secret {
            shown["secret"] = self.secret.clone().into();
        }
        shown
    }
}

/// The jobs that take events to their endpoints.
pub fn calls(jobs: &mut Jobs, means: &Means) {
    // Endpoints have nothing to do with each other, and the tries are the job's.
    let settings = ProviderSettings { breaker: None, retries_max: 0, ..ProviderSettings::default() };
    let provider = means.outside.provider_with("stripe-webhooks", || settings);
    let store = means.store.clone();
    let deliver =
        move |job: Arc<Deliver>, attempt: Attempt| deliver(store.clone(), provider.clone(), job, attempt);
    jobs.queue(Deliver::QUEUE, Concurrency(AT_ONCE));
    let policy = jobs.outside(deliver, delivered);
    policy.attempts_max = ATTEMPTS_MAX;
    policy.call_timeout = CALL_TIMEOUT * 2;
    // At least once is what is promised.
    policy.on_unknown = OnUnknown::AskAgain;
}

async fn deliver(
    store: Store,
    provider: Provider,
    job: Arc<Deliver>,
    attempt: Attempt,
) -> Result<(), CallTrouble> {
    let copy = job.0.clone();
    let found = store.read(SCOPE, move |tx| {
        let event = store::find::<Event>(tx, &copy.account, &copy.event)?;
        Ok::<_, StoreError>(event.zip(store::endpoint(tx, &copy.account, &copy.endpoint)?))
    });
    let found = found.await.map_err(|error| CallTrouble::NotSent(error.to_string()))?;
    let Some((event, endpoint)) = found else {
        return Err(CallTrouble::Refused("the endpoint or the event is no longer there".into()));
    };
    let body = wire::event(&event).to_string();
    let request = Request::post(&endpoint.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("stripe-signature", signature(&endpoint.secret, store.clock().wall(), &body))
        .body(Bytes::from(body))
        .map_err(|error| CallTrouble::Refused(error.to_string()))?;
    let call = Call { timeout: CALL_TIMEOUT, idempotent: false, traceparent: None };
    match provider.send(request, call).await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        // Every way not to say yes is one: it is sent again, after waits that grow.
        Ok(_) | Err(_) => {
            let place = usize::try_from(attempt.number.saturating_sub(1)).unwrap_or(usize::MAX);
            let wait_s = WAITS_S.get(place).or(WAITS_S.last()).copied().unwrap_or_default();
            Err(CallTrouble::Later { after: Duration::from_secs(wait_s) })
        }
    }
}

fn delivered(tx: &mut Tx<'_>, job: &Deliver, outcome: &Outcome<()>) -> Result<(), StoreError> {
    let state = match outcome {
        Outcome::Done(()) => Delivery::Delivered,
        Outcome::Failed { .. } | Outcome::Unknown => Delivery::Failed,
    };
    store::settle_delivery(tx, &Sending { state, ..job.0.clone() })
}

/// `t=…,v1=…`: the mark over time and body, made with the whole secret.
pub fn signature(secret: &str, at: Timestamp, body: &str) -> String {
    let at_s = at.as_millis() / 1000;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mark = hmac::sign(&key, format!("{at_s}.{body}").as_bytes());
    format!("t={at_s},v1={}", hex(mark.as_ref()))
}

/// The one who runs this sandbox: its door may be another one at each start.
const OWN_ENDPOINT: &str = "we_000000000000000000000001";

/// Has the events of every account told to `url`, signed with `secret`, and from now on to no `url` before it.
pub async fn point_webhooks(running: &Running, url: &str, secret: &str) -> Result<(), StoreError> {
    let (url, secret) = (url.to_owned(), secret.to_owned());
    let put = move |tx: &mut Tx<'_>| {
        let endpoint = Endpoint {
            account: "*".into(),
            id: OWN_ENDPOINT.into(),
            url: url.clone(),
            secret: secret.clone(),
            types: Json(vec!["*".into()]),
            created_s: tx.now().as_millis() / 1000,
        };
        store::put_endpoint(tx, &endpoint)
    };
    running.store().write(Scope::System("pointing the sandbox's webhooks"), put).await
}

/// `GET /v1/events`.
pub fn list(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["type", "types", "delivery_success"]].concat())?;
    let types = form.list("types");
    let narrow = Narrow {
        about: form.text("type").map(str::to_owned),
        abouts: (!types.is_empty()).then(|| Value::from(types).to_string()),
        ..Narrow::default()
    };
    lists::list(work, form, "/v1/events", &narrow, wire::event)
}

/// `GET /v1/events/{id}`.
pub fn retrieve(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found = store::find::<Event>(work.tx, work.account, id)?;
    let event = found.ok_or_else(|| Error::no_such(Event::KIND, id))?;
    let copies = store::deliveries(work.tx, work.account, id)?;
    let pending_webhooks = copies.iter().filter(|copy| copy.state != Delivery::Delivered).count();
    Ok(Reply::ok(wire::event(&Event { pending_webhooks, ..event })))
}

/// `POST /v1/webhook_endpoints`.
pub fn create_endpoint(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&["url", "enabled_events", "description", "metadata", "api_version"])?;
    let url = form.required("url")?;
    let parsed = url.parse::<http::Uri>().ok();
    if !parsed.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some()) {
        return Err(Error::param(
            "url",
            "url_invalid",
            "Invalid URL: an explicit scheme and a host must be provided.",
        ));
    }
    let types: Vec<String> = form.list("enabled_events").into_iter().map(str::to_owned).collect();
    if types.is_empty() {
        return Err(Error::missing("enabled_events"));
    }
    if types.len() > TYPES_MAX {
        return Err(Error::invalid("Too many enabled_events.").at("enabled_events"));
    }
    let endpoint = Endpoint {
        account: work.account.to_owned(),
        id: work.id::<EndpointId>(),
        url: url.to_owned(),
        secret: format!("whsec_{}", work.secret()?),
        types: Json(types),
        created_s: work.now_s(),
    };
    store::put_endpoint(work.tx, &endpoint)?;
    Ok(Reply::ok(endpoint.shown(true)))
}

/// `GET /v1/webhook_endpoints/{id}`.
pub fn retrieve_endpoint(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found =
        store::endpoint(work.tx, work.account, id)?.filter(|endpoint| endpoint.account == work.account);
    found
        .map(|endpoint| Reply::ok(endpoint.shown(false)))
        .ok_or_else(|| Error::no_such("webhook_endpoint", id))
}

/// `GET /v1/webhook_endpoints`.
pub fn list_endpoints(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&["limit", "starting_after"])?;
    let window = Window::of(form)?;
    let mut rows = store::own_endpoints(work.tx, work.account, &window)?;
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let data = rows.iter().map(|endpoint| endpoint.shown(false)).collect();
    Ok(Reply::ok(lists::page("/v1/webhook_endpoints", data, has_more)))
}

/// `DELETE /v1/webhook_endpoints/{id}`.
pub fn delete_endpoint(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    if store::delete_endpoint(work.tx, work.account, id)? == 0 {
        return Err(Error::no_such("webhook_endpoint", id));
    }
    Ok(Reply::ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_mark_over_time_and_body_with_the_whole_secret() {
        let body = r#"{"id":"evt_demo_1","object":"event","type":"payment_intent.succeeded"}"#;
        let mark = "18aed199f90f9a0a46e34b0f2ff56aaaf6c0c1b1340e04a33a883d1f08d7f869";
        let at = Timestamp::from_millis(1_767_225_600_000);
        assert_eq!(signature("whsec_demo_secret", at, body), format!("t=1767225600,v1={mark}"));
    }
}
