//! Why the registry does not do what it was asked, and what its callers hear then.

use kernel::http::{FieldError, Problem};
use kernel::secrets::SealError;
use kernel::store::StoreError;

use crate::domain::{BadText, Wrong};

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No service is called so.
    #[error("there is no such service")]
    NoSuchService,
    /// There never was such a revision, or it has been forgotten.
    #[error("there is no such revision")]
    NoSuchRevision,
    /// No instance is called so.
    #[error("there is no such instance")]
    NoSuchInstance,
    /// Settings that cannot be so.
    #[error("settings that cannot be so")]
    Refused(Vec<Wrong>),
    /// The registry's own environment has a name that nothing can be kept under.
    #[error("the setting `environment` of the registry itself: {0}")]
    OwnEnvironment(#[from] BadText),
    /// A secret value could not be sealed or opened.
    #[error("a secret value could not be sealed or opened")]
    Seal(#[from] SealError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchService => Self::not_found("service"),
            Error::NoSuchRevision => Self::not_found("revision"),
            Error::NoSuchInstance => Self::not_found("instance"),
            Error::Refused(wrong) => Self::invalid(wrong.into_iter().map(field).collect()),
            Error::OwnEnvironment(_) | Error::Seal(_) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}

fn field(Wrong { key, why }: Wrong) -> FieldError {
    FieldError { field: format!("values.{key}"), message: why }
}
