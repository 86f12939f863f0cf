//! What a caller hears when something is not done: `{"code", "message", "details", "correlation_id"}`.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::auth::{BadToken, Denied};
use crate::store::{BadPage, StoreError};

/// An answer that is not the one asked for. `code` is stable; the message may change.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Option<Value>,
    pub(super) retry_after: Option<Duration>,
    /// For our log only: the whole chain of what went wrong inside.
    pub(super) cause: Option<String>,
}

/// The error envelope as it travels.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(title = "Problem", example = json!({"code": "not_found", "message": "there is no such record",
    "details": {}, "correlation_id": "5f0c7a9de1b24c06"}))]
pub struct ProblemBody {
    /// Stable, for programs.
    pub code: String,
    /// A sentence, for people.
    pub message: String,
    /// What is known beyond it, for example the fields that are wrong.
    pub details: Value,
    /// Name it when you ask us.
    pub correlation_id: String,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: `lines[0].price`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Problem {
    /// A problem of this status.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None, retry_after: None, cause: None }
    }

    /// It is not there, or not the caller's: nobody can tell which.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// The caller may not do that.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// The state of things does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The input was read, and these fields of it are wrong.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [one] => format!("`{}` {}", one.field, one.message),
            _ => format!("{} fields are wrong", fields.len()),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", message)
            .with_details(json!({ "fields": fields }))
    }

    /// One field is wrong.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// Trouble inside: a fixed text for the caller, the chain for our log.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        let mut problem =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side");
        problem.cause = Some(chain(cause));
        problem
    }

    /// Not now, perhaps later.
    pub fn unavailable(code: &'static str, message: impl Into<String>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message) }
    }

    /// The same, to be tried again after a while.
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The same with more details.
    pub fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// The same, told as this status.
    pub(super) fn told_as(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The status that goes with it.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What went wrong inside, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    pub(super) fn body(&self, correlation_id: &str) -> ProblemBody {
        ProblemBody {
            code: self.code.to_owned(),
            message: self.message.clone(),
            details: self.details.clone().unwrap_or_else(|| json!({})),
            correlation_id: correlation_id.to_owned(),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += ": ";
        text += &cause.to_string();
        source = cause.source();
    }
    text
}

/// The edge writes the envelope, since it knows the correlation id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy { retry_after } => Self::unavailable("busy", error.to_string(), *retry_after),
            StoreError::Conflict => Self::conflict("conflict", error.to_string()),
            StoreError::Constraint { .. } => {
                let told = Self::conflict("conflict", "it contradicts what is stored already");
                Self { cause: Some(chain(&error)), ..told }
            }
            StoreError::Missing => Self::not_found("thing"),
            StoreError::Unavailable(_) => {
                let told = Self::unavailable("unavailable", error.to_string(), Duration::from_secs(5));
                Self { cause: Some(chain(&error)), ..told }
            }
            StoreError::Unknown => {
                Self::unavailable("outcome_unknown", error.to_string(), Duration::from_secs(1))
            }
            StoreError::Scope(_) | StoreError::Row(_) | StoreError::Panicked | StoreError::Sql(_) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            // What belongs to somebody else is not there.
            Denied::NotYours => Self::not_found("thing"),
            Denied::Permission(_) | Denied::NoProject | Denied::NotOperator | Denied::NotAUser => {
                Self::forbidden(denied.to_string())
            }
        }
    }
}

impl From<BadToken> for Problem {
    fn from(bad: BadToken) -> Self {
        match bad {
            BadToken::KeysUnavailable => {
                Self::unavailable("unavailable", bad.to_string(), Duration::from_secs(1))
            }
            _ => Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", bad.to_string()),
        }
    }
}

impl From<BadPage> for Problem {
    fn from(bad: BadPage) -> Self {
        let field = match bad {
            BadPage::Cursor => "cursor",
            BadPage::Limit => "limit",
        };
        Self::field(field, bad.to_string()).told_as(StatusCode::BAD_REQUEST)
    }
}
