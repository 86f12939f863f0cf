//! Marks that only we can make: what is stored of a secret that we must recognise but need not read again.
//!
//! A mark is `m1.<key id>.<base64url of HMAC-SHA256>`; the key is derived from one of the keyring for one use, so a
//! mark made for codes says nothing about API keys. Secrets that people choose are hashed slowly instead.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac::{self, HMAC_SHA256};

/// Makes and checks the marks of one use; cheap to keep, so that nothing is derived a request.
pub struct Macs {
    current: (String, hmac::Key),
    older: Vec<(String, hmac::Key)>,
}

const VERSION: &str = "m1";

impl Macs {
    pub(super) fn new<'k>(
        use_: &[u8],
        current: (&str, &[u8]),
        older: impl Iterator<Item = (&'k str, &'k [u8])>,
    ) -> Self {
        let derive = |(id, key): (&str, &[u8])| (id.to_owned(), derived(use_, key));
        Self { current: derive(current), older: older.map(derive).collect() }
    }

    /// The mark of a secret.
    pub fn mark(&self, secret: &[u8]) -> String {
        let (id, key) = &self.current;
        format!("{VERSION}.{id}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(key, secret)))
    }

    /// Whether the mark is that of this secret, in a time that does not tell how nearly.
    pub fn is_of(&self, mark: &str, secret: &[u8]) -> bool {
        let mut parts = mark.splitn(3, '.');
        let (Some(VERSION), Some(id), Some(tag)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        let key = std::iter::once(&self.current).chain(&self.older).find(|(known, _)| known == id);
        key.is_some_and(|(_, key)| hmac::verify(key, secret, &tag).is_ok())
    }
}

impl fmt::Debug for Macs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Macs").field(&self.current.0).finish()
    }
}

fn derived(use_: &[u8], key: &[u8]) -> hmac::Key {
    // A salt of its own keeps these keys apart from those that seal.
    let secret = Salt::new(HKDF_SHA256, b"stoa mark").extract(key);
    let info = [use_];
    match secret.expand(&info, HMAC_SHA256) {
        Ok(derived) => hmac::Key::from(derived),
        // One block of output is always there to be had.
        Err(_) => hmac::Key::new(HMAC_SHA256, key),
    }
}

#[cfg(test)]
mod tests {
    use crate::secrets::Keyring;

    #[test]
    fn a_mark_is_known_again_for_its_secret_and_use_alone() {
        let (ring, _) = Keyring::generate().unwrap();
        let macs = ring.macs(b"codes");
        let mark = macs.mark(b"123456");
        assert!(macs.is_of(&mark, b"123456"));
        assert!(!macs.is_of(&mark, b"123457"));
        assert!(!ring.macs(b"keys").is_of(&mark, b"123456"));
        assert!(!Keyring::generate().unwrap().0.macs(b"codes").is_of(&mark, b"123456"));
        for broken in ["", "m1", "m1.k.", "m2.k.AAAA", &mark[..mark.len() - 1], "m1..."] {
            assert!(!macs.is_of(broken, b"123456"), "{broken}");
        }
    }

    #[test]
    fn a_mark_outlives_the_rotation_of_keys() {
        let (_, old) = Keyring::generate().unwrap();
        let (_, new) = Keyring::generate().unwrap();
        let mark = Keyring::parse(old.expose()).unwrap().macs(b"codes").mark(b"s");
        let both = Keyring::parse(&format!("{},{}", new.expose(), old.expose())).unwrap();
        assert!(both.macs(b"codes").is_of(&mark, b"s"));
        assert_ne!(both.macs(b"codes").mark(b"s"), mark);
    }
}
