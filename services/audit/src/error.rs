//! Why audit does not do what it was asked, and what its callers hear then.

use kernel::http::Problem;
use kernel::secrets::SealError;
use kernel::store::StoreError;

use crate::domain::NotABlock;

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such record, or it is somebody else's.
    #[error("there is no such record")]
    NoSuchRecord,
    /// A proof was asked for too early.
    #[error("the record is not sealed yet; that takes a few seconds")]
    NotSealedYet,
    /// A caller spoke for somebody else.
    #[error("only services may say what somebody else did")]
    NotTheActor,
    /// A caller speaks under the name that the audit trail's own records are written with.
    #[error("nobody but the audit service itself speaks as `audit`")]
    NotUs,
    /// Something is said to have happened in the future.
    #[error("is later than now")]
    NotYetHappened,
    /// Details could not be sealed or opened.
    #[error("details could not be sealed or opened")]
    Seal(#[from] SealError),
    /// A block would break the chain.
    #[error("the chain cannot go on here")]
    Chain(#[from] NotABlock),
    /// A document could not be written as JSON.
    #[error("a document could not be written")]
    Json(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchRecord => Self::not_found("record"),
            Error::NotSealedYet => Self::conflict("not_sealed_yet", error.to_string()),
            Error::NotTheActor | Error::NotUs => Self::forbidden(error.to_string()),
            Error::NotYetHappened => Self::field("occurred_at", error.to_string()),
            Error::Seal(_) | Error::Chain(_) | Error::Json(_) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}
