//! Rates: a token bucket for each key, kept as one number (the generic cell rate algorithm).
//!
//! The face has no trace of where the numbers live, so a shared store can take the place of this memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;

/// More locks than this gain nothing on machines we know.
const SHARDS_MAX: usize = 16;

/// So many in a period, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    burst: u32,
    /// What one unit costs in time, rounded up so that the rate is never exceeded.
    cell_ns: u64,
}

/// What is left to a caller who was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How much fits in the full bucket.
    pub limit: u32,
    /// How much could be spent right now.
    pub remaining: u32,
    /// When the bucket is full again, if nothing more is spent.
    pub reset_after: Duration,
}

/// The bucket holds too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests; try again in {} s", seconds_up(*.retry_after))]
pub struct Refused {
    /// How much fits in the full bucket.
    pub limit: u32,
    /// When the same request would be let through, if nobody else spends.
    pub retry_after: Duration,
}

/// A bucket for every key, in bounded memory.
///
/// Each shard has a young and an old generation. A bucket untouched for the time it takes to fill is full, so
/// dropping the old generation that often forgets nothing, and no sweep is ever needed. Only when more keys are
/// busy than fit does the turn come early, and then the least recently used keys start afresh.
#[derive(Debug)]
pub struct TokenBuckets<K> {
    quota: Quota,
    born: Instant,
    hasher: RandomState,
    generation_max: usize,
    shards: Box<[Mutex<Shard<K>>]>,
}

#[derive(Debug)]
struct Shard<K> {
    young: HashMap<K, u64>,
    old: HashMap<K, u64>,
    turned_ns: u64,
}

impl Quota {
    /// `limit` in each `period`, of which `burst` may come at once; a zero counts as one.
    pub fn new(limit: u32, period: Duration, burst: u32) -> Self {
        let cell_ns = period.as_nanos().div_ceil(u128::from(limit.max(1))).max(1);
        Self { burst: burst.max(1), cell_ns: u64::try_from(cell_ns).unwrap_or(u64::MAX) }
    }

    /// How much may come at once.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// What one unit costs in time.
    pub fn cell(&self) -> Duration {
        Duration::from_nanos(self.cell_ns)
    }

    /// The value of `RateLimit-Policy` for a policy of this (plain ASCII) name: the burst, and its time to fill.
    pub fn policy_header(&self, name: &'static str) -> String {
        format!("\"{name}\";q={};w={}", self.burst, seconds_up(Duration::from_nanos(self.full_ns())))
    }

    fn full_ns(&self) -> u64 {
        self.cell_ns.saturating_mul(u64::from(self.burst))
    }

    /// Spends from a bucket that would be full at `full_at`; answers when it will be full now.
    fn spend(&self, full_at: u64, cost: u32, now: u64) -> Result<(u64, Allowance), Refused> {
        // A cost above the burst could never be paid, so it takes the whole bucket instead.
        let price = self.cell_ns.saturating_mul(u64::from(cost.min(self.burst)));
        let after = full_at.max(now).saturating_add(price);
        let ceiling = now.saturating_add(self.full_ns());
        if after > ceiling {
            return Err(Refused { limit: self.burst, retry_after: Duration::from_nanos(after - ceiling) });
        }
        let remaining = u32::try_from((ceiling - after) / self.cell_ns).unwrap_or(self.burst);
        let reset_after = Duration::from_nanos(after - now);
        Ok((after, Allowance { limit: self.burst, remaining: remaining.min(self.burst), reset_after }))
    }
}

impl Allowance {
    /// The value of `RateLimit` for a policy of this (plain ASCII) name.
    pub fn header(&self, name: &'static str) -> String {
        format!("\"{name}\";r={};t={}", self.remaining, seconds_up(self.reset_after))
    }
}

impl Refused {
    /// The value of `RateLimit` for a policy of this (plain ASCII) name.
    pub fn header(&self, name: &'static str) -> String {
        format!("\"{name}\";r=0;t={}", seconds_up(self.retry_after))
    }
}

impl<K: Hash + Eq + Clone> TokenBuckets<K> {
    /// Full buckets for any key, at most `keys_max` of them remembered.
    pub fn new(quota: Quota, keys_max: usize) -> Self {
        let shards = (keys_max / 1024).clamp(1, SHARDS_MAX);
        let empty = || Shard { young: HashMap::new(), old: HashMap::new(), turned_ns: 0 };
        Self {
            quota,
            born: Instant::now(),
            hasher: RandomState::new(),
            generation_max: (keys_max / shards / 2).max(1),
            shards: (0..shards).map(|_| Mutex::new(empty())).collect(),
        }
    }

    /// The rate these buckets keep.
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Spends `cost` from the key's bucket, or nothing at all; a cost above the burst takes the whole bucket.
    pub fn check(&self, key: &K, cost: u32, now: Instant) -> Result<Allowance, Refused> {
        let now = u64::try_from(now.saturating_duration_since(self.born).as_nanos()).unwrap_or(u64::MAX);
        let mut shard = lock(self.shard(key));
        let forgotten = shard.turn(now, self.quota.full_ns(), self.generation_max);
        let answer = shard.spend(&self.quota, key, cost, now);
        // The lock first: freeing a generation takes a while.
        drop(shard);
        drop(forgotten);
        answer
    }

