//! A role of a project, and what may be done to it.

use contracts::RoleId;
use serde::{Deserialize, Serialize};

use super::blueprint::ADMIN;
use super::text::{Grant, RoleName};

/// The most permissions that one role grants.
pub const GRANTS_MAX: usize = 200;
/// The most roles of one project.
pub const ROLES_MAX: u32 = 100;

/// A set of permissions that a project grants by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Which.
    pub id: RoleId,
    /// What the project calls it.
    pub name: RoleName,
    /// What it grants, sorted, each once.
    pub permissions: Vec<Grant>,
    /// Whether it came with the blueprint.
    pub built_in: bool,
    /// Which choice this is.
    pub version: u64,
}

/// Why a role stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// It came with the blueprint.
    BuiltIn,
    /// It is the one that may do everything.
    Admin,
}

impl Role {
    /// Whether somebody must always have it.
    pub fn is_admin(&self) -> bool {
        self.name.as_str() == ADMIN
    }

    /// The same under another name or with other permissions.
    pub fn change(self, name: Option<RoleName>, permissions: Option<Vec<Grant>>) -> Result<Self, Fixed> {
        let name = name.unwrap_or_else(|| self.name.clone());
        let permissions = permissions.map_or_else(|| self.permissions.clone(), sorted);
        if self.built_in && name != self.name {
            return Err(Fixed::BuiltIn);
        }
        if self.is_admin() && permissions != self.permissions {
            return Err(Fixed::Admin);
        }
        Ok(Self { name, permissions, ..self })
    }

    /// Whether it may go.
    pub fn may_go(&self) -> Result<(), Fixed> {
        if self.built_in { Err(Fixed::BuiltIn) } else { Ok(()) }
    }

    /// What one of two states of a role grants and the other does not.
    pub fn altered<'r>(&'r self, other: &'r Self) -> impl Iterator<Item = &'r Grant> {
        let gone = self.permissions.iter().filter(|grant| !other.permissions.contains(grant));
        gone.chain(other.permissions.iter().filter(|grant| !self.permissions.contains(grant)))
    }
}

/// Grants as they are kept: sorted, each once.
pub fn sorted(mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.sort_unstable();
    grants.dedup();
    grants
}

#[cfg(test)]
mod tests {
    use contracts::Id;

    use super::*;

    fn grants(names: &[&str]) -> Vec<Grant> {
        names.iter().map(|name| Grant::try_from((*name).to_owned()).unwrap()).collect()
    }

    fn role(name: &str, built_in: bool, permissions: &[&str]) -> Role {
        let name = RoleName::try_from(name.to_owned()).unwrap();
        Role { id: RoleId::from_u128(1), name, permissions: grants(permissions), built_in, version: 1 }
    }

    #[test]
    fn what_came_with_the_blueprint_keeps_its_name_and_stays() {
        let boss = RoleName::try_from("boss".to_owned()).ok();
        let support = role("SUPPORT", true, &["users:read"]);
        assert_eq!(support.clone().change(boss.clone(), None), Err(Fixed::BuiltIn));
        assert_eq!(support.may_go(), Err(Fixed::BuiltIn));
        let changed = support.change(None, Some(grants(&["b:c", "a:b", "b:c"]))).unwrap();
        assert_eq!(changed.permissions, grants(&["a:b", "b:c"]));
        let own = role("cashier", false, &["orders:read"]);
        assert_eq!(own.may_go(), Ok(()));
        assert_eq!(own.change(boss, None).unwrap().name.as_str(), "boss");
    }

    #[test]
    fn the_role_that_may_do_everything_goes_on_to() {
        let admin = role("ADMIN", true, &["*"]);
        assert_eq!(admin.clone().change(None, Some(grants(&["users:read"]))), Err(Fixed::Admin));
        assert!(admin.clone().change(None, Some(grants(&["*"]))).is_ok());
    }

    #[test]
    fn a_change_is_what_one_grants_and_the_other_does_not() {
        let (before, after) = (role("a", false, &["a:b", "b:c"]), role("a", false, &["b:c", "c:d"]));
        let altered: Vec<&str> = before.altered(&after).map(Grant::as_str).collect();
        assert_eq!(altered, ["a:b", "c:d"]);
    }
}
