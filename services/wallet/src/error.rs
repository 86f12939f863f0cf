//! Why wallet does not do what it was asked, and what its callers hear then.

use contracts::{BadText, MoneyError};
use kernel::http::Problem;
use kernel::secrets::SealError;
use kernel::store::StoreError;
use serde_json::json;

use crate::domain::{Answered, BadMove, Exceeded, OutOfRange, TooLate};

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such {0}")]
    Absent(&'static str),
    /// The person has an account in this currency.
    #[error("there is an account in this currency already")]
    AccountExists,
    /// Nothing leaves the account.
    #[error("the account is frozen")]
    Frozen,
    /// Nothing reaches whoever is to be paid.
    #[error("the payee cannot be paid at the moment")]
    PayeeUnavailable,
    /// The accounts have other currencies.
    #[error("the accounts are not in this currency")]
    WrongCurrency,
    /// It would pay the account that it comes from.
    #[error("an account cannot pay itself")]
    SameAccount,
    /// It is more than the account may send.
    #[error(transparent)]
    Limit(#[from] Exceeded),
    /// A top-up is to be of another amount.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// The payment stands where this cannot be done.
    #[error(transparent)]
    BadMove(#[from] BadMove),
    /// The withdrawal is over.
    #[error(transparent)]
    TooLate(#[from] TooLate),
    /// The request has been answered.
    #[error(transparent)]
    Answered(#[from] Answered),
    /// More is to go back than is left.
    #[error("more is to go back than is left of the payment")]
    RefundTooLarge {
        /// What is left, in minor units.
        left: i64,
    },
    /// A schedule would begin before now, or end before it begins.
    #[error("a schedule begins later than now and ends after it begins")]
    NoSuchTime,
    /// A statement has too many lines.
    #[error("the statement has too many lines; ask for fewer days")]
    TooLong,
    /// A sum is beyond what can be kept.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// A destination could not be sealed or opened.
    #[error("a destination could not be sealed or opened")]
    Seal(#[from] SealError),
    /// A sealed destination holds something else.
    #[error(transparent)]
    Text(#[from] BadText),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Absent(what) => Self::not_found(what),
            Error::AccountExists => Self::conflict("account_exists", message),
            Error::Frozen => Self::conflict("account_frozen", message),
            Error::PayeeUnavailable => Self::conflict("payee_unavailable", message),
            Error::WrongCurrency => Self::conflict("wrong_currency", message),
            Error::SameAccount => Self::conflict("same_account", message),
            Error::Limit(Exceeded { period, left }) => Self::conflict("limit_exceeded", message)
                .with_details(json!({ "period": period, "left": left })),
            Error::OutOfRange(OutOfRange { min, max }) => {
                Self::conflict("amount_out_of_range", message).with_details(json!({ "min": min, "max": max }))
            }
            Error::BadMove(BadMove(status)) => {
                Self::conflict("wrong_state", message).with_details(json!({ "status": status }))
            }
            Error::TooLate(TooLate(status)) => {
                Self::conflict("wrong_state", message).with_details(json!({ "status": status }))
            }
            Error::Answered(Answered(state)) => {
                Self::conflict("wrong_state", message).with_details(json!({ "state": state }))
            }
            Error::RefundTooLarge { left } => {
                Self::conflict("refund_too_large", message).with_details(json!({ "left": left }))
            }
            Error::NoSuchTime => Self::conflict("no_such_time", message),
            Error::TooLong => Self::conflict("too_long", message),
            Error::Amount(_) => Self::conflict("amount_too_large", message),
            Error::Seal(_) | Error::Text(_) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}
