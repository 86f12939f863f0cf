//! The cookies of a browser's session, and the proof that a request comes from our own page.
//!
//! Identity sets them and the gateway reads them; this is what both agree on. Any page can make a browser send our
//! cookies, but only a page of ours can read the CSRF token and send it in a header.

use contracts::SessionId;
use http::{HeaderMap, header};

use crate::secrets::Macs;

/// Holds the access token.
pub const ACCESS_COOKIE: &str = "stoa_access";
/// Holds the refresh token.
pub const REFRESH_COOKIE: &str = "stoa_refresh";
/// Holds the CSRF token, for our pages to read.
pub const CSRF_COOKIE: &str = "stoa_csrf";
/// The header in which pages send the CSRF token back.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// What keys derived for CSRF tokens are for.
pub const CSRF_USE: &[u8] = b"csrf";

/// What browsers put before the name of a cookie that only this host over TLS may have set.
const PREFIXES: [&str; 2] = ["__Host-", "__Secure-"];

/// The value of a cookie. One with a prefix that browsers guard is taken before one without: that could be from a page
/// of a neighbouring host.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut bare = None;
    for (found, value) in
        texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='))
    {
        if PREFIXES.iter().any(|prefix| found.strip_prefix(prefix) == Some(name)) {
            return Some(value);
        }
        if found == name {
            bare = bare.or(Some(value));
        }
    }
    bare
}

/// The CSRF token of a session.
pub fn csrf_token(macs: &Macs, session: SessionId) -> String {
    macs.mark(session.to_string().as_bytes())
}

/// Whether the request carries the CSRF token of this session in its header.
pub fn csrf_fits(macs: &Macs, session: SessionId, headers: &HeaderMap) -> bool {
    let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    sent.is_some_and(|sent| macs.is_of(sent, session.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Keyring;
    use contracts::Id;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn with_cookies(texts: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(header::COOKIE, HeaderValue::from_str(text).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers =
            with_cookies(&["theme=dark; stoa_access=a.b.c;  stoa_csrf=x=y", "__Host-stoa_refresh=r"]);
        assert_eq!(cookie(&headers, ACCESS_COOKIE), Some("a.b.c"));
        assert_eq!(cookie(&headers, CSRF_COOKIE), Some("x=y"));
        assert_eq!(cookie(&headers, REFRESH_COOKIE), Some("r"));
        assert_eq!(cookie(&headers, "access"), None);
        let planted = with_cookies(&["stoa_access=theirs; __Host-stoa_access=ours; stoa_access=theirs"]);
        assert_eq!(cookie(&planted, ACCESS_COOKIE), Some("ours"));
        assert_eq!(cookie(&with_cookies(&["xstoa_access=1", "stoa_access"]), ACCESS_COOKIE), None);
    }

    #[test]
    fn the_token_of_one_session_fits_no_other() {
        let macs = Keyring::generate().unwrap().0.macs(CSRF_USE);
        let (mine, other) = (SessionId::from_u128(1), SessionId::from_u128(2));
        let mut headers = HeaderMap::new();
        assert!(!csrf_fits(&macs, mine, &headers));
        headers.insert(CSRF_HEADER, HeaderValue::from_str(&csrf_token(&macs, mine)).unwrap());
        assert!(csrf_fits(&macs, mine, &headers));
        assert!(!csrf_fits(&macs, other, &headers));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_passed_over(bytes: Vec<u8>, name in "[a-z_]{1,12}") {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.insert(header::COOKIE, value);
            }
            cookie(&headers, &name);
        }
    }
}
