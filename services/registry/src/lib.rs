//! Registry keeps the configuration of all services, and knows where their instances are.

use kernel::service::Service;

/// Everything the registry brings to the binary.
pub fn service() -> Service {
    Service::new("registry")
}
