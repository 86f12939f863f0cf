//! What is read and written of STOMP: any frame in any pieces, and anything else without harm.

use super::*;
use proptest::prelude::*;

fn all(version: Version, parts: &[&[u8]]) -> Result<Vec<Heard>, BadFrame> {
    let mut reader = Reader::default();
    reader.agree_on(version);
    let mut heard = Vec::new();
    for part in parts {
        reader.push(part);
        while let Some(one) = reader.take()? {
            heard.push(one);
        }
    }
    Ok(heard)
}

fn one(version: Version, text: &str) -> Frame {
    match all(version, &[text.as_bytes()]).unwrap().as_slice() {
        [Heard::Frame(frame)] => frame.clone(),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn a_frame_is_a_command_headers_and_a_body() {
    let text = "CONNECT\naccept-version:1.1,1.2\r\nhost:stoa\nauthorization:Bearer a:b\\c\n\n\0";
    let frame = one(Version::V12, text);
    assert_eq!(frame.command, Command::Connect);
    assert_eq!(frame.header("accept-version"), Some("1.1,1.2"));
    assert_eq!(frame.header("authorization"), Some("Bearer a:b\\c"), "CONNECT has no escapes");
    assert_eq!((frame.header("login"), frame.body.as_slice()), (None, &b""[..]));
    let frame = one(Version::V12, "SEND\nid:a\\cb\\n\\\\\\r\nid:other\ncontent-length:3\n\na\0b\0");
    assert_eq!((frame.header("id"), frame.body.as_slice()), (Some("a:b\n\\\r"), &b"a\0b"[..]));
    let frame = one(Version::V10, "SUBSCRIBE\r\nDestination:/a\\c\r\n\r\n\0");
    assert_eq!(frame.header("destination"), None);
    assert_eq!(frame.header_in_any_case("destination"), Some("/a\\c"));
}

#[test]
fn what_beats_between_frames_is_heard() {
    let frame = Heard::Frame(one(Version::V12, "DISCONNECT\n\n\0"));
    let heard = all(Version::V12, &[b"\n\r", b"\nDISCONNECT\n\n\0\n", b"DISCONNECT\n\n\0"]).unwrap();
    assert_eq!(heard, [Heard::Beat, Heard::Beat, frame.clone(), Heard::Beat, frame]);
}

#[test]
fn what_is_no_frame_is_refused_by_what_is_wrong_with_it() {
    let long = format!("SEND\na:{}\n\n\0", "x".repeat(HEAD_BYTES_MAX));
    let many = format!("SEND\n{}\n\0", "a:b\n".repeat(HEADERS_MAX + 1));
    let fat = format!("SEND\n\n{}", "x".repeat(BODY_BYTES_MAX + 1));
    for (text, why) in [
        ("GET / HTTP/1.1\r\n\r\n", BadFrame::UnknownCommand),
        ("MESSAGE\n\n\0", BadFrame::UnknownCommand),
        ("\0\n\n", BadFrame::UnknownCommand),
        ("SEND\nno colon\n\n\0", BadFrame::Header),
        ("SEND\n:value\n\n\0", BadFrame::Header),
        ("SEND\na:b\\t\n\n\0", BadFrame::Header),
        ("SEND\na:b\\\n\n\0", BadFrame::Header),
        ("SEND\na:b\0\n\n\0", BadFrame::Header),
        ("SEND\ncontent-length:many\n\n\0", BadFrame::Length),
        ("SEND\ncontent-length:-1\n\n\0", BadFrame::Length),
        ("SEND\ncontent-length:1\n\nab\0", BadFrame::Length),
        ("SEND\ncontent-length:70000\n\n", BadFrame::TooLarge),
        (long.as_str(), BadFrame::TooLarge),
        (&"x".repeat(HEAD_BYTES_MAX + 1), BadFrame::TooLarge),
        (&many, BadFrame::TooLarge),
        (&fat, BadFrame::TooLarge),
    ] {
        assert_eq!(all(Version::V12, &[text.as_bytes()]), Err(why), "{:.40}", text);
    }
    assert_eq!(all(Version::V11, &[b"SEND\na:\\r\n\n\0"]), Err(BadFrame::Header));
    assert_eq!(all(Version::V12, &[b"SEND\na:\xff\n\n\0"]), Err(BadFrame::Header));
}

#[test]
fn both_sides_agree_on_a_version_and_on_how_often_they_are_heard() {
    for (named, version) in [
        (None, Some(Version::V10)),
        (Some("1.0,1.1,1.2"), Some(Version::V12)),
        (Some("1.1"), Some(Version::V11)),
        (Some(" 1.2 , 9.9"), Some(Version::V12)),
        (Some("2.0"), None),
        (Some(""), None),
    ] {
        assert_eq!(Version::accepted(named), version, "{named:?}");
    }
    for (offered, agreed) in [
        (None, Some((None, None))),
        (Some("0,0"), Some((None, None))),
        (Some("1000,20000"), Some((Some(20_000), Some(10_000)))),
        (Some("30000, 0"), Some((None, Some(30_000)))),
        (Some("often"), None),
        (Some("1,-1"), None),
    ] {
        assert_eq!(beats(offered, 10_000), agreed, "{offered:?}");
    }
}

#[test]
fn an_old_version_gets_a_space_for_what_it_cannot_write() {
    let headers = [("message", "a:b\r\nc\\")];
    assert_eq!(written(Version::V10, "ERROR", &headers, b""), b"ERROR\nmessage:a:b  c\\\n\n\0");
    assert_eq!(written(Version::V11, "ERROR", &headers, b""), b"ERROR\nmessage:a\\cb \\nc\\\\\n\n\0");
    assert_eq!(written(Version::V12, "CONNECTED", &[("v", "a:b")], b""), b"CONNECTED\nv:a:b\n\n\0");
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_however_it_is_cut(
        headers in prop::collection::vec(("[^\0]{1,8}", "[^\0]{0,20}"), 0..6),
        body: Vec<u8>, cut: prop::sample::Index,
    ) {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, _)| *name != "content-length").collect();
        let bytes = written(Version::V12, "SEND", &headers, &body);
        let (first, second) = bytes.split_at(cut.index(bytes.len()));
        let heard = all(Version::V12, &[first, second]).unwrap();
        let [Heard::Frame(frame)] = heard.as_slice() else { panic!("{heard:?}") };
        prop_assert_eq!(&frame.body, &body);
        for (at, (name, value)) in headers.iter().enumerate() {
            let known = &frame.headers[at];
            prop_assert_eq!((known.0.as_str(), known.1.as_str()), (*name, *value));
        }
    }

    #[test]
    fn any_bytes_are_read_alike_whole_and_in_pieces(bytes: Vec<u8>, cuts in prop::collection::vec(1usize..9, 0..20)) {
        let mut parts = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (part, more) = rest.split_at(cut.min(rest.len()));
            parts.push(part);
            rest = more;
        }
        parts.push(rest);
        for version in [Version::V10, Version::V12] {
            prop_assert_eq!(all(version, &[&bytes]), all(version, &parts));
        }
    }

    #[test]
    fn nearly_frames_are_read_without_harm(text in "(SEND|CONNECT|ACK|\n|\r|a:b|\\\\|content-length:[0-9]{0,3}|\0|x){0,30}") {
        let _ = all(Version::V12, &[text.as_bytes()]);
        let _ = all(Version::V10, &[text.as_bytes()]);
    }
}
