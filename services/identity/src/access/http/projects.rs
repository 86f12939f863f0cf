//! Projects: made by the platform's operators, changed by their own administrators as well.

use contracts::{OrganisationId, ProjectId, Timestamp};
use kernel::auth::{Denied, Permission};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::members::MemberView;
use super::{PROJECTS_MANAGE, PROJECTS_READ};
use crate::access::commands::members;
use crate::access::commands::projects::{self as commands, NewProject, ProjectChange};
use crate::access::store::projects as store;
use crate::domain::blueprint::Blueprint;
use crate::domain::contact::Email;
use crate::domain::project::{Project, ProjectSettings};
use crate::domain::text::{Slug, Title};
use crate::error::Error;

/// A project that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"organisation_id": "org_01jd3sa4k8qm7v2x9c5f0t6w1b", "slug": "corner-shop",
    "name": "Corner Shop", "blueprint": "kada", "settings": {"cors.origins": ["https://shop.example.com"]}}))]
pub(super) struct CreateProject {
    /// Whose it is to be.
    organisation_id: OrganisationId,
    /// Its name in addresses. No other project has it, and it never changes.
    slug: Slug,
    /// Its name for people.
    name: Title,
    /// The system that it is set up as.
    blueprint: Blueprint,
    /// Settings that are not to be those of the blueprint.
    #[serde(default)]
    #[schema(value_type = Option<ProjectSettings>)]
    settings: Map<String, Value>,
    /// Who is to be its first administrator. They are sent a code to choose a password with.
    administrator: Option<Email>,
}

/// What is to be different about a project.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Corner Shop", "settings": {"auth.registration": false}}))]
pub(super) struct ChangeProject {
    /// Its name for people.
    name: Option<Title>,
    /// Whether its callers are let in. Only the platform's operators switch a project on again.
    active: Option<bool>,
    /// The settings that are to be others; those left out stay.
    #[schema(value_type = Option<ProjectSettings>)]
    settings: Option<Map<String, Value>>,
}

/// Somebody who is to administer a project.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "boss@example.com"}))]
pub(super) struct AppointAdministrator {
    /// Where mail reaches them.
    email: Email,
}

/// A project with its settings.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectView {
    /// Which.
    id: ProjectId,
    /// Whose.
    organisation_id: OrganisationId,
    /// Its name in addresses.
    slug: Slug,
    /// Its name for people.
    name: Title,
    /// The system that it was set up as.
    blueprint: Blueprint,
    /// Whether its callers are let in.
    active: bool,
    /// How its people come in.
    settings: ProjectSettings,
    /// When it was made.
    created_at: Timestamp,
    /// Which state of it this is; also the `ETag`.
    version: u64,
}

/// A project in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectSummary {
    /// Which.
    id: ProjectId,
    /// Whose.
    organisation_id: OrganisationId,
    /// Its name in addresses.
    slug: Slug,
    /// Its name for people.
    name: Title,
    /// The system that it was set up as.
    blueprint: Blueprint,
    /// Whether its callers are let in.
    active: bool,
    /// When it was made.
    created_at: Timestamp,
}

/// Makes a project with the roles and the settings of its blueprint.
#[utoipa::path(post, path = "/api/v1/projects", tag = "projects", request_body = CreateProject,
    responses((status = 201, description = "It is there.", body = ProjectView)))]
pub(super) async fn create_project(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateProject>,
) -> Answer<ProjectView> {
    let scope = caller.require_system(PROJECTS_MANAGE, "making projects")?;
    ctx.write(scope, key, move |tx| {
        let CreateProject { organisation_id, slug, name, blueprint, settings, administrator } = &body;
        let (slug, name, settings) = (slug.clone(), name.clone(), settings.clone());
        let (id, organisation_id, blueprint) = (tx.new_id(), *organisation_id, *blueprint);
        let new = NewProject { id, organisation_id, slug, name, blueprint, settings };
        let project = commands::create_project(tx, &new)?;
        if let Some(administrator) = administrator {
            members::appoint(tx, project.id, administrator)?;
        }
        Ok::<_, Error>(ProjectView::from(project))
    })
    .await
    .created()
}

