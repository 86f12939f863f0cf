//! The roles of a project.

use contracts::RoleId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ROLES_READ, ROLES_WRITE, project_of};
use crate::access::commands::roles::{self as commands, RoleChange};
use crate::access::store::roles as store;
use crate::domain::role::{GRANTS_MAX, Role};
use crate::domain::text::{Grant, RoleName};
use crate::error::Error;

/// A role that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "cashier", "permissions": ["orders:read", "payments:*"]}))]
pub(super) struct CreateRole {
    /// What the project calls it.
    name: RoleName,
    /// What it grants: nothing that you may not do yourself, and at most 200.
    #[schema(max_items = 200)]
    permissions: Vec<Grant>,
}

/// What is to be different about a role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"permissions": ["orders:read"]}))]
pub(super) struct ChangeRole {
    /// What the project calls it; a role of the blueprint keeps its name.
    name: Option<RoleName>,
    /// What it grants from now on: all of it, at most 200.
    #[schema(max_items = 200)]
    permissions: Option<Vec<Grant>>,
}

/// A role.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "rol_01jd3sa4k8qm7v2x9c5f0t6w1b", "name": "cashier",
    "permissions": ["orders:read"], "built_in": false, "version": 1}))]
pub(super) struct RoleView {
    /// Which.
    id: RoleId,
    /// What the project calls it.
    name: RoleName,
    /// What it grants.
    permissions: Vec<Grant>,
    /// Whether it came with the blueprint, and stays.
    built_in: bool,
    /// Which state of it this is; also the `ETag`.
    version: u64,
}

/// What is gone.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "rol_01jd3sa4k8qm7v2x9c5f0t6w1b", "deleted": true}))]
pub(super) struct DeletedRole {
    /// Which.
    id: RoleId,
    /// It is gone.
    deleted: bool,
}

const OWN: &str = "looking after a project's roles";

/// Makes a role.
#[utoipa::path(post, path = "/api/v1/roles", tag = "roles", request_body = CreateRole,
    responses((status = 201, description = "It is there.", body = RoleView)))]
pub(super) async fn create_role(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateRole>,
) -> Answer<RoleView> {
    let project = project_of(&caller, ROLES_WRITE)?;
    few(&body.permissions)?;
    ctx.write(Scope::Project(project), key, move |tx| {
        commands::create(tx, &caller, project, &body.name, &body.permissions).map(RoleView::from)
    })
    .await
    .created()
}

/// Lists the roles of the project.
#[utoipa::path(get, path = "/api/v1/roles", tag = "roles", params(PageQuery),
    responses((status = 200, description = "A page of roles.", body = Page<RoleView>)))]
pub(super) async fn list_roles(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<RoleView>> {
    let project = project_of(&caller, ROLES_READ)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let rows = ctx.read(Scope::Project(project), move |tx| store::roles(tx, project, after, limit + 1)).await;
    rows.map(|rows| Page::of(rows, limit, |role| role.id).map(RoleView::from)).answered()
}

/// Shows a role.
#[utoipa::path(get, path = "/api/v1/roles/{id}", tag = "roles", params(("id" = RoleId, Path)),
    responses((status = 200, description = "The role.", body = RoleView)))]
pub(super) async fn get_role(ctx: Ctx, caller: Caller, Path(id): Path<RoleId>) -> Answer<RoleView> {
    let project = project_of(&caller, ROLES_READ)?;
    let found = ctx
        .read(Scope::Project(project), move |tx| store::role(tx, project, id)?.ok_or(Error::NoSuch("role")));
    let role = found.await?;
    let version = role.version;
    Ok(RoleView::from(role)).answered().map(|reply| reply.versioned(version))
}

/// Changes a role. Whoever has it may do so at their next refresh.
#[utoipa::path(patch, path = "/api/v1/roles/{id}", tag = "roles", request_body = ChangeRole,
    params(("id" = RoleId, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the state that is changed.")),
    responses((status = 200, description = "How it is now.", body = RoleView)))]
pub(super) async fn change_role(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<RoleId>,
    IfMatch(seen): IfMatch,
    Json(body): Json<ChangeRole>,
) -> Answer<RoleView> {
    let project = project_of(&caller, ROLES_WRITE)?;
    few(body.permissions.as_deref().unwrap_or_default())?;
    let change = RoleChange { name: body.name, permissions: body.permissions };
    ctx.write(Scope::System(OWN), key, move |tx| {
        commands::change(tx, &caller, project, id, &change, seen).map(RoleView::from)
    })
    .await
    .answered()
}

/// Takes a role away that nobody has.
#[utoipa::path(delete, path = "/api/v1/roles/{id}", tag = "roles", params(("id" = RoleId, Path)),
    responses((status = 200, description = "It is gone.", body = DeletedRole)))]
pub(super) async fn delete_role(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<RoleId>,
) -> Answer<DeletedRole> {
    let project = project_of(&caller, ROLES_WRITE)?;
    ctx.write(Scope::System(OWN), key, move |tx| {
        commands::delete(tx, &caller, project, id).map(|()| DeletedRole { id, deleted: true })
    })
    .await
    .answered()
}

fn few(permissions: &[Grant]) -> Result<(), Problem> {
    if permissions.len() > GRANTS_MAX {
        return Err(Problem::field("permissions", format!("has at most {GRANTS_MAX} entries")));
    }
    Ok(())
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        let Role { id, name, permissions, built_in, version } = role;
        Self { id, name, permissions, built_in, version }
    }
}
