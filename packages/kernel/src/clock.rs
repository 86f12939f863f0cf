//! Time as the business sees it: the system's clock, or one that a test or the sandbox holds.
//!
//! Rules never read a clock: they take the time from `Tx::now`. Time-outs of I/O use the monotonic clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contracts::Timestamp;

/// A clock that all of a process shares; clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    /// How far ahead of the system's clock the sandbox has been moved.
    ahead_micros: AtomicI64,
    /// Where the clock stands, when a test holds it; `RUNS` otherwise.
    held_micros: AtomicI64,
}

const RUNS: i64 = i64::MIN;

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Arc::new(Hands { ahead_micros: AtomicI64::new(0), held_micros: AtomicI64::new(RUNS) }))
    }

    /// A clock that stands at `at` until it is advanced.
    pub fn held(at: Timestamp) -> Self {
        let held_micros = AtomicI64::new(at.as_micros());
        Self(Arc::new(Hands { ahead_micros: AtomicI64::new(0), held_micros }))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        let held = self.0.held_micros.load(Ordering::Relaxed);
        if held != RUNS {
            return Timestamp::from_micros(held);
        }
        let ahead_micros = self.0.ahead_micros.load(Ordering::Relaxed);
        Timestamp::from_micros(system_time().as_micros().saturating_add(ahead_micros))
    }

    /// The time that others date their proofs by: the sandbox's lead is left out, a test's clock is not.
    pub fn wall(&self) -> Timestamp {
        let held = self.0.held_micros.load(Ordering::Relaxed);
        if held == RUNS { system_time() } else { Timestamp::from_micros(held) }
    }

    /// Moves the clock forward: a billing year passes in a test. It never goes back.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let hand = if self.0.held_micros.load(Ordering::Relaxed) == RUNS {
            &self.0.ahead_micros
        } else {
            &self.0.held_micros
        };
        hand.fetch_add(micros, Ordering::Relaxed);
    }
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_moves_only_when_advanced() {
        let clock = Clock::held(Timestamp::from_micros(1_000_000));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), Timestamp::from_micros(3_000_000));
    }

    #[test]
    fn the_sandbox_clock_runs_on_from_where_it_was_moved() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(Duration::from_secs(86_400 * 365));
        assert!(clock.now().as_micros() - before.as_micros() >= 365 * 86_400 * 1_000_000);
        assert!(clock.wall().as_micros() - before.as_micros() < 86_400 * 1_000_000);
    }
}
