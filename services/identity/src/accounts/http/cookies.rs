//! The cookies of a browser's session: what is set, and how it is taken away. Their names are the kernel's.

use std::time::Duration;

use http::HeaderValue;
use kernel::auth::{ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE};
use kernel::http::Reply;

use crate::domain::session::ACCESS_LIFE;

/// What a browser is to keep.
pub(super) struct Kept<'a> {
    /// Lets it in, for ten minutes.
    pub access: &'a str,
    /// Begins the next ten minutes; none where the project gives none out.
    pub refresh: Option<&'a str>,
    /// What our pages send back.
    pub csrf: &'a str,
    /// For how long the session is good.
    pub life: Duration,
}

const REFRESH_PATH: &str = "/api/v1/auth";

/// The answer with these cookies; `secure` ones travel over TLS alone.
pub(super) fn set<T>(reply: Reply<T>, kept: &Kept<'_>, secure: bool) -> Reply<T> {
    let life = if kept.refresh.is_some() { kept.life } else { ACCESS_LIFE };
    let reply = with(reply, &access(kept.access, ACCESS_LIFE, secure));
    let reply = with(reply, &csrf(kept.csrf, life, secure));
    match kept.refresh {
        Some(token) => with(reply, &refresh(token, life, secure)),
        None => reply,
    }
}

/// The answer that takes them all away.
pub(super) fn cleared<T>(reply: Reply<T>, secure: bool) -> Reply<T> {
    let reply = with(reply, &access("", Duration::ZERO, secure));
    let reply = with(reply, &csrf("", Duration::ZERO, secure));
    with(reply, &refresh("", Duration::ZERO, secure))
}

fn access(value: &str, life: Duration, secure: bool) -> String {
    let (prefix, guard) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    format!(
        "{prefix}{ACCESS_COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={}{guard}",
        life.as_secs()
    )
}

fn csrf(value: &str, life: Duration, secure: bool) -> String {
    let (prefix, guard) = if secure { ("__Host-", "; Secure") } else { ("", "") };
    format!("{prefix}{CSRF_COOKIE}={value}; SameSite=Lax; Path=/; Max-Age={}{guard}", life.as_secs())
}

/// It goes to identity's own routes alone, so it cannot have the prefix that asks for the path `/`.
fn refresh(value: &str, life: Duration, secure: bool) -> String {
    let (prefix, guard) = if secure { ("__Secure-", "; Secure") } else { ("", "") };
    let max_age = life.as_secs();
    format!(
        "{prefix}{REFRESH_COOKIE}={value}; HttpOnly; SameSite=Strict; Path={REFRESH_PATH}; Max-Age={max_age}{guard}"
    )
}

fn with<T>(reply: Reply<T>, cookie: &str) -> Reply<T> {
    match HeaderValue::from_str(cookie) {
        Ok(cookie) => reply.with_cookie(cookie),
        // Tokens and marks are letters, digits and dots.
        Err(_) => reply,
    }
}
