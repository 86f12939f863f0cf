//! The statements on organisations and projects.

use contracts::{OrganisationId, ProjectId, Timestamp, UserId};
use kernel::params;
use kernel::store::{Json, OnConstraint, StoreError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::blueprint::Blueprint;
use crate::domain::project::{Project, ProjectSettings};
use crate::domain::text::{Slug, Title};
use crate::error::Error;

/// Who projects belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Organisation {
    /// Which.
    pub id: OrganisationId,
    /// What people call it.
    pub name: Title,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(Deserialize)]
struct ProjectRow {
    id: ProjectId,
    organisation_id: OrganisationId,
    slug: Slug,
    name: Title,
    blueprint: Blueprint,
    settings: Json<ProjectSettings>,
    active: bool,
    created_at: Timestamp,
    version: u64,
}

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        let ProjectRow { id, organisation_id, slug, name, blueprint, settings, active, created_at, version } =
            row;
        Self { id, organisation_id, slug, name, blueprint, settings: settings.0, active, created_at, version }
    }
}

fn projects(rows: Vec<ProjectRow>) -> Vec<Project> {
    rows.into_iter().map(Project::from).collect()
}

/// Stores a new organisation.
pub fn insert_organisation(tx: &mut Tx<'_>, new: &Organisation) -> Result<(), StoreError> {
    tx.run(
        "insert into organisations (id, name, created_at, version) values ($1, $2, $3, 1)",
        params![new.id, new.name, new.created_at],
    )
    .map(drop)
}

/// One organisation.
pub fn organisation(tx: &mut Tx<'_>, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
    tx.row("select id, name, created_at from organisations where id = $1", params![id])
}

/// Organisations after `after`, oldest first.
pub fn organisations(
    tx: &mut Tx<'_>,
    after: Option<OrganisationId>,
    limit: u32,
) -> Result<Vec<Organisation>, StoreError> {
    tx.rows(
        "select id, name, created_at from organisations
         where id > coalesce($1, '') order by id limit $2",
        params![after, limit],
    )
}

/// Stores a new project.
pub fn insert_project(tx: &mut Tx<'_>, new: &Project) -> Result<(), Error> {
    tx.run(
        "insert into projects
           (id, organisation_id, slug, name, blueprint, settings, active, created_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            new.id,
            new.organisation_id,
            new.slug,
            new.name,
            new.blueprint,
            Json(&new.settings),
            new.active,
            new.created_at,
            new.version
        ],
    )
    .map(drop)
    .on_constraint("projects_slug_key", || Error::Taken("another project has that slug"))
}

/// One project.
pub fn project(tx: &mut Tx<'_>, id: ProjectId) -> Result<Option<Project>, StoreError> {
    let row: Option<ProjectRow> = tx.row(
        "select id, organisation_id, slug, name, blueprint, settings, active, created_at, version
         from projects where id = $1",
        params![id],
    )?;
    Ok(row.map(Project::from))
}

/// Projects after `after`, oldest first.
pub fn all_projects(
    tx: &mut Tx<'_>,
    after: Option<ProjectId>,
    limit: u32,
) -> Result<Vec<Project>, StoreError> {
    let rows = tx.rows(
        "select id, organisation_id, slug, name, blueprint, settings, active, created_at, version
         from projects where id > coalesce($1, '') order by id limit $2",
        params![after, limit],
    )?;
    Ok(projects(rows))
}

/// Projects that a person belongs to, after `after`, oldest first.
pub fn projects_of(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<ProjectId>,
    limit: u32,
) -> Result<Vec<Project>, StoreError> {
    let rows = tx.rows(
        "select p.id, p.organisation_id, p.slug, p.name, p.blueprint, p.settings, p.active, p.created_at, p.version
         from memberships as m join projects as p on p.id = m.project_id
         where m.user_id = $1 and m.active and m.project_id > coalesce($2, '')
         order by m.project_id limit $3",
        params![user, after, limit],
    )?;
    Ok(projects(rows))
}

/// Stores a change that was made on top of the version before.
pub fn update_project(tx: &mut Tx<'_>, changed: &Project) -> Result<(), StoreError> {
    tx.run_versioned(
        "update projects set name = $2, settings = $3, active = $4, version = $5
         where id = $1 and version = $5 - 1",
        params![changed.id, changed.name, Json(&changed.settings), changed.active, changed.version],
    )
}
