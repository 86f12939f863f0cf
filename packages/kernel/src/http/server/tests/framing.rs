//! Where a request ends: what two readers could read in two ways is served once at most, and ends the connection.

use super::*;

/// A second request, hidden where the body of the first may or may not end.
const HIDDEN: &str = "GET /hello HTTP/1.1\r\nhost: hidden\r\n\r\n";

async fn statuses(said: &str) -> Vec<u16> {
    let door = Open::plain(patient()).await;
    let heard = door.say(said).await;
    door.stop().await;
    let lines = heard.split("HTTP/1.1 ").skip(1);
    lines.map(|line| line[..3].parse().unwrap()).collect()
}

fn post(headers: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nhost: a\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn a_request_with_two_lengths_never_hides_another() {
    let chunked = format!("0\r\n\r\n{HIDDEN}");
    let length = chunked.len();
    for headers in [
        format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
        format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
        "content-length: 5\r\nTransfer-Encoding: chunked\r\ncontent-length: 5\r\n".to_owned(),
    ] {
        // The chunks count, as the standard says, and nothing is read behind them.
        assert_eq!(statuses(&post(&headers, &chunked)).await, [200], "{headers}");
    }
}

#[tokio::test]
async fn lengths_that_are_none_are_refused() {
    for headers in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
        "content-length: +5\r\n",
        "content-length: -5\r\n",
        "content-length: 0x5\r\n",
        "content-length: 99999999999999999999999\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding : chunked\r\n",
        "x: a\r\n transfer-encoding: chunked\r\n",
        "x: a\rb\r\n",
        "x: a\0b\r\n",
        "x y: a\r\n",
        ": a\r\n",
    ] {
        assert_eq!(
            statuses(&post(headers, &format!("5\r\nhello\r\n0\r\n\r\n{HIDDEN}"))).await,
            [400],
            "{headers:?}"
        );
    }
    let old = "POST /echo HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(statuses(old).await, [400]);
}

#[tokio::test]
async fn bad_chunks_end_the_connection() {
    for body in [
        "5;\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
    ] {
        let heard = statuses(&post("transfer-encoding: chunked\r\n", &format!("{body}{HIDDEN}"))).await;
        assert!(heard.is_empty() || heard == [400], "{body:?}: {heard:?}");
    }
}

#[tokio::test]
async fn whole_requests_follow_one_another() {
    let both = format!(
        "{}{}GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        post("transfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        post("content-length: 5\r\ncontent-length: 5\r\n", "hello"),
    );
    assert_eq!(statuses(&both).await, [200, 200, 200]);
}

#[tokio::test]
async fn a_request_for_two_hosts_is_refused() {
    let close = "connection: close\r\n\r\n";
    assert_eq!(statuses(&format!("GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n{close}")).await, [400]);
    assert_eq!(statuses(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{close}")).await, [200]);
}

#[tokio::test]
async fn headers_have_their_limits() {
    let many = "x: y\r\n".repeat(200);
    assert_eq!(statuses(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{many}\r\n")).await, [431]);
    let long = "x".repeat(64 * 1024);
    let heard = statuses(&format!("GET /hello HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n")).await;
    assert!(heard.is_empty() || heard == [431], "{heard:?}");
}
