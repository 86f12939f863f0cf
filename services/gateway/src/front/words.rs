//! The words that the gateway gives services in other processes: who calls, signed, for a minute; and from where.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::Timestamp;
use http::HeaderValue;
use kernel::auth::{Caller, Signer, TokenType};
use kernel::http::address_word;
use kernel::secrets::Macs;

/// Signs the word for each caller, once for as long as it is good.
pub struct Words {
    signer: Signer,
    issuer: String,
    marks: Macs,
    addresses: Mutex<HashMap<IpAddr, HeaderValue>>,
    /// By where the caller stands in memory: the same token and the same key give the same place.
    given: Mutex<HashMap<usize, Given>>,
}

struct Given {
    /// Kept, so that no other caller comes to stand in this place.
    caller: Arc<Caller>,
    word: HeaderValue,
    until: Timestamp,
}

/// Whom the word is for.
pub const AUDIENCE: &str = "services";
const LIFETIME_S: i64 = 60;
/// A word is given anew this long before it ends, so that it is still good where it arrives.
const RENEWED_BEFORE_US: i64 = 20_000_000;
const GIVEN_MAX: usize = 10_000;

impl Words {
    /// Signs with the key that the services of the platform know.
    pub fn new(signer: Signer, issuer: String, marks: Macs) -> Self {
        Self { signer, issuer, marks, addresses: Mutex::default(), given: Mutex::default() }
    }

    /// The word for whoever calls from there.
    pub fn word_from(&self, address: IpAddr) -> Option<HeaderValue> {
        let mut known = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = known.get(&address) {
            return Some(word.clone());
        }
        let word = HeaderValue::from_str(&address_word(&self.marks, address)).ok()?;
        if known.len() >= GIVEN_MAX {
            known.clear();
        }
        known.insert(address, word.clone());
        Some(word)
    }

    /// The word for this caller.
    pub fn word_for(&self, caller: &Arc<Caller>, now: Timestamp) -> Option<HeaderValue> {
        let place = Arc::as_ptr(caller) as usize;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) =
            given.get(&place).filter(|found| now < found.until && Arc::ptr_eq(&found.caller, caller))
        {
            return Some(found.word.clone());
        }
        let claims = caller.hand_on(&self.issuer, AUDIENCE, now, LIFETIME_S);
        let ends_us = claims.exp.saturating_mul(1_000_000).saturating_sub(RENEWED_BEFORE_US);
        let word = HeaderValue::from_str(&self.signer.sign(&claims, TokenType::Internal)).ok()?;
        if given.len() >= GIVEN_MAX {
            given.clear();
        }
        let until = Timestamp::from_micros(ends_us);
        given.insert(place, Given { caller: Arc::clone(caller), word: word.clone(), until });
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::{Id, ProjectId, UserId};
    use kernel::auth::{JwkSet, Permissions, StaticKeys, Verifier, Who};

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn marks() -> Macs {
        kernel::http::address_marks(&kernel::secrets::Keyring::generate().unwrap().0)
    }

    fn caller(number: u128) -> Arc<Caller> {
        let who = Who::User(UserId::from_u128(number));
        let project = Some(ProjectId::from_u128(7));
        Arc::new(Caller::new(
            who,
            project,
            Permissions::new(["orders:read"]),
            NOW.saturating_add(std::time::Duration::from_secs(600)),
        ))
    }

    #[test]
    fn a_service_believes_the_word_and_nobody_else_does() {
        kernel::testing::run(async {
            let (signer, _) = Signer::generate().unwrap();
            let keys = StaticKeys(JwkSet { keys: vec![signer.jwk()] });
            let words = Words::new(signer, "stoa".to_owned(), marks());
            let ann = caller(1);
            let word = words.word_for(&ann, NOW).unwrap();
            let text = word.to_str().unwrap();
            let service = Verifier::new("stoa", AUDIENCE, TokenType::Internal, keys.clone());
            let heard = service.verify(text, NOW).await.unwrap();
            assert_eq!((heard.name(), heard.project()), (ann.name(), ann.project()));
            let door = Verifier::new("stoa", "stoa", TokenType::Access, keys);
            assert!(door.verify(text, NOW).await.is_err(), "what is said inside opens no door outside");
        });
    }

    #[test]
    fn the_same_caller_gets_the_same_word_until_it_grows_old() {
        let words = Words::new(Signer::generate().unwrap().0, "stoa".to_owned(), marks());
        let ann = caller(1);
        let later = |seconds| NOW.saturating_add(std::time::Duration::from_secs(seconds));
        let first = words.word_for(&ann, NOW).unwrap();
        assert_eq!(words.word_for(&ann, later(30)).unwrap(), first);
        assert_ne!(words.word_for(&ann, later(45)).unwrap(), first);
        assert_ne!(words.word_for(&caller(2), NOW).unwrap(), first);
    }
}
