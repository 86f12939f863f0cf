//! A circuit breaker: after too many failures, leave a neighbour alone for a while, then ask carefully.
//!
//! What counts as a failure is decided by the caller; a success slower than `slow_after` counts as one here.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::lock;

/// The window that is judged: ten buckets of one second.
const WINDOW_S: u64 = 10;
/// What a caller is told to wait while probes are out.
const PROBING_WAIT: Duration = Duration::from_secs(1);

/// When to open, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Fewer calls than this in ten seconds prove nothing.
    pub calls_min: u32,
    /// The share of failures that opens, in percent.
    pub failures_percent: u32,
    /// A success slower than this counts as a failure.
    pub slow_after: Option<Duration>,
    /// The least time open; the first opening takes one to two of it, each repeated one twice the last.
    pub open_min: Duration,
    /// The most time open.
    pub open_max: Duration,
    /// How many may try at once after an opening; all must succeed.
    pub probes_max: u32,
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The neighbour did its part, even if its answer was a refusal.
    Succeeded,
    /// The neighbour is in trouble: unreachable, silent or broken.
    Failed,
}

/// What a breaker does at the moment, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Everybody passes.
    Closed,
    /// Nobody passes.
    Open,
    /// A few pass, to see.
    HalfOpen,
}

/// The neighbour is being left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side is failing and is left alone for now")]
pub struct Open {
    /// When it is worth asking again.
    pub retry_after: Duration,
}

/// Watches one neighbour.
#[derive(Debug)]
pub struct CircuitBreaker {
    settings: BreakerSettings,
    born: Instant,
    inner: Mutex<Inner>,
}

/// Leave to make one call. Dropped without an outcome it was cancelled by us, which says nothing about the other
/// side: it counts as neither, and a probe's place is free again.
#[derive(Debug)]
#[must_use = "a pass that is dropped counts for nothing"]
pub struct Pass<'a> {
    breaker: &'a CircuitBreaker,
    started: Instant,
    epoch: u64,
    outcome: Option<(Outcome, Instant)>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// Grows with each change of state, so that a call begun before one is not counted after it.
    epoch: u64,
    /// Openings since the breaker was last closed.
    openings: u32,
    seconds: [Second; WINDOW_S as usize],
    random: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen { trying: u32, succeeded: u32 },
}

#[derive(Debug, Clone, Copy, Default)]
struct Second {
    number: u64,
    calls: u32,
    failures: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            calls_min: 20,
            failures_percent: 50,
            slow_after: None,
            open_min: Duration::from_secs(5),
            open_max: Duration::from_secs(30),
            probes_max: 3,
        }
    }
}

impl CircuitBreaker {
    /// A closed breaker; `seed` spreads the openings of many processes in time.
    pub fn new(settings: BreakerSettings, seed: u64, now: Instant) -> Self {
        let inner = Inner {
            state: State::Closed,
            epoch: 0,
            openings: 0,
            seconds: [Second::default(); WINDOW_S as usize],
            random: seed,
        };
        Self { settings, born: now, inner: Mutex::new(inner) }
    }

