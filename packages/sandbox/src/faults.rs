//! What is to go wrong on request: asked for over HTTP, taken by the provider that it is meant for, once each time.

mod store;

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use kernel::service::Running;
use kernel::store::{Scope, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

contracts::ids! {
    /// Something that is to go wrong.
    FaultId = "fault";
}

/// Whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Payments.
    Stripe,
    /// Text messages.
    Twilio,
    /// Mail.
    Smtp,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The answer comes late.
    Latency,
    /// Nothing is done, and the answer is a server error.
    #[serde(rename = "error_500")]
    Error500,
    /// The work is done, and no answer comes.
    TimeoutAfterAccepting,
    /// A webhook arrives twice.
    WebhookDuplicate,
    /// A webhook arrives late.
    WebhookLate,
    /// What happened first is told last.
    WebhookOutOfOrder,
    /// A webhook never arrives.
    WebhookLost,
}

/// One that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    millis: Option<i64>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    provider: Provider,
    kind: Kind,
    #[serde(default = "once")]
    times: u32,
    millis: Option<u32>,
}

/// What is still to go wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Standing {
    id: FaultId,
    provider: Provider,
    kind: Kind,
    times_left: i64,
    millis: Option<i64>,
}

const SCOPE: Scope = Scope::System("what is to go wrong in the sandbox");
const TIMES_MAX: u32 = 10_000;
/// Nobody waits longer than ten minutes on purpose.
const MILLIS_MAX: u32 = 600_000;

fn once() -> u32 {
    1
}

impl Fault {
    /// How long it is to take; `default` where it was not said.
    pub fn time(self, default: Duration) -> Duration {
        let said = self.millis.and_then(|millis| u64::try_from(millis).ok());
        said.map_or(default, Duration::from_millis)
    }
}

/// Takes one fault of a kind, if there is one.
pub async fn take(running: &Running, provider: Provider, kind: Kind) -> Result<Option<Fault>, StoreError> {
    // Most of the time nothing is to go wrong, so looking costs no write.
    if !running.store().read(SCOPE, move |tx| store::any(tx, provider, kind)).await? {
        return Ok(None);
    }
    running.store().write(SCOPE, move |tx| take_in(tx, provider, kind)).await
}

/// Whether nothing at all is to go wrong with a provider: one look in place of one for each kind.
pub async fn is_quiet(running: &Running, provider: Provider) -> Result<bool, StoreError> {
    running.store().read(SCOPE, move |tx| is_quiet_in(tx, provider)).await
}

/// The same within a transaction.
pub fn is_quiet_in(tx: &mut Tx<'_>, provider: Provider) -> Result<bool, StoreError> {
    Ok(!store::any_of(tx, provider)?)
}

/// Takes one within a transaction: what fails with it was not taken.
pub fn take_in(tx: &mut Tx<'_>, provider: Provider, kind: Kind) -> Result<Option<Fault>, StoreError> {
    let Some(next) = store::next(tx, provider, kind)? else { return Ok(None) };
    store::spend(tx, next.id)?;
    Ok(Some(Fault { millis: next.millis }))
}

/// `/sandbox/faults`.
pub(crate) fn routes(running: &Running) -> Router {
    Router::new()
        .route("/sandbox/faults", get(list_faults).post(ask_for_fault).delete(clear_faults))
        .with_state(running.clone())
}

async fn ask_for_fault(State(running): State<Running>, body: Bytes) -> Response {
    let wanted = match serde_json::from_slice::<Wanted>(&body) {
        Ok(wanted) => wanted,
        Err(error) => return refused(&error.to_string()),
    };
    if !(1..=TIMES_MAX).contains(&wanted.times) || wanted.millis.is_some_and(|millis| millis > MILLIS_MAX) {
        return refused("times is 1 to 10000, millis at most 600000");
    }
    let stored = running.store().write(SCOPE, move |tx| {
        let standing = Standing {
            id: tx.new_id(),
            provider: wanted.provider,
            kind: wanted.kind,
            times_left: wanted.times.into(),
            millis: wanted.millis.map(Into::into),
        };
        store::insert(tx, &standing)?;
        Ok::<_, StoreError>(standing)
    });
    match stored.await {
        Ok(standing) => (StatusCode::CREATED, Json(standing)).into_response(),
        Err(error) => failed(&error),
    }
}

async fn list_faults(State(running): State<Running>) -> Response {
    match running.store().read(SCOPE, store::standing).await {
        Ok(standing) => Json(json!({ "data": standing })).into_response(),
        Err(error) => failed(&error),
    }
}

async fn clear_faults(State(running): State<Running>) -> Response {
    match running.store().write(SCOPE, store::clear).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed(&error),
    }
}

fn refused(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "code": "bad_fault", "message": why }))).into_response()
}

fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "the sandbox's faults are not to be had");
    let body = json!({ "code": "internal", "message": "the sandbox has a trouble of its own" });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
