//! Who calls: a key is an account. `sk_test_shop` and `pk_test_shop` are those of the account `shop`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use serde_json::json;

use super::errors::Error;
use super::form::Form;
use super::wire::Reply;

/// Who calls, and with what right.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose.
    pub account: String,
    /// With which of its keys.
    pub kind: Kind,
}

/// Which of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For servers: it may do everything.
    Secret,
    /// For browsers: it may see and confirm an intent whose secret it knows.
    Publishable,
}

const ACCOUNT_LETTERS_MAX: usize = 200;

impl Caller {
    /// Reads the key from the header, or as a browser sends it from the form.
    pub fn of(headers: &HeaderMap, form: &Form) -> Result<Self, Error> {
        let said = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = said.and_then(key_in).or_else(|| form.text("key").map(str::to_owned));
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            return Err(Error::unauthorized(
                "You did not provide an API key. Provide it in the Authorization header, using Bearer auth \
                 (`Authorization: Bearer YOUR_SECRET_KEY`) or Basic auth with the key as user name.",
            ));
        };
        let kinds = [("sk_test_", Kind::Secret), ("pk_test_", Kind::Publishable)];
        let found = kinds.into_iter().find_map(|(prefix, kind)| Some((key.strip_prefix(prefix)?, kind)));
        let letters =
            |account: &str| account.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match found {
            Some((account, kind))
                if (1..=ACCOUNT_LETTERS_MAX).contains(&account.len()) && letters(account) =>
            {
                Ok(Self { account: account.to_owned(), kind })
            }
            _ => {
                let shown: String = key.chars().take(8).collect();
                Err(Error::unauthorized(format!("Invalid API Key provided: {shown}********")))
            }
        }
    }
}

fn key_in(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    Some(text.split(':').next().unwrap_or_default().to_owned())
}

/// `GET /v1/account`.
pub fn account(caller: &Caller) -> Reply {
    Reply::ok(json!({
        "id": format!("acct_{}", caller.account),
        "object": "account",
        "charges_enabled": true,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": true,
        "email": null,
        "payouts_enabled": true,
        "type": "standard",
    }))
}
