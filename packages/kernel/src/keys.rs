//! The platform's own keys: one ring that seals fields, one key that signs what must stay as it is.
//!
//! They stand in the data directory, readable by the owner only, or are given as secrets. Whoever has them can
//! read sealed fields and sign for the platform, so they are backed up apart from the databases.

use std::path::Path;

use crate::auth::{Jwk, JwkSet, Signer};
use crate::durable;
use crate::secrets::{Keyring, Secret};

/// What the platform seals and signs with.
pub struct Keys {
    /// Seals fields at rest.
    pub keyring: Keyring,
    /// Signs sealed blocks of the audit trail.
    pub signer: Signer,
    /// Public keys that signed before: what they signed stays true.
    retired: Vec<Jwk>,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file of them cannot be read or written.
    #[error("the key file `{name}` cannot be read or written: {error}")]
    File {
        /// Which one.
        name: String,
        /// Why.
        error: std::io::Error,
    },
    /// A file holds something else.
    #[error("the key file `{0}` does not hold such a key")]
    Unreadable(String),
    /// The system gives no randomness.
    #[error("no new key can be made")]
    NoRandomness,
}

const RETIRED_FILE: &str = "retired.json";
const SIGNER_FILE: &str = "signing.key";
const KEYRING_FILE: &str = "sealing.keys";

impl Keys {
    /// New keys that stand nowhere.
    pub fn generate() -> Result<Self, KeysError> {
        let (keyring, _) = Keyring::generate().map_err(|_| KeysError::NoRandomness)?;
        let (signer, _) = Signer::generate().map_err(|_| KeysError::NoRandomness)?;
        Ok(Self { keyring, signer, retired: Vec::new() })
    }

    /// The keys in `directory`; made there at the first start.
    pub fn load_or_create(directory: &Path) -> Result<Self, KeysError> {
        let keyring = load_or_create(directory, KEYRING_FILE, || {
            let (_, text) = Keyring::generate().map_err(|_| KeysError::NoRandomness)?;
            Ok(Secret::new(text.into_exposed().into_bytes()))
        })?;
        let unreadable = || KeysError::Unreadable(KEYRING_FILE.to_owned());
        let keyring = std::str::from_utf8(keyring.expose()).map_err(|_| unreadable())?.trim();
        let keyring = Keyring::parse(keyring).map_err(|_| unreadable())?;
        Ok(Self { keyring, signer: signer(directory, SIGNER_FILE)?, retired: retired(directory)?.keys })
    }

    /// The public keys of all that was ever signed, the present one first.
    pub fn public(&self) -> JwkSet {
        JwkSet { keys: std::iter::once(self.signer.jwk()).chain(self.retired.iter().cloned()).collect() }
    }

    /// Makes new keys the present ones; the old ones go on to open and to verify. It takes effect at the next start.
    pub fn rotate(directory: &Path) -> Result<(), KeysError> {
        let keys = Self::load_or_create(directory)?;
        let write = |name: &str, bytes: &[u8]| {
            let path = directory.join(name);
            replace(&path, bytes).map_err(|error| KeysError::File { name: path.display().to_string(), error })
        };
        let unreadable = || KeysError::Unreadable(RETIRED_FILE.to_owned());
        let retired = serde_json::to_vec(&keys.public()).map_err(|_| unreadable())?;
        let (_, pkcs8) = Signer::generate().map_err(|_| KeysError::NoRandomness)?;
        let (_, newest) = Keyring::generate().map_err(|_| KeysError::NoRandomness)?;
        let older =
            load_or_create(directory, KEYRING_FILE, || Err(KeysError::Unreadable(KEYRING_FILE.to_owned())))?;
        let mut ring = Secret::new(newest.into_exposed().into_bytes()).into_exposed();
        ring.push(b',');
        ring.extend_from_slice(older.expose().trim_ascii());
        // The public key is remembered before it stops signing: a crash in between costs nothing.
        write(RETIRED_FILE, &retired)?;
        write(SIGNER_FILE, pkcs8.expose())?;
        write(KEYRING_FILE, &ring)
    }
}

fn retired(directory: &Path) -> Result<JwkSet, KeysError> {
    let path = directory.join(RETIRED_FILE);
    match std::fs::read(&path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map_err(|_| KeysError::Unreadable(RETIRED_FILE.to_owned()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(JwkSet { keys: Vec::new() }),
        Err(error) => Err(KeysError::File { name: path.display().to_string(), error }),
    }
}

/// The signing key in the file `name` of `directory`; made there when it is absent.
pub fn signer(directory: &Path, name: &str) -> Result<Signer, KeysError> {
    let pkcs8 = load_or_create(directory, name, || {
        Signer::generate().map(|(_, pkcs8)| pkcs8).map_err(|_| KeysError::NoRandomness)
    })?;
    Signer::from_pkcs8(pkcs8.expose()).map_err(|_| KeysError::Unreadable(name.to_owned()))
}

fn load_or_create(
    directory: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Secret<Vec<u8>>, KeysError>,
) -> Result<Secret<Vec<u8>>, KeysError> {
    let path = directory.join(name);
    let failed = |error| KeysError::File { name: path.display().to_string(), error };
    match std::fs::read(&path) {
        Ok(bytes) => return Ok(Secret::new(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    durable::make_folder(directory).map_err(failed)?;
    let key = make()?;
    replace(&path, key.expose()).map_err(failed)?;
    Ok(key)
}

/// Whole or not at all, and for good before anything is sealed: a torn key file would lock everybody out of their own data.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    write_private(&draft, bytes)?;
    durable::rename(&draft, path)
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::verify_bytes;
    use crate::testing::unique_directory;

    #[test]
    fn keys_are_made_once_and_kept() {
        let directory = unique_directory();
        let first = Keys::load_or_create(&directory).unwrap();
        let sealed = first.keyring.seal(b"here", b"secret").unwrap();
        let again = Keys::load_or_create(&directory).unwrap();
        assert_eq!(again.keyring.open(b"here", &sealed).unwrap(), b"secret");
        let signature = first.signer.sign_bytes(b"block");
        assert!(verify_bytes(&again.signer.jwk(), b"block", &signature));
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn rotated_keys_still_open_and_verify_what_was_sealed_and_signed() {
        let directory = unique_directory();
        let before = Keys::load_or_create(&directory).unwrap();
        let sealed = before.keyring.seal(b"here", b"secret").unwrap();
        let signature = before.signer.sign_bytes(b"block");
        Keys::rotate(&directory).unwrap();
        Keys::rotate(&directory).unwrap();
        let after = Keys::load_or_create(&directory).unwrap();
        assert_ne!(after.signer.kid(), before.signer.kid());
        assert!(after.public().signed(before.signer.kid(), b"block", &signature));
        assert!(!after.public().signed(after.signer.kid(), b"block", &signature));
        assert_eq!(after.keyring.open(b"here", &sealed).unwrap(), b"secret");
        assert!(!after.keyring.is_current(&sealed));
        assert_eq!(after.public().keys.len(), 3);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_broken_key_file_stops_the_start_instead_of_being_replaced() {
        let directory = unique_directory();
        std::fs::write(directory.join(KEYRING_FILE), "nonsense").unwrap();
        assert!(matches!(Keys::load_or_create(&directory), Err(KeysError::Unreadable(_))));
        assert_eq!(std::fs::read_to_string(directory.join(KEYRING_FILE)).unwrap(), "nonsense");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
