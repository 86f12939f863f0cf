//! A key with which a program calls: how long it is good, and how another takes its place.

use std::time::Duration;

use contracts::events::access::ApiKeyKind;
use contracts::{ApiKeyId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{Grant, Title};

/// The most keys of a project that are in use, and the most that run out beside their successors.
pub const KEYS_MAX: u32 = 100;
/// The most scopes of a key.
pub const SCOPES_MAX: usize = 100;
/// How long a key is good at most, in days.
pub const DAYS_MAX: u32 = 3_650;
/// How long a key goes on beside its successor at most: a week.
pub const OVERLAP_S_MAX: u32 = 7 * 86_400;
/// How long it does when nothing is said: a day.
pub const OVERLAP_S: u32 = 86_400;

const DAYS: u32 = 365;
const DAY: Duration = Duration::from_secs(86_400);

/// What is known of a key; its secret is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its name in lists and logs.
    pub id: ApiKeyId,
    /// Whose it is.
    pub kind: ApiKeyKind,
    /// What people call it.
    pub name: Title,
    /// What it may do, sorted, each once.
    pub scopes: Vec<Grant>,
    /// The last letters of its secret.
    pub last_four: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since then it is refused.
    pub revoked_at: Option<Timestamp>,
    /// The key that took its place.
    pub replaced_by: Option<ApiKeyId>,
    /// When it was last seen, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Which state of it this is.
    pub version: u64,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It is good.
    Active,
    /// It is good for a while beside the key that took its place.
    Replaced,
    /// It has run out.
    Expired,
    /// It was taken back.
    Revoked,
}

impl ApiKey {
    /// Where it stands at a time.
    pub fn state(&self, now: Timestamp) -> KeyState {
        let over = self.expires_at.is_some_and(|end| end <= now);
        match (self.revoked_at, self.replaced_by) {
            (Some(_), _) => KeyState::Revoked,
            (None, _) if over => KeyState::Expired,
            (None, Some(_)) => KeyState::Replaced,
            (None, None) => KeyState::Active,
        }
    }

    /// How its text begins, by which its owner tells it from others.
    pub fn prefix(&self) -> String {
        let kind = match self.kind {
            ApiKeyKind::Project => "pk",
            ApiKeyKind::Integration => "ik",
            ApiKeyKind::Service => "sk",
        };
        let id = self.id.to_string();
        format!("stoa_{kind}_{}", id.split_once('_').map_or("", |(_, digits)| digits))
    }

    /// When the key that takes its place runs out: it is given as long a life.
    pub fn successor_expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.expires_at.map(|end| now.saturating_add(end.duration_since(self.created_at)))
    }

    /// When it itself runs out once it has been replaced; never later than it would have.
    pub fn replaced_expires_at(&self, now: Timestamp, overlap_s: u32) -> Timestamp {
        let end = now.saturating_add(Duration::from_secs(overlap_s.into()));
        self.expires_at.map_or(end, |own| own.min(end))
    }
}

/// When a new key runs out: after the days that were asked for, else a year; keys of services when somebody says so.
pub fn expires_at(kind: ApiKeyKind, days: Option<u32>, now: Timestamp) -> Option<Timestamp> {
    let days = match (kind, days) {
        (_, Some(days)) => days,
        (ApiKeyKind::Project | ApiKeyKind::Integration, None) => DAYS,
        (ApiKeyKind::Service, None) => return None,
    };
    Some(now.saturating_add(DAY * days))
}

#[cfg(test)]
mod tests {
    use contracts::Id;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn key(expires_at: Option<Timestamp>) -> ApiKey {
        ApiKey {
            id: ApiKeyId::from_u128(1),
            kind: ApiKeyKind::Project,
            name: Title::try_from("till".to_owned()).unwrap(),
            scopes: Vec::new(),
            last_four: "abcd".to_owned(),
            created_at: NOW,
            created_by: "user:usr_1".to_owned(),
            expires_at,
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            version: 1,
        }
    }

    fn days(count: u32) -> Timestamp {
        NOW.saturating_add(DAY * count)
    }

    #[test]
    fn a_key_is_good_until_it_runs_out_or_is_taken_back() {
        let good = key(Some(days(1)));
        assert_eq!(good.state(NOW), KeyState::Active);
        assert_eq!(good.state(days(1)), KeyState::Expired);
        assert_eq!(key(None).state(days(4_000)), KeyState::Active);
        let replaced = ApiKey { replaced_by: Some(ApiKeyId::from_u128(2)), ..good.clone() };
        assert_eq!((replaced.state(NOW), replaced.state(days(2))), (KeyState::Replaced, KeyState::Expired));
        let revoked = ApiKey { revoked_at: Some(NOW), ..replaced };
        assert_eq!(revoked.state(days(2)), KeyState::Revoked);
    }

    #[test]
    fn a_replaced_key_never_lasts_longer_than_it_would_have() {
        assert_eq!(key(None).replaced_expires_at(NOW, OVERLAP_S), days(1));
        assert_eq!(key(Some(days(3))).replaced_expires_at(NOW, OVERLAP_S_MAX), days(3));
        assert_eq!(key(Some(days(30))).successor_expires_at(days(10)), Some(days(40)));
        assert_eq!(key(None).successor_expires_at(NOW), None);
    }

    #[test]
    fn keys_run_out_after_a_year_unless_said_otherwise_and_those_of_services_do_not() {
        assert_eq!(expires_at(ApiKeyKind::Project, None, NOW), Some(days(365)));
        assert_eq!(expires_at(ApiKeyKind::Integration, Some(7), NOW), Some(days(7)));
        assert_eq!(expires_at(ApiKeyKind::Service, None, NOW), None);
        assert_eq!(expires_at(ApiKeyKind::Service, Some(1), NOW), Some(days(1)));
    }
}
