//! The keys that tokens are signed with: made on demand, followed by new ones, published before and after they sign.
//! When that is due is decided in `domain::signing`.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use contracts::Timestamp;
use kernel::auth::{JwkSet, Signer};
use kernel::secrets::SealError;
use kernel::store::{Json, Scope, Store, Tx};

use super::store::keys::{self as store, SigningKey};
use crate::domain::signing::{self, NOTICE_MIN, PUBLISHED_AFTER, Turn};
use crate::error::Error;

/// Remembers the key that signs, so that a sign-in does not unseal it each time.
#[derive(Default)]
pub struct SignerAtHand(RwLock<Option<(Arc<Signer>, Timestamp)>>);

/// How long it is remembered: a key made elsewhere begins to sign here so much later at most.
const REMEMBERED: Duration = Duration::from_secs(60);
const READING: Scope = Scope::System("reading signing keys");
const MAKING: Scope = Scope::System("making signing keys");

impl SignerAtHand {
    /// The key that signs now.
    pub async fn get(&self, store: &Store) -> Result<Arc<Signer>, Error> {
        let now = store.clock().now();
        if let Some((signer, until)) = &*self.0.read().unwrap_or_else(PoisonError::into_inner)
            && now < *until
        {
            return Ok(Arc::clone(signer));
        }
        let signer = Arc::new(present(store).await?);
        let until = now.saturating_add(REMEMBERED);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&signer), until));
        Ok(signer)
    }
}

/// The public keys that tokens of ours are verified with; the first key is made when there is none.
pub async fn published_keys(store: &Store) -> Result<JwkSet, Error> {
    let known = store.read(READING, |tx| Ok::<_, Error>(store::signing_keys(tx)?)).await?;
    let keys = if known.is_empty() { store.write(MAKING, with_first_key).await? } else { known };
    Ok(JwkSet { keys: keys.into_iter().map(|key| key.public_key.0).collect() })
}

/// Makes a key that signs from a quarter of an hour on, when every verifier knows it; answers with its name.
pub async fn rotate_signing_key(store: &Store) -> Result<String, Error> {
    store.write(MAKING, |tx| Ok(new_key(tx, tx.now().saturating_add(NOTICE_MIN))?.kid)).await
}

/// Makes the next key when it is due, and forgets those whose tokens are long over.
pub fn turn_keys(tx: &mut Tx<'_>) -> Result<(), Error> {
    let known = store::signing_keys(tx)?;
    if let Some(signs_from) = signing::next(&turns(&known), tx.now()) {
        new_key(tx, signs_from)?;
    }
    store::retire_followed(tx)?;
    store::forget_retired(tx, tx.now().saturating_sub(PUBLISHED_AFTER))?;
    Ok(())
}

async fn present(store: &Store) -> Result<Signer, Error> {
    let pick = |tx: &mut Tx<'_>| {
        let known = store::signing_keys(tx)?;
        let Some(place) = signing::signing(&turns(&known), tx.now()) else { return Ok(None) };
        known.into_iter().nth(place).map(|key| unsealed(tx, &key)).transpose()
    };
    if let Some(signer) = store.read(READING, pick).await? {
        return Ok(signer);
    }
    store.write(MAKING, with_first_key).await?;
    store.read(READING, pick).await?.ok_or(Error::NoSuch("signing key"))
}

/// All keys, of which one signs now.
fn with_first_key(tx: &mut Tx<'_>) -> Result<Vec<SigningKey>, Error> {
    let known = store::signing_keys(tx)?;
    if signing::signing(&turns(&known), tx.now()).is_some() {
        return Ok(known);
    }
    new_key(tx, tx.now())?;
    Ok(store::signing_keys(tx)?)
}

fn new_key(tx: &mut Tx<'_>, signs_from: Timestamp) -> Result<SigningKey, Error> {
    let (signer, pkcs8) = Signer::generate().map_err(|_| SealError::NoRandomness)?;
    let sealed = tx.keys().keyring.seal(&place(signer.kid()), pkcs8.expose())?;
    let key = SigningKey { kid: signer.kid().to_owned(), sealed, public_key: Json(signer.jwk()), signs_from };
    store::insert_key(tx, &key)?;
    Ok(key)
}

fn unsealed(tx: &Tx<'_>, key: &SigningKey) -> Result<Signer, Error> {
    let pkcs8 = tx.keys().keyring.open(&place(&key.kid), &key.sealed)?;
    Ok(Signer::from_pkcs8(&pkcs8).map_err(|_| SealError::Malformed)?)
}

fn place(kid: &str) -> Vec<u8> {
    format!("signing_keys.sealed:{kid}").into_bytes()
}

fn turns(known: &[SigningKey]) -> Vec<Turn> {
    known.iter().map(|key| Turn { signs_from: key.signs_from }).collect()
}
