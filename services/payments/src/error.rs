//! Why payments does not do what it was asked, and what its callers hear then.

use std::time::Duration;

use http::StatusCode;
use kernel::http::Problem;
use kernel::secrets::SealError;
use kernel::store::StoreError;

use crate::domain::Unbalanced;
use crate::providers::Forged;

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such payment, or it is somebody else's.
    #[error("there is no such payment")]
    NoSuchPayment,
    /// There is no such order, or it is somebody else's.
    #[error("there is no such order")]
    NoSuchOrder,
    /// There is no such top-up, or it is somebody else's.
    #[error("there is no such top-up")]
    NoSuchTopUp,
    /// There is no such payout, or it is somebody else's.
    #[error("there is no such payout")]
    NoSuchPayout,
    /// The order or the top-up says something else.
    #[error("the amount and the currency are those of what is paid: {0}")]
    AmountMismatch(contracts::Money),
    /// A field is wrong.
    #[error("`{0}` {1}")]
    Field(&'static str, &'static str),
    /// The order, invoice or top-up has a payment on other terms.
    #[error("there is another payment for it, on other terms")]
    OtherPayment,
    /// Fraud detection does not want it.
    #[error("this may not be paid for")]
    Blocked,
    /// Nothing is wrong with it, or somebody has looked already.
    #[error("there is nothing to look at")]
    NothingToReview,
    /// The money has arrived, or is still with us.
    #[error("this payout is over")]
    PayoutOver,
    /// The order came to nothing.
    #[error("the order was cancelled")]
    OrderCancelled,
    /// It is over.
    #[error("this payment cannot be paid any more")]
    NotPayable,
    /// There is nothing to capture, or not so much.
    #[error("there is not so much to capture")]
    NotCapturable,
    /// There is not so much to give back.
    #[error("there is not so much to give back")]
    MoreThanCaptured,
    /// People take the money by hand, or a provider does; this is the other one.
    #[error("{0}")]
    OtherHands(&'static str),
    /// The provider has not answered yet.
    #[error("the payment is being prepared; ask again")]
    NotReady,
    /// The message is not the provider's.
    #[error(transparent)]
    Forged(#[from] Forged),
    /// The refunds do not add up.
    #[error(transparent)]
    Unbalanced(#[from] Unbalanced),
    /// A secret could not be sealed or opened.
    #[error("a secret could not be sealed or opened")]
    Seal(#[from] SealError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let unprocessable =
            |code, error: &Error| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string());
        match error {
            Error::NoSuchPayment => Self::not_found("payment"),
            Error::NoSuchOrder => Self::not_found("order"),
            Error::NoSuchTopUp => Self::not_found("top-up"),
            Error::NoSuchPayout => Self::not_found("payout"),
            Error::AmountMismatch(_) => unprocessable("amount_mismatch", &error),
            Error::MoreThanCaptured => unprocessable("more_than_captured", &error),
            Error::Field(field, message) => Self::field(field, message),
            Error::OtherPayment => Self::conflict("other_payment", error.to_string()),
            Error::Blocked => Self::conflict("blocked", error.to_string()),
            Error::NothingToReview => Self::conflict("nothing_to_review", error.to_string()),
            Error::PayoutOver => Self::conflict("payout_over", error.to_string()),
            Error::OrderCancelled => Self::conflict("order_cancelled", error.to_string()),
            Error::NotPayable => Self::conflict("not_payable", error.to_string()),
            Error::NotCapturable => Self::conflict("not_capturable", error.to_string()),
            Error::OtherHands(_) => Self::conflict("other_hands", error.to_string()),
            Error::NotReady => {
                Self::unavailable("payment_not_ready", error.to_string(), Duration::from_secs(1))
            }
            Error::Forged(forged) => {
                let code = match forged {
                    Forged::Missing => "missing_signature",
                    Forged::Wrong => "bad_signature",
                    Forged::Stale => "stale_signature",
                };
                Self::new(StatusCode::BAD_REQUEST, code, forged.to_string())
            }
            Error::Unbalanced(_) | Error::Seal(_) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}
