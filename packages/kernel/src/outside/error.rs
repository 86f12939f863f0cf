//! Why there is no answer, and whether the call may have been accepted all the same.
//!
//! An answer with a bad status is not here: it is an answer.

use std::error::Error;
use std::time::Duration;

use super::Forbidden;
use crate::limits::{Full, Open, Refused};

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The other side has certainly not accepted the call; making it again is safe.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The other side may have accepted the call; find out before making it again.
    #[error(transparent)]
    Unknown(#[from] Unknown),
}

/// Why a call never left, or reached nobody.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The URL has no scheme and host.
    #[error("the URL is not absolute")]
    BadUrl,
    /// A user-given URL leads where it may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The breaker is open.
    #[error(transparent)]
    Open(#[from] Open),
    /// Too many calls are in flight already.
    #[error(transparent)]
    Full(#[from] Full),
    /// Our own rate for this provider is spent.
    #[error(transparent)]
    Limited(#[from] Refused),
    /// No connection: name, refusal, TLS, or out of time before there was one.
    #[error("the other side cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}

/// Why an answer is missing although the call may have arrived.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// No whole answer in time.
    #[error("no answer came in time")]
    TimedOut,
    /// The connection broke, or what came over it was not HTTP.
    #[error("the connection broke before the answer was whole")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The answer is larger than we read.
    #[error("the answer is too large")]
    TooLarge,
}

impl CallError {
    /// When it is worth trying again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotSent(NotSent::Open(open)) => Some(open.retry_after),
            Self::NotSent(NotSent::Limited(refused)) => Some(refused.retry_after),
            Self::NotSent(_) | Self::Unknown(_) => None,
        }
    }
}