    /// Asks for leave to call.
    pub fn try_pass(&self, now: Instant) -> Result<Pass<'_>, Open> {
        let mut inner = lock(&self.inner);
        if let State::Open { until } = inner.state {
            if now < until {
                return Err(Open { retry_after: until - now });
            }
            inner.change(State::HalfOpen { trying: 0, succeeded: 0 });
        }
        if let State::HalfOpen { trying, succeeded } = &mut inner.state {
            if *trying + *succeeded >= self.settings.probes_max.max(1) {
                return Err(Open { retry_after: PROBING_WAIT });
            }
            *trying += 1;
        }
        Ok(Pass { breaker: self, started: now, epoch: inner.epoch, outcome: None })
    }

    /// What the breaker does at this time.
    pub fn state(&self, now: Instant) -> BreakerState {
        match lock(&self.inner).state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn settle(&self, pass: &Pass<'_>) {
        let mut inner = lock(&self.inner);
        if inner.epoch != pass.epoch {
            return;
        }
        if let State::HalfOpen { trying, .. } = &mut inner.state {
            *trying -= 1;
        }
        let Some((outcome, now)) = pass.outcome else { return };
        let slow = self.settings.slow_after.is_some_and(|limit| now.duration_since(pass.started) > limit);
        let failed = slow || outcome == Outcome::Failed;
        match &mut inner.state {
            State::Closed => {
                let second = now.saturating_duration_since(self.born).as_secs();
                if inner.tips(second, failed, &self.settings) {
                    inner.open(now, &self.settings);
                }
            }
            State::HalfOpen { .. } if failed => inner.open(now, &self.settings),
            State::HalfOpen { succeeded, .. } => {
                *succeeded += 1;
                if *succeeded >= self.settings.probes_max {
                    inner.close();
                }
            }
            // No pass carries the epoch of an open breaker.
            State::Open { .. } => {}
        }
    }
}

impl Pass<'_> {
    /// Says how the call went.
    pub fn done(mut self, outcome: Outcome, now: Instant) {
        self.outcome = Some((outcome, now));
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.breaker.settle(self);
    }
}

impl Inner {
    fn change(&mut self, state: State) {
        self.state = state;
        self.epoch += 1;
    }

    /// Counts a call; whether the window now says to open.
    fn tips(&mut self, number: u64, failed: bool, settings: &BreakerSettings) -> bool {
        let second = &mut self.seconds[(number % WINDOW_S) as usize];
        if second.number < number {
            *second = Second { number, ..Second::default() };
        }
        second.calls = second.calls.saturating_add(1);
        second.failures = second.failures.saturating_add(u32::from(failed));
        if !failed {
            return false;
        }
        let seen = self.seconds.iter().filter(|second| second.number + WINDOW_S > number);
        let (calls, failures) = seen.fold((0_u64, 0_u64), |(calls, failures), second| {
            (calls + u64::from(second.calls), failures + u64::from(second.failures))
        });
        calls >= u64::from(settings.calls_min)
            && failures * 100 >= calls * u64::from(settings.failures_percent)
    }

    fn open(&mut self, now: Instant, settings: &BreakerSettings) {
        let floor =
            settings.open_min.saturating_mul(2_u32.saturating_pow(self.openings)).min(settings.open_max / 2);
        let floor = floor.max(settings.open_min);
        let spread = settings.open_max.saturating_sub(floor).min(floor);
        let spread_ns = u64::try_from(spread.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX - 1);
        let wait = floor + Duration::from_nanos(self.next_random() % (spread_ns + 1));
        self.openings = self.openings.saturating_add(1);
        self.change(State::Open { until: now + wait });
    }

    fn close(&mut self) {
        self.openings = 0;
        self.seconds = [Second::default(); WINDOW_S as usize];
        self.change(State::Closed);
    }

