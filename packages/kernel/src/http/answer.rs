//! What a handler answers with.

use std::marker::PhantomData;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// What every handler returns.
pub type Answer<T> = Result<Reply<T>, Problem>;

/// A good answer: JSON of `T` with a status.
#[derive(Debug)]
pub struct Reply<T> {
    status: StatusCode,
    json: String,
    replayed: bool,
    version: Option<u64>,
    headers: HeaderMap,
    kind: PhantomData<fn() -> T>,
}

/// What a transaction answered, now or when the same key was used before.
#[derive(Debug)]
pub struct Written<T> {
    pub(super) json: String,
    pub(super) replayed: bool,
    pub(super) kind: PhantomData<fn() -> T>,
}

/// Gives what a command or query returned a status.
pub trait Answering<T> {
    /// 200.
    fn answered(self) -> Answer<T>;
    /// 201: a thing was made.
    fn created(self) -> Answer<T>;
    /// 202: it will be done.
    fn accepted(self) -> Answer<T>;
}

impl<T> Reply<T> {
    /// The same with an `ETag` of the row's version, to be sent back as `If-Match`.
    pub fn versioned(self, version: u64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The same with an `ETag` of the `version` that the answer tells; so an answer that is given again has its own.
    pub fn versioned_as_told(self) -> Self {
        #[derive(Deserialize)]
        struct Told {
            version: u64,
        }
        let told = serde_json::from_str::<Told>(&self.json).ok();
        Self { version: told.map(|told| told.version), ..self }
    }

    /// The same with a cookie to be kept.
    pub fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.headers.append(header::SET_COOKIE, cookie);
        self
    }

    /// The same, to be kept by caches for a while.
    pub fn cached(mut self, control: HeaderValue) -> Self {
        self.headers.insert(header::CACHE_CONTROL, control);
        self
    }
}

fn reply<T>(written: Result<Written<T>, Problem>, status: StatusCode) -> Answer<T> {
    let Written { json, replayed, kind } = written?;
    Ok(Reply { status, json, replayed, version: None, headers: HeaderMap::new(), kind })
}

impl<T> Answering<T> for Result<Written<T>, Problem> {
    fn answered(self) -> Answer<T> {
        reply(self, StatusCode::OK)
    }
    fn created(self) -> Answer<T> {
        reply(self, StatusCode::CREATED)
    }
    fn accepted(self) -> Answer<T> {
        reply(self, StatusCode::ACCEPTED)
    }
}

impl<T: Serialize> Answering<T> for Result<T, Problem> {
    fn answered(self) -> Answer<T> {
        self.and_then(|value| Written::fresh(&value)).answered()
    }
    fn created(self) -> Answer<T> {
        self.and_then(|value| Written::fresh(&value)).created()
    }
    fn accepted(self) -> Answer<T> {
        self.and_then(|value| Written::fresh(&value)).accepted()
    }
}

impl<T> Written<T> {
    pub(super) fn fresh(value: &T) -> Result<Self, Problem>
    where
        T: Serialize,
    {
        let json = serde_json::to_string(value).map_err(|error| Problem::internal(&error))?;
        Ok(Self { json, replayed: false, kind: PhantomData })
    }
}

impl<T> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status, json, Bytes::from(self.json)).into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers);
        if self.replayed {
            headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        if let Some(version) = self.version
            && let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}
