//! What happened to an order, in words for its customer and for the shop.

use contracts::events::commerce::CancelReason;
use contracts::{Money, Timestamp};
use std::fmt::{self, Display};

/// One thing that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody ordered.
    Ordered,
    /// A provider keeps the money for us.
    PaymentAuthorized,
    /// An attempt to pay came to nothing.
    PaymentFailed(String),
    /// The customer or the provider gave an attempt up.
    PaymentGivenUp,
    /// The money is here.
    Paid,
    /// Money came for an order that is paid: somebody has to look at it.
    PaidTwice(String),
    /// A payment was not of what the order costs.
    PaidWrongly,
    /// Money came for an order that had come to nothing.
    PaidTooLate,
    /// It came to nothing.
    Cancelled(CancelReason),
    /// It is on its way.
    Fulfilled,
    /// Money is to go back.
    RefundAsked(Money, String),
    /// Money went back.
    Refunded(Money),
    /// Money did not go back.
    RefundFailed(String),
}

/// A happening as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What, in words.
    pub what: String,
}

impl Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordered => f.write_str("Ordered"),
            Self::PaymentAuthorized => f.write_str("Payment authorized"),
            Self::PaymentFailed(reason) => write!(f, "Payment failed: {reason}"),
            Self::PaymentGivenUp => f.write_str("Payment given up"),
            Self::Paid => f.write_str("Paid"),
            Self::PaidTwice(payment) => write!(f, "Paid once more, by {payment}"),
            Self::PaidWrongly => f.write_str("A payment of a wrong amount came; it goes back"),
            Self::PaidTooLate => f.write_str("A payment came too late; it goes back"),
            Self::Cancelled(CancelReason::Expired) => f.write_str("Cancelled: not paid in time"),
            Self::Cancelled(CancelReason::Customer) => f.write_str("Cancelled by the customer"),
            Self::Cancelled(CancelReason::Shop) => f.write_str("Cancelled by the shop"),
            Self::Fulfilled => f.write_str("Sent"),
            Self::RefundAsked(amount, reason) => write!(f, "Refund of {amount} asked for: {reason}"),
            Self::Refunded(amount) => write!(f, "Refunded {amount}"),
            Self::RefundFailed(reason) => write!(f, "A refund failed: {reason}"),
        }
    }
}
