//! Gateway is the one door: it finds out who calls, how much they may ask, and who answers.

pub mod upstreams;

use kernel::service::Service;

/// Everything the gateway brings to the binary.
pub fn service() -> Service {
    Service::new("gateway")
}
