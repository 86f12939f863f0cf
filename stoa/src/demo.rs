//! The demo data of the sandbox: enough to see every page filled at the first start.

use std::process::ExitCode;

use axum::Router;
use axum::body::Body;
use contracts::{Id, ProjectId, UserId};
use http::{Request, header};
use kernel::config::{Mode, Settings};
use kernel::http::Health;
use kernel::service::Running;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::output::say;
use crate::platform::{self, Failure};
use crate::{settings, token};

/// The demo's project.
pub fn project() -> ProjectId {
    ProjectId::from_u128(1)
}

/// The demo's operator.
pub fn operator() -> UserId {
    UserId::from_u128(1)
}

/// `stoa demo`
pub fn seed_by_hand(settings: Settings) -> Result<ExitCode, Failure> {
    if settings.get(&settings::MODE) != Mode::Sandbox {
        return Err(Failure::Other("demo data is for sandbox mode only".into()));
    }
    let services = platform::open(&platform::platform(&settings)?, &[])?;
    let routes =
        services.iter().fold(Health::default().routes(), |all, service| all.merge(service.routes().0));
    platform::block_on(seed(&settings, &services, &routes))?;
    services.iter().for_each(|service| service.store().close());
    say("The demo data is in place.");
    Ok(ExitCode::SUCCESS)
}

/// Puts the demo data in place, once: the idempotency key makes twice once.
pub async fn seed(settings: &Settings, services: &[Running], routes: &Router) {
    if !services.iter().any(|service| service.name() == "audit") {
        return;
    }
    let seeded = match token::trial_token(settings, project(), vec!["*".to_owned()], 1) {
        Ok(token) => post(routes, &token, "/api/v1/audit/records/batch", &records()).await,
        Err(failure) => Err(failure.to_string()),
    };
    if let Err(why) = seeded {
        tracing::warn!(why, "the demo data is not in place");
    }
}

async fn post(routes: &Router, token: &str, path: &str, body: &Value) -> Result<(), String> {
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "demo-data-1")
        .body(Body::from(body.to_string()))
        .map_err(|error| error.to_string())?;
    let answer = match routes.clone().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    if answer.status().is_success() { Ok(()) } else { Err(format!("{path} answered {}", answer.status())) }
}

fn records() -> Value {
    let record = |action: &str, kind: &str, id: &str, class: &str, details: Value| {
        json!({ "action": action, "object": { "kind": kind, "id": id }, "outcome": "succeeded",
            "class": class, "details": details })
    };
    json!({ "records": [
        record("project.created", "project", "demo", "operational", json!({ "name": "Demo" })),
        record("user.invited", "user", "usr_demo", "operational", json!({ "roles": ["operator"] })),
        record("price.changed", "product", "cup", "operational", json!({ "from_minor": 1200, "to_minor": 1350, "currency": "INR" })),
        record("payment.refunded", "payment", "pay_demo", "financial", json!({ "amount_minor": 1350, "currency": "INR" })),
    ] })
}
