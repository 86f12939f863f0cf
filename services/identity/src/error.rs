//! Why identity does not do what it was asked, and what its callers hear then.

use std::time::Duration;

use http::StatusCode;
use kernel::http::Problem;
use kernel::secrets::SealError;
use kernel::store::StoreError;

use crate::domain::kyc::BadMove;
use crate::domain::project::BadSetting;
use crate::domain::role::Fixed;

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// Address, password or code are wrong; which, nobody is told.
    #[error("that is not right")]
    NotRight,
    /// Too many tries.
    #[error("too many tries; wait a little")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A cookie came without the proof that a page of ours sent it.
    #[error("the request does not come from our own page")]
    NotOurPage,
    /// The session or the refresh token is over.
    #[error("sign in again")]
    SignInAgain,
    /// All hashing threads are busy and the queue is full.
    #[error("too many people sign in at this moment")]
    Crowded {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A field is wrong.
    #[error("{message}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A name is taken already.
    #[error("{0}")]
    Taken(&'static str),
    /// The state of things does not allow it.
    #[error("{message}")]
    NotNow {
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        message: &'static str,
    },
    /// Nobody gives away more than they have.
    #[error("you cannot grant `{0}`, which you do not have yourself")]
    MoreThanYours(String),
    /// The caller may not do that.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Something could not be sealed or opened.
    #[error("something could not be sealed or opened")]
    Seal(#[from] SealError),
    /// A document could not be written as JSON.
    #[error("a document could not be written")]
    Json(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// A field is wrong.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Field { field, message: message.into() }
    }
}

impl From<BadSetting> for Error {
    fn from(bad: BadSetting) -> Self {
        Self::field(bad.field, bad.message)
    }
}

impl From<Fixed> for Error {
    fn from(fixed: Fixed) -> Self {
        match fixed {
            Fixed::BuiltIn => Self::NotNow {
                code: "role_built_in",
                message: "a role that came with the blueprint is neither renamed nor deleted",
            },
            Fixed::Admin => Self::NotNow {
                code: "role_fixed",
                message: "the role ADMIN grants everything, and that cannot be changed",
            },
        }
    }
}

impl From<BadMove> for Error {
    fn from(bad: BadMove) -> Self {
        match bad {
            BadMove::Waiting => {
                Self::NotNow { code: "case_waiting", message: "a case of yours waits for its look already" }
            }
            BadMove::Proven => Self::NotNow { code: "already_proven", message: "that is proven already" },
            BadMove::Decided => {
                Self::NotNow { code: "already_decided", message: "the case has been decided already" }
            }
            BadMove::OwnCase => Self::Forbidden("nobody decides on their own case"),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NoSuch(what) => Self::not_found(what),
            Error::NotRight => Self::new(StatusCode::UNAUTHORIZED, "not_right", text),
            Error::NotOurPage => Self::new(StatusCode::FORBIDDEN, "csrf", text),
            Error::SignInAgain => Self::new(StatusCode::UNAUTHORIZED, "sign_in_again", text),
            Error::TooMany { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", text).after(retry_after)
            }
            Error::Crowded { retry_after } => Self::unavailable("crowded", text, retry_after),
            Error::Field { field, message } => Self::field(field, message),
            Error::Taken(_) => Self::conflict("taken", text),
            Error::NotNow { code, .. } => Self::conflict(code, text),
            Error::MoreThanYours(_) | Error::Forbidden(_) => Self::forbidden(text),
            Error::Seal(_) | Error::Json(_) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}
