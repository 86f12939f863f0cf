//! What browsers are told about pages of other origins.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::domain::origin;
use crate::known::{Known, Project};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, x-api-key, x-csrf-token, x-correlation-id, idempotency-key, if-match, \
     if-none-match, traceparent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, idempotency-replayed, ratelimit, ratelimit-policy, retry-after, x-correlation-id",
);
/// Browsers may keep the answer for ten minutes.
const KEPT_S: HeaderValue = HeaderValue::from_static("600");

/// The answer to a browser that asks whether a page may call, if this is such a question.
pub fn preflight(
    method: &Method,
    headers: &HeaderMap,
    origins: &[String],
    known: &Known,
) -> Option<Response<axum::body::Body>> {
    if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let origin = headers.get(header::ORIGIN)?;
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allowed = origin.to_str().is_ok_and(|text| {
        origin::allowed(text, origins.iter().map(String::as_str)) || known.some_project_allows(text)
    });
    if allowed {
        let answer = response.headers_mut();
        allow(answer, origin.clone());
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, KEPT_S);
    }
    Some(response)
}

/// Lets the page that sent a request read the answer, where its origin may. Nobody in particular may be asked for
/// from the pages of any project.
pub fn admit_page(
    sent_from: Option<&HeaderValue>,
    origins: &[String],
    project: Option<&Project>,
    known: &Known,
    answer: &mut HeaderMap,
) {
    let Some(origin) = sent_from else { return };
    // Whoever keeps the answer must not hand it to a page of another origin.
    answer.append(header::VARY, HeaderValue::from_static("origin"));
    let Ok(text) = origin.to_str() else { return };
    let allowed = origin::allowed(text, origins.iter().map(String::as_str))
        || match project {
            Some(project) => origin::allowed(text, project.facts.cors_origins.iter().map(String::as_str)),
            None => known.some_project_allows(text),
        };
    if allowed {
        allow(answer, origin.clone());
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

fn allow(answer: &mut HeaderMap, origin: HeaderValue) {
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
}
