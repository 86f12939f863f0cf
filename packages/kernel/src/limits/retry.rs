//! Retries: how many may be made, and how long to wait before each.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;

/// One retry, in the unit the budget counts: so a second at one retry a second is exactly its nanoseconds.
const RETRY: u64 = 1_000_000_000;
/// What a quiet hour may save up, in retries.
const SAVED_MAX: u64 = 100;

/// Keeps retries a small share of calls, so that they cannot feed an outage.
#[derive(Debug)]
pub struct RetryBudget {
    per_call: u64,
    per_second_min: u64,
    account: Mutex<Account>,
}

#[derive(Debug)]
struct Account {
    balance: u64,
    accrued_at: Instant,
}

/// Waits that grow twofold and are drawn evenly from zero to their ceiling (full jitter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait.
    pub base: Duration,
    /// The ceiling of all waits.
    pub cap: Duration,
}

impl RetryBudget {
    /// `percent` of calls may be retries, and `per_second_min` in any case.
    pub fn new(percent: u8, per_second_min: u32, now: Instant) -> Self {
        let per_second_min = u64::from(per_second_min);
        let balance = (per_second_min * RETRY).min(SAVED_MAX * RETRY);
        Self {
            per_call: u64::from(percent) * (RETRY / 100),
            per_second_min,
            account: Mutex::new(Account { balance, accrued_at: now }),
        }
    }

    /// A first attempt is being made.
    pub fn count_call(&self) {
        let mut account = lock(&self.account);
        account.balance = (account.balance + self.per_call).min(SAVED_MAX * RETRY);
    }

    /// Whether a retry may be made now; if so it is paid for.
    pub fn allow_retry(&self, now: Instant) -> bool {
        let mut account = lock(&self.account);
        let elapsed = now.saturating_duration_since(account.accrued_at);
        let elapsed_ns = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let accrued = elapsed_ns.saturating_mul(self.per_second_min);
        account.accrued_at += elapsed;
        account.balance = account.balance.saturating_add(accrued).min(SAVED_MAX * RETRY);
        match account.balance.checked_sub(RETRY) {
            Some(left) => account.balance = left,
            None => return false,
        }
        true
    }
}

impl Backoff {
    /// The wait after failed attempt number `attempt` (the first is 0), drawn with a random number.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let ceiling = self.base.saturating_mul(2_u32.saturating_pow(attempt)).min(self.cap);
        let ceiling_ns = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX - 1);
        Duration::from_nanos(random % (ceiling_ns + 1))
    }
}

/// What to make of a wait another party asked for: theirs, but never longer than we are willing to be parked.
pub fn clamp_retry_after(asked: Duration, max: Duration) -> Duration {
    asked.min(max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hostile_retry_after_does_not_park_us_for_a_year() {
        let hour = Duration::from_secs(3600);
        assert_eq!(clamp_retry_after(hour * 9000, hour), hour);
        assert_eq!(clamp_retry_after(Duration::from_secs(7), hour), Duration::from_secs(7));
    }

    #[test]
    fn without_calls_only_the_minimum_a_second_may_be_retried() {
        let start = Instant::now();
        let budget = RetryBudget::new(20, 2, start);
        let allowed = |now| (0..50).filter(|_| budget.allow_retry(now)).count();
        assert_eq!(allowed(start), 2);
        assert_eq!(allowed(start + Duration::from_secs(3)), 6);
    }

    proptest! {
        #[test]
        fn retries_stay_below_their_share_of_calls_and_the_minimum(
            percent in 0_u8..=20, min in 0_u32..5, steps in proptest::collection::vec((0_u64..500, 0_u8..6), 1..300),
        ) {
            let start = Instant::now();
            let budget = RetryBudget::new(percent, min, start);
            let (mut now, mut calls, mut retries) = (start, 0_u64, 0_u64);
            for (step_ms, tries) in steps {
                now += Duration::from_millis(step_ms);
                budget.count_call();
                calls += 1;
                retries += (0..tries).filter(|_| budget.allow_retry(now)).count() as u64;
                let floor = u64::from(min) * (1000 + now.duration_since(start).as_millis() as u64) / 10;
                prop_assert!(retries * 100 <= calls * u64::from(percent) + floor);
            }
        }

        #[test]
        fn a_wait_never_passes_its_ceiling(attempt in 0_u32..2_000, random: u64) {
            let backoff = Backoff { base: Duration::from_millis(50), cap: Duration::from_secs(10) };
            let ceiling = Duration::from_millis(50 * 2_u64.pow(attempt.min(20))).min(backoff.cap);
            prop_assert!(backoff.delay(attempt, random) <= ceiling);
        }
    }
}
