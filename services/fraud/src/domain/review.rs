//! What people make of a payment: it waits for somebody, is decided, waited for too long, or came to nothing meanwhile.

use contracts::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a review stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    /// The payment waits for somebody.
    Waiting {
        /// Who is to look at it.
        assignee: Option<UserId>,
    },
    /// Somebody has said what it is.
    Decided(Finding),
    /// Nobody did in time; the rule set's word for that was told.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// The payment came to nothing before anybody did.
    Closed {
        /// When.
        at: Timestamp,
    },
}

/// What somebody has found a payment to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is fraud.
    pub fraud: bool,
    /// Why, in words.
    pub reason: String,
    /// Who says so, as the caller is named.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The name of where a review stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudReviewState)]
pub enum ReviewState {
    /// It waits for somebody.
    Waiting,
    /// Somebody has said what it is.
    Decided,
    /// Nobody did in time.
    Expired,
    /// The payment came to nothing before anybody did.
    Closed,
}

/// What a finding comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The payment waited for it: it is told.
    Releases(Review),
    /// The payment was decided without it: it is remembered, and rules are measured by it.
    Labels(Review),
}

/// A review stands where this cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the review is {}", match .0 { ReviewState::Waiting => "waiting", ReviewState::Decided => "decided",
    ReviewState::Expired => "expired", ReviewState::Closed => "closed" })]
pub struct BadMove(pub ReviewState);

impl Review {
    /// The name of where it stands.
    pub fn state(&self) -> ReviewState {
        match self {
            Self::Waiting { .. } => ReviewState::Waiting,
            Self::Decided(_) => ReviewState::Decided,
            Self::Expired { .. } => ReviewState::Expired,
            Self::Closed { .. } => ReviewState::Closed,
        }
    }

    /// Says who is to look at it, or that nobody is.
    pub fn assign(self, assignee: Option<UserId>) -> Result<Self, BadMove> {
        match self {
            Self::Waiting { .. } => Ok(Self::Waiting { assignee }),
            Self::Decided(_) | Self::Expired { .. } | Self::Closed { .. } => Err(BadMove(self.state())),
        }
    }

    /// Somebody says what it is. A payment is found to be something once.
    pub fn decide(self, finding: Finding) -> Result<Found, BadMove> {
        match self {
            Self::Waiting { .. } => Ok(Found::Releases(Self::Decided(finding))),
            Self::Expired { .. } | Self::Closed { .. } => Ok(Found::Labels(Self::Decided(finding))),
            Self::Decided(_) => Err(BadMove(self.state())),
        }
    }

    /// Its time is over; nothing where somebody was in time.
    pub fn expire(self, at: Timestamp) -> Option<Self> {
        match self {
            Self::Waiting { .. } => Some(Self::Expired { at }),
            Self::Decided(_) | Self::Expired { .. } | Self::Closed { .. } => None,
        }
    }

    /// The payment was let go on at another door; nothing where the review is over.
    pub fn pass(self, finding: Finding) -> Option<Self> {
        match self {
            Self::Waiting { .. } => Some(Self::Decided(finding)),
            Self::Decided(_) | Self::Expired { .. } | Self::Closed { .. } => None,
        }
    }

    /// The payment came to nothing; nothing where the review is over.
    pub fn close(self, at: Timestamp) -> Option<Self> {
        match self {
            Self::Waiting { .. } => Some(Self::Closed { at }),
            Self::Decided(_) | Self::Expired { .. } | Self::Closed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Id;

    fn finding(fraud: bool) -> Finding {
        Finding {
            fraud,
            reason: "seen".to_owned(),
            by: "user:usr_1".to_owned(),
            at: Timestamp::from_millis(7),
        }
    }

    fn each() -> [Review; 5] {
        let ann = Some(UserId::from_u128(1));
        let at = Timestamp::from_millis(5);
        [
            Review::Waiting { assignee: None },
            Review::Waiting { assignee: ann },
            Review::Decided(finding(true)),
            Review::Expired { at },
            Review::Closed { at },
        ]
    }

    #[test]
    fn who_waits_is_assigned_and_nobody_else() {
        let ben = Some(UserId::from_u128(2));
        let assigned = each().map(|review| review.assign(ben).map_err(|bad| bad.0));
        let expected = Review::Waiting { assignee: ben };
        assert_eq!(
            assigned,
            [
                Ok(expected.clone()),
                Ok(expected),
                Err(ReviewState::Decided),
                Err(ReviewState::Expired),
                Err(ReviewState::Closed)
            ]
        );
    }

    #[test]
    fn a_finding_releases_who_waits_and_labels_what_was_decided_without_it() {
        let found = each().map(|review| review.decide(finding(false)).map_err(|bad| bad.0));
        let decided = Review::Decided(finding(false));
        assert_eq!(
            found,
            [
                Ok(Found::Releases(decided.clone())),
                Ok(Found::Releases(decided.clone())),
                Err(ReviewState::Decided),
                Ok(Found::Labels(decided.clone())),
                Ok(Found::Labels(decided))
            ]
        );
    }

    #[test]
    fn only_who_waits_can_be_too_late() {
        let at = Timestamp::from_millis(9);
        let expired = Some(Review::Expired { at });
        assert_eq!(each().map(|review| review.expire(at)), [expired.clone(), expired, None, None, None]);
    }

    #[test]
    fn the_end_of_a_payment_ends_the_review_that_waits_and_no_other() {
        let at = Timestamp::from_millis(9);
        let closed = Some(Review::Closed { at });
        assert_eq!(each().map(|review| review.close(at)), [closed.clone(), closed, None, None, None]);
        let passed = Some(Review::Decided(finding(false)));
        let found = each().map(|review| review.pass(finding(false)));
        assert_eq!(found, [passed.clone(), passed, None, None, None]);
    }
}
