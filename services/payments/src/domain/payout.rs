//! Money on its way out of a wallet, and what its provider's word makes of it.
//!
//! A payout ends once. What comes back after it was paid, or was paid after it had failed, is for people: others have
//! acted on the first word.

use contracts::{Currency, Timestamp, UserId, WithdrawalId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::payment::ProviderName;
use super::text::PayoutId;

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStatus {
    /// The provider has not answered.
    Requested,
    /// The money is on its way.
    Pending,
    /// It is there.
    Paid,
    /// It is still with us.
    Failed,
}

/// One payout.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payout {
    /// Its id.
    pub id: PayoutId,
    /// The withdrawal that it is for.
    pub withdrawal_id: WithdrawalId,
    /// Whose money it is; none once they were erased.
    pub user_id: Option<UserId>,
    /// How much, in minor units.
    pub amount: i64,
    /// Their currency.
    pub currency: Currency,
    /// Who pays it out, once that is decided.
    pub provider: Option<ProviderName>,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Where it stands.
    pub status: PayoutStatus,
    /// Why it came to nothing, or came back.
    pub failure: Option<String>,
    /// A person has to look at it.
    pub needs_review: bool,
    /// When a provider was first asked.
    pub asked_at: Option<Timestamp>,
    /// When we last heard of it.
    pub heard_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it has changed.
    pub version: u64,
}

/// What a provider says of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutNews {
    /// The provider's name for it.
    pub reference: String,
    /// Where it stands there.
    pub standing: PayoutStanding,
    /// How much it is about.
    pub amount: i64,
    /// Their currency; none where it is one that we do not know.
    pub currency: Option<Currency>,
    /// Why it came to nothing.
    pub failure: Option<String>,
    /// The provider's own word for it.
    pub said: String,
}

/// Where a payout stands at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutStanding {
    /// It is on its way.
    Pending,
    /// It has arrived.
    Paid,
    /// It has not, or came back.
    Failed,
}

/// What news of a payout does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutMove {
    /// Nothing: it is old news.
    Kept,
    /// Nothing yet.
    Waiting,
    /// The money is there.
    PaidOut,
    /// The money is still with us.
    CameToNothing,
    /// It was there and came back: people look.
    CameBack,
    /// It had failed and is there: people look, unless the provider says otherwise when asked.
    Contradicted,
}

/// Whether people may say what became of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// They pay it out, or are the only ones who can find out.
    Theirs,
    /// It is over.
    Over,
    /// It is not known yet who pays it out.
    NotReady,
    /// A provider pays it out.
    Providers,
}

impl Payout {
    /// Whether the provider may still change it, so that it is to be looked after.
    pub fn is_open(&self) -> bool {
        match self.status {
            PayoutStatus::Requested | PayoutStatus::Pending => true,
            PayoutStatus::Paid | PayoutStatus::Failed => false,
        }
    }

    /// Whether people may say what became of it.
    pub fn by_hand(&self) -> ByHand {
        match (self.is_open(), self.provider) {
            (false, _) => ByHand::Over,
            (true, None) => ByHand::NotReady,
            (true, Some(ProviderName::Offline)) => ByHand::Theirs,
            // Nobody knows whether the provider has it, and it has no name there to ask by.
            (true, Some(ProviderName::Stripe)) if self.needs_review && self.provider_ref.is_none() => {
                ByHand::Theirs
            }
            (true, Some(ProviderName::Stripe)) => ByHand::Providers,
        }
    }

    /// Whether the news is about this money.
    pub fn fits(&self, news: &PayoutNews) -> bool {
        (news.amount, news.currency) == (self.amount, Some(self.currency))
    }

    /// The provider has said something, heard at `now`.
    pub fn hear(
        self,
        standing: PayoutStanding,
        failure: Option<String>,
        now: Timestamp,
    ) -> (Self, PayoutMove) {
        let heard = Self { heard_at: now, ..self };
        match (heard.status, standing) {
            (PayoutStatus::Requested, PayoutStanding::Pending) => {
                (Self { status: PayoutStatus::Pending, needs_review: false, ..heard }, PayoutMove::Waiting)
            }
            (PayoutStatus::Requested | PayoutStatus::Pending, PayoutStanding::Paid) => {
                (Self { status: PayoutStatus::Paid, needs_review: false, ..heard }, PayoutMove::PaidOut)
            }
            (PayoutStatus::Requested | PayoutStatus::Pending, PayoutStanding::Failed) => {
                let failed = Self { status: PayoutStatus::Failed, failure, needs_review: false, ..heard };
                (failed, PayoutMove::CameToNothing)
            }
            (PayoutStatus::Paid, PayoutStanding::Failed) if heard.failure.is_none() => {
                (Self { failure, needs_review: true, ..heard }, PayoutMove::CameBack)
            }
            (PayoutStatus::Failed, PayoutStanding::Paid) => (heard, PayoutMove::Contradicted),
            (PayoutStatus::Pending | PayoutStatus::Paid | PayoutStatus::Failed, PayoutStanding::Pending)
            | (PayoutStatus::Paid, PayoutStanding::Paid | PayoutStanding::Failed)
            | (PayoutStatus::Failed, PayoutStanding::Failed) => (heard, PayoutMove::Kept),
        }
    }
}
