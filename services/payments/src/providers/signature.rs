//! Proof that a message is the provider's: an HMAC over its time and its bytes as they came.

use kernel::secrets::Secret;
use ring::hmac;

/// Why a message is not believed to be the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// There is no signature, or nothing that reads like one.
    #[error("there is no readable signature; it stands in the header `Stripe-Signature`")]
    Missing,
    /// It was made with another secret or for other bytes.
    #[error("the signature does not fit the body; was it changed on its way, or made with another secret?")]
    Wrong,
    /// It is right, and too old or from the future.
    #[error("the signature was made more than {} s ago, or in the future", TOLERANCE_S)]
    Stale,
}

/// A message older than this may be one that somebody has kept.
pub const TOLERANCE_S: i64 = 300;
/// A header with more signatures than secrets are ever rotated is not read to its end.
const SIGNATURES_MAX: usize = 16;

/// Checks `t=…,v1=…[,v1=…]` over `t.body` with each of the secrets.
pub fn verify(header: &str, body: &[u8], secrets: &[Secret<String>], now_s: i64) -> Result<(), Forged> {
    let mut made_at = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" => made_at = Some(value),
            "v1" if signatures.len() < SIGNATURES_MAX => signatures.extend(from_hex(value)),
            _ => {}
        }
    }
    let (Some(made_at), false) = (made_at, signatures.is_empty()) else { return Err(Forged::Missing) };
    let made_at_s: i64 = made_at.parse().map_err(|_| Forged::Missing)?;
    let signed = [made_at.as_bytes(), b".", body].concat();
    let fits = secrets.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        signatures.iter().any(|signature| hmac::verify(&key, &signed, signature).is_ok())
    });
    if !fits {
        return Err(Forged::Wrong);
    }
    if now_s.abs_diff(made_at_s) > TOLERANCE_S.unsigned_abs() {
        return Err(Forged::Stale);
    }
    Ok(())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_demo_1","object":"event","type":"payment_intent.succeeded"}"#;
    const GOOD: &str = "18aed199f90f9a0a46e34b0f2ff56aaaf6c0c1b1340e04a33a883d1f08d7f869";
    const MADE_S: i64 = 1_767_225_600;

    fn secrets(texts: &[&str]) -> Vec<Secret<String>> {
        texts.iter().map(|text| Secret::new((*text).to_owned())).collect()
    }

    #[test]
    fn a_known_signature_holds_with_any_of_the_secrets_and_any_of_the_signatures() {
        let one = format!("t={MADE_S},v1={GOOD}");
        let among = format!("t={MADE_S},v0=00,v1={},v1={GOOD}", "ab".repeat(32));
        for header in [one.as_str(), &among, &one.to_uppercase().replace("T=", "t=").replace("V1=", "v1=")] {
            for known in [vec!["whsec_demo_secret"], vec!["whsec_new", "whsec_demo_secret"]] {
                assert_eq!(verify(header, BODY, &secrets(&known), MADE_S), Ok(()), "{header}");
            }
        }
    }

    #[test]
    fn each_cause_has_its_own_name() {
        let good = format!("t={MADE_S},v1={GOOD}");
        let known = secrets(&["whsec_demo_secret"]);
        let short = format!("t={MADE_S},v1={}", &GOOD[..62]);
        let moved = format!("t={},v1={GOOD}", MADE_S + 1);
        for (header, body, now, why) in [
            ("", BODY, MADE_S, Forged::Missing),
            ("t=1767225600", BODY, MADE_S, Forged::Missing),
            ("v1=ab", BODY, MADE_S, Forged::Missing),
            ("t=soon,v1=ab", BODY, MADE_S, Forged::Missing),
            ("t=1767225600,v1=xyz", BODY, MADE_S, Forged::Missing),
            (&short, BODY, MADE_S, Forged::Wrong),
            (&moved, BODY, MADE_S, Forged::Wrong),
            (&good, &BODY[1..], MADE_S, Forged::Wrong),
            (&good, BODY, MADE_S + 301, Forged::Stale),
            (&good, BODY, MADE_S - 301, Forged::Stale),
            (&good, BODY, i64::MIN, Forged::Stale),
        ] {
            assert_eq!(verify(header, body, &known, now), Err(why), "{header}");
        }
        assert_eq!(verify(&good, BODY, &known, MADE_S + 300), Ok(()));
        assert_eq!(verify(&good, BODY, &secrets(&["whsec_other"]), MADE_S), Err(Forged::Wrong));
        assert_eq!(verify(&good, BODY, &[], MADE_S), Err(Forged::Wrong));
    }
}
