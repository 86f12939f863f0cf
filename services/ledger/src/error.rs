//! Why the ledger does not do what it was asked, and what its callers hear then.

use std::time::Duration;

use contracts::TransactionId;
use kernel::http::Problem;
use kernel::store::StoreError;
use serde_json::json;

use crate::domain::{Broken, LedgerResult, NotReversible};

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing in this project.
    #[error("there is no such {0}")]
    Absent(&'static str),
    /// Another account has the address.
    #[error("another account has this address")]
    AddressTaken,
    /// The address is the project's own, or a wallet's.
    #[error("accounts of this name are opened by the platform itself")]
    AddressKept,
    /// Another transaction has the reference.
    #[error("another transaction has this reference")]
    ReferenceTaken,
    /// A transfer was refused.
    #[error("leg {leg} was refused: {}", result.as_str())]
    Refused {
        /// Which of several, from 0.
        leg: usize,
        /// Why.
        result: LedgerResult,
    },
    /// A transaction cannot be taken back so.
    #[error(transparent)]
    NotReversible(#[from] NotReversible),
    /// What is named is a leg of a transaction, which is taken back as a whole.
    #[error("this is a leg of the transaction {0}; take that one back")]
    LegOf(TransactionId),
    /// No entry was made since the last period was sealed.
    #[error("nothing has happened since the last period was sealed")]
    NothingToSeal,
    /// The sums were found wrong; nothing is taken until a person has looked.
    #[error("the ledger has stopped: {0}")]
    Stopped(String),
    /// The question was asked of a snapshot that is older than what is known; it is asked again.
    #[error("the ledger has moved on; ask again")]
    Behind,
    /// The sums of this very batch are wrong.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Absent(what) => Self::not_found(what),
            Error::AddressTaken => Self::conflict("address_taken", message),
            Error::AddressKept => Self::conflict("address_kept", message),
            Error::ReferenceTaken => Self::conflict("reference_taken", message),
            Error::Refused { leg, result } => {
                Self::conflict(result.as_str(), message).with_details(json!({ "leg": leg }))
            }
            Error::NotReversible(NotReversible::NothingMoved) => Self::conflict("nothing_moved", message),
            Error::NotReversible(NotReversible::OfSomethingElse) => {
                Self::conflict("of_something_else", message)
            }
            Error::NotReversible(NotReversible::AlreadyReversed) => {
                Self::conflict("already_reversed", message)
            }
            Error::NotReversible(NotReversible::OnlyWhole) => Self::conflict("only_whole", message),
            Error::NotReversible(NotReversible::Exceeds(left)) => {
                Self::conflict("exceeds_remainder", message).with_details(json!({ "left": left }))
            }
            Error::LegOf(transaction) => Self::conflict("leg_of_transaction", message)
                .with_details(json!({ "transaction_id": transaction })),
            Error::NothingToSeal => Self::conflict("nothing_to_seal", message),
            Error::Stopped(_) => {
                let told = "the ledger has found its sums wrong and takes nothing until a person has looked";
                Self::unavailable("ledger_stopped", told, RETRY_AFTER)
            }
            Error::Behind => Self::conflict("conflict", message),
            Error::Broken(broken) => Self::internal(&broken),
            Error::Store(error) => error.into(),
        }
    }
}

const RETRY_AFTER: Duration = Duration::from_secs(60);
