//! What this half tells beside the events that everybody knows: mostly for the audit trail.

use contracts::{Event, ProjectId, SessionId, UserId};
use kernel::store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! events {
    ($($(#[$about:meta])* $name:ident = $type:literal {
        $($(#[$field_about:meta])* $field:ident: $kind:ty,)+
    })+) => {$(
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
    /// Somebody was not let in.
    LoginFailed = "user.login_failed" {
        /// Who, where the address is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        user_id: Option<UserId>,
        /// How it was tried: `password`, `code`.
        method: String,
    }

    /// Somebody has another password.
    PasswordChanged = "user.password_changed" {
        /// Who.
        user_id: UserId,
        /// How: `changed` by whoever knew the old one, `reset` by whoever had the code.
        how: String,
    }

    /// Somebody has an authenticator from now on.
    AuthenticatorAdded = "user.authenticator_added" {
        /// Who.
        user_id: UserId,
    }

    /// Somebody has no authenticator any more.
    AuthenticatorRemoved = "user.authenticator_removed" {
        /// Who.
        user_id: UserId,
    }

    /// Somebody got in with a recovery code, which is used up.
    RecoveryCodeUsed = "user.recovery_code_used" {
        /// Who.
        user_id: UserId,
        /// How many are left.
        left: u32,
    }

    /// Mail is proven to reach somebody.
    EmailVerified = "user.email_verified" {
        /// Whom.
        user_id: UserId,
    }

    /// Messages are proven to reach somebody.
    PhoneVerified = "user.phone_verified" {
        /// Whom.
        user_id: UserId,
    }

    /// Somebody has said something else of themselves.
    ProfileChanged = "user.profile_changed" {
        /// Who.
        user_id: UserId,
        /// Which fields.
        fields: Vec<String>,
    }

    /// A refresh token was used that had been used before: somebody has a copy.
    RefreshReused = "session.refresh_reused" {
        /// Whose.
        user_id: UserId,
        /// The session, which is over.
        session_id: SessionId,
    }
}

/// Tells of somebody in a project, or for the platform.
pub fn tell<E: Event>(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
    about: impl std::fmt::Display,
    event: &E,
) -> Result<(), StoreError> {
    match project {
        Some(project) => tx.publish_for(project, about, event),
        None => tx.publish(about, event),
    }
    .map(drop)
}