    /// How many buckets are remembered, for metrics.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard)).map(|shard| shard.young.len() + shard.old.len()).sum()
    }

    /// Whether no bucket is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: &K) -> &Mutex<Shard<K>> {
        let hash = if self.shards.len() == 1 { 0 } else { self.hasher.hash_one(key) };
        &self.shards[hash as usize % self.shards.len()]
    }
}

impl<K: Hash + Eq + Clone> Shard<K> {
    /// Lets the young grow old when it is time; hands back those that are forgotten.
    fn turn(&mut self, now: u64, full_ns: u64, generation_max: usize) -> Option<HashMap<K, u64>> {
        let due = now.saturating_sub(self.turned_ns) >= full_ns || self.young.len() >= generation_max;
        if !due {
            return None;
        }
        self.turned_ns = now;
        let young = std::mem::take(&mut self.young);
        Some(std::mem::replace(&mut self.old, young))
    }

    fn spend(&mut self, quota: &Quota, key: &K, cost: u32, now: u64) -> Result<Allowance, Refused> {
        if let Some(full_at) = self.young.get_mut(key) {
            let (after, allowance) = quota.spend(*full_at, cost, now)?;
            *full_at = after;
            return Ok(allowance);
        }
        // Moved to the young even when refused: a key that hammers must not be forgotten for it.
        let full_at = self.old.remove(key).unwrap_or(0);
        let answer = quota.spend(full_at, cost, now);
        self.young.insert(key.clone(), answer.as_ref().map_or(full_at, |(after, _)| *after));
        answer.map(|(_, allowance)| allowance)
    }
}

fn seconds_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ten_a_second() -> Quota {
        Quota::new(10, Duration::from_secs(1), 10)
    }

    #[test]
    fn a_burst_is_let_through_and_the_next_is_told_when_to_come_back() {
        let buckets = TokenBuckets::new(ten_a_second(), 100);
        let now = Instant::now();
        for left in (0..10).rev() {
            assert_eq!(buckets.check(&"a", 1, now).unwrap().remaining, left);
        }
        let refused = buckets.check(&"a", 1, now).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_millis(100));
        assert!(buckets.check(&"b", 1, now).is_ok(), "another key has its own bucket");
        assert!(buckets.check(&"a", 1, now + refused.retry_after).is_ok());
    }

    #[test]
    fn a_cost_above_the_burst_takes_the_whole_bucket() {
        let buckets = TokenBuckets::new(ten_a_second(), 100);
        let now = Instant::now();
        assert_eq!(buckets.check(&1, 500, now).unwrap().remaining, 0);
        assert_eq!(buckets.check(&1, 500, now).unwrap_err().retry_after, Duration::from_secs(1));
    }

    #[test]
    fn the_headers_say_what_holds() {
        let buckets = TokenBuckets::new(Quota::new(100, Duration::from_secs(60), 50), 10);
        let now = Instant::now();
        assert_eq!(buckets.quota().policy_header("burst"), r#""burst";q=50;w=30"#);
        assert_eq!(buckets.check(&1, 10, now).unwrap().header("burst"), r#""burst";r=40;t=6"#);
        assert_eq!(buckets.check(&1, 50, now).unwrap_err().header("burst"), r#""burst";r=0;t=6"#);
    }

    #[test]
    fn more_keys_than_fit_never_grow_the_memory() {
        let buckets = TokenBuckets::new(ten_a_second(), 4096);
        let now = Instant::now();
        for key in 0..100_000 {
            buckets.check(&key, 1, now).unwrap();
        }
        assert!(buckets.len() <= 4096, "{}", buckets.len());
    }

    #[test]
    fn an_empty_bucket_in_use_outlives_a_flood_of_other_keys() {
        let buckets = TokenBuckets::new(ten_a_second(), 512);
        let now = Instant::now();
        buckets.check(&0, 10, now).unwrap();
        for key in 1..10_000 {
            buckets.check(&key, 1, now).unwrap();
            if key % 100 == 0 {
                assert!(buckets.check(&0, 1, now).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn no_window_sees_more_than_rate_and_burst_and_whoever_waits_as_told_is_let_through(
            limit in 1_u32..50, period_ms in 1_u64..5_000, burst in 1_u32..20,
            calls in proptest::collection::vec((0_u64..400, 0_u8..3, 1_u32..4), 1..200),
        ) {
            let period = Duration::from_millis(period_ms);
            let buckets = TokenBuckets::new(Quota::new(limit, period, burst), 64);
            let mut now = Instant::now();
            let mut spent = vec![Vec::<(Instant, u32)>::new(); 3];
            for (step_ms, key, cost) in calls {
                now += Duration::from_millis(step_ms);
                let cost = cost.min(burst);
                // The greediest caller comes back at the very moment it was told.
                if let Err(refused) = buckets.check(&key, cost, now) {
                    now += refused.retry_after;
                    prop_assert!(buckets.check(&key, cost, now).is_ok());
                }
                spent[usize::from(key)].push((now, cost));
            }
            for spent in spent {
                for first in 0..spent.len() {
                    let mut sum = 0_u128;
                    for (at, cost) in &spent[first..] {
                        sum += u128::from(*cost);
                        let time = at.duration_since(spent[first].0).as_nanos();
                        let earned = time * u128::from(limit) / period.as_nanos();
                        prop_assert!(sum <= earned + u128::from(burst));
                    }
                }
            }
        }
    }
}
