//! The API of a project and of those in it: `organisations`, `projects`, `roles`, `members`, `keys`, `kyc`,
//! `explain`.
//!
//! Handlers ask whether the caller may, call one command or query, and answer. Where persons or the projects' own
//! rows are concerned, the work is the system's, and the project is named by hand.

mod explain;
mod keys;
mod kyc;
mod members;
mod organisations;
mod projects;
mod roles;

use contracts::ProjectId;
use kernel::auth::{Caller, Denied, Permission};
use kernel::service::Running;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// To see who belongs to a project.
const USERS_READ: Permission = Permission::new("users:read");
/// To invite them, to let them in and to give them roles.
const USERS_WRITE: Permission = Permission::new("users:write");
/// To erase them.
const USERS_ERASE: Permission = Permission::new("users:erase");
/// To see roles.
const ROLES_READ: Permission = Permission::new("roles:read");
/// To make and change them.
const ROLES_WRITE: Permission = Permission::new("roles:write");
/// To see API keys.
const KEYS_READ: Permission = Permission::new("api_keys:read");
/// To make them and take them back.
const KEYS_WRITE: Permission = Permission::new("api_keys:write");
/// To see projects and organisations.
const PROJECTS_READ: Permission = Permission::new("projects:read");
/// To make and change them.
const PROJECTS_MANAGE: Permission = Permission::new("projects:manage");
/// To look at what people handed in, and to decide on it.
const KYC_REVIEW: Permission = Permission::new("kyc:review");
/// To ask why somebody may do something.
const EXPLAIN: Permission = Permission::new("access:explain");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(organisations::create_organisation, organisations::list_organisations))
        .routes(routes!(organisations::get_organisation))
        .routes(routes!(projects::create_project, projects::list_projects))
        .routes(routes!(projects::get_project, projects::change_project))
        .routes(routes!(projects::appoint_administrator))
        .routes(routes!(roles::create_role, roles::list_roles))
        .routes(routes!(roles::get_role, roles::change_role, roles::delete_role))
        .routes(routes!(members::invite_member, members::list_members))
        .routes(routes!(members::get_member, members::change_member))
        .routes(routes!(members::list_member_roles))
        .routes(routes!(members::grant_role, members::revoke_role))
        .routes(routes!(members::erase_member))
        .routes(routes!(keys::create_api_key, keys::list_api_keys))
        .routes(routes!(keys::get_api_key, keys::revoke_api_key))
        .routes(routes!(keys::rotate_api_key))
        .routes(routes!(keys::revoke_own_api_key))
        .routes(routes!(kyc::submit_kyc, kyc::get_own_kyc))
        .routes(routes!(kyc::list_kyc_cases))
        .routes(routes!(kyc::view_kyc_case))
        .routes(routes!(kyc::review_kyc_case))
        .routes(routes!(explain::explain_access))
}

/// The caller's project, if it holds the permission.
fn project_of(caller: &Caller, permission: Permission) -> Result<ProjectId, Denied> {
    caller.require(permission)?.project().ok_or(Denied::NoProject)
}
