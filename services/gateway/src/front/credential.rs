//! How a request says who sends it: one bearer token, one API key, or the cookie of a browser.

use http::{HeaderMap, header};
use kernel::auth::{ACCESS_COOKIE, cookie};

/// What a request brought to prove who sends it; nothing of it is believed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential<'h> {
    /// Nothing.
    None,
    /// A signed token.
    Token(&'h str),
    /// The token in a browser's cookie, which any page can make the browser send.
    Cookie(&'h str),
    /// An API key.
    Key(&'h str),
}

/// A request says twice who sends it, or in a way that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// A bearer token and an API key.
    #[error("say who you are once: with a bearer token or with an API key")]
    Two,
    /// An unknown scheme, or no text.
    #[error("the authorization header must be `Bearer` and a token")]
    Unreadable,
}

/// What API keys begin with.
const KEY_BRAND: &str = "stoa_";

/// The credential of a request.
pub fn credential(headers: &HeaderMap) -> Result<Credential<'_>, BadCredential> {
    let key = match headers.get("x-api-key") {
        Some(value) => Some(value.to_str().map_err(|_| BadCredential::Unreadable)?.trim()),
        None => None,
    };
    match (headers.get(header::AUTHORIZATION), key) {
        (Some(_), Some(_)) => Err(BadCredential::Two),
        (None, Some(key)) => Ok(Credential::Key(key)),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| BadCredential::Unreadable)?;
            let (scheme, token) = text.split_once(' ').ok_or(BadCredential::Unreadable)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(BadCredential::Unreadable);
            }
            let token = token.trim();
            Ok(if token.starts_with(KEY_BRAND) { Credential::Key(token) } else { Credential::Token(token) })
        }
        (None, None) => Ok(cookie(headers, ACCESS_COOKIE).map_or(Credential::None, Credential::Cookie)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_request_says_once_who_sends_it() {
        for (pairs, said) in [
            (vec![], Ok(Credential::None)),
            (vec![("authorization", "Bearer a.b.c")], Ok(Credential::Token("a.b.c"))),
            (vec![("authorization", "bearer  a.b.c ")], Ok(Credential::Token("a.b.c"))),
            (vec![("authorization", "Bearer stoa_pk_1_2")], Ok(Credential::Key("stoa_pk_1_2"))),
            (vec![("x-api-key", "dev-key-123")], Ok(Credential::Key("dev-key-123"))),
            (vec![("authorization", "Basic eA==")], Err(BadCredential::Unreadable)),
            (vec![("authorization", "Bearer")], Err(BadCredential::Unreadable)),
            (vec![("authorization", "Bearer a"), ("x-api-key", "b")], Err(BadCredential::Two)),
            (vec![("cookie", "a=b; stoa_access=t; c=d")], Ok(Credential::Cookie("t"))),
            (vec![("cookie", "stoa_access=t"), ("x-api-key", "k")], Ok(Credential::Key("k"))),
        ] {
            assert_eq!(credential(&headers(&pairs)), said, "{pairs:?}");
        }
    }
}
