//! Members: who belongs to a project, and with which roles. Each project keeps somebody who may do everything.

use contracts::events::access::SessionsEnded;
use contracts::{ProjectId, RoleId, UserId};
use kernel::auth::Caller;
use kernel::store::Tx;

use super::{author, within};
use crate::access::store::members::{self as store, Member};
use crate::access::store::{projects, roles};
use crate::access::telling::{MemberChanged, MemberJoined, RoleGranted, RoleRevoked};
use crate::accounts;
use crate::domain::blueprint::ADMIN;
use crate::domain::contact::Email;
use crate::domain::role::Role;
use crate::domain::text::{RoleName, Title};
use crate::error::Error;

/// Somebody who is to belong to a project.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Where mail reaches them.
    pub email: Email,
    /// What they are called.
    pub name: Option<Title>,
    /// The names of the roles that they are to have; that of newcomers when it names none.
    pub roles: Vec<RoleName>,
}

const MEMBER: &str = "member";
const DISABLED: &str = "disabled";
const LAST_ADMIN: Error =
    Error::NotNow { code: "last_admin", message: "somebody has to have the role ADMIN and be let in" };
const ALREADY: Error = Error::NotNow { code: "already_member", message: "that person is a member already" };
const ELSEWHERE: Error = Error::NotNow {
    code: "belongs_elsewhere",
    message: "that person does not belong to this project alone, and can be erased by themselves only",
};

/// Makes somebody a member and sends them a code to choose a password with. Work of the system.
pub fn invite(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    invitation: &Invitation,
) -> Result<Member, Error> {
    let roles = named(tx, project, &invitation.roles)?;
    // That newcomers get their role is the project's own decision; whatever else is given must be the caller's.
    if !invitation.roles.is_empty() {
        within(caller, roles.iter().flat_map(|role| &role.permissions))?;
    }
    let name = invitation.name.as_ref().map(Title::as_str);
    let user = accounts::invite(tx, project, invitation.email.as_str(), name)?;
    if !enrol(tx, project, user)? {
        return Err(ALREADY);
    }
    give(tx, project, user, &roles, true)?;
    store::member(tx, project, user)?.ok_or(Error::NoSuch(MEMBER))
}

/// Makes somebody an administrator of a project, whatever they are in it until now. Work of the system.
pub fn appoint(tx: &mut Tx<'_>, project: ProjectId, email: &Email) -> Result<Member, Error> {
    let admin =
        RoleName::try_from(ADMIN.to_owned()).map_err(|error| Error::field("roles", error.to_string()))?;
    let roles = named(tx, project, &[admin])?;
    let user = accounts::invite(tx, project, email.as_str(), None)?;
    let new = enrol(tx, project, user)?;
    store::set_active(tx, project, user, true)?;
    give(tx, project, user, &roles, new)?;
    store::member(tx, project, user)?.ok_or(Error::NoSuch(MEMBER))
}

/// Makes a person who is known a member with these roles, or gives a member these as well. Work of the system.
pub fn join(tx: &mut Tx<'_>, project: ProjectId, user: UserId, names: &[RoleName]) -> Result<(), Error> {
    let roles = named(tx, project, names)?;
    let new = enrol(tx, project, user)?;
    give(tx, project, user, &roles, new)
}

