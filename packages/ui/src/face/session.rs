//! The visitor's session: identity's cookies are passed on, and renewed from the face's copy of the refresh token.

use std::time::Duration;

use bytes::Bytes;
use client::{Client, Error};
use http::{HeaderValue, Method, Response, header};
use kernel::auth::{ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE};
use kernel::secrets::Secret;

use super::cookies::{Name, Set};

/// What the API's door knows a visitor by.
#[derive(Clone, Debug)]
pub struct Standing {
    access: Secret<String>,
    csrf: Secret<String>,
}

impl Standing {
    /// From the cookies of a request.
    pub fn new(access: &str, csrf: &str) -> Self {
        Self { access: Secret::new(access.to_owned()), csrf: Secret::new(csrf.to_owned()) }
    }

    /// The API as this visitor calls it.
    pub fn sign(&self, api: &Client) -> Result<Client, Error> {
        api.clone().cookie(&format!("{ACCESS_COOKIE}={}", self.access.expose()), Some(self.csrf.expose()))
    }
}

/// What a browser is to keep after this answer of identity: its own cookies, and the copy for the face's pages.
pub fn kept(answer: &Response<Bytes>, copy: Name, secure: bool) -> Vec<HeaderValue> {
    let mut keep: Vec<HeaderValue> = answer.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
    let refresh = keep.iter().filter_map(Set::read).find(|set| set.name == REFRESH_COOKIE);
    if let Some(Set { value, max_age, .. }) = refresh {
        keep.extend(copy.set_for(&value, Duration::from_secs(max_age), secure));
    }
    keep
}

/// Begins the next minutes of a session whose access token is over. A session that has ended leaves no cookie.
pub async fn refreshed(
    api: &Client,
    refresh: &str,
    csrf: &str,
    (copy, secure): (Name, bool),
    keep: &mut Vec<HeaderValue>,
) -> Option<Standing> {
    let signed = api.clone().cookie(&format!("{REFRESH_COOKIE}={refresh}"), Some(csrf)).ok()?;
    // While identity is away the visitor is a stranger, and what they have stays.
    let answer = signed.send(Method::POST, "/api/v1/auth/refresh", None::<&()>).await.ok()?;
    if answer.status().is_client_error() && answer.status() != http::StatusCode::TOO_MANY_REQUESTS {
        keep.extend(copy.clear(secure));
        return None;
    }
    let sets: Vec<Set> = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(Set::read).collect();
    let value = |name: &str| sets.iter().find(|set| set.name == name).map(|set| set.value.clone());
    let standing = Standing::new(&value(ACCESS_COOKIE)?, &value(CSRF_COOKIE)?);
    keep.extend(kept(&answer, copy, secure));
    Some(standing)
}

/// Leaves a session; what identity does not answer, it cannot tell the browser to forget.
pub async fn ended(api: &Client, standing: Option<&Standing>, copy: Name, secure: bool) -> Vec<HeaderValue> {
    let mut keep = Vec::new();
    if let Some(signed) = standing.and_then(|standing| standing.sign(api).ok()) {
        let answer = signed.send(Method::POST, "/api/v1/auth/logout", None::<&()>).await;
        keep.extend(
            answer.iter().flat_map(|answer| answer.headers().get_all(header::SET_COOKIE).iter().cloned()),
        );
    }
    keep.extend(copy.clear(secure));
    keep
}
