//! Whether an instance may be asked: after too many failures it is left out for a while, then tried with one request.
//!
//! Time, randomness and whether the others can spare it are handed in. The breaker of a whole service is another thing
//! (`kernel::limits`): it looks at what callers get after all tries, this at what one instance does.

use std::time::{Duration, Instant};

/// When an instance is left out, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EjectionSettings {
    /// So many failures in a row are enough.
    pub failures_in_a_row_max: u32,
    /// Or this share of the calls in ten seconds, in percent.
    pub failures_percent: u32,
    /// Fewer calls than this in ten seconds prove nothing about a share.
    pub calls_min: u32,
    /// How long at first; each repetition takes twice the last, and up to a fifth more so that they spread.
    pub out_min: Duration,
    /// How long at most.
    pub out_max: Duration,
}

/// What is known of one instance.
#[derive(Debug)]
pub(super) struct Health {
    settings: EjectionSettings,
    standing: Standing,
    failures_in_a_row: u32,
    window: Window,
    /// Ejections that followed each other; forgotten after a good while inside.
    ejections: u32,
    inside_since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    In,
    Out {
        until: Instant,
    },
    /// One request is out to see whether it is well again.
    Probing,
}

#[derive(Debug)]
struct Window {
    from: Instant,
    calls: u32,
    failures: u32,
}

const WINDOW: Duration = Duration::from_secs(10);
/// Twice as long each time; more doublings than this pass any `out_max`.
const DOUBLINGS_MAX: u32 = 16;

impl Default for EjectionSettings {
    fn default() -> Self {
        Self {
            failures_in_a_row_max: 5,
            failures_percent: 50,
            calls_min: 20,
            out_min: Duration::from_secs(5),
            out_max: Duration::from_secs(60),
        }
    }
}

impl Health {
    /// A new instance is believed to be well.
    pub fn new(settings: EjectionSettings, now: Instant) -> Self {
        let window = Window { from: now, calls: 0, failures: 0 };
        Self {
            settings,
            standing: Standing::In,
            failures_in_a_row: 0,
            window,
            ejections: 0,
            inside_since: now,
        }
    }

    /// Whether it is among those that are asked.
    pub fn is_in(&self) -> bool {
        self.standing == Standing::In
    }

    /// Until when it is left out, where that is known.
    pub fn out_until(&self) -> Option<Instant> {
        match self.standing {
            Standing::Out { until } => Some(until),
            Standing::In | Standing::Probing => None,
        }
    }

    /// Takes the one place of a probe, when its time has come.
    pub fn try_probe(&mut self, now: Instant) -> bool {
        let due = matches!(self.standing, Standing::Out { until } if until <= now);
        if due {
            self.standing = Standing::Probing;
        }
        due
    }

    /// The probe ended without a word about the instance; the next one may go at once.
    pub fn probe_abandoned(&mut self, now: Instant) {
        if self.standing == Standing::Probing {
            self.standing = Standing::Out { until: now };
        }
    }

    /// Back among the others, whatever happened.
    pub fn readmit(&mut self, now: Instant) {
        self.standing = Standing::In;
        self.failures_in_a_row = 0;
        self.inside_since = now;
        self.window = Window { from: now, calls: 0, failures: 0 };
    }

    /// It did its part. Said by a call that began before the ejection this changes nothing.
    pub fn succeeded(&mut self, now: Instant) {
        match self.standing {
            Standing::In => {
                self.failures_in_a_row = 0;
                self.window.count(now, false);
            }
            Standing::Probing => self.readmit(now),
            Standing::Out { .. } => {}
        }
    }

    /// It did not. `spare` says whether the others can do without it; whether it is out from now on is the answer.
    pub fn failed(&mut self, now: Instant, spare: bool, random: u64) -> bool {
        match self.standing {
            Standing::In => {
                self.failures_in_a_row += 1;
                self.window.count(now, true);
                let in_a_row = self.failures_in_a_row >= self.settings.failures_in_a_row_max;
                if !spare || !(in_a_row || self.window.tips(&self.settings)) {
                    return false;
                }
                if now.saturating_duration_since(self.inside_since) > self.settings.out_max {
                    self.ejections = 0;
                }
            }
            Standing::Probing => {}
            Standing::Out { .. } => return false,
        }
        let out = self.settings.out(self.ejections, random);
        self.ejections = (self.ejections + 1).min(DOUBLINGS_MAX);
        self.standing = Standing::Out { until: now + out };
        true
    }
}

impl EjectionSettings {
    fn out(&self, ejections: u32, random: u64) -> Duration {
        let out = self.out_min.saturating_mul(2_u32.saturating_pow(ejections)).min(self.out_max);
        let more_ns = u64::try_from(out.as_nanos()).unwrap_or(u64::MAX) / 5;
        (out + Duration::from_nanos(random % (more_ns + 1))).min(self.out_max)
    }
}

