//! What one can ask about projects and those in them beyond single rows.

use contracts::events::access::KycState;
use contracts::{ApiKeyId, KycCaseId, ProjectId, UserId};
use kernel::store::{StoreError, Tx};

use super::store::members::{self, Member};
use super::store::{keys, kyc, projects, roles};
use crate::domain::contact::Email;
use crate::domain::explain::{self, Explanation, Standing};
use crate::domain::grants::{Granted, Grants};
use crate::domain::kyc::{CaseState, KycCase, standing};
use crate::domain::role::Role;
use crate::domain::text::{Grant, PermissionName, RoleName};
use crate::error::Error;

/// Whom an explanation is about.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// A person.
    Person(UserId),
    /// A program with this key.
    Program(ApiKeyId),
}

/// Which members are looked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The one with this address.
    pub email: Option<Email>,
    /// Those with the role of this name.
    pub role: Option<RoleName>,
}

/// How far the proof of a person has come.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Where the newest case stands.
    pub state: KycState,
    /// How much is proven.
    pub level: u8,
    /// The newest cases.
    pub cases: Vec<KycCase>,
}

/// Members after `after`, by their ids. Work of the system.
pub fn members(
    tx: &mut Tx<'_>,
    project: ProjectId,
    wanted: &Wanted,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    let Some(email) = &wanted.email else {
        return match &wanted.role {
            Some(role) => members::members_with(tx, project, role, after, limit),
            None => members::members(tx, project, after, limit),
        };
    };
    let fits = |member: &Member| {
        let has_role = wanted.role.as_ref().is_none_or(|role| member.roles().contains(&role.as_str()));
        has_role && after.is_none_or(|after| member.id > after)
    };
    Ok(members::member_at(tx, project, email)?.filter(fits).into_iter().collect())
}

/// Cases after `after`, oldest first: all, or those that stand so.
pub fn cases(
    tx: &mut Tx<'_>,
    project: ProjectId,
    state: Option<CaseState>,
    after: Option<KycCaseId>,
    limit: u32,
) -> Result<Vec<KycCase>, StoreError> {
    match state {
        Some(state) => kyc::cases_in(tx, project, state, after, limit),
        None => kyc::cases(tx, project, after, limit),
    }
}

/// Why somebody may do something or not. Work of the system.
pub fn explain(
    tx: &mut Tx<'_>,
    project: ProjectId,
    asked: Asked,
    wanted: &PermissionName,
) -> Result<Explanation, Error> {
    let active = projects::project(tx, project)?.is_some_and(|project| project.active);
    match asked {
        Asked::Program(id) => {
            let key = keys::key(tx, project, id)?;
            Ok(explain::program(active, key.as_ref(), wanted, tx.now()))
        }
        Asked::Person(user) => {
            let member = members::member(tx, project, user)?;
            let held = roles::roles_of(tx, project, user)?.into_iter().map(granted).collect();
            let standing = Standing {
                enabled: member.as_ref().is_some_and(|member| member.status == "active"),
                member: member.map(|member| member.active),
                grants: Grants::new(held),
            };
            let all: Vec<Granted> = roles::all_roles(tx, project)?.into_iter().map(granted).collect();
            Ok(explain::person(active, &standing, &all, wanted))
        }
    }
}

/// How far the proof of a person has come.
pub fn proof(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Proof, Error> {
    let cases = kyc::cases_of(tx, project, user)?;
    let level = kyc::earlier(tx, project, user)?.proven;
    Ok(Proof { state: standing(cases.first()), level, cases })
}

fn granted(role: Role) -> Granted {
    let permissions = role.permissions.iter().map(Grant::to_string).collect();
    Granted { role: role.name.to_string(), permissions }
}
