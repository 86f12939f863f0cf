//! Sealing of fields: authenticated encryption with named keys that can be rotated, and keys of single
//! subjects whose loss is their erasure.
//!
//! A sealed text is `v1.<key id>.<base64url of salt, ciphertext and tag>`. Each message has a random salt of
//! 192 bits, and HKDF-SHA256 of the named key with that salt gives a ChaCha20-Poly1305 key which seals that one
//! message; its nonce is zero. So a nonce cannot be misused: none is chosen, counted or stored, and the same
//! pair of key and nonce would need the same salt twice, which after 2^48 messages has a chance of 2^-98.
//! The version, the key's id, what is sealed and the context are authenticated, each with its length, so a
//! sealed text opens only where it was sealed. Where keys are kept is the settings' business.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};

use super::mac::Macs;
use super::secret::Secret;

/// The keys that fields are sealed with: one that seals, and older ones that still open.
pub struct Keyring {
    current: NamedKey,
    older: Vec<NamedKey>,
}

/// The key of one person's fields; destroying its wrapped form makes them unreadable everywhere.
pub struct SubjectKey([u8; KEY_LEN]);

/// Why a field could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The keyring's text is wrong.
    #[error("the keyring must be a list of id:base64 pairs with ids of their own and keys of 32 bytes")]
    BadKeyring,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
    /// The text is not something that was sealed.
    #[error("this is not a sealed value")]
    Malformed,
    /// The key is not on the ring.
    #[error("the value was sealed with the key {0}, which is not on the keyring")]
    UnknownKey(String),
    /// It was sealed with another key, for another place, or has been altered.
    #[error("the sealed value does not belong here or has been altered")]
    Refused,
}

struct NamedKey {
    id: String,
    bytes: [u8; KEY_LEN],
}

/// What is sealed: a wrapped key can never be read as if it were a field.
#[derive(Clone, Copy)]
enum Sealed {
    Field,
    SubjectKey,
}

const VERSION: &str = "v1";
const SUBJECT: &str = "subject";
const KEY_LEN: usize = 32;
const SALT_LEN: usize = 24;
const ID_LEN_MAX: usize = 32;
/// Reads keys with and without padding, as tools write both.
const KEY_TEXT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Keyring {
    /// Reads `id:base64[,id:base64…]`; the first key is the one that seals.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys = text.trim().split(',').map(NamedKey::parse);
        let current = keys.next().ok_or(SealError::BadKeyring)??;
        let older = keys.collect::<Result<Vec<_>, _>>()?;
        let mut ids: Vec<&str> = older.iter().chain([&current]).map(|key| key.id.as_str()).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(SealError::BadKeyring);
        }
        Ok(Self { current, older })
    }

    /// A ring with one new key, and its text to keep; put that text before an older one's to rotate.
    pub fn generate() -> Result<(Self, Secret<String>), SealError> {
        let id = u32::from_be_bytes(random()?);
        let current = NamedKey { id: format!("k{id:08x}"), bytes: random()? };
        let text = Secret::new(format!("{}:{}", current.id, STANDARD.encode(current.bytes)));
        Ok((Self { current, older: Vec::new() }, text))
    }

    /// Seals a field for one place, named by `context`.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<String, SealError> {
        seal(&self.current.bytes, &self.current.id, Sealed::Field, context, plain)
    }

    /// Opens a field that was sealed for this context with any key of the ring.
    pub fn open(&self, context: &[u8], sealed: &str) -> Result<Vec<u8>, SealError> {
        self.open_as(Sealed::Field, context, sealed)
    }

    /// Whether it was sealed with the key that seals now; when not, `reseal` it.
    pub fn is_current(&self, sealed: &str) -> bool {
        split(sealed).is_ok_and(|(id, _)| id == self.current.id)
    }

    /// The same field, sealed with the key that seals now.
    pub fn reseal(&self, context: &[u8], sealed: &str) -> Result<String, SealError> {
        self.seal(context, &self.open(context, sealed)?)
    }

    /// A new key for one subject, and its wrapped form to store.
    pub fn new_subject_key(&self, context: &[u8]) -> Result<(SubjectKey, String), SealError> {
        let key = SubjectKey(random()?);
        let wrapped = self.wrap(context, &key)?;
        Ok((key, wrapped))
    }

    /// The subject's key from its stored form.
    pub fn unwrap_subject_key(&self, context: &[u8], wrapped: &str) -> Result<SubjectKey, SealError> {
        let bytes = self.open_as(Sealed::SubjectKey, context, wrapped)?;
        bytes.try_into().map(SubjectKey).map_err(|_| SealError::Malformed)
    }

    /// The subject's key, wrapped with the key that seals now; the subject's fields stay as they are.
    pub fn rewrap_subject_key(&self, context: &[u8], wrapped: &str) -> Result<String, SealError> {
        self.wrap(context, &self.unwrap_subject_key(context, wrapped)?)
    }

    /// Makes and checks the marks of secrets for one use.
    pub fn macs(&self, use_: &[u8]) -> Macs {
        let older = self.older.iter().map(|key| (key.id.as_str(), key.bytes.as_slice()));
        Macs::new(use_, (&self.current.id, &self.current.bytes), older)
    }

    fn wrap(&self, context: &[u8], key: &SubjectKey) -> Result<String, SealError> {
        seal(&self.current.bytes, &self.current.id, Sealed::SubjectKey, context, &key.0)
    }

    fn open_as(&self, what: Sealed, context: &[u8], sealed: &str) -> Result<Vec<u8>, SealError> {
        let (id, body) = split(sealed)?;
        let key = std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == id)
            .ok_or_else(|| SealError::UnknownKey(id.to_owned()))?;
        open(&key.bytes, id, what, context, body)
    }
}

