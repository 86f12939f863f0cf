//! Money on its way back, and what the provider's word makes of it.

use contracts::{Currency, PaymentId, RefundId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The amount is reserved, and the provider has not answered.
    Requested,
    /// The provider is at it.
    Pending,
    /// The money went back.
    Succeeded,
    /// It did not go back, or came to us again.
    Failed,
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// The payment that it is from.
    pub payment_id: PaymentId,
    /// How much, in minor units.
    #[schema(example = 500)]
    pub amount: i64,
    /// Their currency.
    pub currency: Currency,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub status: RefundStatus,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Why it did not go back.
    pub failure: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it has changed.
    #[serde(skip_serializing)]
    #[schema(ignore)]
    pub version: u64,
}

/// What a provider says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundNews {
    /// The provider's name for it.
    pub reference: String,
    /// Where it stands there.
    pub standing: RefundStanding,
    /// How much it is about.
    pub amount: i64,
    /// Why it did not go back.
    pub failure: Option<String>,
    /// The provider's own word for it.
    pub said: String,
}

/// Where a refund stands at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStanding {
    /// It is on its way.
    Pending,
    /// It went back.
    Succeeded,
    /// It did not.
    Failed,
}

/// What news of a refund does to its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundMove {
    /// Nothing: it is old news.
    Kept,
    /// Nothing yet.
    Waiting,
    /// The reserved amount has gone back.
    GivenBack,
    /// The reserved amount is free again.
    Released,
    /// What had gone back is ours again.
    TakenBack,
}

impl Refund {
    /// Whether the provider may still change it, so that it is to be looked after.
    pub fn is_open(&self) -> bool {
        match self.status {
            RefundStatus::Requested | RefundStatus::Pending => true,
            RefundStatus::Succeeded | RefundStatus::Failed => false,
        }
    }

    /// The provider has said something.
    pub fn hear(self, standing: RefundStanding, failure: Option<String>) -> (Self, RefundMove) {
        let (status, moved) = match (self.status, standing) {
            (RefundStatus::Requested, RefundStanding::Pending) => {
                (RefundStatus::Pending, RefundMove::Waiting)
            }
            (RefundStatus::Requested | RefundStatus::Pending, RefundStanding::Succeeded) => {
                (RefundStatus::Succeeded, RefundMove::GivenBack)
            }
            (RefundStatus::Requested | RefundStatus::Pending, RefundStanding::Failed) => {
                (RefundStatus::Failed, RefundMove::Released)
            }
            (RefundStatus::Succeeded, RefundStanding::Failed) => {
                (RefundStatus::Failed, RefundMove::TakenBack)
            }
            (RefundStatus::Pending | RefundStatus::Succeeded, RefundStanding::Pending)
            | (RefundStatus::Succeeded, RefundStanding::Succeeded)
            | (RefundStatus::Failed, _) => return (self, RefundMove::Kept),
        };
        let failure = failure.filter(|_| status == RefundStatus::Failed);
        (Self { status, failure, ..self }, moved)
    }
}
