//! Verifies tokens: finds the issuer's key, follows its rotation, and remembers what it has verified.
//!
//! The hot path is one hash and one look-up. It never reads a clock and never speaks HTTP: where keys come
//! from is a [`KeySource`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use contracts::Timestamp;
use ring::digest::{SHA256, digest};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::caller::Caller;
use super::keys::{JwkSet, VerifyingKey};
use super::token::{BadToken, Expected, Parts, TOKEN_BYTES_MAX, TokenType};

/// What a key source answers: the keys, or a sentence for the log.
pub type Fetched = Pin<Box<dyn Future<Output = Result<JwkSet, String>> + Send>>;

/// Where an issuer's public keys come from.
pub trait KeySource: Send + Sync {
    /// Fetches the whole set.
    fn fetch(&self) -> Fetched;
}

/// Keys that are known at the start and never change.
#[derive(Clone, Debug)]
pub struct StaticKeys(pub JwkSet);

/// Verifies the tokens of one issuer for one audience.
pub struct Verifier {
    typ: TokenType,
    expected: Expected,
    keys: Arc<Keys>,
    seen: [RwLock<HashMap<Digest, Seen>>; SHARDS],
}

struct Keys {
    source: Box<dyn KeySource>,
    known: RwLock<Known>,
    /// Rises when a key is withdrawn; what was verified under an older number is forgotten.
    generation: AtomicU64,
    /// Held during a fetch, so that there is one at a time.
    attempt: Arc<Mutex<Option<Attempt>>>,
}

