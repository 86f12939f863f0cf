//! The proof of who somebody is: what is handed in, and the one look that decides on it.

use contracts::events::access::KycState;
use contracts::{KycCaseId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact::Country;
use super::text::{Reason, Title};

/// The most documents of one case.
pub const MEDIA_MAX: usize = 10;

/// What somebody handed in, without the claims themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KycCase {
    /// Which.
    pub id: KycCaseId,
    /// Who it is about.
    pub user_id: UserId,
    /// How much it is to prove.
    pub level: u8,
    /// Where it stands.
    pub state: CaseState,
    /// When it was handed in.
    pub submitted_at: Timestamp,
    /// When it was decided.
    pub reviewed_at: Option<Timestamp>,
    /// By whom.
    pub reviewed_by: Option<UserId>,
    /// Why so.
    pub reason: Option<String>,
    /// Which state of it this is.
    pub version: u64,
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// It waits for a look.
    Pending,
    /// It is proven.
    Verified,
    /// It is not believed.
    Rejected,
}

/// What came of the look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is proven.
    Verified,
    /// It is not believed.
    Rejected,
}

/// What somebody says of themselves. It is stored sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The whole name as it stands in the document.
    #[schema(example = "Asha Rao")]
    pub full_name: Title,
    /// The day of birth.
    #[schema(value_type = String, format = Date, example = "1990-04-30")]
    pub born_on: Day,
    /// The country that gave the document, as ISO 3166 names it with two letters.
    pub country: Country,
    /// What kind of document it is.
    pub document_kind: DocumentKind,
    /// Its number.
    #[schema(example = "P1234567")]
    pub document_number: Title,
    /// The pictures of it, by their names in the media service: at most 10.
    #[serde(default)]
    #[schema(max_items = 10, example = json!(["med_01jd3sa4k8qm7v2x9c5f0t6w1b"]))]
    pub media_ids: Vec<Title>,
}

/// What kind of document proves somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A passport.
    Passport,
    /// A national identity card.
    IdentityCard,
    /// A driving licence.
    DrivingLicence,
    /// A card of the tax office.
    TaxCard,
}

/// A day of the calendar, `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(String);

/// Why a case does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMove {
    /// Another one waits.
    Waiting,
    /// There is nothing left to prove.
    Proven,
    /// It was looked at before.
    Decided,
    /// Nobody judges themselves.
    OwnCase,
}

/// What became of all that a person handed in before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Earlier {
    /// How much of it is proven: 0 nothing, 1 basic, 2 full.
    pub proven: u8,
    /// How many cases wait for their look.
    pub waiting: u32,
}

impl KycCase {
    /// A case that is handed in, after what was handed in before.
    pub fn submit(
        id: KycCaseId,
        user_id: UserId,
        level: u8,
        earlier: Earlier,
        at: Timestamp,
    ) -> Result<Self, BadMove> {
        if earlier.waiting > 0 {
            return Err(BadMove::Waiting);
        }
        if earlier.proven >= level {
            return Err(BadMove::Proven);
        }
        let (reviewed_at, reviewed_by, reason) = (None, None, None);
        let state = CaseState::Pending;
        Ok(Self { id, user_id, level, state, submitted_at: at, reviewed_at, reviewed_by, reason, version: 1 })
    }

    /// Somebody else has looked at it.
    pub fn review(
        self,
        decision: Decision,
        reason: Option<Reason>,
        by: UserId,
        at: Timestamp,
    ) -> Result<Self, BadMove> {
        let state = match (self.state, decision) {
            (CaseState::Pending, Decision::Verified) => CaseState::Verified,
            (CaseState::Pending, Decision::Rejected) => CaseState::Rejected,
            (CaseState::Verified | CaseState::Rejected, _) => return Err(BadMove::Decided),
        };
        if self.user_id == by {
            return Err(BadMove::OwnCase);
        }
        let reason = reason.map(|reason| reason.as_str().to_owned());
        Ok(Self { state, reviewed_at: Some(at), reviewed_by: Some(by), reason, ..self })
    }

    /// What a sealed text of it is bound to.
    pub fn context(id: KycCaseId) -> Vec<u8> {
        format!("kyc_cases:{id}").into_bytes()
    }
}

