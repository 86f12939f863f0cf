//! The statements on roles.

use contracts::{ProjectId, RoleId, UserId};
use kernel::params;
use kernel::store::{Json, OnConstraint, StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::role::{ROLES_MAX, Role};
use crate::domain::text::{Grant, RoleName};
use crate::error::Error;

#[derive(Deserialize)]
struct RoleRow {
    id: RoleId,
    name: RoleName,
    permissions: Json<Vec<Grant>>,
    built_in: bool,
    version: u64,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        let RoleRow { id, name, permissions, built_in, version } = row;
        Self { id, name, permissions: permissions.0, built_in, version }
    }
}

const TAKEN: Error = Error::Taken("another role of the project has that name");

/// Stores new roles.
pub fn insert_roles(tx: &mut Tx<'_>, project: ProjectId, new: &[Role]) -> Result<(), Error> {
    let values = |role: &Role| -> Vec<Value> {
        let grants = Json(&role.permissions);
        params![project, role.id, role.name, grants, role.built_in, role.version].to_vec()
    };
    let rows: Vec<Vec<Value>> = new.iter().map(values).collect();
    tx.run_many(
        "insert into roles (project_id, id, name, permissions, built_in, version)
         values ($1, $2, $3, $4, $5, $6)",
        &rows,
    )
    .map(drop)
    .on_constraint("roles_name_key", || TAKEN)
}

/// One role.
pub fn role(tx: &mut Tx<'_>, project: ProjectId, id: RoleId) -> Result<Option<Role>, StoreError> {
    let row: Option<RoleRow> = tx.row(
        "select id, name, permissions, built_in, version from roles where project_id = $1 and id = $2",
        params![project, id],
    )?;
    Ok(row.map(Role::from))
}

/// One role, which stays until the commit.
pub fn locked_role(tx: &mut Tx<'_>, project: ProjectId, id: RoleId) -> Result<Option<Role>, StoreError> {
    let rows: Vec<RoleRow> = tx.lock_rows(
        "select id, name, permissions, built_in, version from roles where project_id = $1 and id = $2",
        params![project, id],
    )?;
    Ok(rows.into_iter().next().map(Role::from))
}

/// Roles after `after`.
pub fn roles(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: Option<RoleId>,
    limit: u32,
) -> Result<Vec<Role>, StoreError> {
    let rows: Vec<RoleRow> = tx.rows(
        "select id, name, permissions, built_in, version from roles
         where project_id = $1 and id > coalesce($2, '') order by id limit $3",
        params![project, after, limit],
    )?;
    Ok(rows.into_iter().map(Role::from).collect())
}

/// All roles of a project by their names: there are at most a hundred.
pub fn all_roles(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Role>, StoreError> {
    let rows: Vec<RoleRow> = tx.rows(
        "select id, name, permissions, built_in, version from roles
         where project_id = $1 order by name limit $2",
        params![project, ROLES_MAX],
    )?;
    Ok(rows.into_iter().map(Role::from).collect())
}

/// How many roles a project has.
pub fn count_roles(tx: &mut Tx<'_>, project: ProjectId) -> Result<u32, StoreError> {
    tx.one("select cast(count(*) as bigint) from roles where project_id = $1", params![project])
}

/// Stores a change that was made on top of the version before.
pub fn update_role(tx: &mut Tx<'_>, project: ProjectId, changed: &Role) -> Result<(), Error> {
    tx.run_versioned(
        "update roles set name = $3, permissions = $4, version = $5
         where project_id = $1 and id = $2 and version = $5 - 1",
        params![project, changed.id, changed.name, Json(&changed.permissions), changed.version],
    )
    .on_constraint("roles_name_key", || TAKEN)
}

/// Takes a role away.
pub fn delete_role(tx: &mut Tx<'_>, project: ProjectId, id: RoleId) -> Result<(), StoreError> {
    tx.run("delete from roles where project_id = $1 and id = $2", params![project, id]).map(drop)
}

/// Whether anybody has a role.
pub fn is_granted(tx: &mut Tx<'_>, project: ProjectId, role: RoleId) -> Result<bool, StoreError> {
    let user: Option<UserId> = tx.row(
        "select user_id from user_roles where project_id = $1 and role_id = $2 limit 1",
        params![project, role],
    )?;
    Ok(user.is_some())
}

/// The roles of somebody, by their names: at most all of the project's.
pub fn roles_of(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Vec<Role>, StoreError> {
    let rows: Vec<RoleRow> = tx.rows(
        "select r.id, r.name, r.permissions, r.built_in, r.version
         from user_roles as ur join roles as r on r.project_id = ur.project_id and r.id = ur.role_id
         where ur.project_id = $1 and ur.user_id = $2 order by r.name limit $3",
        params![project, user, ROLES_MAX],
    )?;
    Ok(rows.into_iter().map(Role::from).collect())
}

/// Gives somebody roles; those that they have already stay as they are.
pub fn insert_user_roles(
    tx: &mut Tx<'_>,
    project: ProjectId,
    user: UserId,
    roles: &[RoleId],
    by: &str,
) -> Result<u64, StoreError> {
    let now = tx.now();
    let rows: Vec<Vec<Value>> =
        roles.iter().map(|role| params![project, user, role, now, by].to_vec()).collect();
    tx.run_many(
        "insert into user_roles (project_id, user_id, role_id, granted_at, granted_by)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        &rows,
    )
}

/// Takes a role from somebody; says whether they had it.
pub fn delete_user_role(
    tx: &mut Tx<'_>,
    project: ProjectId,
    user: UserId,
    role: RoleId,
) -> Result<bool, StoreError> {
    let gone = tx.run(
        "delete from user_roles where project_id = $1 and user_id = $2 and role_id = $3",
        params![project, user, role],
    )?;
    Ok(gone > 0)
}

/// Takes all roles of all projects from somebody.
pub fn delete_all_user_roles(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "delete from user_roles
         where user_id = $1 and project_id in (select project_id from memberships where user_id = $1)",
        params![user],
    )
    .map(drop)
}
