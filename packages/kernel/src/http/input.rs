//! Input, parsed at the door: a malformed id never reaches a query, an unknown field is never ignored.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, RawPathParams, Request};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::edge::Facts;
use super::problem::{FieldError, Problem};
use crate::auth::Caller;

/// A JSON body.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// The query string.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

/// The parameters of the path.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let facts = Facts::of(request.extensions())?;
        let Some(body) = &facts.body else {
            let message = "the body must be JSON, with `content-type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message));
        };
        if holds_key(body) || holds(body, PROJECT_FIELD) {
            // Only where a caller of a project has been compared with it is the name of the project taken away.
            let compared =
                request.extensions().get::<Arc<Caller>>().is_some_and(|caller| caller.project().is_some());
            return Self::without_ours(body, compared);
        }
        // To keep track of the path costs more than the reading: it is found out where something is wrong. And all of the
        // text is looked at faster at once than word by word.
        if let Some(value) = std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str(text).ok()) {
            return Ok(Self(value));
        }
        let mut json = serde_json::Deserializer::from_slice(body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| bad_body(body, &error))?;
        json.end().map_err(|error| malformed(&error))?;
        Ok(Self(value))
    }
}

/// A body that may be left out.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// The idempotency key and the project are the kernel's business: what handlers take does not have them.
    fn without_ours(body: &[u8], project_compared: bool) -> Result<Self, Problem> {
        let mut value: serde_json::Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
        if let Some(object) = value.as_object_mut() {
            object.remove(KEY_FIELD);
            if project_compared {
                object.remove(PROJECT_FIELD);
            }
        }
        serde_path_to_error::deserialize(value).map(Self).map_err(|error| bad_body(body, &error))
    }
}

/// The field of a body that may name the project.
const PROJECT_FIELD: &str = "project_id";
/// The field of a body that may hold the idempotency key.
pub(super) const KEY_FIELD: &str = "idempotency_key";

/// Whether a body names it somewhere. Most do not; looking is cheaper than parsing twice.
pub(super) fn holds_key(body: &[u8]) -> bool {
    holds(body, KEY_FIELD)
}

fn holds(body: &[u8], field: &str) -> bool {
    let is_whole = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| body.get(at));
        before == Some(&b'"') && body.get(at + field.len()) == Some(&b'"')
    };
    memchr::memmem::find_iter(body, field).any(is_whole)
}

/// The project that a body names at its top.
pub(super) fn project_in_body(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        project_id: Option<serde_json::Value>,
    }
    if !holds(body, PROJECT_FIELD) {
        return None;
    }
    // What is no JSON object is told when the body is read.
    let named = serde_json::from_slice::<Named>(body).ok()?.project_id?;
    Some(named.as_str().map_or_else(|| named.to_string(), str::to_owned))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", format!("the body is not JSON: {error}"))
}

fn is_json(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

fn bad_body(body: &[u8], error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_json::error::Category;
    match error.inner().classify() {
        // A number where one of several words belongs is told as a mistake of syntax, in JSON that has none.
        Category::Syntax | Category::Eof | Category::Io if !is_json(body) => malformed(error.inner()),
        _ => {
            let text = error.inner().to_string();
            let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            let path = error.path().to_string();
            // A missing or unknown field is told under the object it should be in; name it itself.
            let named = message
                .split('`')
                .nth(1)
                .filter(|_| message.starts_with("missing field") || message.starts_with("unknown field"));
            let field = match (path.as_str(), named) {
                (".", Some(name)) => name.to_owned(),
                (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
                (".", None) => "body".to_owned(),
                (path, _) => path.to_owned(),
            };
            Problem::invalid(vec![FieldError { field, message: format!("is wrong: {message}") }])
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(bad_part("query", "holds a NUL character"));
        }
        let parsed = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        parsed.map(|query| Self(query.0)).map_err(|rejection| {
            let text = std::error::Error::source(&rejection)
                .map_or_else(|| rejection.to_string(), ToString::to_string);
            let (field, message) = match text.split_once(": ") {
                Some((field, message)) if !field.contains(' ') => (field.to_owned(), message.to_owned()),
                _ => (text.split('`').nth(1).unwrap_or("query").to_owned(), text.clone()),
            };
            bad_part(&field, &format!("is wrong: {message}"))
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(rejection) => {
                let names = RawPathParams::from_request_parts(parts, state).await;
                let field = names.ok().and_then(|names| names.iter().next().map(|(name, _)| name.to_owned()));
                Err(bad_part(
                    &field.unwrap_or_else(|| "path".to_owned()),
                    &format!("is wrong: {}", rejection.body_text()),
                ))
            }
        }
    }
}

fn bad_part(field: &str, message: &str) -> Problem {
    Problem::field(field, message).told_as(StatusCode::BAD_REQUEST)
}

/// Whether a request says that its body is JSON.
pub(super) fn says_json(headers: &http::HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
        || (kind.len() > 5
            && kind.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("application/"))
            && kind.ends_with("+json"))
}
