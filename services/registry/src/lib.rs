//! Registry keeps what all services are set to, and knows where their instances answer.
//!
//! It is optional: each service keeps the settings that it heard last, and without the registry there are the
//! settings file and the environment. It asks no instance how it is; an instance says so itself, or is down.
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `store`, `http`, `jobs`.

pub mod domain;
mod error;
mod commands;
mod store;
mod http;
mod jobs;

use std::time::Duration;

use contracts::events::fleet::{ConfigPublished, InstanceChanged};
use kernel::config::Setting;
use kernel::migrations;
use kernel::service::Service;

/// How long an instance may be silent.
pub const LEASE: Setting<Duration> = Setting::new(
    "registry.instance_lease",
    || Duration::from_secs(15),
    "How long an instance may be silent before it counts as down.",
)
.live();

/// Everything the registry brings to the binary.
pub fn service() -> Service {
    Service::new(kernel::config::REGISTRY)
        .for_administrators(&["/api/v1/registry/*"])
        .migrations(migrations!["0001_registry.sql"])
        .routes(http::routes)
        .jobs(jobs::register)
        .tells::<ConfigPublished>()
        .tells::<InstanceChanged>()
        .setting(LEASE.declare())
}
