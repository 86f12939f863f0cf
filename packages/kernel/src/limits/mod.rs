//! How much is too much: rates, concurrency, failing neighbours and retries, each as a small pure machine.
//!
//! Time and randomness are handed in, so every rule here is tested without a clock. What is limited (callers at
//! the edge, providers in `outside`) and what a refusal looks like on the wire is the business of those who ask.

mod breaker;
mod buckets;
mod bulkhead;
mod retry;

pub use breaker::{BreakerSettings, BreakerState, CircuitBreaker, Open, Outcome, Pass};
pub use buckets::{Allowance, Quota, Refused, TokenBuckets};
pub use bulkhead::{Bulkhead, Full, Ticket};
pub use retry::{Backoff, RetryBudget, clamp_retry_after};

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A number good enough to spread callers in time, and for nothing secret.
pub fn jitter() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Locks; the counters behind these locks are whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
