//! Codes of an authenticator (RFC 6238): SHA-1, six digits, thirty seconds, as every app understands them.

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

/// Bytes of a secret: as long as the hash.
pub const SECRET_LEN: usize = 20;

const STEP_S: i64 = 30;
/// One step to either side: clocks differ, and people type slowly.
const STEPS_AROUND: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of a step, six digits.
pub fn code_at(secret: &[u8], step: i64) -> String {
    format!("{:06}", truncated(secret, step) % 1_000_000)
}

/// The step whose code this is, unless it or a later one has been used already.
pub fn step_of(secret: &[u8], code: &str, now_s: i64, last_used: Option<i64>) -> Option<i64> {
    let now = now_s.div_euclid(STEP_S);
    let steps = now - STEPS_AROUND..=now + STEPS_AROUND;
    // All are computed, so that time does not tell which one it was.
    let fitting = steps.filter(|step| same(&code_at(secret, *step), code)).fold(None, |_, step| Some(step));
    fitting.filter(|step| last_used.is_none_or(|last| *step > last))
}

/// A secret as people type it into their app.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// What an app reads from the picture that is shown.
pub fn otpauth_url(issuer: &str, account: &str, secret: &[u8]) -> String {
    let (issuer, account) = (escaped(issuer), escaped(account));
    let secret = base32(secret);
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_S}"
    )
}

fn truncated(secret: &[u8], step: i64) -> u32 {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let hash = sign(&key, &step.to_be_bytes());
    let hash = hash.as_ref();
    // RFC 4226: the last four bits say where the number stands. 15 + 4 is within the 20 bytes.
    let at = usize::from(hash[19] & 15);
    u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]])
}

fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B gives eight digits; ours are the last six.
        for (time_s, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000_i64, "65353130"),
        ] {
            assert_eq!(code_at(SECRET, time_s / STEP_S), code[2..], "{time_s}");
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648_without_padding() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_to_either_side_and_once() {
        let code = code_at(SECRET, 100);
        for (now_s, fits) in [(2969, false), (2970, true), (3000, true), (3059, true), (3060, false)] {
            assert_eq!(step_of(SECRET, &code, now_s, None).is_some(), fits, "{now_s}");
        }
        assert_eq!(step_of(SECRET, &code, 3000, Some(99)), Some(100));
        assert_eq!(step_of(SECRET, &code, 3000, Some(100)), None);
        assert_eq!(step_of(SECRET, &code, 3000, Some(101)), None);
    }

    #[test]
    fn the_url_names_issuer_and_account() {
        assert_eq!(
            otpauth_url("Corner Shop", "ann+1@example.com", b"foobar"),
            "otpauth://totp/Corner%20Shop:ann%2B1@example.com?secret=MZXW6YTBOI&issuer=Corner%20Shop&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn any_text_fits_or_not(secret: Vec<u8>, code: String, now_s in -10_000_000_000_i64..10_000_000_000) {
            let _ = step_of(&secret, &code, now_s, None);
        }
    }
}
