//! Hashes and signatures as fixed bytes: hexadecimal in text, raw bytes in rows.
//!
//! What is hashed is decided by those who own it: `record`, `chain` and `merkle`.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Text or bytes that are not a hash or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} bytes, in text as lower-case hexadecimal digits")]
pub struct BadBytes(usize);

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident = $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Takes bytes that someone else has computed.
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes themselves.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadBytes;

            fn try_from(bytes: &[u8]) -> Result<Self, BadBytes> {
                bytes.try_into().map(Self).map_err(|_| BadBytes($length))
            }
        }

        impl FromStr for $name {
            type Err = BadBytes;

            fn from_str(text: &str) -> Result<Self, BadBytes> {
                let mut bytes = [0; $length];
                parse_hex(text.as_bytes(), &mut bytes).then_some(Self(bytes)).ok_or(BadBytes($length))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(&self.0) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Reader;
                impl Visitor<'_> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "{} bytes or their hexadecimal digits", $length)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<$name, E> {
                        $name::try_from(bytes).map_err(E::custom)
                    }
                }
                if from.is_human_readable() {
                    from.deserialize_str(Reader)
                } else {
                    from.deserialize_bytes(Reader)
                }
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let pattern = format!("^[0-9a-f]{{{}}}$", 2 * $length);
                ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
            }
        }

        impl ToSchema for $name {}
    };
}

fixed_bytes! {
    /// A SHA-256 hash.
    Hash = 32
}

fixed_bytes! {
    /// An Ed25519 signature.
    Signature = 64
}

impl Hash {
    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }
}

fn parse_hex(text: &[u8], into: &mut [u8]) -> bool {
    let digit = |letter: u8| match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != into.len() {
        return false;
    }
    for (byte, [high, low]) in into.iter_mut().zip(pairs) {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return false };
        *byte = high << 4 | low;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_from_its_text() {
        let hash = Hash::of(b"abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
    }

    #[test]
    fn a_hash_of_another_length_or_alphabet_is_refused() {
        let text = Hash::of(b"abc").to_string();
        for bad in [&text[1..], &text[2..], &text.to_uppercase(), &text.replace('b', "g"), ""] {
            assert_eq!(bad.parse::<Hash>(), Err(BadBytes(32)), "{bad}");
        }
        assert!(Hash::try_from(&[0; 31][..]).is_err());
        assert!(Signature::try_from(&[0; 64][..]).is_ok());
    }
}
