//! The text of an API key: `stoa_pk_<id>_<secret><check>`, told from a typing error without asking anybody.
//!
//! Letters, digits and underscores alone, so that a double click selects it whole and leak scanners find it. The
//! id is what lists and logs show, the secret is 43 letters of base 62 (256 bits), and the check is a CRC-32 over
//! all that stands before it. What the secret is checked against is [`crate::secrets::Macs`]' business.

use contracts::events::access::ApiKeyKind;
use contracts::{ApiKeyId, Id};

use crate::secrets::{SealError, Secret, random};

/// A key as its owner sends it, taken apart.
#[derive(Clone, Debug)]
pub struct ApiKeyText {
    /// Whose it is.
    pub kind: ApiKeyKind,
    /// Its name.
    pub id: ApiKeyId,
    secret: Secret<String>,
}

/// The text is no key of ours, or was not copied whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct BadApiKey;

const BRAND: &str = "stoa_";
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 > 2^256.
const SECRET_LEN: usize = 43;
/// 62^6 > 2^32.
const CHECK_LEN: usize = 6;

impl ApiKeyText {
    /// A new key of this name.
    pub fn generate(kind: ApiKeyKind, id: ApiKeyId) -> Result<Self, SealError> {
        let bytes: [u8; 32] = random()?;
        Ok(Self { kind, id, secret: Secret::new(base_62(&bytes, SECRET_LEN)) })
    }

    /// Takes a key apart.
    pub fn parse(text: &str) -> Result<Self, BadApiKey> {
        let rest = text.strip_prefix(BRAND).ok_or(BadApiKey)?;
        let (kind, rest) = rest.split_once('_').ok_or(BadApiKey)?;
        let kind = match kind {
            "pk" => ApiKeyKind::Project,
            "ik" => ApiKeyKind::Integration,
            "sk" => ApiKeyKind::Service,
            _ => return Err(BadApiKey),
        };
        let (id, secret) = rest.split_once('_').ok_or(BadApiKey)?;
        let id = format!("{}_{id}", ApiKeyId::PREFIX).parse().map_err(|_| BadApiKey)?;
        let plain = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || secret.len() != SECRET_LEN + CHECK_LEN {
            return Err(BadApiKey);
        }
        let (body, check) = text.split_at(text.len() - CHECK_LEN);
        if check_of(body) != check {
            return Err(BadApiKey);
        }
        Ok(Self { kind, id, secret: Secret::new(secret[..SECRET_LEN].to_owned()) })
    }

    /// The whole text, to be shown once.
    pub fn reveal(&self) -> Secret<String> {
        let kind = match self.kind {
            ApiKeyKind::Project => "pk",
            ApiKeyKind::Integration => "ik",
            ApiKeyKind::Service => "sk",
        };
        let id = self.id.to_string();
        let id = id.split_once('_').map_or("", |(_, digits)| digits);
        let body = format!("{BRAND}{kind}_{id}_{}", self.secret.expose());
        let check = check_of(&body);
        Secret::new(body + &check)
    }

    /// What the key's check is made of: its name, kind and secret, so that none can be put in another's place.
    pub fn proof(&self) -> Vec<u8> {
        format!("{:?}:{}:{}", self.kind, self.id, self.secret.expose()).into_bytes()
    }

    /// The last letters of its secret, by which its owner tells it from others.
    pub fn last_four(&self) -> &str {
        &self.secret.expose()[SECRET_LEN - 4..]
    }
}

fn check_of(body: &str) -> String {
    base_62(&crc_32(body.as_bytes()).to_be_bytes(), CHECK_LEN)
}

/// The number in base 62, most significant letter first.
fn base_62(number: &[u8], letters: usize) -> String {
    let mut number = number.to_vec();
    let mut text = vec![b'0'; letters];
    for letter in text.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *letter = BASE_62[rest as usize];
    }
    text.into_iter().map(char::from).collect()
}

/// CRC-32 as in Ethernet and zip, a bit at a time: keys are short and rarely checked.
fn crc_32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> ApiKeyText {
        ApiKeyText::generate(ApiKeyKind::Project, ApiKeyId::from_u128(77)).unwrap()
    }

    #[test]
    fn the_check_is_the_crc_that_everybody_computes() {
        assert_eq!(crc_32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        for kind in [ApiKeyKind::Project, ApiKeyKind::Integration, ApiKeyKind::Service] {
            let key = ApiKeyText::generate(kind, ApiKeyId::from_u128(77)).unwrap();
            let text = key.reveal();
            let read = ApiKeyText::parse(text.expose()).unwrap();
            assert_eq!((read.kind, read.id, read.proof()), (kind, key.id, key.proof()));
            assert!(text.expose().ends_with(&check_of(&text.expose()[..text.expose().len() - CHECK_LEN])));
            assert!(!format!("{key:?}").contains(key.secret.expose().as_str()));
        }
    }

    #[test]
    fn two_keys_are_never_alike() {
        assert_ne!(key().proof(), key().proof());
    }

    proptest! {
        #[test]
        fn one_wrong_letter_makes_it_no_key(at: prop::sample::Index, letter in "[0-9A-Za-z_]") {
            let text = key().reveal().into_exposed();
            let at = at.index(text.len());
            prop_assume!(text[at..=at] != letter);
            let wrong = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(ApiKeyText::parse(&wrong).err(), Some(BadApiKey));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            prop_assert!(ApiKeyText::parse(&text).is_err());
            let nearly = format!("stoa_pk_{text}");
            prop_assert!(ApiKeyText::parse(&nearly).is_err());
        }
    }
}
