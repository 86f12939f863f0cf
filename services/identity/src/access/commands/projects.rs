//! Organisations and projects: made by the platform's operators, changed by a project's administrators as well.

use contracts::events::access::{ProjectChanged, ProjectCreated};
use contracts::{OrganisationId, ProjectId};
use kernel::auth::Caller;
use kernel::store::{StoreError, Tx};
use serde_json::{Map, Value};

use super::within;
use crate::access::store::projects::Organisation;
use crate::access::store::{projects as store, roles};
use crate::access::telling::OrganisationCreated;
use crate::accounts;
use crate::domain::blueprint::Blueprint;
use crate::domain::project::{Project, ProjectSettings};
use crate::domain::role::{Role, sorted};
use crate::domain::text::{Grant, RoleName, Slug, Title};
use crate::error::Error;

/// A project that is to be.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// Which.
    pub id: ProjectId,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: Title,
    /// The system that it is set up as.
    pub blueprint: Blueprint,
    /// Settings that are not to be those of the blueprint.
    pub settings: Map<String, Value>,
}

/// What is to be different about a project.
#[derive(Clone, Debug, Default)]
pub struct ProjectChange {
    /// Its name for people.
    pub name: Option<Title>,
    /// Whether its callers are let in.
    pub active: Option<bool>,
    /// The settings that are to be others.
    pub settings: Option<Map<String, Value>>,
}

/// Makes an organisation. Work of the system.
pub fn create_organisation(tx: &mut Tx<'_>, id: OrganisationId, name: &Title) -> Result<Organisation, Error> {
    let new = Organisation { id, name: name.clone(), created_at: tx.now() };
    store::insert_organisation(tx, &new)?;
    tx.publish(id, &OrganisationCreated { organisation_id: id, name: name.to_string() })?;
    Ok(new)
}

/// Makes a project with the roles of its blueprint. Work of the system.
pub fn create_project(tx: &mut Tx<'_>, wanted: &NewProject) -> Result<Project, Error> {
    if store::organisation(tx, wanted.organisation_id)?.is_none() {
        return Err(Error::field("organisation_id", "is no organisation of ours"));
    }
    let names: Vec<&str> = wanted.blueprint.roles().iter().map(|role| role.name).collect();
    let settings = with(wanted.blueprint.settings(), wanted.settings.clone())?.checked(&names)?;
    let project = Project {
        id: wanted.id,
        organisation_id: wanted.organisation_id,
        slug: wanted.slug.clone(),
        name: wanted.name.clone(),
        blueprint: wanted.blueprint,
        settings,
        active: true,
        created_at: tx.now(),
        version: 1,
    };
    store::insert_project(tx, &project)?;
    let roles = seeded(tx, wanted.blueprint)?;
    roles::insert_roles(tx, project.id, &roles)?;
    tx.publish_for(project.id, project.id, &ProjectCreated { project: project.facts() })?;
    Ok(project)
}

/// Changes a project. Work of the system, since its row is looked up before anybody is signed in.
pub fn change_project(
    tx: &mut Tx<'_>,
    caller: &Caller,
    id: ProjectId,
    change: &ProjectChange,
    seen: Option<u64>,
) -> Result<Project, Error> {
    let before = store::project(tx, id)?.ok_or(Error::NoSuch("project"))?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(StoreError::Conflict.into());
    }
    let roles = roles::all_roles(tx, id)?;
    let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    let settings = match change.settings.clone() {
        Some(wanted) => with(before.settings.clone(), wanted)?.checked(&names)?,
        None => before.settings.clone(),
    };
    let active = change.active.unwrap_or(before.active);
    // Operators answer for all projects; whoever runs one stays within it.
    if caller.project().is_some() {
        if active && !before.active {
            return Err(Error::Forbidden("only the platform's operators switch a project on again"));
        }
        if settings.default_role != before.settings.default_role {
            let newcomers = roles.iter().find(|role| role.name.as_str() == settings.default_role);
            within(caller, newcomers.into_iter().flat_map(|role| &role.permissions))?;
        }
    }
    let verified = before.settings.verify_email;
    let name = change.name.clone().unwrap_or_else(|| before.name.clone());
    let changed = Project { name, settings, active, version: before.version + 1, ..before };
    store::update_project(tx, &changed)?;
    if changed.settings.verify_email != verified {
        accounts::contacts::demand_changed(tx, id)?;
    }
    tx.publish_for(id, id, &ProjectChanged { project: changed.facts() })?;
    Ok(changed)
}

/// Settings with some of them replaced.
fn with(settings: ProjectSettings, wanted: Map<String, Value>) -> Result<ProjectSettings, Error> {
    let mut all: Map<String, Value> = serde_json::from_value(serde_json::to_value(settings)?)?;
    all.extend(wanted);
    serde_json::from_value(Value::Object(all)).map_err(|wrong| Error::field("settings", wrong.to_string()))
}

fn seeded(tx: &Tx<'_>, blueprint: Blueprint) -> Result<Vec<Role>, Error> {
    let unsound = |error: crate::domain::text::BadText| Error::field("blueprint", error.to_string());
    let role = |seed: &crate::domain::blueprint::SeedRole| {
        let name = RoleName::try_from(seed.name.to_owned()).map_err(unsound)?;
        let grants: Result<Vec<Grant>, _> =
            seed.permissions.iter().map(|grant| Grant::try_from((*grant).to_owned())).collect();
        let permissions = sorted(grants.map_err(unsound)?);
        Ok(Role { id: tx.new_id(), name, permissions, built_in: true, version: 1 })
    };
    blueprint.roles().iter().map(role).collect()
}
