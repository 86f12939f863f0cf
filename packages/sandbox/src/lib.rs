//! The outside world for trials and tests: providers that speak their own wire formats.
//!
//! The adapters of the platform run against it unchanged. What it keeps is in a store, so it survives a crash as a
//! provider does; what is to go wrong is asked for at `/sandbox/faults`.

pub mod faults;
pub mod stripe;
pub mod post;

use axum::Router;
use kernel::migrations;
use kernel::service::{Running, Service};

/// Everything the sandbox keeps and does.
pub fn service() -> Service {
    Service::new("sandbox")
        .migrations(migrations!["0001_stripe.sql", "0002_post.sql"])
        .setting(stripe::PUBLIC_URL.declare())
        .jobs(stripe::jobs)
        .calls(stripe::calls)
        .calls(post::register)
}

/// What the providers answer, for a listener of their own.
pub fn routes(running: &Running) -> Router {
    Router::new().merge(stripe::routes(running)).merge(post::routes(running)).merge(faults::routes(running))
}

pub use stripe::point_webhooks;
