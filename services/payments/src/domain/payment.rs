//! A payment: one for all who may start it, and the moves that we make. What the provider's word moves is in `news`.

use contracts::{Currency, Money, OrderId, PaymentId, Timestamp, TopUpId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clearance::Clearance;
use super::text::InvoiceRef;

/// The most that one payment may be, in minor units.
pub const AMOUNT_MAX: i64 = 999_999_999_999;
/// Why a payment failed that fraud detection does not want.
const BLOCKED: &str = "blocked";

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// We know of it and the provider does not yet.
    Created,
    /// It waits for the customer.
    Pending,
    /// The provider holds the money until it is captured.
    Authorized,
    /// The provider is at it.
    Processing,
    /// The money was taken.
    Succeeded,
    /// The last try came to nothing; the customer may try again.
    Failed,
    /// It will never be made.
    Cancelled,
    /// All of it went back.
    Refunded,
    /// Some of it went back.
    PartiallyRefunded,
}

/// How far a payment has come: nothing goes back to an earlier stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It may still be tried.
    Open,
    /// The provider holds the money.
    Held,
    /// It will not be made.
    Ended,
    /// The money was taken. That overrules an end: it is there.
    Paid,
}

/// Who takes the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// Stripe.
    Stripe,
    /// People, by hand: cash, a bank transfer.
    Offline,
}

/// When the money is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// As soon as the customer has confirmed.
    Automatic,
    /// When the shop says so; until then the provider holds it.
    Manual,
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// The order it is for.
    pub order_id: Option<OrderId>,
    /// The invoice it is for.
    pub invoice_id: Option<InvoiceRef>,
    /// The top-up of a wallet it is for.
    pub top_up_id: Option<TopUpId>,
    /// Who pays.
    pub user_id: Option<UserId>,
    /// What is to be paid, in minor units.
    pub amount: i64,
    /// Their currency.
    pub currency: Currency,
    /// What was taken.
    pub captured: i64,
    /// What was given back or is promised to be.
    pub refund_reserved: i64,
    /// What was given back.
    pub refunded: i64,
    /// What a manual capture was asked to take; all of it where nothing was said.
    pub capture_asked: Option<i64>,
    /// Who takes the money, once that is decided.
    pub provider: Option<ProviderName>,
    /// When it is taken, once that is decided.
    pub capture: Option<Capture>,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Why the last try came to nothing.
    pub failure: Option<String>,
    /// The provider said what cannot be: a person looks at it.
    pub needs_review: bool,
    /// Its order came to nothing.
    pub unwanted: bool,
    /// Fraud detection does not want it.
    pub blocked: bool,
    /// Whether its provider may be asked.
    pub clearance: Clearance,
    /// It stands for its order, invoice or top-up.
    pub live: bool,
    /// The provider was asked to confirm or capture it and has not answered.
    pub acting: bool,
    /// The provider's time of the news that made the status.
    pub news_at: Timestamp,
    /// When we last heard of it.
    pub heard_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it has changed.
    pub version: u64,
}

/// What is left to do for a payment whose order came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOff {
    /// Nothing: it is cancelled now.
    Cancelled,
    /// The provider is to cancel it.
    AskProvider,
    /// The provider is at it, and what comes of it decides.
    Wait,
    /// It is over already.
    Over,
}

/// More is to move than there is: a mistake of ours, since each refund is reserved first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the refunds of a payment do not add up")]
pub struct Unbalanced;

impl Status {
    /// How far that is.
    pub fn stage(self) -> Stage {
        match self {
            Self::Created | Self::Pending | Self::Processing | Self::Failed => Stage::Open,
            Self::Authorized => Stage::Held,
            Self::Cancelled => Stage::Ended,
            Self::Succeeded | Self::Refunded | Self::PartiallyRefunded => Stage::Paid,
        }
    }

    /// Its place among those of one stage.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Pending => 1,
            Self::Processing => 2,
            Self::Failed => 3,
            Self::Authorized | Self::Cancelled => 4,
            Self::Succeeded | Self::Refunded | Self::PartiallyRefunded => 5,
        }
    }
}

impl Payment {
    /// A payment that nobody has asked a provider for yet.
    pub fn new(id: PaymentId, price: Money, at: Timestamp) -> Self {
        Self {
            id,
            order_id: None,
            invoice_id: None,
            top_up_id: None,
            user_id: None,
            amount: price.minor(),
            currency: price.currency(),
            captured: 0,
            refund_reserved: 0,
            refunded: 0,
            capture_asked: None,
            provider: None,
            capture: None,
            provider_ref: None,
            status: Status::Created,
            failure: None,
            needs_review: false,
            unwanted: false,
            blocked: false,
            clearance: Clearance::Unheard,
            live: true,
            acting: false,
            news_at: Timestamp::MIN,
            heard_at: at,
            created_at: at,
            updated_at: at,
            version: 0,
        }
    }

