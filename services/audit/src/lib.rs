//! Audit remembers who did what, so that nobody can change it afterwards.
//!
//! It does not decide what is worth remembering (each service tells it, and every event is heard), publishes
//! nothing, and keeps no copy outside of its database: whoever distrusts the database's owner exports the
//! signed digests (`GET /api/v1/audit/digests`) and keeps them elsewhere.
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `queries`, `store`, `http`, `events`, `jobs`.

pub mod domain;
mod error;
mod commands;
mod queries;
mod store;
mod http;
mod events;
mod jobs;

use kernel::migrations;
use kernel::service::Service;

pub use domain::{Block, Finding, Report, Warning};
pub use queries::{digests, verify};

/// Everything audit brings to the binary.
pub fn service() -> Service {
    Service::new("audit")
        .for_administrators(&["/api/v1/audit/*"])
        .migrations(migrations!["0001_audit.sql"])
        .routes(http::routes)
        .hears(events::on_user_erased)
        .hears_all(events::on_any)
        .jobs(jobs::register)
}