/// How far a person's proof has come, by the newest of their cases.
pub fn standing(newest: Option<&KycCase>) -> KycState {
    newest.map_or(KycState::None, |case| case.state.told())
}

impl CaseState {
    /// The same in the word that everybody hears.
    pub fn told(self) -> KycState {
        match self {
            Self::Pending => KycState::Pending,
            Self::Verified => KycState::Verified,
            Self::Rejected => KycState::Rejected,
        }
    }
}

impl Day {
    /// Whether it lies between 1900 and a time.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.0.as_str() >= "1900-01-01" && self.begin().is_some_and(|begin| begin <= now)
    }

    fn begin(&self) -> Option<Timestamp> {
        format!("{}T00:00:00Z", self.0).parse().ok()
    }
}

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let shaped = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let day = Self(text);
        if shaped && day.begin().is_some() { Ok(day) } else { Err("expected a day like 1990-04-30") }
    }
}

/// Says nothing of what was handed in.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims").field("document_kind", &self.document_kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use contracts::Id;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn case(level: u8, state: CaseState) -> KycCase {
        let new =
            KycCase::submit(KycCaseId::from_u128(1), UserId::from_u128(1), level, Earlier::default(), NOW)
                .unwrap();
        KycCase { state, ..new }
    }

    #[test]
    fn each_decision_on_each_state() {
        use CaseState::{Pending, Rejected, Verified};
        let table = [
            (Pending, Decision::Verified, Ok(Verified)),
            (Pending, Decision::Rejected, Ok(Rejected)),
            (Verified, Decision::Verified, Err(BadMove::Decided)),
            (Verified, Decision::Rejected, Err(BadMove::Decided)),
            (Rejected, Decision::Verified, Err(BadMove::Decided)),
            (Rejected, Decision::Rejected, Err(BadMove::Decided)),
        ];
        for (state, decision, expected) in table {
            let reviewed = case(1, state).review(decision, None, UserId::from_u128(2), NOW);
            assert_eq!(reviewed.map(|case| case.state), expected, "{state:?} {decision:?}");
        }
    }

    #[test]
    fn a_case_is_handed_in_when_none_waits_and_something_is_left_to_prove() {
        let table = [
            (0, 0, 1, None),
            (0, 0, 2, None),
            (1, 0, 2, None),
            (0, 1, 1, Some(BadMove::Waiting)),
            (1, 1, 2, Some(BadMove::Waiting)),
            (1, 0, 1, Some(BadMove::Proven)),
            (2, 0, 1, Some(BadMove::Proven)),
            (2, 0, 2, Some(BadMove::Proven)),
        ];
        for (proven, waiting, level, expected) in table {
            let (id, user, earlier) =
                (KycCaseId::from_u128(9), UserId::from_u128(1), Earlier { proven, waiting });
            let new = KycCase::submit(id, user, level, earlier, NOW);
            assert_eq!(new.err(), expected, "{proven} {waiting} {level}");
        }
    }

    #[test]
    fn nobody_decides_on_their_own_case() {
        let own = case(1, CaseState::Pending).review(Decision::Verified, None, UserId::from_u128(1), NOW);
        assert_eq!(own.err(), Some(BadMove::OwnCase));
    }

    #[test]
    fn a_day_of_birth_is_a_day_that_was() {
        let day = |text: &str| Day::try_from(text.to_owned());
        assert!(day("1990-04-30").unwrap().is_past(NOW));
        assert!(!day("2999-01-01").unwrap().is_past(NOW));
        assert!(!day("1899-12-31").unwrap().is_past(NOW));
        for bad in ["1990-02-30", "1990-4-30", "30.04.1990", "", "1990-04-30T", "+990-04-30"] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_handed_in_is_not_shown_by_accident() {
        let claims = serde_json::json!({ "full_name": "Asha Rao", "born_on": "1990-04-30", "country": "IN",
            "document_kind": "passport", "document_number": "P1234567" });
        let claims: Claims = serde_json::from_value(claims).unwrap();
        let shown = format!("{claims:?}");
        assert!(!shown.contains("Asha") && !shown.contains("P1234567"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_day_or_not(text: String) {
            let _ = Day::try_from(text);
        }
    }
}
