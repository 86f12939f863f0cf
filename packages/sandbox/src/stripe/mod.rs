//! Stripe's API as far as the platform speaks it: intents, refunds, payouts, customers, events, signed webhooks.
//!
//! A call goes through this file (who calls, what is to go wrong, the key, one transaction) to the file of its
//! objects; `paying.rs` is how money comes in, `wire.rs` how objects look, `events.rs` how endpoints hear of it.

mod objects;
mod cards;
mod form;
mod errors;
mod work;
mod store;
mod wire;
mod lists;
mod paying;
mod intents;
mod methods;
mod customers;
mod refunds;
mod payouts;
mod events;
mod idempotency;
mod caller;
mod three_ds;
mod page;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use contracts::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use kernel::config::Setting;
use kernel::jobs::{Jobs, Schedule};
use kernel::service::{Means, Running};
use kernel::store::{Scope, StoreError, Tx};
use serde_json::json;

use crate::faults::{self, Kind};
use caller::{Caller, Kind as KeyKind};
use errors::Error;
use form::Form;
use idempotency::{UnderWay, Used};
use wire::Reply;
use work::{Cause, RequestId, Work};

pub use events::point_webhooks;

/// Where browsers reach the provider's pages.
pub const PUBLIC_URL: Setting<String> = Setting::new(
    "sandbox.public_url",
    String::new,
    "Where browsers reach the sandbox's pages, such as the one that asks a card's owner; empty is where its API was called.",
)
.example("http://localhost:8200");

const SCOPE: Scope = Scope::System("a payment provider at play");
const API_VERSION: &str = "2026-07-29.dahlia";
const BODY_BYTES_MAX: usize = 1 << 20;
const LATENCY: Duration = Duration::from_secs(3);
/// How long somebody waits for an answer that does not come.
const SILENCE: Duration = Duration::from_secs(60);
const KEYS_KEPT: Duration = Duration::from_secs(86_400);
const EVENTS_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// What every call needs.
#[derive(Clone)]
struct Desk {
    running: Running,
    under_way: UnderWay,
}

/// A call that may be done.
#[derive(Clone)]
struct Asked {
    method: Method,
    steps: Vec<String>,
    form: Form,
    caller: Caller,
    cause: Cause,
    used: Option<Used>,
}

/// What is answered, and which earlier request did the work.
struct Said {
    reply: Reply,
    replayed: Option<String>,
}

/// What the provider does because time passed.
pub(crate) fn jobs(jobs: &mut Jobs) {
    paying::jobs(jobs);
    refunds::jobs(jobs);
    payouts::jobs(jobs);
    if let Ok(hourly) = Schedule::interval(Duration::from_secs(3600)) {
        jobs.every("sandbox.stripe_forget", hourly, forget);
    }
}

/// What the provider tells others.
pub(crate) fn calls(jobs: &mut Jobs, means: &Means) {
    events::calls(jobs, means);
}

/// The provider's routes and pages.
pub(crate) fn routes(running: &Running) -> Router {
    let desk = Desk { running: running.clone(), under_way: UnderWay::default() };
    Router::new()
        .route("/v1/{*path}", any(answer))
        .route("/3ds/{intent}", get(three_ds::show).post(three_ds::decide))
        .route("/stripe", get(page::show))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(desk)
}

async fn answer(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::OPTIONS {
        return with_cors(StatusCode::NO_CONTENT.into_response());
    }
    let store = desk.running.store();
    let request = store.ids().next::<RequestId>(store.clock().now()).to_string();
    let said = desk.serve(&method, &uri, &headers, &body, &request).await;
    let (status, body, replayed) = match said {
        Ok(Said { reply, replayed }) => (reply.status, reply.body, replayed),
        Err(Error::Refused(refusal)) => (refusal.status, refusal.body(), None),
        Err(Error::Store(error)) => {
            tracing::error!(%error, "the sandbox's payment provider has a trouble of its own");
            (500, json!({ "error": { "type": "api_error", "message": "An unknown error occurred." } }), None)
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = (status, axum::Json(body)).into_response();
    let set = answer.headers_mut();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            set.insert(HeaderName::from_static(name), value);
        }
    };
    put("request-id", &request);
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    put("stripe-version", said("stripe-version").unwrap_or(API_VERSION));
    if let Some(key) = said("idempotency-key") {
        put("idempotency-key", key);
    }
    if let Some(original) = replayed {
        put("idempotent-replayed", "true");
        put("original-request", &original);
    }
    with_cors(answer)
}

