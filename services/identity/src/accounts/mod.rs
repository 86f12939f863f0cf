//! One person: registering, signing in, sessions, codes, and what they say of themselves.
//!
//! Read `commands` (what one can do), `store` (the statements), `http` (the routes). `hashing` and `signing` are what
//! needs a processor or a key, `means` holds both for the routes, `telling` has the events of this half.

mod commands;
mod hashing;
mod http;
mod jobs;
mod means;
mod settings;
mod signing;
mod store;
mod telling;

use kernel::service::Service;

pub use commands::contacts;
pub use commands::erasing::erase;
pub use commands::registering::invite;
pub use commands::settling::{Settler, knows_project, make_operator, settle};
pub use http::routes;
pub use settings::PROJECT;
pub use signing::{published_keys, rotate_signing_key};

/// What this half does later, tells and can be set to.
pub fn serves(service: Service) -> Service {
    settings::declare(service)
        .jobs(jobs::register)
        .tells::<contracts::events::NotificationSend>()
        .tells::<telling::LoginFailed>()
        .tells::<telling::PasswordChanged>()
        .tells::<telling::AuthenticatorAdded>()
        .tells::<telling::AuthenticatorRemoved>()
        .tells::<telling::RecoveryCodeUsed>()
        .tells::<telling::EmailVerified>()
        .tells::<telling::PhoneVerified>()
        .tells::<telling::ProfileChanged>()
        .tells::<telling::RefreshReused>()
}
