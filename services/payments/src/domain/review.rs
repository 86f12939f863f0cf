//! What people make of what they had to look at.

use contracts::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{Reason, ReviewId};

/// What somebody found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// The trouble was real, and is taken care of.
    Confirmed,
    /// There was none.
    Dismissed,
}

/// A look at a payment or a payout that needed one: never changed, never taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PaymentReview, example = json!({"id": "rev_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "subject": "pay_01jd3sa4k8qm7v2x9c5f0t6w1b", "outcome": "confirmed", "note": "Refunded by hand.",
    "reviewer": "user:usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "reviewed_at": "2026-11-21T09:47:35.123Z"}))]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// The payment or the payout.
    pub subject: String,
    /// What was found.
    pub outcome: ReviewOutcome,
    /// Why.
    pub note: Reason,
    /// Who looked.
    pub reviewer: String,
    /// When.
    pub reviewed_at: Timestamp,
}

impl ReviewOutcome {
    /// Its name in the list of attempts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
        }
    }
}
