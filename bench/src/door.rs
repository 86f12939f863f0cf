//! What the door costs a request that is answered in the same process: key, limits, routes, log and all.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use contracts::events::access::{ApiKeyIssued, ApiKeyKind};
use contracts::{ApiKeyId, Id, ProjectId};
use gateway::upstreams::{Tuning, Upstreams};
use gateway::{Behind, Front, Routing};
use kernel::auth::{ApiKeyText, Permission, Signer};
use kernel::http::{Answer, Answering, Caller, Ctx, Problem};
use kernel::service::{Running, Service};
use kernel::store::Scope;
use kernel::testing::{Place, Player, Stage};
use serde::Serialize;
use serde_json::Value;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Failure;
use crate::contest::Latencies;
use crate::results::Row;

/// What the service behind the door says.
#[derive(Serialize, utoipa::ToSchema)]
struct Hello {
    says: &'static str,
}

const READ: Permission = Permission::new("hello:read");
const PATH: &str = "/api/v1/hello";
/// Requests of one turn.
const TURN: usize = 2_000;
/// The key that the door knows.
pub const KEY: &str = "dev-key-123";
/// One caller sends all of it here; what is measured is the counting, not the refusing.
pub const WIDE: [(&str, &str); 4] = [
    ("limits.read", "900000/s"),
    ("limits.address", "900000/s"),
    ("limits.project", "900000/s"),
    ("limits.global", "900000/s"),
];
const BAR: Duration = Duration::from_micros(20);

#[utoipa::path(get, path = "/api/v1/hello", responses((status = 200, body = Hello)))]
async fn greet(_ctx: Ctx, caller: Caller) -> Answer<Hello> {
    caller.require(READ)?;
    Ok::<_, Problem>(Hello { says: "hello" }).answered()
}

fn hello() -> OpenApiRouter<Running> {
    OpenApiRouter::new().routes(routes!(greet))
}

/// Measures the same request with and without the door, taking turns.
pub fn measure(time: Duration) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(contest(time))
}

async fn contest(time: Duration) -> Result<(), Failure> {
    let places = [Place::sqlite(), Place::sqlite()];
    let behind = Stage::new(&places[0], Service::new("hello").routes(hello)).await;
    let service = behind.running.routes().0;
    let gateway = Stage::with(&places[1], gateway::service(), &WIDE).await;
    let document = Service::new("hello").routes(hello).document().ok_or("no document")?;
    let here = HashMap::from([("hello", service.clone())]);
    let upstreams = Upstreams::new(Tuning::default(), None);
    let door = open(&gateway, ("hello", document), here, upstreams).await?.routes();
    let token = behind.token(&Player::user(1, 1, &["hello:read"]));
    let (mut without, mut with) = (Latencies::NONE, Latencies::NONE);
    let until = Instant::now() + time;
    while Instant::now() < until {
        turn(&service, "authorization", &format!("Bearer {token}"), &mut without).await?;
        turn(&door, "x-api-key", KEY, &mut with).await?;
    }
    let quantile = |all: &Latencies, share| all.quantile(share).unwrap_or_default();
    let added = quantile(&with, 0.5).saturating_sub(quantile(&without, 0.5));
    let micros = |time: Duration| format!("{:.1} µs", time.as_nanos() as f64 / 1_000.0);
    Row {
        what: "the door in the same process: key, limits, routing (p50 added)".to_owned(),
        figure: micros(added),
        baseline: format!("{} without it; bar 20 µs", micros(quantile(&without, 0.5))),
        ratio: crate::results::ratio(added.as_secs_f64(), BAR.as_secs_f64()),
        quantiles: crate::results::quantiles(&with),
    }
    .keep()
}

async fn turn(routes: &Router, name: &str, value: &str, latencies: &mut Latencies) -> Result<(), Failure> {
    for _ in 0..TURN {
        let request = Request::get(PATH).header(name, value).body(Body::empty())?;
        let started = Instant::now();
        let answer = routes.clone().oneshot(request).await?;
        latencies.record(started.elapsed());
        if !answer.status().is_success() {
            return Err(format!("the measured request was answered {}", answer.status()).into());
        }
    }
    Ok(())
}

/// A door before these services that knows the key of the examples; it keeps to the settings of `gateway`.
pub async fn open(
    gateway: &Stage,
    (name, document): (&'static str, Value),
    here: HashMap<&'static str, Router>,
    upstreams: Upstreams,
) -> Result<Front, Failure> {
    let behind = Behind {
        routing: Routing::new(move || vec![(name.to_owned(), document.clone())])?,
        here,
        rest: Router::new(),
        upstreams,
        demo_key: true,
    };
    let front = Front::new(gateway.running.clone(), behind, Signer::generate()?.0, "stoa".to_owned());
    let text = ApiKeyText::generate(ApiKeyKind::Project, ApiKeyId::from_u128(1))?;
    let macs = gateway.running.store().keys().keyring.macs(b"api key");
    let issued = ApiKeyIssued {
        api_key_id: text.id,
        kind: text.kind,
        scopes: vec!["hello:read".to_owned()],
        mac: macs.mark(&text.proof()),
        expires_at: None,
    };
    let identity = gateway.neighbour("identity").await;
    gateway.hear(&identity, Scope::Project(ProjectId::from_u128(1)), "key", &issued).await;
    front.learn().await;
    Ok(front)
}
