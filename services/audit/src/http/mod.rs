//! The API of the trail, under `/api/v1/audit`: `records` (tell and ask), `chain` (proofs and digests),
//! `keeping` (retention and persons).
//!
//! Handlers ask whether the caller may, call one command or query, and answer.

mod chain;
mod keeping;
mod records;

use kernel::auth::{Caller, Denied, Permission};
use kernel::service::Running;
use kernel::store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::platform;

/// To add to the trail.
const APPEND: Permission = Permission::new("audit:append");
/// To read it, proofs and digests included.
const READ: Permission = Permission::new("audit:read");
/// To decide how long it is kept, to erase persons, to have it verified.
const MANAGE: Permission = Permission::new("audit:manage");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(records::append_record, records::list_records))
        .routes(routes!(records::append_records))
        .routes(routes!(records::get_record))
        .routes(routes!(chain::prove_record))
        .routes(routes!(chain::list_blocks))
        .routes(routes!(chain::list_digests))
        .routes(routes!(chain::list_keys))
        .routes(routes!(chain::verify_trail))
        .routes(routes!(keeping::get_retention, keeping::set_retention))
        .routes(routes!(keeping::erase_subject))
}

/// Whose trail the caller means: that of its project or, for the platform's own operators, the platform's.
fn scope_of(caller: &Caller, permission: Permission) -> Result<Scope, Denied> {
    match caller.require(permission) {
        Err(Denied::NoProject) => {
            caller.require_system(permission, "the platform's own trail")?;
            Ok(Scope::Project(platform()))
        }
        allowed => allowed,
    }
}