/// Makes somebody a member, whom others find by their addresses from now on; says whether they were none.
fn enrol(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<bool, Error> {
    let new = store::insert_member(tx, project, user)?;
    if new {
        accounts::contacts::joined(tx, project, user)?;
    }
    Ok(new)
}

/// Gives roles and tells of it, where that makes a difference.
fn give(tx: &mut Tx<'_>, project: ProjectId, user: UserId, given: &[Role], new: bool) -> Result<(), Error> {
    let (ids, by): (Vec<RoleId>, String) = (given.iter().map(|role| role.id).collect(), author(tx));
    let changed = roles::insert_user_roles(tx, project, user, &ids, &by)?;
    if new || changed > 0 {
        let names = given.iter().map(|role| role.name.to_string()).collect();
        tx.publish_for(project, user, &MemberJoined { user_id: user, roles: names })?;
    }
    Ok(())
}

/// The roles of these names; that of newcomers when there are none.
fn named(tx: &mut Tx<'_>, project: ProjectId, names: &[RoleName]) -> Result<Vec<Role>, Error> {
    let facts = projects::project(tx, project)?.ok_or(Error::NoSuch("project"))?;
    let default = [facts.settings.default_role];
    let mut wanted: Vec<&str> = names.iter().map(RoleName::as_str).collect();
    if wanted.is_empty() {
        wanted.extend(default.iter().map(String::as_str));
    }
    let all = roles::all_roles(tx, project)?;
    if let Some(unknown) = wanted.iter().find(|name| !all.iter().any(|role| role.name.as_str() == **name)) {
        return Err(Error::field("roles", format!("`{unknown}` is no role of this project")));
    }
    Ok(all.into_iter().filter(|role| wanted.contains(&role.name.as_str())).collect())
}

/// Lets a member in, or no longer; then their sessions are over. Work of the system.
pub fn set_active(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    user: UserId,
    active: bool,
) -> Result<Member, Error> {
    let mut member = store::member(tx, project, user)?.ok_or(Error::NoSuch(MEMBER))?;
    if member.active == active {
        return Ok(member);
    }
    let held = roles::roles_of(tx, project, user)?;
    within(caller, held.iter().flat_map(|role| &role.permissions))?;
    if !active {
        keep_an_admin(tx, project, user, &held)?;
    }
    store::set_active(tx, project, user, active)?;
    if !active {
        end_sessions(tx, project, user)?;
    }
    tx.publish_for(project, user, &MemberChanged { user_id: user, active })?;
    member.active = active;
    Ok(member)
}

/// What a project ends are the sessions that act for it: a person may be at work for others as well.
fn end_sessions(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<(), Error> {
    let session_ids = store::end_sessions_for(tx, project, user, DISABLED)?;
    if !session_ids.is_empty() {
        let told = SessionsEnded { user_id: user, session_ids, reason: DISABLED.to_owned() };
        tx.publish_for(project, user, &told)?;
    }
    Ok(())
}

/// Gives a member a role; one that they have already stays theirs.
pub fn grant(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    user: UserId,
    role: RoleId,
) -> Result<Vec<Role>, Error> {
    store::is_active(tx, project, user)?.ok_or(Error::NoSuch(MEMBER))?;
    // Locked, so that nobody deletes it meanwhile.
    let role = roles::locked_role(tx, project, role)?.ok_or(Error::NoSuch("role"))?;
    within(caller, &role.permissions)?;
    let by = author(tx);
    if roles::insert_user_roles(tx, project, user, &[role.id], &by)? > 0 {
        let told = RoleGranted { user_id: user, role_id: role.id, name: role.name.to_string() };
        tx.publish_for(project, user, &told)?;
    }
    Ok(roles::roles_of(tx, project, user)?)
}

/// Takes a role from a member.
pub fn revoke(
    tx: &mut Tx<'_>,
    caller: &Caller,
    project: ProjectId,
    user: UserId,
    role: RoleId,
) -> Result<Vec<Role>, Error> {
    store::is_active(tx, project, user)?.ok_or(Error::NoSuch(MEMBER))?;
    let held = roles::roles_of(tx, project, user)?;
    let taken = held.into_iter().find(|held| held.id == role).ok_or(Error::NoSuch("role"))?;
    within(caller, &taken.permissions)?;
    keep_an_admin(tx, project, user, std::slice::from_ref(&taken))?;
    roles::delete_user_role(tx, project, user, role)?;
    let told = RoleRevoked { user_id: user, role_id: role, name: taken.name.to_string() };
    tx.publish_for(project, user, &told)?;
    Ok(roles::roles_of(tx, project, user)?)
}

/// Erases a person who belongs to this project alone. Work of the system.
pub fn erase(tx: &mut Tx<'_>, caller: &Caller, project: ProjectId, user: UserId) -> Result<(), Error> {
    store::is_active(tx, project, user)?.ok_or(Error::NoSuch(MEMBER))?;
    let held = roles::roles_of(tx, project, user)?;
    within(caller, held.iter().flat_map(|role| &role.permissions))?;
    keep_an_admin(tx, project, user, &held)?;
    if store::belongs_elsewhere(tx, project, user)? {
        return Err(ELSEWHERE);
    }
    accounts::erase(tx, user)
}

/// Whoever loses these roles was not the last who may do everything.
fn keep_an_admin(tx: &mut Tx<'_>, project: ProjectId, user: UserId, lost: &[Role]) -> Result<(), Error> {
    if lost.iter().any(Role::is_admin) && store::another_with(tx, project, ADMIN, user)?.is_none() {
        return Err(LAST_ADMIN);
    }
    Ok(())
}
