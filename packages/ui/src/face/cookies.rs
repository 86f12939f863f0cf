//! Cookies of faces: the token of forms, the look, what was just said, and a copy of the refresh token.
//!
//! Identity's cookies are passed on as they are. Its refresh token goes to identity's own paths, so a face keeps a
//! copy for its pages: else a visitor without scripts would be signed out after ten minutes.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

/// Light or dark, for all faces.
pub const THEME: Name = Name::new("stoa_theme", "/");

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A cookie of a face.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    bare: &'static str,
    path: &'static str,
}

/// A cookie that somebody else sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name, without the prefix that browsers guard.
    pub name: String,
    /// Its value.
    pub value: String,
    /// For how many seconds it is kept.
    pub max_age: u64,
}

impl Name {
    /// A cookie of this name for the pages below this path.
    pub const fn new(bare: &'static str, path: &'static str) -> Self {
        Self { bare, path }
    }

    /// The name as browsers have it; a guarded one cannot be set by a neighbour of this host.
    fn whole(self, secure: bool) -> String {
        let prefix = match (secure, self.path) {
            (false, _) => "",
            (true, "/") => "__Host-",
            (true, _) => "__Secure-",
        };
        format!("{prefix}{}", self.bare)
    }

    /// Its value in a request.
    pub fn of(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let whole = self.whole(secure);
        let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        texts
            .flat_map(|text| text.split(';'))
            .find_map(|pair| pair.trim().split_once('=').filter(|(name, _)| *name == whole))
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// Sets it for as long as such a cookie is of use.
    pub fn set(self, value: &str, secure: bool) -> Option<HeaderValue> {
        let life = if self.bare == THEME.bare { YEAR } else { MONTH };
        self.set_for(value, life, secure)
    }

    /// Sets it for a time.
    pub fn set_for(self, value: &str, life: Duration, secure: bool) -> Option<HeaderValue> {
        let guard = if secure { "; Secure" } else { "" };
        let (whole, path, seconds) = (self.whole(secure), self.path, life.as_secs());
        let text = format!("{whole}={value}; HttpOnly; SameSite=Lax; Path={path}; Max-Age={seconds}{guard}");
        HeaderValue::from_str(&text).ok()
    }

    /// Takes it away.
    pub fn clear(self, secure: bool) -> Option<HeaderValue> {
        self.set_for("", Duration::ZERO, secure)
    }
}

impl Set {
    /// What a `Set-Cookie` header says.
    pub fn read(header: &HeaderValue) -> Option<Self> {
        let mut parts = header.to_str().ok()?.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let bare = name.strip_prefix("__Host-").or_else(|| name.strip_prefix("__Secure-")).unwrap_or(name);
        let age = parts.find_map(|part| part.strip_prefix("Max-Age=")).and_then(|age| age.parse().ok());
        Some(Self { name: bare.to_owned(), value: value.to_owned(), max_age: age.unwrap_or(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CART: Name = Name::new("stoa_cart", "/");
    const SAID: Name = Name::new("stoa_shop_said", "/shop");

    fn headers(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn over_tls_only_a_guarded_cookie_is_believed() {
        let tossed = headers("stoa_cart=evil; __Host-stoa_cart=mine");
        assert_eq!(CART.of(&tossed, true), Some("mine"));
        assert_eq!(CART.of(&tossed, false), Some("evil"));
        assert_eq!(CART.of(&headers("xstoa_cart=1; stoa_cart="), false), None);
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_from_other_sites() {
        let set = CART.set("cart_1.2", true).unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-stoa_cart=cart_1.2; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000; Secure"
        );
        assert!(SAID.clear(false).unwrap().to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(CART.set("a\r\nb", false), None);
    }

    #[test]
    fn what_others_set_is_read() {
        let header = HeaderValue::from_static(
            "__Secure-stoa_refresh=rft_1.a; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age=60; Secure",
        );
        let set = Set { name: "stoa_refresh".to_owned(), value: "rft_1.a".to_owned(), max_age: 60 };
        assert_eq!(Set::read(&header), Some(set));
    }
}
