//! The services that there are. Only this file names them.

use kernel::service::Service;

/// All services, in the order in which they start.
pub fn all() -> Vec<Service> {
    vec![identity::service(), registry::service(), audit::service(), gateway::service()]
}

/// The names of all services.
pub fn names() -> Vec<&'static str> {
    all().iter().map(Service::name).collect()
}
