//! What somebody is in a project or for the platform: read here, written by `access`.

use contracts::{ProjectId, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::grants::{Granted, Grants};
use crate::domain::project::ProjectSettings;
use crate::domain::text::Slug;

/// A project, as far as those who come in are concerned.
#[derive(Clone, Debug, Deserialize)]
pub struct House {
    /// Which.
    pub id: ProjectId,
    /// Its name for people.
    pub name: String,
    /// Whether anybody is let in.
    pub active: bool,
    /// How people come in.
    pub settings: Json<ProjectSettings>,
}

#[derive(Deserialize)]
struct GrantedRow {
    role: String,
    permissions: Json<Vec<String>>,
}

/// The project with this id.
pub fn house(tx: &mut Tx<'_>, id: ProjectId) -> Result<Option<House>, StoreError> {
    tx.row("select id, name, active, settings from projects where id = $1", params![id])
}

/// The project with this name in addresses.
pub fn house_by_slug(tx: &mut Tx<'_>, slug: &Slug) -> Result<Option<House>, StoreError> {
    tx.row("select id, name, active, settings from projects where slug = $1", params![slug])
}

/// Two projects that let people in, if there are so many.
pub fn two_open_houses(tx: &mut Tx<'_>) -> Result<Vec<House>, StoreError> {
    tx.rows("select id, name, active, settings from projects where active order by id limit 2", params![])
}

/// Whether a project lets somebody in.
pub fn is_member(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<bool, StoreError> {
    let active: Option<bool> = tx.row(
        "select active from memberships where project_id = $1 and user_id = $2",
        params![project, user],
    )?;
    Ok(active == Some(true))
}

/// What somebody may do in a project.
pub fn grants_of(tx: &mut Tx<'_>, user: UserId, project: ProjectId) -> Result<Grants, StoreError> {
    let rows: Vec<GrantedRow> = tx.rows(
        "select r.name as role, r.permissions from user_roles as ur
         join roles as r on r.project_id = ur.project_id and r.id = ur.role_id
         where ur.project_id = $1 and ur.user_id = $2 order by r.name limit 100",
        params![project, user],
    )?;
    let granted = |row: GrantedRow| Granted { role: row.role, permissions: row.permissions.0 };
    Ok(Grants::new(rows.into_iter().map(granted).collect()))
}

/// The projects that let somebody in, oldest first; as many as a token names.
pub fn projects_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<ProjectId>, StoreError> {
    tx.rows(
        "select m.project_id from memberships as m join projects as p on p.id = m.project_id
         where m.user_id = $1 and m.active and p.active order by m.project_id limit 50",
        params![user],
    )
}

/// Every project that somebody belongs or belonged to.
pub fn all_projects_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<ProjectId>, StoreError> {
    tx.rows(
        "select project_id from memberships where user_id = $1 order by project_id limit 10000",
        params![user],
    )
}

/// What somebody may do for the platform; none when they are no operator.
pub fn operator_permissions(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Vec<String>>, StoreError> {
    let permissions: Option<Json<Vec<String>>> =
        tx.row("select permissions from platform_operators where user_id = $1", params![user])?;
    Ok(permissions.map(|permissions| permissions.0))
}

/// Lets somebody run the platform; whoever does already keeps what they may do.
pub fn insert_operator(
    tx: &mut Tx<'_>,
    user: UserId,
    permissions: &Json<Vec<String>>,
) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "insert into platform_operators (user_id, permissions, created_at) values ($1, $2, $3)
         on conflict do nothing",
        params![user, permissions, now],
    )
    .map(drop)
}
