//! The typed client of the public API: its transport.
//!
//! It signs, sends, retries what is safe, follows pages and reads the error envelope. It knows no resource; the
//! types of those stand beside their callers.

mod error;
mod pages;
#[cfg(test)]
mod tests;
mod wire;

pub use error::{ApiError, Error};
pub use pages::{Pages, encoded};

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::Service;

use crate::wire::Wire;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TIMEOUT: Duration = Duration::from_secs(30);
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);
const ATTEMPTS_MAX: u32 = 4;
const WAIT_BASE: Duration = Duration::from_millis(100);
const WAIT_CAP: Duration = Duration::from_secs(3);

/// A way to the API; clones share its connections and may be signed differently.
#[derive(Debug, Clone)]
pub struct Client {
    wire: Wire,
    base: String,
    headers: HeaderMap,
    timeout: Duration,
}

impl Client {
    /// A client of the API at this URL, such as `http://127.0.0.1:8000`.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        let base = base_url.trim_end_matches('/').to_owned();
        let url: Uri = base.parse().map_err(|_| Error::BadRequest("the base URL cannot be read"))?;
        if !matches!(url.scheme_str(), Some("http" | "https"))
            || url.host().is_none()
            || url.query().is_some()
        {
            return Err(Error::BadRequest("the base URL must be http:// or https:// and name a host"));
        }
        Ok(Self { wire: Wire::network()?, base, headers: HeaderMap::new(), timeout: TIMEOUT })
    }

    /// A client of the API that this service answers, in this process and without a network.
    pub fn inside<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<wire::Cause>,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<wire::Cause>,
    {
        let base = String::new();
        Self { wire: Wire::inside(service), base, headers: HeaderMap::new(), timeout: TIMEOUT }
    }

    /// Signs every call with an access token.
    pub fn bearer(self, token: &str) -> Result<Self, Error> {
        self.with(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// Signs every call with an API key.
    pub fn api_key(self, key: &str) -> Result<Self, Error> {
        self.with(API_KEY, key)
    }

    /// Signs every call with the cookies of a browser, in place of what it was signed with before; `csrf` is the
    /// proof, for what changes something, that a page of ours asks.
    pub fn cookie(mut self, cookies: &str, csrf: Option<&str>) -> Result<Self, Error> {
        self.headers.remove(AUTHORIZATION);
        self.headers.remove(API_KEY);
        let signed = self.with(COOKIE, cookies)?;
        match csrf {
            Some(token) => signed.with(CSRF_TOKEN, token),
            None => Ok(signed),
        }
    }

    /// Says for whom every call is made, where the API believes its caller in that.
    pub fn forwarded_for(self, address: &str) -> Result<Self, Error> {
        self.with(FORWARDED_FOR, address)
    }

    /// Gives every call this correlation id.
    pub fn correlation_id(self, id: &str) -> Result<Self, Error> {
        self.with(CORRELATION_ID, id)
    }

    /// The time a call may take, retries included: 30 seconds where not said, an hour at most.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Reads a resource.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, Bytes::new(), None).await
    }

    /// Creates or commands, once: a fresh idempotency key makes its retries safe.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::POST, path, encode(body)?, Some(&random_key()?)).await
    }

    /// Creates or commands, once for this key, also across restarts of the caller.
    pub async fn post_once<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.call(Method::POST, path, encode(body)?, Some(key)).await
    }

    /// Replaces a resource.
    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::PUT, path, encode(body)?, Some(&random_key()?)).await
    }

    /// Changes a part of a resource.
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::PATCH, path, encode(body)?, Some(&random_key()?)).await
    }

    /// Removes a resource; `()` reads an empty answer.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::DELETE, path, Bytes::new(), Some(&random_key()?)).await
    }

    /// Calls, and gives the answer as it is, whatever its status; only its absence is an error.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Response<Bytes>, Error> {
        let key = if method.is_safe() { None } else { Some(random_key()?) };
        let body = body.map(encode).transpose()?.unwrap_or_default();
        self.answer(method, path, body, key.as_deref()).await
    }

    /// A list, page by page.
    pub fn pages<'a, T>(&'a self, path: &str) -> Pages<'a, T> {
        Pages::new(self, path)
    }

    /// A list as a whole, but never more than `items_max` of it.
    pub async fn all<T: DeserializeOwned>(&self, path: &str, items_max: usize) -> Result<Vec<T>, Error> {
        let (mut pages, mut all) = (self.pages(path), Vec::new());
        while all.len() < items_max {
            let Some(page) = pages.next().await? else { break };
            all.extend(page);
        }
        all.truncate(items_max);
        Ok(all)
    }

    fn with(mut self, name: HeaderName, value: &str) -> Result<Self, Error> {
        let mut value = header(value)?;
        value.set_sensitive(name != CORRELATION_ID);
        self.headers.insert(name, value);
        Ok(self)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<T, Error> {
        read(&self.answer(method, path, body, key).await?)
    }

    /// Reads are safe to repeat by nature, writes by their key; so every call is retried.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Response<Bytes>, Error> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.uri_mut() = format!("{}{path}", self.base)
            .parse()
            .map_err(|_| Error::BadRequest("the path cannot be read"))?;
        *request.method_mut() = method;
        *request.headers_mut() = self.headers.clone();
        if let Some(key) = key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, header(key)?);
        }
        if !body.is_empty() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let deadline = Instant::now() + self.timeout.min(TIMEOUT_MAX);
        let mut attempt = 0;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let result = match tokio::time::timeout(left, self.wire.exchange(request.clone())).await {
                Ok(result) => result,
                Err(_) => Err(Error::TimedOut),
            };
            let asked = match &result {
                Ok(answer) => refusal(answer).and_then(|error| error.worth_retrying_after()),
                Err(error) => error.worth_retrying_after(),
            };
            let (Some(asked), true) = (asked, attempt + 1 < ATTEMPTS_MAX) else { return result };
            let wait = asked.saturating_add(jitter(attempt));
            if wait >= deadline.saturating_duration_since(Instant::now()) {
                return result;
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }
}

fn refusal(answer: &Response<Bytes>) -> Option<Error> {
    (!answer.status().is_success()).then(|| Error::Api(Box::new(ApiError::read(answer))))
}

/// Reads an answer that [`Client::send`] gave; a refusal is an error.
pub fn read<T: DeserializeOwned>(answer: &Response<Bytes>) -> Result<T, Error> {
    if let Some(refusal) = refusal(answer) {
        return Err(refusal);
    }
    let body: &[u8] = if answer.body().is_empty() { b"null" } else { answer.body() };
    serde_json::from_slice(body).map_err(Error::Unreadable)
}

fn encode(body: &impl Serialize) -> Result<Bytes, Error> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|_| Error::BadRequest("the body cannot be written as JSON"))
}

fn header(value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| Error::BadRequest("a header holds characters it may not"))
}

fn random_key() -> Result<String, Error> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::BadRequest("this machine has no random numbers"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Drawn evenly from zero to a ceiling that doubles.
fn jitter(attempt: u32) -> Duration {
    let ceiling = WAIT_BASE.saturating_mul(2_u32.saturating_pow(attempt)).min(WAIT_CAP);
    Duration::from_millis(RandomState::new().hash_one(0_u8) % (ceiling.as_millis() as u64 + 1))
}