/// A browser's form may speak with the provider itself.
fn with_cors(mut answer: Response) -> Response {
    let set = answer.headers_mut();
    set.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    set.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE, OPTIONS"));
    set.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, idempotency-key, stripe-version"),
    );
    set.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("request-id"));
    set.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("300"));
    answer
}

impl Desk {
    async fn serve(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        request: &str,
    ) -> Result<Said, Error> {
        let query = Form::parse(uri.query().unwrap_or_default())?;
        let body =
            std::str::from_utf8(body).map_err(|_| Error::invalid("Invalid encoding: expected UTF-8"))?;
        let form = query.and(Form::parse(body)?);
        let caller = Caller::of(headers, &form)?;
        let quiet = faults::is_quiet(&self.running, faults::Provider::Stripe).await?;
        if !quiet {
            if let Some(fault) = self.fault(Kind::Latency).await? {
                tokio::time::sleep(fault.time(LATENCY)).await;
            }
            if self.fault(Kind::Error500).await?.is_some() {
                return Err(Error::server());
            }
        }
        let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        let used = key.filter(|_| method == Method::POST).map(|key| Used {
            account: caller.account.clone(),
            key: key.to_owned(),
            path: uri.path().to_owned(),
            fingerprint: form.fingerprint(),
        });
        let version = headers.get("stripe-version").and_then(|value| value.to_str().ok());
        let cause = Cause {
            request: Some(request.to_owned()),
            key: key.map(str::to_owned),
            version: version.map(str::to_owned),
            url: self.public_url(headers),
        };
        let steps =
            uri.path().split('/').filter(|step| !step.is_empty()).skip(1).map(str::to_owned).collect();
        let is_write = method == Method::POST;
        let asked = Asked { method: method.clone(), steps, form, caller, cause, used };
        let said = self.act(asked).await?;
        if is_write
            && !quiet
            && let Some(fault) = self.fault(Kind::TimeoutAfterAccepting).await?
        {
            tokio::time::sleep(fault.time(SILENCE)).await;
            return Err(Error::server());
        }
        Ok(said)
    }

    /// Does it in one transaction, with its events and its key.
    async fn act(&self, asked: Asked) -> Result<Said, Error> {
        if asked.method == Method::GET {
            let read = self.running.store().read(SCOPE, move |tx| {
                let reply = asked.run(&mut Work::new(tx, &asked.caller.account, &asked.cause))?;
                Ok::<_, Error>(Said { reply, replayed: None })
            });
            return read.await;
        }
        if let Some(used) = &asked.used {
            used.check()?;
        }
        let _held = asked.used.as_ref().map(|used| self.under_way.hold(used)).transpose()?;
        self.running.store().write(SCOPE, move |tx| asked.once(tx)).await
    }

    async fn fault(&self, kind: Kind) -> Result<Option<faults::Fault>, StoreError> {
        faults::take(&self.running, faults::Provider::Stripe, kind).await
    }

    fn public_url(&self, headers: &HeaderMap) -> String {
        let set = self.running.settings().get(&PUBLIC_URL);
        if !set.is_empty() {
            return set.trim_end_matches('/').to_owned();
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("http://{host}")
    }
}

impl Asked {
    /// Says again what was said before to the same key, or does it.
    fn once(&self, tx: &mut Tx<'_>) -> Result<Said, Error> {
        if let Some(used) = &self.used
            && let Some(answered) = used.answer(tx)?
        {
            let body = serde_json::from_str(&answered.body).unwrap_or_default();
            let reply = Reply { status: answered.status, body };
            return Ok(Said { reply, replayed: Some(answered.request) });
        }
        let mut work = Work::new(tx, &self.caller.account, &self.cause);
        let reply = self.run(&mut work)?;
        work.finish()?;
        if let (Some(used), Some(request)) = (&self.used, &self.cause.request) {
            used.keep(tx, request, &reply)?;
        }
        Ok(Said { reply, replayed: None })
    }

    fn run(&self, work: &mut Work<'_, '_>) -> Result<Reply, Error> {
        let reply = match self.caller.kind {
            KeyKind::Secret => self.dispatch(work)?,
            KeyKind::Publishable => self.dispatch_public(work)?.for_browsers(),
        };
        reply.expanded(work, &self.form.list("expand"))
    }

