//! Any bytes at the socket: messages and frames are the same read whole and read in two parts, and so are events.
#![no_main]

use bytes::BytesMut;
use gateway::domain::{sse, stomp, websocket};
use libfuzzer_sys::fuzz_target;

/// What a socket makes of it: every frame until the first that is none, as text that can be compared.
fn frames(parts: &[&[u8]]) -> Vec<String> {
    let (mut socket, mut input) = (websocket::Reader::default(), BytesMut::new());
    let mut reader = stomp::Reader::default();
    reader.agree_on(stomp::Version::V12);
    let mut heard = Vec::new();
    for part in parts {
        input.extend_from_slice(part);
        loop {
            match socket.take(&mut input) {
                Ok(None) => break,
                Ok(Some(websocket::Heard::Message(bytes))) => reader.push(&bytes),
                Ok(Some(other)) => heard.push(format!("{other:?}")),
                Err(_) => return heard,
            }
            loop {
                match reader.take() {
                    Ok(None) => break,
                    Ok(Some(one)) => heard.push(format!("{one:?}")),
                    Err(_) => return heard,
                }
            }
        }
    }
    heard
}

fn bare_frames(bytes: &[u8]) {
    let mut reader = stomp::Reader::default();
    reader.push(bytes);
    while let Ok(Some(_)) = reader.take() {}
}

fn events(parts: &[&[u8]]) -> Option<Vec<String>> {
    let (mut reader, mut told) = (sse::Reader::default(), Vec::new());
    for part in parts {
        reader.push(part);
        while let Some(event) = reader.take().ok()? {
            told.push(event);
        }
    }
    Some(told)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let (first, second) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    assert_eq!(frames(&[bytes]), frames(&[first, second]));
    assert_eq!(events(&[bytes]), events(&[first, second]));
    bare_frames(bytes);
});
