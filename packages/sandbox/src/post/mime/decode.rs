//! Encodings of mail: base64, quoted-printable, and the two families of charsets that senders still use.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::form::hex_pair;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The body of a part as it was before it was encoded for the way.
pub fn transfer(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding.trim().to_lowercase().as_str() {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body),
        _ => body.to_vec(),
    }
}

/// Base64; letters that belong to no alphabet are passed over, and a broken end is left away.
pub fn base64(text: &[u8]) -> Vec<u8> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut digits: Vec<u8> =
        text.iter().copied().take_while(|byte| *byte != b'=').filter(is_digit).collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}

/// Quoted-printable; what is no escape stays as it is.
pub fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'=' {
            bytes.push(*first);
        } else if let Some(byte) = hex_pair(after) {
            bytes.push(byte);
            rest = &after[2..];
        } else if let Some(next) = after_soft_break(after) {
            rest = next;
        } else {
            bytes.push(b'=');
        }
    }
    bytes
}

/// What follows when a line ends here, perhaps after spaces that were added on the way.
fn after_soft_break(text: &[u8]) -> Option<&[u8]> {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    let rest = &text[blanks..];
    rest.strip_prefix(b"\n").or(rest.is_empty().then_some(rest))
}

/// Bytes as text. What names no charset we know is UTF-8 where it can be, and Latin-1 else.
pub fn text(bytes: &[u8], charset: &str) -> String {
    let latin = ["iso-8859-1", "latin1", "l1", "iso8859-1", "iso-8859-15", "windows-1252", "cp1252"];
    match std::str::from_utf8(bytes) {
        Ok(text) if !latin.contains(&charset.to_lowercase().as_str()) => text.to_owned(),
        _ if charset.to_lowercase().starts_with("utf") => String::from_utf8_lossy(bytes).into_owned(),
        _ => bytes.iter().map(|byte| latin_letter(*byte)).collect(),
    }
}

/// Latin-1, with the quotes and dashes that Windows put where it has control letters.
fn latin_letter(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x95 => '•',
        0x96 => '–',
        0x97 => '—',
        0x99 => '™',
        other => other.into(),
    }
}

/// A parameter with its charset: `utf-8'de'Gr%C3%BC%C3%9Fe.pdf`.
pub fn extended(value: &str) -> String {
    let mut pieces = value.splitn(3, '\'');
    let (charset, coded) = match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(coded)) => (charset, coded),
        _ => ("", value),
    };
    let mut bytes = Vec::with_capacity(coded.len());
    let mut rest = coded.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, after) = match hex_pair(after).filter(|_| *first == b'%') {
            Some(byte) => (byte, &after[2..]),
            None => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    text(&bytes, charset)
}
