//! The systems that a project can be set up as: the settings it begins with, and the roles it is given.
//!
//! A blueprint is data. What a project makes of it later is its own; nothing here is looked at again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::project::{Otp, ProjectSettings};

/// Which system a project is set up as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blueprint {
    /// Shared services for several client projects.
    Global,
    /// A subscription business with people in the field.
    Ashva,
    /// Payments and notifications through many providers.
    Enterprise,
    /// Wallets.
    Micropay,
    /// A shop.
    Kada,
    /// Something of everything, to be looked at.
    Demo,
}

/// A role that a project begins with. It can be neither renamed nor deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRole {
    /// Its name.
    pub name: &'static str,
    /// What it grants.
    pub permissions: &'static [&'static str],
}

/// The role that may do everything. Each project has somebody in it.
pub const ADMIN: &str = "ADMIN";

const USER: SeedRole = SeedRole {
    name: "USER",
    permissions: &[
        "catalog:read",
        "orders:read",
        "orders:write",
        "payments:read",
        "payments:write",
        "wallet:read",
        "wallet:write",
        "tickets:read",
        "tickets:write",
        "media:read",
        "media:write",
        "notifications:read",
        "content:read",
    ],
};

const EVERYTHING: SeedRole = SeedRole { name: ADMIN, permissions: &["*"] };

const SUPPORT: SeedRole = SeedRole {
    name: "SUPPORT",
    permissions: &[
        "users:read",
        "access:explain",
        "catalog:read",
        "orders:read",
        "payments:read",
        "wallet:read",
        "customers:read",
        "customers:write",
        "plans:read",
        "subscriptions:read",
        "billing:read",
        "tickets:*",
        "assignments:read",
        "media:read",
        "media:write",
        "leads:read",
        "content:read",
        "notifications:read",
        "notifications:write",
    ],
};

const AUDITOR: SeedRole = SeedRole {
    name: "AUDITOR",
    permissions: &[
        "audit:read",
        "users:read",
        "roles:read",
        "api_keys:read",
        "projects:read",
        "access:explain",
        "gateway:read",
        "config:read",
        "orders:read",
        "payments:read",
        "ledger:read",
        "wallet:read",
        "fraud:read",
        "billing:read",
        "subscriptions:read",
        "notifications:read",
        "reporting:read",
    ],
};

const OPERATOR: SeedRole = SeedRole {
    name: "operator",
    permissions: &[
        "users:read",
        "kyc:review",
        "gateway:read",
        "config:read",
        "instances:read",
        "catalog:*",
        "orders:*",
        "payments:*",
        "ledger:read",
        "wallet:*",
        "fraud:*",
        "customers:*",
        "plans:*",
        "subscriptions:*",
        "billing:*",
        "tickets:*",
        "assignments:*",
        "media:*",
        "leads:*",
        "content:*",
        "notifications:*",
        "reporting:read",
    ],
};

const SUBSCRIBER: SeedRole = SeedRole {
    name: "subscriber",
    permissions: &[
        "plans:read",
        "subscriptions:read",
        "subscriptions:write",
        "billing:read",
        "payments:read",
        "payments:write",
        "tickets:read",
        "tickets:write",
        "media:read",
        "media:write",
        "notifications:read",
        "content:read",
    ],
};

const TECHNICIAN: SeedRole = SeedRole {
    name: "technician",
    permissions: &[
        "assignments:read",
        "assignments:write",
        "tickets:read",
        "tickets:write",
        "customers:read",
        "media:read",
        "media:write",
        "notifications:read",
    ],
};

const OF_ALL: &[SeedRole] = &[USER, EVERYTHING, SUPPORT, AUDITOR, OPERATOR];
const OF_THE_FIELD: &[SeedRole] = &[USER, EVERYTHING, SUPPORT, AUDITOR, OPERATOR, SUBSCRIBER, TECHNICIAN];

impl Blueprint {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Global, Self::Ashva, Self::Enterprise, Self::Micropay, Self::Kada, Self::Demo];

    /// Its name, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Ashva => "ashva",
            Self::Enterprise => "enterprise",
            Self::Micropay => "micropay",
            Self::Kada => "kada",
            Self::Demo => "demo",
        }
    }

    /// What a project of it begins with.
    pub fn settings(self) -> ProjectSettings {
        let common = ProjectSettings::default();
        match self {
            Self::Global | Self::Enterprise | Self::Micropay => common,
            Self::Ashva => {
                ProjectSettings { otp: Otp::Required, default_role: SUBSCRIBER.name.to_owned(), ..common }
            }
            Self::Kada => ProjectSettings { otp: Otp::Off, refresh: false, ..common },
            // Who looks around has no mailbox for the codes.
            Self::Demo => ProjectSettings { verify_email: false, ..common },
        }
    }

    /// The roles that a project of it is given.
    pub fn roles(self) -> &'static [SeedRole] {
        match self {
            Self::Global | Self::Enterprise | Self::Micropay | Self::Kada => OF_ALL,
            Self::Ashva | Self::Demo => OF_THE_FIELD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::{Grant, RoleName};

    #[test]
    fn each_blueprint_is_sound() {
        for blueprint in Blueprint::ALL {
            let roles: Vec<&str> = blueprint.roles().iter().map(|role| role.name).collect();
            assert_eq!(blueprint.settings().checked(&roles), Ok(blueprint.settings()), "{blueprint:?}");
            for role in blueprint.roles() {
                assert!(RoleName::try_from(role.name.to_owned()).is_ok());
                for grant in role.permissions {
                    assert!(Grant::try_from((*grant).to_owned()).is_ok(), "{grant}");
                }
                assert_eq!(role.permissions.contains(&"*"), role.name == ADMIN, "{}", role.name);
            }
            let name = serde_json::to_value(blueprint).unwrap();
            assert_eq!(name, blueprint.as_str());
        }
    }

    #[test]
    fn each_system_asks_for_codes_as_its_document_says() {
        let asked = Blueprint::ALL.map(|blueprint| (blueprint.settings().otp, blueprint.settings().refresh));
        let expected = [
            (Otp::Optional, true),
            (Otp::Required, true),
            (Otp::Optional, true),
            (Otp::Optional, true),
            (Otp::Off, false),
            (Otp::Optional, true),
        ];
        assert_eq!(asked, expected);
    }

    #[test]
    fn newcomers_and_auditors_change_nothing_that_is_not_theirs() {
        let reads = |grant: &&str| grant.ends_with(":read") || *grant == "access:explain";
        assert!(AUDITOR.permissions.iter().all(reads));
        for role in [USER, SUBSCRIBER, TECHNICIAN] {
            let of_identity = ["users:", "roles:", "api_keys:", "projects:", "kyc:", "access:", "audit:"];
            let reaching =
                role.permissions.iter().find(|grant| of_identity.iter().any(|what| grant.starts_with(what)));
            assert_eq!(reaching, None, "{}", role.name);
        }
    }
}
