//! Who may come in: what identity tells the gateway, notifications and everybody who keeps something of a person.

use std::fmt::{self, Debug};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiKeyId, Event, OrganisationId, ProjectId, SessionId, Timestamp, UserId};

/// Somebody has signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserLoggedIn {
    /// Who.
    pub user_id: UserId,
    /// The session that began.
    pub session_id: SessionId,
    /// What proved it: `pwd`, `otp`, in the words of RFC 8176.
    pub methods: Vec<String>,
}

/// Sessions are over: no token of theirs is good any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionsEnded {
    /// Whose they were.
    pub user_id: UserId,
    /// Which.
    pub session_ids: Vec<SessionId>,
    /// Why: `logout`, `revoked`, `reuse`, `password_changed`, `disabled`, `erased`.
    pub reason: String,
}

/// A code is to reach somebody.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtpIssued {
    /// For whom.
    pub user_id: UserId,
    /// What it is for: `login`, `verify_email`, `verify_phone`, `password_reset`.
    pub purpose: String,
    /// How it travels: `email` or `sms`.
    pub channel: String,
    /// Where to.
    pub destination: String,
    /// The code, sealed with the platform's keyring for [`OtpIssued::CODE`]: events are kept, and whoever reads the
    /// log must not get in with what it says.
    pub code: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Somebody has said what they are called, or does not want to be called anything any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserNamed {
    /// Who.
    pub user_id: UserId,
    /// What they are called; none where they took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
}

/// Others may find somebody by other addresses than before, or by none any more.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserContactsChanged {
    /// Whom.
    pub user_id: UserId,
    /// The mail address that is theirs; none where that is not proven and the project wants it proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<String>,
    /// The number that is theirs, in E.164; none where that is not proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub phone: Option<String>,
}

/// A person is to be forgotten: whoever keeps something about them makes it unreadable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserErased {
    /// Whom.
    pub user_id: UserId,
}

/// It was looked at who somebody really is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KycReviewed {
    /// Whose papers.
    pub user_id: UserId,
    /// What came of it.
    pub state: KycState,
    /// How much is proven: 0 nothing, 1 basic, 2 full.
    pub level: u8,
}

/// How far the proof of who somebody is has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KycState {
    /// Nothing was handed in.
    None,
    /// It waits for a look.
    Pending,
    /// It is proven.
    Verified,
    /// It is not believed.
    Rejected,
}

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyKind {
    /// A program of the project itself.
    Project,
    /// A partner's program.
    Integration,
    /// A service beside the platform.
    Service,
}

/// A program may call with this key from now on.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyIssued {
    /// Its name in lists and logs.
    pub api_key_id: ApiKeyId,
    /// Whose it is.
    pub kind: ApiKeyKind,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What the secret is checked against; the secret itself is nowhere.
    pub mac: String,
    /// From then on it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at: Option<Timestamp>,
}

/// A key goes out of use at a given time: its successor is there already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyExpiring {
    /// Which.
    pub api_key_id: ApiKeyId,
    /// From then on it is refused.
    pub expires_at: Timestamp,
}

/// A key is refused from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyRevoked {
    /// Which.
    pub api_key_id: ApiKeyId,
}

/// A program has called with this key: told now and then, not for each call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyUsed {
    /// Which.
    pub api_key_id: ApiKeyId,
    /// When it was last seen.
    pub used_at: Timestamp,
}

/// What others need to know of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectFacts {
    /// Which.
    pub project_id: ProjectId,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The system that it is set up as.
    pub blueprint: String,
    /// Whether its callers are let in.
    pub active: bool,
    /// The web origins whose pages may call for it.
    pub cors_origins: Vec<String>,
    /// The addresses from which its administrators may call; all when empty.
    pub admin_addresses: Vec<String>,
}

/// There is a new project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCreated {
    /// How it begins.
    pub project: ProjectFacts,
}

/// A project is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectChanged {
    /// How it is now.
    pub project: ProjectFacts,
}

impl Event for UserLoggedIn {
    const TYPE: &'static str = "user.logged_in";
    const ALIASES: &'static [&'static str] = &["UserLoggedIn"];
}

impl Event for SessionsEnded {
    const TYPE: &'static str = "session.ended";
}

impl Event for OtpIssued {
    const TYPE: &'static str = "otp.issued";
    const SENSITIVE: &'static [&'static str] = &["destination", "code"];
}

impl Event for UserNamed {
    const TYPE: &'static str = "user.named";
    const SENSITIVE: &'static [&'static str] = &["name"];
}

impl Event for UserContactsChanged {
    const TYPE: &'static str = "user.contacts.changed";
    const SENSITIVE: &'static [&'static str] = &["email", "phone"];
}

impl Event for UserErased {
    const TYPE: &'static str = "user.erased";
}

impl Event for KycReviewed {
    const TYPE: &'static str = "kyc.reviewed";
}

impl Event for ApiKeyIssued {
    const TYPE: &'static str = "api_key.issued";
    const SENSITIVE: &'static [&'static str] = &["mac"];
}

impl Event for ApiKeyExpiring {
    const TYPE: &'static str = "api_key.expiring";
}

impl Event for ApiKeyRevoked {
    const TYPE: &'static str = "api_key.revoked";
}

impl Event for ApiKeyUsed {
    const TYPE: &'static str = "api_key.used";
}

impl Event for ProjectCreated {
    const TYPE: &'static str = "project.created";
}

impl Event for ProjectChanged {
    const TYPE: &'static str = "project.changed";
}

impl OtpIssued {
    /// What the code is sealed for.
    pub const CODE: &'static [u8] = b"otp.issued.code";
}

/// Leaves the code and where it goes out.
impl Debug for OtpIssued {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("OtpIssued")
            .field("user_id", &self.user_id)
            .field("purpose", &self.purpose)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// Leaves the addresses out.
impl Debug for UserContactsChanged {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("UserContactsChanged").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// Leaves out what the secret is checked against.
impl Debug for ApiKeyIssued {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("ApiKeyIssued")
            .field("api_key_id", &self.api_key_id)
            .field("kind", &self.kind)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
