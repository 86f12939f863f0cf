//! What this half tells beside the events that everybody knows: mostly for the audit trail.

use contracts::{Event, KycCaseId, OrganisationId, RoleId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! events {
    ($($(#[$about:meta])* $name:ident = $type:literal { $($(#[$field_about:meta])* $field:ident: $kind:ty,)+ })+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_about])* pub $field: $kind,)+
        }

        impl Event for $name {
            const TYPE: &'static str = $type;
        }
    )+};
}

events! {
    /// There is a new organisation.
    OrganisationCreated = "organisation.created" {
        /// Which.
        organisation_id: OrganisationId,
        /// What people call it.
        name: String,
    }

    /// A project has a new role.
    RoleCreated = "role.created" {
        /// Which.
        role_id: RoleId,
        /// What the project calls it.
        name: String,
        /// What it grants.
        permissions: Vec<String>,
    }

    /// A role has another name or grants something else.
    RoleChanged = "role.changed" {
        /// Which.
        role_id: RoleId,
        /// What the project calls it now.
        name: String,
        /// What it grants now.
        permissions: Vec<String>,
    }

    /// A role is gone.
    RoleDeleted = "role.deleted" {
        /// Which.
        role_id: RoleId,
        /// What the project called it.
        name: String,
    }

    /// Somebody was given a role.
    RoleGranted = "role.granted" {
        /// Who.
        user_id: UserId,
        /// Which role.
        role_id: RoleId,
        /// What the project calls it.
        name: String,
    }

    /// A role was taken from somebody.
    RoleRevoked = "role.revoked" {
        /// From whom.
        user_id: UserId,
        /// Which role.
        role_id: RoleId,
        /// What the project calls it.
        name: String,
    }

    /// Somebody belongs to the project now.
    MemberJoined = "member.joined" {
        /// Who.
        user_id: UserId,
        /// The names of the roles that they were given.
        roles: Vec<String>,
    }

    /// The project lets a member in again, or no longer.
    MemberChanged = "member.changed" {
        /// Who.
        user_id: UserId,
        /// Whether they are let in now.
        active: bool,
    }

    /// Somebody has handed in what proves who they are.
    KycSubmitted = "kyc.submitted" {
        /// Who.
        user_id: UserId,
        /// The case.
        case_id: KycCaseId,
        /// How much it is to prove.
        level: u8,
    }

    /// Somebody has looked at what was handed in.
    KycViewed = "kyc.viewed" {
        /// Whose papers.
        user_id: UserId,
        /// The case.
        case_id: KycCaseId,
        /// Who looked.
        viewed_by: String,
    }
}
