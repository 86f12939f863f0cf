//! Gateway is the one door: it finds out who calls, how much they may ask, and who answers.
//!
//! It issues no keys and no tokens (identity does, and tells), decides nothing about the things behind it, and keeps
//! no copy of an answer. Services check every caller again; what they trust is a signature, never a header.
//!
//! Read `front/mod.rs` first: the way of a request on one page. `route` is the table of all routes and `routing` which one holds, `domain` has the
//! rules (addresses, rates, origins), `known` what was heard of keys and sessions, `upstreams` the calls elsewhere.

pub mod domain;
mod route;
mod routing;
mod store;
mod known;
mod settings;
mod front;
pub mod upstreams;
mod http;
mod events;
mod jobs;

use contracts::events::access::ApiKeyUsed;
use kernel::migrations;
use kernel::service::Service;

pub use front::{Behind, Front};
pub use routing::{BadRouting, Documents, Routing, Ways};
pub use settings::REDIS_URL;

/// Everything the gateway brings to the binary.
pub fn service() -> Service {
    let service = Service::new("gateway")
        .for_administrators(&["/api/v1/gateway/*"])
        .migrations(migrations!["0001_gateway.sql", "0002_environments.sql"])
        .routes(http::routes)
        .hears(events::on_key_issued)
        .hears(events::on_key_expiring)
        .hears(events::on_key_revoked)
        .hears(events::on_sessions_ended)
        .hears(events::on_project_created)
        .hears(events::on_project_changed)
        .hears(events::on_instance_changed)
        .rebuilt_by(events::forget)
        .tells::<ApiKeyUsed>()
        .jobs(jobs::register);
    settings::declarations().into_iter().fold(service, Service::setting)
}
