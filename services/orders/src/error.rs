//! Why orders does not do what it was asked, and what its callers hear then.

use contracts::{Money, MoneyError};
use kernel::http::Problem;
use kernel::secrets::SealError;
use kernel::store::StoreError;
use serde_json::{Value, json};

use crate::domain::{BadMove, Refusal};

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such {0}")]
    Absent(&'static str),
    /// What is wished for does not become an order.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It costs something else today than the caller has seen.
    #[error("it costs {0} today")]
    PriceChanged(Money),
    /// A cart became an order, and stays as it is.
    #[error("the cart has become an order")]
    CartPlaced,
    /// A cart has as many lines as it may.
    #[error("a cart has at most 100 lines")]
    CartFull,
    /// A line of a cart would hold too many.
    #[error("a cart holds at most 99 of one variant")]
    TooManyOfOne,
    /// The order stands where this cannot be done.
    #[error(transparent)]
    BadMove(#[from] BadMove),
    /// More is asked back than is left.
    #[error("{0} can be sent back at most")]
    RefundTooLarge(Money),
    /// A sum is beyond what can be kept.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// There is no randomness to make a cart's id of.
    #[error("an id could not be made")]
    Randomness(#[from] SealError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Absent(what) => Self::not_found(what),
            Error::Refused(refusal) => refused(refusal, message),
            Error::PriceChanged(total) => {
                Self::conflict("price_changed", message).with_details(json!({ "total": amount(total) }))
            }
            Error::CartPlaced => Self::conflict("cart_placed", message),
            Error::CartFull => Self::conflict("cart_full", message),
            Error::TooManyOfOne => Self::conflict("too_many_of_one", message),
            Error::BadMove(BadMove { status, allowed }) => Self::conflict("wrong_state", message)
                .with_details(json!({ "status": status, "allowed": allowed })),
            Error::RefundTooLarge(left) => {
                Self::conflict("refund_too_large", message).with_details(json!({ "left": amount(left) }))
            }
            Error::Amount(_) => Self::conflict("amount_too_large", message),
            Error::Randomness(error) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}

fn refused(refusal: Refusal, message: String) -> Problem {
    match refusal {
        Refusal::Empty => Problem::conflict("cart_empty", message),
        Refusal::NotForSale(variants) => {
            Problem::conflict("not_for_sale", message).with_details(json!({ "variant_ids": variants }))
        }
        Refusal::NotEnough(lines) => {
            Problem::conflict("not_enough_stock", message).with_details(json!({ "lines": lines }))
        }
        Refusal::NothingToPay => Problem::conflict("nothing_to_pay", message),
        Refusal::Amount(_) => Problem::conflict("amount_too_large", message),
    }
}

fn amount(money: Money) -> Value {
    json!({ "amount": money.minor(), "currency": money.currency() })
}
