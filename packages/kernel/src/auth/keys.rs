//! Public keys as the world writes them (RFC 7517, RFC 8037), and the Ed25519 signer.
//!
//! A key says which algorithm it is for; nothing that a token says can change that. Where keys are kept and
//! when they are rotated is not decided here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize};

use super::token::{Claims, TokenType};
use crate::secrets::Secret;

/// A public key in the form of RFC 7517; members that are not listed are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// The family: `OKP` or `EC`.
    pub kty: String,
    /// The curve: `Ed25519` or `P-256`.
    pub crv: String,
    /// The key's name, by which tokens refer to it.
    pub kid: String,
    /// What the key is used with, if it says so: `EdDSA` or `ES256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// What the key is for, if it says so: `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The point, or its first coordinate, in base64url.
    pub x: String,
    /// The second coordinate, for `EC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

/// The public keys of an issuer; keys of a kind that we do not know are left out on reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    #[serde(deserialize_with = "known_keys")]
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Whether the key named `kid` is here and made this signature.
    pub fn signed(&self, kid: &str, message: &[u8], signature: &[u8]) -> bool {
        self.keys.iter().any(|key| key.kid == kid && verify_bytes(key, message, signature))
    }
}

/// Signs tokens and audit blocks with one Ed25519 key.
pub struct Signer {
    pair: Ed25519KeyPair,
    kid: String,
}

/// Why there is no signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a new key")]
    NoRandomness,
    /// The bytes are no Ed25519 key.
    #[error("the signing key is not an Ed25519 key in PKCS#8")]
    Unreadable,
}

/// A public key that is ready to verify with one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerifyingKey {
    Ed25519([u8; 32]),
    P256([u8; 65]),
}

/// Characters of the thumbprint that name a key: 132 bits.
const KID_LEN: usize = 22;

fn known_keys<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Jwk>, D::Error> {
    let all = Vec::<serde_json::Value>::deserialize(from)?;
    Ok(all.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
}

/// Whether `signature` over `message` was made by the owner of `key`.
pub fn verify_bytes(key: &Jwk, message: &[u8], signature: &[u8]) -> bool {
    VerifyingKey::of(key).is_some_and(|key| key.verifies(message, signature))
}

impl Jwk {
    /// The key's fingerprint after RFC 7638: the same wherever it is computed.
    pub fn thumbprint(&self) -> String {
        // The members in alphabetical order without spaces, which is what the hash is defined over.
        let Self { kty, crv, x, .. } = self;
        let canonical = match &self.y {
            Some(y) => format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#),
            None => format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}"}}"#),
        };
        BASE64.encode(digest(&SHA256, canonical.as_bytes()))
    }
}

impl Signer {
    /// A new key, and its PKCS#8 form to keep.
    pub fn generate() -> Result<(Self, Secret<Vec<u8>>), BadKey> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| BadKey::NoRandomness)?;
        Ok((Self::from_pkcs8(pkcs8.as_ref())?, Secret::new(pkcs8.as_ref().to_vec())))
    }

    /// The signer of a key that was kept.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey::Unreadable)?;
        let mut kid = public(&pair, String::new()).thumbprint();
        kid.truncate(KID_LEN);
        Ok(Self { pair, kid })
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, to publish.
    pub fn jwk(&self) -> Jwk {
        public(&self.pair, self.kid.clone())
    }

    /// A signed token.
    pub fn sign(&self, claims: &Claims, typ: TokenType) -> String {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{}"}}"#, self.kid, typ.as_str());
        // Texts, numbers and ids always serialize; were that untrue, every verifier refuses an empty payload.
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let mut token = String::with_capacity((header.len() + payload.len()) * 4 / 3 + 96);
        BASE64.encode_string(header, &mut token);
        token.push('.');
        BASE64.encode_string(payload, &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        BASE64.encode_string(signature, &mut token);
        token
    }

    /// A signature over any bytes; `verify_bytes` checks it.
    pub fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn public(pair: &Ed25519KeyPair, kid: String) -> Jwk {
    Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        kid,
        alg: Some("EdDSA".to_owned()),
        purpose: Some("sig".to_owned()),
        x: BASE64.encode(pair.public_key()),
        y: None,
    }
}

impl VerifyingKey {
    /// The key, unless it is of a kind or for a purpose that we do not verify with.
    pub(super) fn of(jwk: &Jwk) -> Option<Self> {
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let key = match (jwk.kty.as_str(), jwk.crv.as_str(), &jwk.y) {
            ("OKP", "Ed25519", None) => Self::Ed25519(coordinate(&jwk.x)?),
            ("EC", "P-256", Some(y)) => {
                let mut point = [4; 65]; // 4: an uncompressed point
                point[1..33].copy_from_slice(&coordinate(&jwk.x)?);
                point[33..].copy_from_slice(&coordinate(y)?);
                Self::P256(point)
            }
            _ => return None,
        };
        jwk.alg.as_deref().is_none_or(|alg| alg == key.algorithm()).then_some(key)
    }

    /// The only algorithm that the key is used with.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&signature::ED25519, key).verify(message, signature),
            Self::P256(key) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
            }
        }
        .is_ok()
    }
}

fn coordinate(text: &str) -> Option<[u8; 32]> {
    BASE64.decode(text).ok()?.try_into().ok()
}