    /// What is to be paid.
    pub fn price(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// What can still be given back.
    pub fn refundable(&self) -> i64 {
        self.captured.saturating_sub(self.refund_reserved)
    }

    /// How far it has come: what is blocked and failed is not tried again.
    pub fn stage(&self) -> Stage {
        if self.blocked && self.status == Status::Failed { Stage::Ended } else { self.status.stage() }
    }

    /// Whether the provider may still change it, so that it is to be looked after.
    pub fn is_open(&self) -> bool {
        match self.status.stage() {
            Stage::Open | Stage::Held => self.live && self.provider_ref.is_some(),
            Stage::Ended | Stage::Paid => false,
        }
    }

    /// Whether the customer may try to pay it.
    pub fn is_payable(&self) -> bool {
        match self.status {
            Status::Created | Status::Pending | Status::Failed => self.live && !self.unwanted,
            Status::Authorized
            | Status::Processing
            | Status::Succeeded
            | Status::Cancelled
            | Status::Refunded
            | Status::PartiallyRefunded => false,
        }
    }

    /// How much a capture takes; none where it cannot.
    pub fn capturable(&self, wanted: Option<i64>) -> Option<i64> {
        let amount = wanted.unwrap_or(self.amount);
        (self.status == Status::Authorized && !self.unwanted && (1..=self.amount).contains(&amount))
            .then_some(amount)
    }

    /// How much a refund of `wanted`, or of all that is left, gives back; none where there is not so much.
    pub fn reservable(&self, wanted: Option<i64>) -> Option<i64> {
        let amount = wanted.unwrap_or_else(|| self.refundable());
        (1..=self.refundable()).contains(&amount).then_some(amount)
    }

    /// No provider was willing: it makes room for another.
    pub fn never_opened(self, why: String) -> Self {
        match self.status {
            Status::Created => Self { status: Status::Failed, failure: Some(why), live: false, ..self },
            Status::Pending
            | Status::Authorized
            | Status::Processing
            | Status::Succeeded
            | Status::Failed
            | Status::Cancelled
            | Status::Refunded
            | Status::PartiallyRefunded => self,
        }
    }

    /// Its order came to nothing.
    pub fn call_off(self) -> (Self, CallOff) {
        match self.status {
            Status::Created if self.provider_ref.is_none() => {
                (Self { status: Status::Cancelled, live: false, unwanted: true, ..self }, CallOff::Cancelled)
            }
            Status::Failed if !self.live => (self, CallOff::Over),
            Status::Created | Status::Pending | Status::Failed | Status::Authorized => {
                (Self { unwanted: true, ..self }, CallOff::AskProvider)
            }
            Status::Processing => (Self { unwanted: true, ..self }, CallOff::Wait),
            Status::Succeeded | Status::Cancelled | Status::Refunded | Status::PartiallyRefunded => {
                (self, CallOff::Over)
            }
        }
    }

    /// Fraud detection does not want it: it fails for good, unless the provider is at it or has the money already.
    pub fn block(self) -> (Self, CallOff) {
        let todo = match self.status {
            Status::Created if self.provider_ref.is_none() => CallOff::Cancelled,
            Status::Failed if !self.live => return (self, CallOff::Over),
            Status::Created | Status::Pending | Status::Failed | Status::Authorized => CallOff::AskProvider,
            Status::Processing => CallOff::Wait,
            Status::Cancelled => return (self, CallOff::Over),
            Status::Succeeded | Status::Refunded | Status::PartiallyRefunded => CallOff::Over,
        };
        let live = self.live && todo != CallOff::Cancelled;
        (Self { blocked: true, unwanted: true, live, ..self }.if_blocked(), todo)
    }

    /// What becomes of it where it is blocked: nothing, or people look at money that is there already.
    pub(super) fn if_blocked(self) -> Self {
        if !self.blocked {
            return self;
        }
        let failed =
            |payment: Self| Self { status: Status::Failed, failure: Some(BLOCKED.to_owned()), ..payment };
        match self.status {
            Status::Processing => self,
            Status::Cancelled => failed(Self { live: false, ..self }),
            Status::Created | Status::Pending | Status::Authorized | Status::Failed => failed(self),
            Status::Succeeded | Status::Refunded | Status::PartiallyRefunded => {
                Self { needs_review: true, ..self }
            }
        }
    }

    /// A reserved amount has gone back.
    pub fn give_back(self, amount: i64) -> Result<Self, Unbalanced> {
        self.with_refunded(amount, 0)
    }

    /// A reserved amount does not go back after all.
    pub fn release(self, amount: i64) -> Result<Self, Unbalanced> {
        self.with_refunded(0, amount)
    }

    /// An amount that had gone back came to us again: nobody took it there.
    pub fn take_back(self, amount: i64) -> Result<Self, Unbalanced> {
        self.with_refunded(amount.checked_neg().ok_or(Unbalanced)?, amount)
    }

    fn with_refunded(self, given: i64, released: i64) -> Result<Self, Unbalanced> {
        let refunded = self.refunded.checked_add(given).ok_or(Unbalanced)?;
        let refund_reserved = self.refund_reserved.checked_sub(released).ok_or(Unbalanced)?;
        if !(0..=refund_reserved).contains(&refunded) || refund_reserved > self.captured {
            return Err(Unbalanced);
        }
        let status = match self.status.stage() {
            Stage::Paid if refunded == 0 => Status::Succeeded,
            Stage::Paid if refunded == self.captured => Status::Refunded,
            Stage::Paid => Status::PartiallyRefunded,
            Stage::Open | Stage::Held | Stage::Ended => return Err(Unbalanced),
        };
        Ok(Self { refunded, refund_reserved, status, ..self })
    }
}