    fn dispatch_public(&self, work: &mut Work<'_, '_>) -> Result<Reply, Error> {
        let steps: Vec<&str> = self.steps.iter().map(String::as_str).collect();
        match (self.method.as_str(), steps.as_slice()) {
            ("GET", ["payment_intents", id]) => intents::retrieve(work, id, &self.form, true),
            ("POST", ["payment_intents", id, "confirm"]) => intents::confirm(work, id, &self.form, true),
            _ => Err(Error::forbidden()),
        }
    }

    fn dispatch(&self, work: &mut Work<'_, '_>) -> Result<Reply, Error> {
        let steps: Vec<&str> = self.steps.iter().map(String::as_str).collect();
        let form = &self.form;
        match (self.method.as_str(), steps.as_slice()) {
            ("POST", ["payment_intents"]) => intents::create(work, form),
            ("GET", ["payment_intents"]) => intents::list(work, form),
            ("GET", ["payment_intents", id]) => intents::retrieve(work, id, form, false),
            ("POST", ["payment_intents", id]) => intents::update(work, id, form),
            ("POST", ["payment_intents", id, "confirm"]) => intents::confirm(work, id, form, false),
            ("POST", ["payment_intents", id, "capture"]) => intents::capture(work, id, form),
            ("POST", ["payment_intents", id, "cancel"]) => intents::cancel(work, id, form),
            ("GET", ["charges"]) => refunds::list_charges(work, form),
            ("GET", ["charges", id]) => refunds::retrieve_charge(work, id),
            ("POST", ["refunds"]) => refunds::create(work, form),
            ("GET", ["refunds"]) => refunds::list(work, form),
            ("GET", ["refunds", id]) => refunds::retrieve(work, id),
            ("POST", ["refunds", id]) => refunds::update(work, id, form),
            ("POST", ["payouts"]) => payouts::create(work, form),
            ("GET", ["payouts"]) => payouts::list(work, form),
            ("GET", ["payouts", id]) => payouts::retrieve(work, id),
            ("POST", ["payouts", id]) => payouts::update(work, id, form),
            ("POST", ["payouts", id, "cancel"]) => payouts::cancel(work, id, form),
            ("POST", ["customers"]) => customers::create(work, form),
            ("GET", ["customers"]) => customers::list(work, form),
            ("GET", ["customers", id]) => customers::retrieve(work, id),
            ("POST", ["customers", id]) => customers::update(work, id, form),
            ("DELETE", ["customers", id]) => customers::delete(work, id),
            ("GET", ["customers", id, "payment_methods"]) => {
                let url = format!("/v1/customers/{id}/payment_methods");
                methods::list(work, form, &url, Some(id))
            }
            ("POST", ["payment_methods"]) => methods::create(work, form),
            ("GET", ["payment_methods"]) => methods::list(work, form, "/v1/payment_methods", None),
            ("GET", ["payment_methods", id]) => methods::retrieve(work, id),
            ("POST", ["payment_methods", id, "attach"]) => methods::attach(work, id, form),
            ("POST", ["payment_methods", id, "detach"]) => methods::detach(work, id, form),
            ("GET", ["events"]) => events::list(work, form),
            ("GET", ["events", id]) => events::retrieve(work, id),
            ("POST", ["webhook_endpoints"]) => events::create_endpoint(work, form),
            ("GET", ["webhook_endpoints"]) => events::list_endpoints(work, form),
            ("GET", ["webhook_endpoints", id]) => events::retrieve_endpoint(work, id),
            ("DELETE", ["webhook_endpoints", id]) => events::delete_endpoint(work, id),
            ("GET", ["balance_transactions", id]) => refunds::retrieve_transaction(work, id),
            ("GET", ["balance"]) => Ok(refunds::balance()),
            ("GET", ["account"]) => Ok(caller::account(&self.caller)),
            (method, steps) => Err(Error::unknown_path(method, &format!("/v1/{}", steps.join("/")))),
        }
    }
}

/// What nobody asks about any more.
fn forget(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    store::forget_answers(tx, now.saturating_sub(KEYS_KEPT))?;
    let before_s = Timestamp::as_millis(now.saturating_sub(EVENTS_KEPT)) / 1000;
    store::forget_deliveries(tx, before_s)?;
    store::forget_events(tx, before_s)?;
    Ok(())
}
