//! One project: its members, roles, API keys, and who was proven to be whom.

mod commands;
mod events;
mod http;
mod queries;
mod store;
mod telling;

use contracts::{ProjectId, UserId};
use kernel::service::Service;
use kernel::store::Tx;

pub use commands::keys::issue_known_key;
pub use commands::members::join;
pub use commands::projects::{NewProject, create_organisation, create_project};
pub use http::routes;

use crate::error::Error;

/// What this half hears and tells.
pub fn serves(service: Service) -> Service {
    service
        .hears(events::on_api_key_used)
        .tells::<telling::OrganisationCreated>()
        .tells::<telling::RoleCreated>()
        .tells::<telling::RoleChanged>()
        .tells::<telling::RoleDeleted>()
        .tells::<telling::RoleGranted>()
        .tells::<telling::RoleRevoked>()
        .tells::<telling::MemberJoined>()
        .tells::<telling::MemberChanged>()
        .tells::<telling::KycSubmitted>()
        .tells::<telling::KycViewed>()
}

/// Notes that a member has come into a project themselves; says whether for the first time. Work of the system.
pub fn enter(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<bool, Error> {
    Ok(store::members::set_entered(tx, project, user)?)
}

/// Forgets what an erased person was and handed in here, in all projects. Work of the system.
pub fn forget(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    store::kyc::forget_claims(tx, user)?;
    store::roles::delete_all_user_roles(tx, user)?;
    store::members::leave_all(tx, user)?;
    Ok(())
}
