//! The token: its claims, its parts, and what makes one acceptable.
//!
//! A small JWT with one shape: three parts, a header of `alg`, `kid` and `typ` and nothing more, EdDSA or
//! ES256. Keys are found and results remembered in `verifier`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contracts::{ProjectId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize};

use super::caller::{Caller, Permissions, Who};
use super::keys::VerifyingKey;

/// What a token says; times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is meant.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// Whom it is about: a user's or key's id, or a service's name.
    pub sub: String,
    /// What `sub` is.
    pub kind: Kind,
    /// The project that the caller acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The granted permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perms: Vec<String>,
    /// The person, once more under the name that outsiders look for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// All projects that the person belongs to; `project` is the one acted for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_ids: Vec<ProjectId>,
    /// The names of the roles that the permissions come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// When it was issued.
    pub iat: i64,
    /// Before this it is not valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// From this on it is not valid.
    pub exp: i64,
    /// The token's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// What kind of caller a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person.
    User,
    /// An API key.
    Key,
    /// A service of the platform.
    Service,
}

/// What a token is for; one kind is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Access from outside (RFC 9068).
    Access,
    /// The short-lived word of the gateway to the services behind it.
    Internal,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no token of the one shape that we read.
    #[error("the token cannot be read")]
    Malformed,
    /// It is larger than any token that we issue.
    #[error("the token is too long")]
    TooLong,
    /// Its header names an algorithm that its key is not for.
    #[error("the token's algorithm is not accepted")]
    WrongAlgorithm,
    /// It is a token for another use.
    #[error("the token is of another type")]
    WrongType,
    /// No key of that name is known.
    #[error("the token was signed with a key that is not known")]
    UnknownKey,
    /// Its signature is not that of its key over its text.
    #[error("the token's signature is not valid")]
    BadSignature,
    /// It was issued by someone else.
    #[error("the token comes from another issuer")]
    WrongIssuer,
    /// It is meant for someone else.
    #[error("the token is meant for another audience")]
    WrongAudience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the token is not valid yet")]
    NotYet,
    /// It asks to be valid for longer than is allowed.
    #[error("the token is valid for too long a time")]
    LivesTooLong,
    /// The issuer's keys cannot be had at the moment: no fault of the caller.
    #[error("tokens cannot be checked at the moment; try again shortly")]
    KeysUnavailable,
}

/// A token taken apart, not yet believed.
pub(super) struct Parts<'t> {
    pub(super) kid: String,
    alg: &'static str,
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
}

/// What a token must say to be accepted.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) leeway_s: i64,
    pub(super) lifetime_max_s: i64,
}

/// Larger than any token with a sane number of permissions.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Nothing but these three: `jku`, `x5u`, `jwk`, `crit` and whatever comes next are refused as unknown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'h> {
    #[serde(borrow)]
    alg: Cow<'h, str>,
    kid: String,
    #[serde(borrow)]
    typ: Cow<'h, str>,
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(audience) => vec![audience],
        OneOrMany::Many(audiences) => audiences,
    })
}

impl TokenType {
    /// The `typ` of its header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Internal => "stoa-internal+jwt",
        }
    }
}

impl<'t> Parts<'t> {
    /// Takes a token apart and checks all that needs no key.
    pub(super) fn of(token: &'t str, typ: TokenType) -> Result<Self, BadToken> {
        let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(BadToken::Malformed)?;
        let header = decode(header)?;
        let header: Header<'_> = object(&header)?;
        let alg = match &*header.alg {
            "EdDSA" => "EdDSA",
            "ES256" => "ES256",
            _ => return Err(BadToken::WrongAlgorithm),
        };
        if header.typ != typ.as_str() {
            return Err(BadToken::WrongType);
        }
        Ok(Self { kid: header.kid, alg, signed, payload, signature: decode(signature)? })
    }

    /// The claims, once `key` has vouched for them.
    pub(super) fn claims(&self, key: &VerifyingKey) -> Result<Claims, BadToken> {
        if self.alg != key.algorithm() {
            return Err(BadToken::WrongAlgorithm);
        }
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(BadToken::BadSignature);
        }
        object(&decode(self.payload)?)
    }
}

impl Expected {
    /// Whether a verified token is from whom, for whom and of when it must be.
    pub(super) fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), BadToken> {
        if claims.iss != self.issuer {
            return Err(BadToken::WrongIssuer);
        }
        if !claims.aud.contains(&self.audience) {
            return Err(BadToken::WrongAudience);
        }
        let now_s = now.as_micros().div_euclid(1_000_000);
        let soon_s = now_s.saturating_add(self.leeway_s);
        match claims.exp.checked_sub(claims.iat) {
            None | Some(..=0) => return Err(BadToken::Malformed),
            Some(lifetime_s) if lifetime_s > self.lifetime_max_s => return Err(BadToken::LivesTooLong),
            Some(_) => {}
        }
        if claims.exp.saturating_add(self.leeway_s) <= now_s {
            return Err(BadToken::Expired);
        }
        if claims.iat > soon_s || claims.nbf.is_some_and(|nbf| nbf > soon_s) {
            return Err(BadToken::NotYet);
        }
        Ok(())
    }
}

impl TryFrom<Claims> for Caller {
    type Error = BadToken;

    fn try_from(claims: Claims) -> Result<Self, BadToken> {
        let who = match claims.kind {
            Kind::User => Who::User(claims.sub.parse().map_err(|_| BadToken::Malformed)?),
            Kind::Key => Who::Key(claims.sub.parse().map_err(|_| BadToken::Malformed)?),
            Kind::Service if claims.sub.is_empty() => return Err(BadToken::Malformed),
            Kind::Service => Who::Service(claims.sub),
        };
        let expires_at = Timestamp::from_micros(claims.exp.saturating_mul(1_000_000));
        let caller = Caller::new(who, claims.project, Permissions::new(claims.perms), expires_at);
        Ok(match claims.sid {
            Some(session) => caller.in_session(session),
            None => caller,
        })
    }
}

/// Base64url without padding, in its one canonical spelling: two texts never mean the same bytes.
fn decode(part: &str) -> Result<Vec<u8>, BadToken> {
    BASE64.decode(part).map_err(|_| BadToken::Malformed)
}

fn object<'d, T: Deserialize<'d>>(json: &'d [u8]) -> Result<T, BadToken> {
    // A derived struct also reads an array; a token's parts are objects.
    if json.first() != Some(&b'{') {
        return Err(BadToken::Malformed);
    }
    serde_json::from_slice(json).map_err(|_| BadToken::Malformed)
}
