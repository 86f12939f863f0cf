//! How a project wants its people to come in. A blueprint gives the first values; its administrators change them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The settings of a project that identity keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectSettings {
    /// Whether a password alone lets somebody in.
    #[serde(rename = "auth.otp")]
    pub otp: Otp,
    /// Whether refresh tokens are given out.
    #[serde(rename = "auth.refresh")]
    pub refresh: bool,
    /// Whether an address must be verified before its owner can sign in. Without it, somebody who registers an
    /// address and tries to sign in with it learns whether it was free.
    #[serde(rename = "auth.verify_email")]
    pub verify_email: bool,
    /// Whether strangers may register.
    #[serde(rename = "auth.registration")]
    pub registration: bool,
    /// The role that new people get.
    #[serde(rename = "auth.default_role")]
    pub default_role: String,
    /// How long a session lasts at most, in hours.
    #[serde(rename = "auth.session_hours")]
    #[schema(minimum = 1, maximum = 8760)]
    pub session_hours: u32,
    /// The web origins whose pages may call: `https://shop.example.com`.
    #[serde(rename = "cors.origins")]
    #[schema(max_items = 50)]
    pub cors_origins: Vec<String>,
    /// The addresses and networks from which administrators may call; all when empty.
    #[serde(rename = "admin.addresses")]
    #[schema(max_items = 100)]
    pub admin_addresses: Vec<String>,
}

/// Whether a code is asked for beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otp {
    /// Never.
    Off,
    /// Of those who have set up an authenticator.
    Optional,
    /// Always: by authenticator, mail or message.
    Required,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            otp: Otp::Optional,
            refresh: true,
            verify_email: true,
            registration: true,
            default_role: "USER".to_owned(),
            session_hours: 24 * 30,
            cors_origins: Vec::new(),
            admin_addresses: Vec::new(),
        }
    }
}
