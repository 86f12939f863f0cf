//! Where an order stands: its three axes, and what each state knows. How it gets from one to the next is in `order`.

use contracts::events::commerce::CancelReason;
use contracts::{Money, OrderId, PaymentId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Destination, Tracking};

/// Where an order stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It waits for its money; its goods are held.
    PendingPayment,
    /// The money is here, the goods are still held.
    Paid,
    /// The goods are on their way.
    Fulfilled,
    /// It came to nothing.
    Cancelled,
    /// All its money went back.
    Refunded,
}

/// Where its money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nobody has tried, or whoever tried gave up.
    Unpaid,
    /// The last attempt came to nothing.
    Failed,
    /// A provider keeps the money for us.
    Authorized,
    /// It is here.
    Paid,
    /// Some of it went back.
    PartiallyRefunded,
    /// All of it went back.
    Refunded,
}

/// Where its goods stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    /// They are held for it.
    Unfulfilled,
    /// They are on their way.
    Fulfilled,
    /// They can be sold to others.
    Cancelled,
}

/// Whether money that was asked back went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// It is on its way.
    Asked,
    /// It went back.
    Done,
    /// It did not, and may be asked for again.
    Failed,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Its number, for people.
    pub number: u64,
    /// Who bought.
    pub buyer: UserId,
    /// What it costs.
    pub total: Money,
    /// Where it goes.
    pub ship_to: Destination,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// How often it has been stored.
    pub version: u64,
}

/// Where an order stands, with what is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its money.
    PendingPayment {
        /// Until then.
        expires_at: Timestamp,
        /// How far paying has come.
        attempt: Attempt,
    },
    /// The money is here.
    Paid(Paid),
    /// The goods are on their way.
    Fulfilled {
        /// The money.
        paid: Paid,
        /// Where the parcel can be followed.
        tracking: Option<Tracking>,
    },
    /// It came to nothing.
    Cancelled {
        /// Why.
        why: CancelReason,
        /// The money, if there is any.
        received: Received,
    },
    /// All its money went back.
    Refunded {
        /// The money that did.
        paid: Paid,
        /// What became of the goods.
        goods: Goods,
    },
}

/// How far paying has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Nobody tries.
    Open {
        /// Since then.
        at: Timestamp,
    },
    /// The last attempt came to nothing.
    Failed {
        /// When.
        at: Timestamp,
        /// Why, as a code.
        reason: String,
    },
    /// A provider keeps the money for us.
    Authorized {
        /// Since then.
        at: Timestamp,
    },
}

/// The money of a cancelled order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// There was none.
    Nothing(Attempt),
    /// It came, and goes back.
    All(Paid),
}

/// What became of the goods of an order whose money went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goods {
    /// They were sent.
    Sent {
        /// Where the parcel can be followed.
        tracking: Option<Tracking>,
    },
    /// They stayed; the order had been cancelled for this reason, if it had.
    Kept {
        /// Why.
        why: Option<CancelReason>,
    },
}

/// A payment, by its two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The provider's.
    pub intent: String,
    /// Ours, where it was told.
    pub id: Option<PaymentId>,
}

/// Money that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// By which payment.
    pub by: Payment,
    /// Since when.
    pub at: Timestamp,
    /// How much of it went back, in minor units.
    pub refunded: i64,
}

impl Status {
    /// Whether nothing is held for it or sent to it any more.
    pub fn is_over(self) -> bool {
        match self {
            Self::PendingPayment | Self::Paid => false,
            Self::Fulfilled | Self::Cancelled | Self::Refunded => true,
        }
    }
}

impl Attempt {
    /// When it was heard of last.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Open { at } | Self::Failed { at, .. } | Self::Authorized { at } => *at,
        }
    }

    fn status(&self) -> PaymentStatus {
        match self {
            Self::Open { .. } => PaymentStatus::Unpaid,
            Self::Failed { .. } => PaymentStatus::Failed,
            Self::Authorized { .. } => PaymentStatus::Authorized,
        }
    }
}

impl Payment {
    pub(super) fn is(&self, other: &Self) -> bool {
        self.intent == other.intent || (self.id.is_some() && self.id == other.id)
    }
}

impl Paid {
    fn status(&self) -> PaymentStatus {
        if self.refunded > 0 { PaymentStatus::PartiallyRefunded } else { PaymentStatus::Paid }
    }

    /// Whether what is said of a payment may be said of this one.
    pub fn may_be(&self, payment: PaymentId) -> bool {
        self.by.id.is_none_or(|known| known == payment)
    }
}

impl Order {
    /// Where it stands as a whole.
    pub fn status(&self) -> Status {
        match &self.state {
            State::PendingPayment { .. } => Status::PendingPayment,
            State::Paid(_) => Status::Paid,
            State::Fulfilled { .. } => Status::Fulfilled,
            State::Cancelled { .. } => Status::Cancelled,
            State::Refunded { .. } => Status::Refunded,
        }
    }

    /// Where its money stands.
    pub fn payment_status(&self) -> PaymentStatus {
        match &self.state {
            State::PendingPayment { attempt, .. } => attempt.status(),
            State::Cancelled { received: Received::Nothing(attempt), .. } => attempt.status(),
            State::Paid(paid)
            | State::Fulfilled { paid, .. }
            | State::Cancelled { received: Received::All(paid), .. } => paid.status(),
            State::Refunded { .. } => PaymentStatus::Refunded,
        }
    }

    /// Where its goods stand.
    pub fn fulfilment_status(&self) -> FulfilmentStatus {
        match &self.state {
            State::PendingPayment { .. } | State::Paid(_) => FulfilmentStatus::Unfulfilled,
            State::Fulfilled { .. } | State::Refunded { goods: Goods::Sent { .. }, .. } => {
                FulfilmentStatus::Fulfilled
            }
            State::Cancelled { .. } | State::Refunded { goods: Goods::Kept { .. }, .. } => {
                FulfilmentStatus::Cancelled
            }
        }
    }

    /// Its money, where it is here or was.
    pub fn paid(&self) -> Option<&Paid> {
        match &self.state {
            State::PendingPayment { .. } | State::Cancelled { received: Received::Nothing(_), .. } => None,
            State::Paid(paid)
            | State::Fulfilled { paid, .. }
            | State::Cancelled { received: Received::All(paid), .. }
            | State::Refunded { paid, .. } => Some(paid),
        }
    }

    /// How far paying has come, as long as nobody has.
    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.state {
            State::PendingPayment { attempt, .. }
            | State::Cancelled { received: Received::Nothing(attempt), .. } => Some(attempt),
            State::Paid(_)
            | State::Fulfilled { .. }
            | State::Cancelled { received: Received::All(_), .. }
            | State::Refunded { .. } => None,
        }
    }

    /// Why it came to nothing, if it did.
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        match &self.state {
            State::Cancelled { why, .. } => Some(*why),
            State::Refunded { goods: Goods::Kept { why }, .. } => *why,
            State::PendingPayment { .. }
            | State::Paid(_)
            | State::Fulfilled { .. }
            | State::Refunded { goods: Goods::Sent { .. }, .. } => None,
        }
    }

    /// Where its parcel can be followed.
    pub fn tracking(&self) -> Option<&Tracking> {
        match &self.state {
            State::Fulfilled { tracking, .. } | State::Refunded { goods: Goods::Sent { tracking }, .. } => {
                tracking.as_ref()
            }
            State::PendingPayment { .. }
            | State::Paid(_)
            | State::Cancelled { .. }
            | State::Refunded { .. } => None,
        }
    }
}
