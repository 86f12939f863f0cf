//! `/health/live`, `/health/ready`, `/health/startup`, `/metrics`: the same on every process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde::Serialize;
use tokio::sync::watch;

use crate::store::{Scope, Store, StoreError};
use crate::telemetry::metrics;

/// Knows whether this process can serve.
#[derive(Clone, Default)]
pub struct Health(Arc<Standing>);

#[derive(Default)]
struct Standing {
    started: AtomicBool,
    draining: watch::Sender<bool>,
    stores: std::sync::OnceLock<Vec<Store>>,
}

/// What `/health/ready` tells.
#[derive(Serialize)]
pub struct Ready {
    /// `ready`, `starting`, `draining` or `unavailable`.
    pub status: &'static str,
    /// The services whose database does not answer.
    pub unavailable: Vec<&'static str>,
}

impl Health {
    /// The process has started and serves these databases.
    pub fn started(&self, stores: Vec<Store>) {
        let _ = self.0.stores.set(stores);
        self.0.started.store(true, Ordering::Release);
    }

    /// The process takes no new work.
    pub fn drain(&self) {
        self.0.draining.send_replace(true);
    }

    /// Changes when the process takes no new work any more.
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.0.draining.subscribe()
    }

    /// Asks every database.
    pub async fn ready(&self) -> Ready {
        if *self.0.draining.borrow() {
            return Ready { status: "draining", unavailable: Vec::new() };
        }
        if !self.0.started.load(Ordering::Acquire) {
            return Ready { status: "starting", unavailable: Vec::new() };
        }
        let mut unavailable = Vec::new();
        for store in self.0.stores.get().into_iter().flatten() {
            let answer = store.read(Scope::System("health"), |tx| tx.one::<i64>("select 1", &[]));
            let answer = tokio::time::timeout(std::time::Duration::from_secs(2), answer).await;
            if !matches!(answer, Ok(Ok(1) | Err(StoreError::Busy { .. }))) {
                unavailable.push(store.service());
            }
        }
        let status = if unavailable.is_empty() { "ready" } else { "unavailable" };
        Ready { status, unavailable }
    }

    /// The routes.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/health/live", get(|| async { axum::Json(serde_json::json!({"status": "live"})) }))
            .route("/health/ready", get(ready))
            .route("/health/startup", get(startup))
            .route("/metrics", get(figures))
            .with_state(self.clone())
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let ready = health.ready().await;
    let status = if ready.status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(ready)).into_response()
}

async fn startup(State(health): State<Health>) -> Response {
    if health.0.started.load(Ordering::Acquire) {
        axum::Json(serde_json::json!({"status": "started"})).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, axum::Json(serde_json::json!({"status": "starting"})))
            .into_response()
    }
}

async fn figures() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render()).into_response()
}
