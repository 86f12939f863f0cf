//! Any bytes as what an instance of a service answers: read whole and read in two parts they are the same.
#![no_main]
#![allow(dead_code, missing_docs, reason = "the codec is the gateway's own; here it is read and never written")]

/// What the codec knows of its neighbours.
mod headers {
    pub use gateway::upstreams::DEADLINE;
}
#[path = "../../services/gateway/src/upstreams/codec.rs"]
mod codec;

use bytes::BytesMut;
use http::{Method, StatusCode};
use libfuzzer_sys::fuzz_target;

/// What was read: the status, the body, and whether it ended well; nothing where it is no answer or not all of one.
fn read(parts: &[&[u8]]) -> Option<(StatusCode, Vec<u8>, bool)> {
    let mut input = BytesMut::new();
    let mut head = None;
    let mut body = Vec::new();
    for part in parts {
        input.extend_from_slice(part);
        if head.is_none() {
            head = codec::take_head(&mut input, &Method::GET).ok()?;
        }
        let Some(head) = &mut head else { continue };
        while let Some(data) = head.body.take(&mut input).ok()? {
            body.extend_from_slice(&data);
        }
    }
    let mut head = head?;
    let ended = head.body.is_done() || head.body.closed().is_ok();
    Some((head.status, body, ended))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let (first, second) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    assert_eq!(read(&[bytes]), read(&[first, second]));
});
