//! The services that there are. Only this file names them.

use kernel::service::{Running, Service};
use kernel::store::Store;

/// All services, in the order in which they start.
pub fn all() -> Vec<Service> {
    vec![
        identity::service(),
        registry::service(),
        audit::service(),
        catalog::service(),
        orders::service(),
        payments::service(),
        notifications::service(),
        ledger::service(),
        wallet::service(),
        fraud::service(),
        gateway::service(),
    ]
}

/// The names of all services.
pub fn names() -> Vec<&'static str> {
    all().iter().map(Service::name).collect()
}

/// The logs of others in which something may stand that this service hears; nobody looks through the rest.
pub fn heard_by(service: &Running, logs: &[Store]) -> Vec<Store> {
    let all = all();
    let types = service.handlers().types();
    let tells = |name: &str| {
        let teller = all.iter().find(|other| other.name() == name);
        let told = teller.map_or(&[][..], Service::event_kinds);
        types.as_ref().is_none_or(|types| told.iter().any(|kind| types.contains(&kind.name)))
    };
    logs.iter().filter(|log| log.service() != service.name() && tells(log.service())).cloned().collect()
}
