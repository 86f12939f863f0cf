//! New ids: ordered by time, and strictly increasing within one process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use contracts::{Id, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

/// Makes ids. Ids are names, not secrets: nobody is let in for guessing one.
#[derive(Clone, Debug)]
pub struct Ids(Arc<Mutex<Last>>);

#[derive(Debug)]
struct Last {
    unix_ms: u64,
    random: u128,
    state: u64,
}

const RANDOM_BITS: u32 = 80;

impl Ids {
    /// A generator seeded by the system.
    pub fn new() -> Self {
        let mut seed = [0; 8];
        if SystemRandom::new().fill(&mut seed).is_err() {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            seed = (since.as_micros() as u64 ^ u64::from(std::process::id())).to_le_bytes();
        }
        Self::seeded(u64::from_le_bytes(seed))
    }

    /// A generator that gives the same ids in each run, for replays.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Last { unix_ms: 0, random: 0, state: seed })))
    }

    /// The next id at `now`.
    pub fn next<I: Id>(&self, now: Timestamp) -> I {
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(0);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms > last.unix_ms {
            last.unix_ms = now_ms;
            // The top bit stays free, so that counting up from here cannot overflow.
            last.random =
                (u128::from(last.step()) << 64 | u128::from(last.step())) & ((1 << (RANDOM_BITS - 1)) - 1);
        } else {
            last.random += 1 + u128::from(last.step() >> 32);
        }
        I::from_parts(last.unix_ms, last.random)
    }

    /// A random number for jitter: not for secrets.
    pub fn random(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).step()
    }
}

impl Default for Ids {
    fn default() -> Self {
        Self::new()
    }
}

impl Last {
    /// One step of splitmix64.
    fn step(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::EventId;

    #[test]
    fn ids_of_one_instant_are_ordered_and_unique() {
        let ids = Ids::new();
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let made: Vec<EventId> = (0..10_000).map(|_| ids.next(at)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn ids_are_ordered_when_the_clock_goes_back() {
        let ids = Ids::new();
        let late: EventId = ids.next(Timestamp::from_micros(1_700_000_000_000_000));
        let early: EventId = ids.next(Timestamp::from_micros(1_600_000_000_000_000));
        assert!(early > late);
    }
}
