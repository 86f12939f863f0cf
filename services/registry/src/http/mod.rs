//! The API of the registry, under `/api/v1/registry`: `config` (what is set), `history` (what was), `instances` (who
//! is there).
//!
//! Handlers ask whether the caller may, call one command or query, and answer.

mod config;
mod history;
mod instances;

use contracts::ProjectId;
use kernel::auth::{Caller, Denied, Permission, Who};
use kernel::http::Ctx;
use kernel::service::{ENVIRONMENT, Running};
use kernel::store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{Environment, Place, ServiceName, Settable, platform};
use crate::error::Error;

/// To see what is set.
const READ: Permission = Permission::new("config:read");
/// To change it.
const WRITE: Permission = Permission::new("config:write");
/// To see where instances are.
const SEE_INSTANCES: Permission = Permission::new("instances:read");
/// To say where one is.
const TELL_INSTANCES: Permission = Permission::new("instances:write");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(config::list_settings))
        .routes(routes!(config::get_config, config::set_config))
        .routes(routes!(config::check_config))
        .routes(routes!(history::list_revisions))
        .routes(routes!(history::roll_back_config))
        .routes(routes!(instances::list_instances))
        .routes(routes!(instances::put_instance, instances::delete_instance))
}

/// Whose settings the caller means: those of its project or, for the platform's own operators, those of all.
fn scope_of(caller: &Caller, permission: Permission) -> Result<Scope, Denied> {
    match caller.require(permission) {
        Err(Denied::NoProject) => caller.require_system(permission, "the settings of all projects"),
        allowed => allowed,
    }
}

/// Where instances are is for services and operators to know and to say.
fn fleet_scope(caller: &Caller, permission: Permission) -> Result<Scope, Denied> {
    const WORK: &str = "where instances are";
    match (&caller.who, caller.require(permission)) {
        (Who::Service(_), Ok(_) | Err(Denied::NoProject)) => Ok(Scope::System(WORK)),
        _ => caller.require_system(permission, WORK),
    }
}

/// The project under which a scope's settings stand.
fn project_of(scope: &Scope) -> ProjectId {
    scope.project().unwrap_or_else(platform)
}

/// The environment that is meant: the registry's own where none is named.
fn environment_of(ctx: &Ctx, named: Option<Environment>) -> Result<Environment, Error> {
    named.map_or_else(|| Ok(ctx.settings().get(&ENVIRONMENT).try_into()?), Ok)
}

/// Where in a service the caller's settings stand. A service that there is not has none.
fn place_of(
    ctx: &Ctx,
    scope: &Scope,
    service: ServiceName,
    environment: Option<Environment>,
) -> Result<Place, Error> {
    settable(ctx, scope, &service)?;
    Ok(Place { project: project_of(scope), service, environment: environment_of(ctx, environment)? })
}

/// What a scope may set in a service.
fn settable<'r>(running: &'r Running, scope: &Scope, service: &ServiceName) -> Result<Settable<'r>, Error> {
    Settable::of(running.catalogue(), service, scope.project().is_some()).ok_or(Error::NoSuchService)
}
