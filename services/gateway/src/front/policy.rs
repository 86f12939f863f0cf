//! The settings as they are now, made ready for requests.

use kernel::service::Running;

use super::limits::Limits;
use crate::domain::address::Networks;
use crate::settings::{self, AccessLog, WhenAway};

/// By what requests are judged; a change of settings makes another.
pub struct Policy {
    /// How much is let through.
    pub limits: Limits,
    /// Proxies that are believed.
    pub trusted: Networks,
    /// From where administrators call.
    pub admin_addresses: Networks,
    /// Whose pages may call for any project.
    pub origins: Vec<String>,
    /// The largest body.
    pub body_max: u64,
    /// Which requests get a line in the log.
    pub access_log: AccessLog,
    /// What happens while the shared limits cannot be asked.
    pub when_away: WhenAway,
    /// How many sockets there may be.
    pub sockets_max: usize,
}

impl Policy {
    /// What the settings say.
    pub fn of(service: &Running) -> Self {
        let settings = service.settings();
        let origins = settings.get(&settings::ORIGINS);
        Self {
            limits: Limits::new(settings),
            trusted: settings.get(&settings::TRUSTED_PROXIES),
            admin_addresses: settings.get(&settings::ADMIN_ADDRESSES),
            origins: origins
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect(),
            body_max: settings.get(&settings::BODY_MAX).0,
            access_log: settings.get(&settings::ACCESS_LOG),
            when_away: settings.get(&settings::WHEN_AWAY),
            sockets_max: settings.get(&settings::SOCKETS_MAX),
        }
    }
}