impl SubjectKey {
    /// Seals a field of the subject.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<String, SealError> {
        seal(&self.0, SUBJECT, Sealed::Field, context, plain)
    }

    /// Opens a field of the subject.
    pub fn open(&self, context: &[u8], sealed: &str) -> Result<Vec<u8>, SealError> {
        match split(sealed)? {
            (SUBJECT, body) => open(&self.0, SUBJECT, Sealed::Field, context, body),
            (id, _) => Err(SealError::UnknownKey(id.to_owned())),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = std::iter::once(&self.current).chain(&self.older).map(|key| &key.id);
        f.write_str("Keyring ")?;
        f.debug_list().entries(ids).finish()
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(***)")
    }
}

impl NamedKey {
    fn parse(text: &str) -> Result<Self, SealError> {
        let (id, key) = text.trim().split_once(':').ok_or(SealError::BadKeyring)?;
        if !is_key_id(id) || id == SUBJECT {
            return Err(SealError::BadKeyring);
        }
        let bytes = KEY_TEXT.decode(key).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self { id: id.to_owned(), bytes: bytes.ok_or(SealError::BadKeyring)? })
    }
}

fn is_key_id(id: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    (1..=ID_LEN_MAX).contains(&id.len()) && id.bytes().all(plain)
}

/// The key's id and the body of a sealed text.
fn split(sealed: &str) -> Result<(&str, &str), SealError> {
    let rest = sealed.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.'));
    let (id, body) = rest.and_then(|rest| rest.split_once('.')).ok_or(SealError::Malformed)?;
    if is_key_id(id) { Ok((id, body)) } else { Err(SealError::Malformed) }
}

fn seal(
    key: &[u8; KEY_LEN],
    id: &str,
    what: Sealed,
    context: &[u8],
    plain: &[u8],
) -> Result<String, SealError> {
    let salt: [u8; SALT_LEN] = random()?;
    let mut body = Vec::with_capacity(SALT_LEN + plain.len() + CHACHA20_POLY1305.tag_len());
    body.extend_from_slice(&salt);
    body.extend_from_slice(plain);
    let tag = message_key(key, &salt)?
        .seal_in_place_separate_tag(zero_nonce(), bound_to(id, what, context), &mut body[SALT_LEN..])
        .map_err(|_| SealError::Refused)?;
    body.extend_from_slice(tag.as_ref());
    let mut text = format!("{VERSION}.{id}.");
    URL_SAFE_NO_PAD.encode_string(body, &mut text);
    Ok(text)
}

fn open(
    key: &[u8; KEY_LEN],
    id: &str,
    what: Sealed,
    context: &[u8],
    body: &str,
) -> Result<Vec<u8>, SealError> {
    let mut body = URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Malformed)?;
    let (salt, sealed) = body.split_at_mut_checked(SALT_LEN).ok_or(SealError::Malformed)?;
    let plain = message_key(key, salt)?
        .open_in_place(zero_nonce(), bound_to(id, what, context), sealed)
        .map_err(|_| SealError::Refused)?;
    Ok(plain.to_vec())
}

