//! How a request becomes a socket: the handshake of WebSocket, and which version of STOMP it names.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use kernel::http::Problem;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// What both sides agree on.
#[derive(Debug)]
pub struct Agreed {
    accept: HeaderValue,
    protocol: Option<HeaderValue>,
}

/// The names of the protocol's versions, the best first.
const PROTOCOLS: [&str; 3] = ["v12.stomp", "v11.stomp", "v10.stomp"];
/// RFC 6455, section 1.3: what proves that a server has understood.
const PROOF: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_BYTES: usize = 16;

/// Whether the request wants to go on as a WebSocket of the version that we speak.
pub fn is_asked_for<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && words(headers, header::CONNECTION).any(|word| word.eq_ignore_ascii_case("upgrade"))
        && words(headers, header::UPGRADE).any(|word| word.eq_ignore_ascii_case("websocket"))
        && words(headers, header::SEC_WEBSOCKET_VERSION).any(|word| word == "13")
}

/// Agrees, or says what is missing.
pub fn agree(headers: &HeaderMap) -> Result<Agreed, Problem> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if STANDARD.decode(key).map_or(0, |bytes| bytes.len()) != KEY_BYTES {
        let message = "sec-websocket-key must be 16 bytes in base64";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_handshake", message));
    }
    let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, PROOF].concat()));
    let accept = HeaderValue::from_str(&accept).map_err(|error| Problem::internal(&error))?;
    let mut named = words(headers, header::SEC_WEBSOCKET_PROTOCOL).peekable();
    if named.peek().is_none() {
        return Ok(Agreed { accept, protocol: None });
    }
    let named: Vec<&str> = named.collect();
    let best = PROTOCOLS.into_iter().find(|ours| named.contains(ours)).ok_or_else(|| {
        let message = format!("what is spoken here is one of {}", PROTOCOLS.join(", "));
        Problem::new(StatusCode::BAD_REQUEST, "unknown_subprotocol", message)
    })?;
    Ok(Agreed { accept, protocol: Some(HeaderValue::from_static(best)) })
}

impl Agreed {
    /// The answer after which both go on as a socket.
    pub fn answer(self) -> Response<Body> {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        answer
    }
}

fn words(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_key_of_the_standard_gets_the_answer_of_the_standard() {
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let answer = agree(&headers(&[key])).unwrap().answer();
        assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!answer.headers().contains_key("sec-websocket-protocol"));
        let many = ("sec-websocket-protocol", "v10.stomp, v12.stomp,mine");
        assert_eq!(
            agree(&headers(&[key, many])).unwrap().answer().headers()["sec-websocket-protocol"],
            "v12.stomp"
        );
        for (pairs, code) in [
            (vec![], "bad_handshake"),
            (vec![("sec-websocket-key", "c2hvcnQ=")], "bad_handshake"),
            (vec![key, ("sec-websocket-protocol", "mqtt")], "unknown_subprotocol"),
        ] {
            assert_eq!(agree(&headers(&pairs)).unwrap_err().code(), code);
        }
    }

    #[test]
    fn what_asks_for_no_socket_is_a_request_like_any_other() {
        let whole = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
        ];
        let request = |pairs: &[(&'static str, &'static str)]| {
            let mut request = Request::new(());
            *request.headers_mut() = headers(pairs);
            request
        };
        assert!(is_asked_for(&request(&whole)));
        for without in 0..whole.len() {
            let pairs: Vec<_> =
                whole.iter().enumerate().filter(|(at, _)| *at != without).map(|(_, pair)| *pair).collect();
            assert!(!is_asked_for(&request(&pairs)), "{pairs:?}");
        }
        let mut other = request(&whole);
        *other.method_mut() = Method::POST;
        assert!(!is_asked_for(&other));
    }
}
