//! Answers as callers read them back: the same text, however it travelled.

use std::convert::Infallible;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use proptest::prelude::*;

use super::compress::{compressed, takes_gzip};

/// A text in two parts, of a length that nobody was told.
struct Parts(Vec<String>);

impl Parts {
    fn of(text: &str) -> Self {
        Self(vec![text[5..].to_owned(), text[..5].to_owned()])
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop().map(|part| Ok(Frame::data(part.into()))))
    }
}

fn answer(content_type: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().header("content-type", content_type).body(body.into()).unwrap()
}

fn long() -> String {
    "{\"name\":\"value\"},".repeat(1000)
}

async fn bytes(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

fn takes(lines: &[&str]) -> bool {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("accept-encoding", HeaderValue::from_str(line).unwrap());
    }
    takes_gzip(&headers)
}

#[tokio::test]
async fn text_is_compressed_and_read_back() {
    for kind in [
        "application/json",
        "application/problem+json; charset=utf-8",
        "Application/JSON",
        "text/html",
        "text/css",
        "application/javascript",
        "image/svg+xml",
    ] {
        let mut response = answer(kind, long());
        response.headers_mut().insert("content-length", long().len().into());
        response.headers_mut().insert("etag", HeaderValue::from_static("\"7\""));
        let response = compressed(true, response);
        assert_eq!(response.headers()["content-encoding"], "gzip", "{kind}");
        assert_eq!(response.headers()["vary"], "accept-encoding");
        assert_eq!(response.headers()["etag"], "W/\"7\"");
        assert!(!response.headers().contains_key("content-length"));
        let bytes = bytes(response).await;
        assert!(bytes.len() * 5 < long().len(), "{}", bytes.len());
        assert_eq!(unpacked(&bytes), long().as_bytes());
    }
}

#[tokio::test]
async fn who_does_not_take_gzip_gets_the_text_and_caches_are_told() {
    let mut response = answer("application/json", long());
    response.headers_mut().insert("vary", HeaderValue::from_static("origin"));
    let response = compressed(false, response);
    let vary: Vec<_> = response.headers().get_all("vary").iter().collect();
    assert_eq!(vary, ["origin", "accept-encoding"]);
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(bytes(response).await, long());
}

#[tokio::test]
async fn what_does_not_pay_passes_as_it_is() {
    let with = |name: &'static str, value: &'static str| {
        let mut response = answer("application/json", long());
        response.headers_mut().insert(name, HeaderValue::from_static(value));
        response
    };
    let status = |status: u16, body: Body| {
        let mut response = answer("application/json", body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    };
    for (what, response) in [
        ("a stream of events", answer("text/event-stream", long())),
        ("a stream", answer("application/json", Body::new(Parts::of(&long())))),
        ("a picture", answer("image/png", long())),
        ("no type", Response::new(long().into())),
        ("short", answer("application/json", "x".repeat(1023))),
        ("a download", answer("text/plain", "x".repeat((8 << 20) + 1))),
        ("encoded", with("content-encoding", "br")),
        ("not to be touched", with("cache-control", "private, No-Transform")),
        ("a part", with("content-range", "bytes 0-1/2")),
        ("a part, too", status(206, long().into())),
        ("nothing", status(204, Body::empty())),
        ("nothing new", status(304, Body::empty())),
        ("what HEAD gets", with("content-length", "16000").map(|_| Body::empty())),
    ] {
        let (before, body) = response.into_parts();
        let (headers, whole) = (before.headers.clone(), body.collect().await.unwrap().to_bytes());
        let length = whole.len();
        let body = if what == "a stream" { Body::new(Parts::of(&long())) } else { Body::from(whole) };
        let response = compressed(true, Response::from_parts(before, body));
        assert_eq!(response.headers(), &headers, "{what}");
        assert_eq!(bytes(response).await.len(), length, "{what}");
    }
}

#[test]
fn weights_are_heard() {
    for lines in [
        &["gzip"][..],
        &["deflate, gzip;q=0.5, br"],
        &["GZIP; Q=1"],
        &["br", "x-gzip"],
        &["*"],
        &["gzip, *;q=0"],
        &["identity;q=0.5, gzip;q=0.5"],
    ] {
        assert!(takes(lines), "{lines:?}");
    }
    for lines in [
        &[][..],
        &[""],
        &["identity"],
        &["br, deflate"],
        &["gzip;q=0"],
        &["gzip;q=0.000, *"],
        &["*;q=0"],
        &["gzip;q=nan"],
        &["gzip;q=-1"],
        &["gzip;q="],
        &["identity, gzip;q=0.5"],
        &["gzipped"],
    ] {
        assert!(!takes(lines), "{lines:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_text_comes_back_whole(text in "[a-z{}\",:0-9é]{1024,4096}", times in 1_usize..200) {
        let text = text.repeat(times);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = compressed(true, answer("text/plain", text.clone()));
        let packed = runtime.block_on(bytes(response));
        prop_assert_eq!(unpacked(&packed), text.into_bytes());
    }
}
