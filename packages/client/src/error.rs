//! What can go wrong with a call, as the caller needs to tell it apart.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde::Deserialize;

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API answered with an error.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// No connection, or it broke before the answer was whole; retries were made.
    #[error("the API cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer in the time given; a write may have been accepted, and is found out by its idempotency key.
    #[error("the API did not answer in time")]
    TimedOut,
    /// A good answer that is not of the type asked for.
    #[error("the answer is not what was expected")]
    Unreadable(#[source] serde_json::Error),
    /// The answer is larger than is read.
    #[error("the answer is too large")]
    TooLarge,
    /// The call could not be put into a request.
    #[error("{0}")]
    BadRequest(&'static str),
}

/// An error as the API tells it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The status of the answer.
    pub status: StatusCode,
    /// The stable name of the error; empty when something other than the API answered.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// What exactly was wrong, by field.
    pub details: serde_json::Value,
    /// What to quote when asking for help.
    pub correlation_id: String,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Envelope {
    code: String,
    message: String,
    details: serde_json::Value,
    correlation_id: String,
}

impl ApiError {
    pub(crate) fn read(answer: &Response<Bytes>) -> Self {
        let status = answer.status();
        let envelope: Envelope = serde_json::from_slice(answer.body()).unwrap_or_default();
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let message = if envelope.message.is_empty() { status.to_string() } else { envelope.message };
        Self {
            status,
            code: envelope.code,
            message,
            details: envelope.details,
            correlation_id: envelope.correlation_id,
            retry_after: asked.map(Duration::from_secs),
        }
    }
}

impl Error {
    /// The API's own error, if it was one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::Unreadable(_)
            | Self::TooLarge
            | Self::BadRequest(_) => None,
        }
    }

    /// The least wait before another attempt, or none if one is pointless.
    pub(crate) fn worth_retrying_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable(_) => Some(Duration::ZERO),
            Self::Api(error) => match error.status.as_u16() {
                429 | 502 | 503 | 504 => Some(error.retry_after.unwrap_or_default()),
                // With a wait: an earlier attempt of this very call is still at work.
                409 => error.retry_after,
                _ => None,
            },
            Self::TimedOut | Self::Unreadable(_) | Self::TooLarge | Self::BadRequest(_) => None,
        }
    }
}
