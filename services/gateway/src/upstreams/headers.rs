//! What belongs to one connection is not handed on to the next, in either direction.

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

/// How many milliseconds are left for an answer: whoever reads it need not work for nobody.
pub const DEADLINE: HeaderName = HeaderName::from_static(kernel::http::DEADLINE);

const HOP_BY_HOP: [HeaderName; 9] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-authentication-info"),
    TE,
    TRAILER,
    UPGRADE,
    // Whoever was asked to go on has been told so by the connection it came over.
    EXPECT,
];

/// Takes out what is about one connection alone. `Connection` may name more of it, but not what we vouch for: a caller
/// could make us forget who called.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = connection_names(headers)
            .filter_map(|name| name.parse().ok())
            .filter(|name| !is_vouched_for(name))
            .collect();
        headers.remove(CONNECTION);
        named.iter().for_each(|name| drop(headers.remove(name)));
    }
    if headers.remove(TRANSFER_ENCODING).is_some() {
        // Of the two lengths the other one has been believed.
        headers.remove(CONTENT_LENGTH);
    }
    take_out(headers, |name| HOP_BY_HOP.contains(name));
}

/// Takes out all that are unwanted. Most requests have none: to look at the few that there are costs less than to ask for
/// each by its name.
pub fn take_out(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    let found: Vec<HeaderName> = headers.keys().filter(|name| unwanted(name)).cloned().collect();
    found.iter().for_each(|name| drop(headers.remove(name)));
}

/// The protocol that both sides shall change to, where one asks for it or agrees.
pub fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get(UPGRADE)?;
    connection_names(headers).any(|name| name.eq_ignore_ascii_case("upgrade")).then(|| asked.clone())
}

/// Says so to the next.
pub fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

fn connection_names(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn is_vouched_for(name: &HeaderName) -> bool {
    let name = name.as_str();
    *name == CONTENT_LENGTH
        || *name == HOST
        || name.starts_with("x-")
        || matches!(name, "authorization" | "forwarded" | "traceparent" | "tracestate" | "idempotency-key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_is_about_one_connection_stays_there() {
        let mut all = headers(&[
            ("connection", "keep-alive, x-hop, secret-hop"),
            ("secret-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("accept", "*/*"),
            ("x-hop", "ours"),
        ]);
        strip_hop_by_hop(&mut all);
        assert_eq!(all, headers(&[("accept", "*/*"), ("x-hop", "ours")]));
    }

    #[test]
    fn nobody_makes_us_forget_who_called() {
        let kept =
            headers(&[("x-forwarded-for", "9.9.9.9"), ("traceparent", "00-1"), ("content-length", "3")]);
        let mut all = kept.clone();
        all.insert(CONNECTION, HeaderValue::from_static("X-Forwarded-For, traceparent, Content-Length"));
        strip_hop_by_hop(&mut all);
        assert_eq!(all, kept);
    }

    #[test]
    fn of_two_lengths_one_remains() {
        let mut both = headers(&[("transfer-encoding", "chunked"), ("content-length", "3")]);
        strip_hop_by_hop(&mut both);
        assert!(both.is_empty());
    }

    #[test]
    fn an_upgrade_is_asked_for_in_two_places() {
        assert_eq!(upgrade_of(&headers(&[("upgrade", "websocket")])), None);
        let asked = headers(&[("upgrade", "websocket"), ("connection", "keep-alive, Upgrade")]);
        assert_eq!(upgrade_of(&asked).unwrap(), "websocket");
    }
}