impl Window {
    fn count(&mut self, now: Instant, failed: bool) {
        if now.saturating_duration_since(self.from) >= WINDOW {
            *self = Self { from: now, calls: 0, failures: 0 };
        }
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(failed));
    }

    fn tips(&self, settings: &EjectionSettings) -> bool {
        let share = u64::from(self.failures) * 100;
        self.calls >= settings.calls_min
            && share >= u64::from(self.calls) * u64::from(settings.failures_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: Duration = Duration::from_secs(1);

    fn ejected(now: Instant) -> Health {
        let mut health = Health::new(EjectionSettings::default(), now);
        for _ in 0..4 {
            assert!(!health.failed(now, true, 0), "four in a row are not enough");
        }
        assert!(health.failed(now, true, 0) && !health.is_in());
        health
    }

    #[test]
    fn five_failures_in_a_row_leave_an_instance_out_for_five_seconds() {
        let start = Instant::now();
        let mut health = ejected(start);
        assert_eq!(health.out_until(), Some(start + 5 * S));
        assert!(!health.try_probe(start + 4 * S), "too early");
        assert!(health.try_probe(start + 5 * S));
        assert!(!health.try_probe(start + 5 * S), "one probe at a time");
        health.succeeded(start + 5 * S);
        assert!(health.is_in());
    }

    #[test]
    fn a_success_between_them_starts_the_row_anew() {
        let now = Instant::now();
        let mut health = Health::new(EjectionSettings::default(), now);
        for _ in 0..3 {
            (0..4).for_each(|_| assert!(!health.failed(now, true, 0)));
            (0..9).for_each(|_| health.succeeded(now));
        }
        assert!(health.is_in());
    }

    #[test]
    fn half_of_twenty_calls_failing_is_enough_too() {
        let now = Instant::now();
        let mut health = Health::new(EjectionSettings::default(), now);
        let mut out_after = None;
        for call in 1..=40 {
            if call % 2 == 1 {
                health.succeeded(now);
            } else if health.failed(now, true, 0) {
                out_after = Some(call);
                break;
            }
        }
        assert_eq!(out_after, Some(20));
    }

    #[test]
    fn one_that_the_others_cannot_spare_stays() {
        let now = Instant::now();
        let mut health = Health::new(EjectionSettings::default(), now);
        (0..50).for_each(|_| assert!(!health.failed(now, false, 0)));
        assert!(health.is_in());
        assert!(health.failed(now, true, 0), "as soon as they can, it goes");
    }

    #[test]
    fn each_probe_that_fails_doubles_the_time_up_to_a_minute() {
        let mut now = Instant::now();
        let mut health = ejected(now);
        for out_s in [5, 10, 20, 40, 60, 60] {
            let until = health.out_until().unwrap();
            assert_eq!(until, now + out_s * S);
            now = until;
            assert!(health.try_probe(now));
            assert!(health.failed(now, true, 0));
        }
    }

    #[test]
    fn a_good_while_inside_is_forgiven() {
        let start = Instant::now();
        let mut health = ejected(start);
        let back = start + 5 * S;
        assert!(health.try_probe(back));
        health.succeeded(back);
        let later = back + 61 * S;
        let outs = (0..5).filter(|_| health.failed(later, true, 0)).count();
        assert_eq!((outs, health.out_until()), (1, Some(later + 5 * S)));
    }

    #[test]
    fn a_probe_that_nobody_waited_for_leaves_the_place_to_the_next() {
        let start = Instant::now();
        let mut health = ejected(start);
        assert!(health.try_probe(start + 5 * S));
        health.probe_abandoned(start + 6 * S);
        assert!(health.try_probe(start + 6 * S));
    }

    proptest! {
        #[test]
        fn an_instance_left_out_can_always_come_back(
            steps in proptest::collection::vec((0_u64..8_000, 0_u8..4, any::<bool>(), any::<u64>()), 0..200),
        ) {
            let settings = EjectionSettings::default();
            let mut now = Instant::now();
            let mut health = Health::new(settings, now);
            for (step_ms, what, spare, random) in steps {
                now += Duration::from_millis(step_ms);
                match what {
                    0 => health.succeeded(now),
                    1 => drop(health.try_probe(now)),
                    2 => health.probe_abandoned(now),
                    _ => drop(health.failed(now, spare, random)),
                }
                if let Some(until) = health.out_until() {
                    prop_assert!(until <= now + settings.out_max);
                }
            }
            health.probe_abandoned(now);
            if !health.is_in() {
                now += settings.out_max;
                prop_assert!(health.try_probe(now));
                health.succeeded(now);
            }
            prop_assert!(health.is_in());
        }
    }
}