/// Lists projects, oldest first: all for the platform's operators, for a person those they belong to.
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects", params(PageQuery),
    responses((status = 200, description = "A page of projects.", body = Page<ProjectSummary>)))]
pub(super) async fn list_projects(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<ProjectSummary>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let rows = match caller.require_system(PROJECTS_READ, "listing all projects") {
        Ok(scope) => ctx.read(scope, move |tx| store::all_projects(tx, after, limit + 1)).await,
        Err(_) => {
            let (user, scope) = (caller.user()?, Scope::System("listing the projects of a person"));
            ctx.read(scope, move |tx| store::projects_of(tx, user, after, limit + 1)).await
        }
    };
    rows.map(|rows| Page::of(rows, limit, |project| project.id).map(ProjectSummary::from)).answered()
}

/// Shows a project with its settings.
#[utoipa::path(get, path = "/api/v1/projects/{id}", tag = "projects", params(("id" = ProjectId, Path)),
    responses((status = 200, description = "The project.", body = ProjectView)))]
pub(super) async fn get_project(ctx: Ctx, caller: Caller, Path(id): Path<ProjectId>) -> Answer<ProjectView> {
    let scope = scope_of(&caller, PROJECTS_READ, id)?;
    let project = ctx.read(scope, move |tx| store::project(tx, id)?.ok_or(Error::NoSuch("project"))).await?;
    let version = project.version;
    Ok(ProjectView::from(project)).answered().map(|reply| reply.versioned(version))
}

/// Changes a project.
#[utoipa::path(patch, path = "/api/v1/projects/{id}", tag = "projects", request_body = ChangeProject,
    params(("id" = ProjectId, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the state that is changed.")),
    responses((status = 200, description = "How it is now.", body = ProjectView)))]
pub(super) async fn change_project(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<ProjectId>,
    IfMatch(seen): IfMatch,
    Json(body): Json<ChangeProject>,
) -> Answer<ProjectView> {
    let scope = scope_of(&caller, PROJECTS_MANAGE, id)?;
    let ChangeProject { name, active, settings } = body;
    let change = ProjectChange { name, active, settings };
    ctx.write(scope, key, move |tx| {
        commands::change_project(tx, &caller, id, &change, seen).map(ProjectView::from)
    })
    .await
    .answered()
}

/// Makes somebody an administrator of a project; who is not known yet is sent a code to choose a password with.
#[utoipa::path(post, path = "/api/v1/projects/{id}/administrators", tag = "projects",
    request_body = AppointAdministrator, params(("id" = ProjectId, Path)),
    responses((status = 201, description = "They may do everything in it.", body = MemberView)))]
pub(super) async fn appoint_administrator(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<ProjectId>,
    Json(body): Json<AppointAdministrator>,
) -> Answer<MemberView> {
    let scope = caller.require_system(PROJECTS_MANAGE, "appointing administrators")?;
    ctx.write(scope, key, move |tx| members::appoint(tx, id, &body.email).map(MemberView::from))
        .await
        .created()
}

/// An operator reaches each project, anybody else their own; any other is not there.
fn scope_of(caller: &Caller, permission: Permission, id: ProjectId) -> Result<Scope, Problem> {
    match caller.require_system(permission, "looking after a project") {
        Err(Denied::NotOperator) if caller.require(permission)?.project() == Some(id) => {
            Ok(Scope::System("looking after one's own project"))
        }
        Err(Denied::NotOperator) => Err(Error::NoSuch("project").into()),
        allowed => Ok(allowed?),
    }
}

impl From<Project> for ProjectView {
    fn from(project: Project) -> Self {
        let Project { id, organisation_id, slug, name, blueprint, settings, active, created_at, version } =
            project;
        Self { id, organisation_id, slug, name, blueprint, active, settings, created_at, version }
    }
}

impl From<Project> for ProjectSummary {
    fn from(project: Project) -> Self {
        let Project { id, organisation_id, slug, name, blueprint, active, created_at, .. } = project;
        Self { id, organisation_id, slug, name, blueprint, active, created_at }
    }
}
