//! Roles: what a project grants by name. Nobody makes a role that may do more than they themselves.

use contracts::{ProjectId, RoleId};
use kernel::auth::Caller;
use kernel::store::{StoreError, Tx};

use super::within;
use crate::access::store::{projects, roles as store};
use crate::access::telling::{RoleChanged, RoleCreated, RoleDeleted};
use crate::domain::role::{ROLES_MAX, Role, sorted};
use crate::domain::text::{Grant, RoleName};
use crate::error::Error;

/// What is to be different about a role.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    /// What the project calls it.
    pub name: Option<RoleName>,
    /// What it grants.
    pub permissions: Option<Vec<Grant>>,
}

const DEFAULT: Error = Error::NotNow {
    code: "role_in_use",
    message: "newcomers get this role; choose another one for them first",
};
const GRANTED: Error =
    Error::NotNow { code: "role_in_use", message: "somebody has this role; take it from them first" };
const TOO_MANY: Error = Error::NotNow { code: "too_many_roles", message: "a project has at most 100 roles" };

/// Makes a role.
pub fn create(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    name: &RoleName,
    permissions: &[Grant],
) -> Result<Role, Error> {
    within(caller, permissions)?;
    if store::count_roles(tx, project)? >= ROLES_MAX {
        return Err(TOO_MANY);
    }
    let permissions = sorted(permissions.to_vec());
    let role = Role { id: tx.new_id(), name: name.clone(), permissions, built_in: false, version: 1 };
    store::insert_roles(tx, project, std::slice::from_ref(&role))?;
    let told = RoleCreated { role_id: role.id, name: name.to_string(), permissions: names(&role) };
    tx.publish_for(project, role.id, &told)?;
    Ok(role)
}

/// Changes a role. Work of the system, since the project's settings name one.
pub fn change(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    id: RoleId,
    change: &RoleChange,
    seen: Option<u64>,
) -> Result<Role, Error> {
    let before = store::locked_role(tx, project, id)?.ok_or(Error::NoSuch("role"))?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(StoreError::Conflict.into());
    }
    let after = before.clone().change(change.name.clone(), change.permissions.clone())?;
    within(caller, before.altered(&after))?;
    if after.name != before.name && is_for_newcomers(tx, project, &before)? {
        return Err(DEFAULT);
    }
    let changed = Role { version: before.version + 1, ..after };
    store::update_role(tx, project, &changed)?;
    let told = RoleChanged { role_id: id, name: changed.name.to_string(), permissions: names(&changed) };
    tx.publish_for(project, id, &told)?;
    Ok(changed)
}

/// Takes a role away that nobody has. Work of the system, since the project's settings name one.
pub fn delete(tx: &mut Tx<'_>, caller: &Caller, project: ProjectId, id: RoleId) -> Result<(), Error> {
    let role = store::locked_role(tx, project, id)?.ok_or(Error::NoSuch("role"))?;
    role.may_go()?;
    within(caller, &role.permissions)?;
    if is_for_newcomers(tx, project, &role)? {
        return Err(DEFAULT);
    }
    if store::is_granted(tx, project, id)? {
        return Err(GRANTED);
    }
    store::delete_role(tx, project, id)?;
    tx.publish_for(project, id, &RoleDeleted { role_id: id, name: role.name.to_string() })?;
    Ok(())
}

fn is_for_newcomers(tx: &mut Tx<'_>, project: ProjectId, role: &Role) -> Result<bool, Error> {
    let project = projects::project(tx, project)?;
    Ok(project.is_some_and(|project| project.settings.default_role == role.name.as_str()))
}

fn names(role: &Role) -> Vec<String> {
    role.permissions.iter().map(Grant::to_string).collect()
}
