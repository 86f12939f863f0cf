//! Why notifications does not do what it was asked, and what its callers hear then.

use std::time::Duration;

use http::StatusCode;
use kernel::http::Problem;
use kernel::secrets::SealError;
use kernel::store::StoreError;

use crate::domain::template::Misfit;

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// Something of the input does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Another template of the project has this name.
    #[error("another template has this name")]
    NameTaken,
    /// Another endpoint of the project has this address.
    #[error("another endpoint has this address")]
    UrlTaken,
    /// The project has as many as it may have.
    #[error("the project has as many {0} as it may have")]
    TooMany(&'static str),
    /// The version was published before, or another one took its place.
    #[error("only a draft is published")]
    NotADraft,
    /// The key was used for something else.
    #[error("this idempotency key was used for another notification")]
    KeyReused,
    /// So much was said lately.
    #[error("too many notifications to this recipient or of this project; try again in {} s", retry_after.as_secs())]
    TooOften {
        /// When there is room again.
        retry_after: Duration,
    },
    /// Content could not be sealed or opened.
    #[error("content could not be sealed or opened")]
    Seal(#[from] SealError),
    /// A document could not be written or read as JSON.
    #[error("a document could not be written or read")]
    Json(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuch(what) => Self::not_found(what),
            Error::Misfit(Misfit { field, why }) => Self::field(&field, why),
            Error::NameTaken => Self::conflict("name_taken", error.to_string()),
            Error::UrlTaken => Self::conflict("url_taken", error.to_string()),
            Error::TooMany(_) => Self::conflict("too_many", error.to_string()),
            Error::NotADraft => Self::conflict("not_a_draft", error.to_string()),
            Error::KeyReused => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", error.to_string())
            }
            Error::TooOften { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", error.to_string())
                    .after(retry_after)
            }
            Error::Seal(_) | Error::Json(_) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}