    /// One step of splitmix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn breaker(now: Instant) -> CircuitBreaker {
        CircuitBreaker::new(BreakerSettings::default(), 7, now)
    }

    fn call(breaker: &CircuitBreaker, outcome: Outcome, now: Instant) {
        breaker.try_pass(now).unwrap().done(outcome, now);
    }

    fn opened(now: Instant) -> (CircuitBreaker, Duration) {
        let breaker = breaker(now);
        (0..20).for_each(|_| call(&breaker, Outcome::Failed, now));
        let wait = breaker.try_pass(now).unwrap_err().retry_after;
        (breaker, wait)
    }

    #[test]
    fn half_the_calls_failing_opens_it() {
        let now = Instant::now();
        let breaker = breaker(now);
        (0..10).for_each(|_| call(&breaker, Outcome::Succeeded, now));
        (0..9).for_each(|_| call(&breaker, Outcome::Failed, now));
        assert_eq!(breaker.state(now), BreakerState::Closed);
        call(&breaker, Outcome::Failed, now);
        assert_eq!(breaker.state(now), BreakerState::Open);
    }

    #[test]
    fn failures_older_than_the_window_are_forgotten() {
        let now = Instant::now();
        let breaker = breaker(now);
        (0..19).for_each(|_| call(&breaker, Outcome::Failed, now));
        call(&breaker, Outcome::Failed, now + Duration::from_secs(10));
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn three_good_probes_close_it() {
        let now = Instant::now();
        let (breaker, wait) = opened(now);
        let later = now + wait;
        (0..3).for_each(|_| call(&breaker, Outcome::Succeeded, later));
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn a_failed_probe_opens_it_for_longer_and_never_past_the_ceiling() {
        let mut now = Instant::now();
        let (breaker, mut wait) = opened(now);
        assert!(wait >= Duration::from_secs(5) && wait <= Duration::from_secs(10));
        for floor_s in [10, 15, 15, 15] {
            now += wait;
            call(&breaker, Outcome::Failed, now);
            wait = breaker.try_pass(now).unwrap_err().retry_after;
            assert!(wait >= Duration::from_secs(floor_s) && wait <= Duration::from_secs(30), "{wait:?}");
        }
    }

    #[test]
    fn a_cancelled_probe_gives_its_place_back_and_counts_for_nothing() {
        let now = Instant::now();
        let (breaker, wait) = opened(now);
        let later = now + wait;
        (0..10).for_each(|_| drop(breaker.try_pass(later).unwrap()));
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
    }

    #[test]
    fn a_call_begun_before_the_opening_does_not_close_it() {
        let now = Instant::now();
        let breaker = breaker(now);
        let early: Vec<_> = (0..3).map(|_| breaker.try_pass(now).unwrap()).collect();
        (0..20).for_each(|_| call(&breaker, Outcome::Failed, now));
        let later = now + Duration::from_secs(60);
        let _probe = breaker.try_pass(later).unwrap();
        early.into_iter().for_each(|pass| pass.done(Outcome::Succeeded, later));
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
    }

    #[test]
    fn a_slow_success_counts_as_a_failure_where_asked() {
        let now = Instant::now();
        let settings = BreakerSettings { slow_after: Some(Duration::from_secs(2)), ..Default::default() };
        let breaker = CircuitBreaker::new(settings, 7, now);
        let passes: Vec<_> = (0..20).map(|_| breaker.try_pass(now).unwrap()).collect();
        let later = now + Duration::from_secs(3);
        passes.into_iter().for_each(|pass| pass.done(Outcome::Succeeded, later));
        assert_eq!(breaker.state(later), BreakerState::Open);
    }

    proptest! {
        #[test]
        fn it_never_opens_below_the_minimum_of_calls(
            calls in proptest::collection::vec((0_u64..1_000, any::<bool>()), 0..19),
        ) {
            let mut now = Instant::now();
            let breaker = breaker(now);
            for (step_ms, good) in calls {
                now += Duration::from_millis(step_ms);
                call(&breaker, if good { Outcome::Succeeded } else { Outcome::Failed }, now);
                prop_assert_eq!(breaker.state(now), BreakerState::Closed);
            }
        }

        #[test]
        fn half_open_never_lets_more_than_three_out_at_once(moves in proptest::collection::vec(0_u8..4, 1..200)) {
            let mut now = Instant::now();
            let (breaker, _) = opened(now);
            let mut out: Vec<Pass<'_>> = Vec::new();
            now += Duration::from_secs(30);
            for step in moves {
                match step {
                    0 | 1 => out.extend(breaker.try_pass(now)),
                    2 => drop(out.pop()),
                    _ => if let Some(pass) = out.pop() { pass.done(Outcome::Failed, now) },
                }
                prop_assert!(out.len() <= 3);
                if breaker.state(now) == BreakerState::Open {
                    out.clear();
                    now += Duration::from_secs(30);
                }
            }
        }
    }
}
