//! What is read and written of WebSocket: whole messages from any pieces, and nothing from what breaks its rules.

use super::*;
use proptest::prelude::*;

/// A frame as a client sends it.
fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [7, 0, 200, 13];
    let mut frame = written(Kind::Text, payload);
    frame[0] = first;
    frame[1] |= 0x80;
    let at = frame.len() - payload.len();
    for (index, byte) in frame[at..].iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
    frame.splice(at..at, mask);
    frame
}

fn all(parts: &[&[u8]]) -> Result<Vec<Heard>, Broken> {
    let (mut reader, mut input, mut heard) = (Reader::default(), BytesMut::new(), Vec::new());
    for part in parts {
        input.extend_from_slice(part);
        while let Some(one) = reader.take(&mut input)? {
            heard.push(one);
        }
    }
    Ok(heard)
}

fn message(text: &str) -> Heard {
    Heard::Message(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn a_message_comes_whole_or_in_parts_with_questions_between() {
    let parts = [
        sent(0x81, b"whole"),
        sent(0x01, b"gr\xc3"),
        sent(0x89, b"there?"),
        sent(0x00, b"\xbc"),
        sent(0x8a, b""),
        sent(0x80, b"n"),
        sent(0x82, b"\xff"),
        sent(0x88, b"\x03\xe8done"),
        sent(0x88, b""),
    ]
    .concat();
    let expected = [
        message("whole"),
        Heard::Ping(Bytes::from_static(b"there?")),
        Heard::Pong,
        message("grün"),
        Heard::Message(Bytes::from_static(b"\xff")),
        Heard::Close(1000),
        Heard::Close(NO_CODE),
    ];
    assert_eq!(all(&[&parts]).unwrap(), expected);
    let bytes: Vec<&[u8]> = parts.chunks(1).collect();
    assert_eq!(all(&bytes).unwrap(), expected);
}

#[test]
fn what_breaks_the_rules_is_refused() {
    let large = vec![b'x'; MESSAGE_BYTES_MAX];
    let mut unmasked = sent(0x81, b"a");
    unmasked[1] &= 0x7f;
    for (bytes, why) in [
        (unmasked, Broken::Protocol),
        (sent(0xc1, b"a"), Broken::Protocol),
        (sent(0x83, b"a"), Broken::Protocol),
        (sent(0x8b, b"a"), Broken::Protocol),
        (sent(0x80, b"a"), Broken::Protocol),
        (sent(0x09, b"a"), Broken::Protocol),
        (sent(0x89, &[0; 126]), Broken::Protocol),
        (sent(0x88, &[3]), Broken::Protocol),
        (sent(0x88, &[3, 237]), Broken::Protocol),
        (sent(0x88, b"\x03\xe8\xff"), Broken::NotText),
        ([sent(0x01, b"a"), sent(0x81, b"b")].concat(), Broken::Protocol),
        (vec![0x81, 0xfe, 0, 125], Broken::Protocol),
        (vec![0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Broken::Protocol),
        (vec![0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0], Broken::TooLarge),
        (sent(0x81, b"\xff"), Broken::NotText),
        ([sent(0x01, &large), sent(0x80, b"x")].concat(), Broken::TooLarge),
    ] {
        assert_eq!(all(&[&bytes]), Err(why), "{:x?}", &bytes[..bytes.len().min(12)]);
    }
    assert_eq!(all(&[&sent(0x81, &large)]).unwrap(), [Heard::Message(large.into())]);
}

#[test]
fn a_goodbye_has_a_code_that_travels_and_a_reason_that_fits() {
    assert_eq!(goodbye(1001, "later"), [&[0x88, 7, 3, 233][..], b"later"].concat());
    assert_eq!(goodbye(NO_CODE, ""), [0x88, 2, 3, 232]);
    let long = goodbye(1000, &"ü".repeat(100));
    assert_eq!((long[1], long.len()), (124, 126), "no letter is cut in two");
}

proptest! {
    #[test]
    fn what_a_client_says_is_heard_however_it_is_cut(said in prop::collection::vec(".{0,300}", 1..5), cut: prop::sample::Index) {
        let bytes: Vec<u8> = said.iter().flat_map(|text| sent(0x81, text.as_bytes())).collect();
        let (first, second) = bytes.split_at(cut.index(bytes.len()));
        let heard = all(&[first, second]).unwrap();
        prop_assert_eq!(heard, said.iter().map(|text| message(text)).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_read_alike_whole_and_in_two_parts(bytes: Vec<u8>, cut: prop::sample::Index) {
        let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
        prop_assert_eq!(all(&[&bytes]), all(&[first, second]));
    }
}