#[derive(Default)]
struct Known {
    by_kid: HashMap<String, VerifyingKey>,
    fetched_at: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Attempt {
    at: Timestamp,
    succeeded: bool,
}

#[derive(Clone, Copy)]
struct Found {
    key: VerifyingKey,
    generation: u64,
    fetched_at: Option<Timestamp>,
}

struct Seen {
    caller: Arc<Caller>,
    until: Timestamp,
    generation: u64,
}

type Digest = [u8; 32];

const LEEWAY_S: i64 = 30;
const LEEWAY_MAX_S: i64 = 60;
const LIFETIME_MAX_S: i64 = 15 * 60;
const SHARDS: usize = 16;
/// 16 × 625 = 10,000 tokens remembered.
const SHARD_MAX: usize = 625;
const REMEMBERED: Duration = Duration::from_secs(60);
const KEYS_MAX: usize = 100;
const KEYS_FRESH: Duration = Duration::from_secs(10 * 60);
const FETCH_PAUSE: Duration = Duration::from_secs(30);
/// Until the first keys have come nobody can be let in, so that is tried more often.
const FIRST_FETCH_PAUSE: Duration = Duration::from_secs(1);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

impl KeySource for StaticKeys {
    fn fetch(&self) -> Fetched {
        let keys = self.0.clone();
        Box::pin(async move { Ok(keys) })
    }
}

impl Verifier {
    /// A verifier of tokens of `typ` that `issuer` made for `audience`.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        typ: TokenType,
        source: impl KeySource + 'static,
    ) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self {
            typ,
            expected: Expected { issuer, audience, leeway_s: LEEWAY_S, lifetime_max_s: LIFETIME_MAX_S },
            keys: Arc::new(Keys {
                source: Box::new(source),
                known: RwLock::default(),
                generation: AtomicU64::new(0),
                attempt: Arc::default(),
            }),
            seen: Default::default(),
        }
    }

    /// How far clocks may differ; at most 60 s.
    pub fn leeway_s(mut self, leeway_s: u32) -> Self {
        self.expected.leeway_s = i64::from(leeway_s).min(LEEWAY_MAX_S);
        self
    }

    /// How long a token may be valid at most.
    pub fn lifetime_max_s(mut self, lifetime_max_s: u32) -> Self {
        self.expected.lifetime_max_s = i64::from(lifetime_max_s);
        self
    }

    /// The caller whom the token vouches for at `now`.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Caller>, BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(BadToken::TooLong);
        }
        let mut hash = Digest::default();
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(caller) = self.remembered(&hash, now) {
            return Ok(caller);
        }
        let parts = Parts::of(token, self.typ)?;
        let found = self.keys.find_or_fetch(&parts.kid, now).await?;
        let claims = parts.claims(&found.key)?;
        self.expected.check(&claims, now)?;
        let caller = Arc::new(Caller::try_from(claims)?);
        self.remember(hash, &caller, found.generation, now);
        Ok(caller)
    }

    /// Fetches the issuer's keys now, so that the first caller need not wait for them.
    pub async fn learn_keys(&self, now: Timestamp) {
        let attempt = Arc::clone(&self.keys.attempt).lock_owned().await;
        // A task of its own, as for callers; what went wrong is in the log.
        let _ = tokio::spawn(Arc::clone(&self.keys).fetch(attempt, now)).await;
    }

    fn remembered(&self, hash: &Digest, now: Timestamp) -> Option<Arc<Caller>> {
        let shard = self.shard(hash).read().unwrap_or_else(PoisonError::into_inner);
        let seen = shard.get(hash)?;
        let valid = now < seen.until && seen.generation == self.keys.generation.load(Ordering::Acquire);
        valid.then(|| Arc::clone(&seen.caller))
    }

    fn remember(&self, hash: Digest, caller: &Arc<Caller>, generation: u64, now: Timestamp) {
        let leeway = Duration::from_secs(self.expected.leeway_s.unsigned_abs());
        let until = now.saturating_add(REMEMBERED).min(caller.expires_at.saturating_add(leeway));
        let mut shard = self.shard(&hash).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SHARD_MAX {
            shard.retain(|_, seen| now < seen.until);
            // Starting over costs one signature a token; keeping an order of use would cost every hit.
            if shard.len() > SHARD_MAX / 2 {
                shard.clear();
            }
        }
        shard.insert(hash, Seen { caller: Arc::clone(caller), until, generation });
    }

    #[cfg(test)]
    pub(super) fn tokens_remembered(&self) -> usize {
        let sizes = self.seen.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len());
        sizes.sum()
    }

    fn shard(&self, hash: &Digest) -> &RwLock<HashMap<Digest, Seen>> {
        &self.seen[usize::from(hash[0]) % SHARDS]
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("typ", &self.typ)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// The key named `kid`. An old set is used while a new one is fetched behind the request; a name that is
    /// not known is worth one fetch, and a flood of them no more than that.
    async fn find_or_fetch(self: &Arc<Self>, kid: &str, now: Timestamp) -> Result<Found, BadToken> {
        if let Some(found) = self.find(kid) {
            if found.fetched_at.is_none_or(|at| apart(now, at) > KEYS_FRESH) {
                self.renew(now);
            }
            return Ok(found);
        }
        let attempt = Arc::clone(&self.attempt).lock_owned().await;
        // Whoever held the lock before may have brought the key.
        if let Some(found) = self.find(kid) {
            return Ok(found);
        }
        let succeeded = if self.is_due(*attempt, now) {
            // A task of its own: a caller that goes away does not take the fetch of all others with it.
            tokio::spawn(Arc::clone(self).fetch(attempt, now)).await.unwrap_or(false)
        } else {
            attempt.is_some_and(|last| last.succeeded)
        };
        let absent = if succeeded { BadToken::UnknownKey } else { BadToken::KeysUnavailable };
        self.find(kid).ok_or(absent)
    }

    fn find(&self, kid: &str) -> Option<Found> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let key = *known.by_kid.get(kid)?;
        Some(Found { key, generation: self.generation.load(Ordering::Acquire), fetched_at: known.fetched_at })
    }

    fn renew(self: &Arc<Self>, now: Timestamp) {
        if let Ok(attempt) = Arc::clone(&self.attempt).try_lock_owned()
            && self.is_due(*attempt, now)
        {
            tokio::spawn(Arc::clone(self).fetch(attempt, now));
        }
    }

    fn is_due(&self, last: Option<Attempt>, now: Timestamp) -> bool {
        let never = self.known.read().unwrap_or_else(PoisonError::into_inner).fetched_at.is_none();
        let pause = if never { FIRST_FETCH_PAUSE } else { FETCH_PAUSE };
        last.is_none_or(|last| apart(now, last.at) >= pause)
    }

    async fn fetch(self: Arc<Self>, mut attempt: OwnedMutexGuard<Option<Attempt>>, now: Timestamp) -> bool {
        *attempt = Some(Attempt { at: now, succeeded: false });
        let failure = match tokio::time::timeout(FETCH_TIMEOUT, self.source.fetch()).await {
            Ok(Ok(set)) if self.replace(&set, now) => {
                *attempt = Some(Attempt { at: now, succeeded: true });
                return true;
            }
            Ok(Ok(_)) => "the set holds no key that we can use".to_owned(),
            Ok(Err(why)) => why,
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(
            why = failure,
            "the token issuer's keys could not be fetched; the known ones stay in use"
        );
        false
    }

    /// Takes the new set, unless it is empty: an issuer without keys is broken, not closed.
    fn replace(&self, set: &JwkSet, now: Timestamp) -> bool {
        let usable = set.keys.iter().filter_map(|jwk| Some((jwk.kid.clone(), VerifyingKey::of(jwk)?)));
        let by_kid: HashMap<_, _> = usable.take(KEYS_MAX).collect();
        if by_kid.is_empty() {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let withdrawn = known.by_kid.iter().any(|(kid, key)| by_kid.get(kid) != Some(key));
        *known = Known { by_kid, fetched_at: Some(now) };
        if withdrawn {
            // Under the lock, so that no key is found with the number of another set.
            self.generation.fetch_add(1, Ordering::Release);
        }
        true
    }
}

/// How far two instants are apart, whichever is first: a clock that was set back must not stop the renewal.
fn apart(a: Timestamp, b: Timestamp) -> Duration {
    Duration::from_micros(a.as_micros().abs_diff(b.as_micros()))
}