/// The key of one message: never used for another, because the salt is not.
fn message_key(key: &[u8; KEY_LEN], salt: &[u8]) -> Result<LessSafeKey, SealError> {
    let secret = Salt::new(HKDF_SHA256, salt).extract(key);
    let derived = secret.expand(&[b"stoa field"], &CHACHA20_POLY1305).map_err(|_| SealError::Refused)?;
    Ok(LessSafeKey::new(UnboundKey::from(derived)))
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn bound_to(id: &str, what: Sealed, context: &[u8]) -> Aad<Vec<u8>> {
    let what: &[u8] = match what {
        Sealed::Field => b"field",
        Sealed::SubjectKey => b"subject key",
    };
    let parts = [VERSION.as_bytes(), id.as_bytes(), what, context];
    let mut bound = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    Aad::from(bound)
}

/// Random bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: &[u8] = b"users.phone:usr_1";

    fn ring() -> Keyring {
        Keyring::generate().expect("randomness").0
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_in_its_place_alone(plain: Vec<u8>, place: Vec<u8>, other: Vec<u8>) {
            let ring = ring();
            let sealed = ring.seal(&place, &plain)?;
            prop_assert_eq!(ring.open(&place, &sealed)?, plain);
            prop_assume!(place != other);
            prop_assert_eq!(ring.open(&other, &sealed), Err(SealError::Refused));
        }

        #[test]
        fn a_sealed_text_with_one_letter_changed_is_refused(at: prop::sample::Index, letter in "[ -~]") {
            let ring = ring();
            let sealed = ring.seal(PLACE, b"+91 98765 43210")?;
            let at = at.index(sealed.len());
            prop_assume!(sealed[at..=at] != letter);
            let forged = format!("{}{letter}{}", &sealed[..at], &sealed[at + 1..]);
            prop_assert!(ring.open(PLACE, &forged).is_err());
        }

        #[test]
        fn any_text_is_opened_or_refused_and_never_a_crash(text: String) {
            let ring = ring();
            prop_assert!(ring.open(PLACE, &text).is_err());
            prop_assert!(Keyring::parse(&text).is_err());
            prop_assert!(!ring.is_current(&text));
        }
    }

    #[test]
    fn the_same_field_is_never_sealed_to_the_same_text() -> Result<(), SealError> {
        let ring = ring();
        assert_ne!(ring.seal(PLACE, b"same")?, ring.seal(PLACE, b"same")?);
        Ok(())
    }

    #[test]
    fn an_older_key_opens_and_the_current_one_seals() -> Result<(), SealError> {
        let (old, old_text) = Keyring::generate()?;
        let (new, new_text) = Keyring::generate()?;
        let sealed = old.seal(PLACE, b"kept")?;
        assert!(matches!(new.open(PLACE, &sealed), Err(SealError::UnknownKey(_))));

        let both = Keyring::parse(&format!("{},{}\n", new_text.expose(), old_text.expose()))?;
        assert!(old.is_current(&sealed) && !both.is_current(&sealed));
        let resealed = both.reseal(PLACE, &sealed)?;
        assert!(both.is_current(&resealed));
        assert_eq!(new.open(PLACE, &resealed)?, b"kept");
        Ok(())
    }

    #[test]
    fn keys_that_share_an_id_do_not_open_each_others_fields() -> Result<(), SealError> {
        let text = |byte: u8| format!("main:{}", STANDARD.encode([byte; 32]));
        let sealed = Keyring::parse(&text(1))?.seal(PLACE, b"mine")?;
        assert_eq!(Keyring::parse(&text(2))?.open(PLACE, &sealed), Err(SealError::Refused));
        Ok(())
    }

    #[test]
    fn a_wrong_keyring_is_refused() {
        let key = STANDARD.encode([7; 32]);
        let short = STANDARD.encode([7; 31]);
        for text in [
            String::new(),
            key.clone(),
            format!(":{key}"),
            format!("a:{short}"),
            format!("a:{key},"),
            format!("a:{key},a:{key}"),
            format!("subject:{key}"),
            format!("a.b:{key}"),
        ] {
            assert!(matches!(Keyring::parse(&text), Err(SealError::BadKeyring)), "{text}");
        }
        assert!(Keyring::parse(&format!("a:{}, b:{key}", key.trim_end_matches('='))).is_ok());
    }

    #[test]
    fn a_subjects_fields_open_only_with_the_subjects_key() -> Result<(), SealError> {
        let ring = ring();
        let (ann, wrapped) = ring.new_subject_key(b"ann")?;
        let (ben, _) = ring.new_subject_key(b"ben")?;
        let sealed = ann.seal(PLACE, b"12 Elm Street")?;
        assert_eq!(ring.unwrap_subject_key(b"ann", &wrapped)?.open(PLACE, &sealed)?, b"12 Elm Street");
        assert_eq!(ben.open(PLACE, &sealed), Err(SealError::Refused));
        assert_eq!(ring.open(PLACE, &sealed), Err(SealError::UnknownKey("subject".to_owned())));
        assert_eq!(
            ann.open(PLACE, &wrapped).err(),
            split(&wrapped).ok().map(|(id, _)| SealError::UnknownKey(id.to_owned()))
        );
        assert!(ring.unwrap_subject_key(b"ben", &wrapped).is_err());
        let rewrapped = ring.rewrap_subject_key(b"ann", &wrapped)?;
        assert_eq!(ring.unwrap_subject_key(b"ann", &rewrapped)?.open(PLACE, &sealed)?, b"12 Elm Street");
        Ok(())
    }

    #[test]
    fn a_wrapped_key_is_not_readable_as_a_field() -> Result<(), SealError> {
        let ring = ring();
        let (_, wrapped) = ring.new_subject_key(PLACE)?;
        assert_eq!(ring.open(PLACE, &wrapped), Err(SealError::Refused));
        Ok(())
    }

    #[test]
    fn keys_do_not_print() -> Result<(), SealError> {
        let key = STANDARD.encode([7; 32]);
        assert_eq!(format!("{:?}", Keyring::parse(&format!("a:{key}"))?), r#"Keyring ["a"]"#);
        Ok(())
    }
}
