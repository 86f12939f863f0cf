//! Contestants that take turns, so that a noisy neighbour disturbs all of them alike; and how long things took.

use std::time::{Duration, Instant};

use crate::Failure;

/// Turns that each contestant gets.
const ROUNDS: u32 = 4;
const STEPS: usize = 32;
const SIZES: usize = 28;

/// Latencies in buckets that grow with them: exact below 32 µs, then 6 % wide, up to an hour.
pub struct Latencies {
    counts: [u64; STEPS * SIZES],
}

/// What a contestant did in its turns.
#[derive(Default)]
pub struct Tally {
    /// How many.
    pub done: u64,
    /// In how long.
    pub took: Duration,
    /// How long each one took, where somebody waited for it.
    pub latencies: Latencies,
    /// Processor time of the server, where it is a process of its own.
    pub server_cpu: Duration,
}

/// One contestant: what it does in a turn of this length.
pub type Contestant<'c> = Box<dyn FnMut(Duration) -> Result<Tally, Failure> + 'c>;

/// Lets contestants take turns until `time` is over; their tallies come in their order.
pub fn take_turns<const N: usize>(
    time: Duration,
    mut contestants: [Contestant<'_>; N],
) -> Result<[Tally; N], Failure> {
    let turn = time / (ROUNDS * N as u32);
    let mut tallies = std::array::from_fn(|_| Tally::default());
    for contestant in &mut contestants {
        // Caches fill and statements are prepared; not counted.
        contestant(turn / 4)?;
    }
    for _ in 0..ROUNDS {
        for (contestant, tally) in contestants.iter_mut().zip(&mut tallies) {
            tally.add(&contestant(turn)?);
        }
    }
    Ok(tallies)
}

impl Tally {
    /// One after another until `time` is over; each step says how many it did.
    pub fn of_steps(time: Duration, mut step: impl FnMut() -> Result<u64, Failure>) -> Result<Self, Failure> {
        let mut tally = Self::default();
        let started = Instant::now();
        while started.elapsed() < time {
            let before = Instant::now();
            tally.done += step()?;
            tally.latencies.record(before.elapsed());
        }
        tally.took = started.elapsed();
        Ok(tally)
    }

    /// Adds another turn, which came after this one.
    pub fn add(&mut self, other: &Self) {
        self.took += other.took;
        self.add_beside(other);
    }

    /// Adds what was done in the same time.
    pub fn add_beside(&mut self, other: &Self) {
        self.done += other.done;
        self.server_cpu += other.server_cpu;
        self.latencies.add(&other.latencies);
    }

    /// How many a second.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Processor time of the server for one of them.
    pub fn server_cpu_micros(&self) -> f64 {
        self.server_cpu.as_micros() as f64 / self.done.max(1) as f64
    }
}

impl Latencies {
    /// None yet.
    pub const NONE: Self = Self { counts: [0; STEPS * SIZES] };

    /// Counts one.
    pub fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket(micros)] += 1;
    }

    fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The latency that this share of all stayed below; `None` when there were none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let all: u64 = self.counts.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let mut below = 0;
        let found = self.counts.iter().position(|count| {
            below += count;
            below >= wanted.max(1)
        });
        found.map(|bucket| Duration::from_micros(upper_micros(bucket)))
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::NONE
    }
}

/// Below `STEPS` each has its own; above, the size gives the row and the first five bits the place in it, which
/// is in its upper half since the first bit is set.
fn bucket(micros: u64) -> usize {
    let Some(size) = (micros as usize / STEPS).checked_ilog2() else { return micros as usize };
    let place = (micros >> (size + 1)) as usize;
    (STEPS * (size as usize + 1) + place).min(STEPS * SIZES - 1)
}

fn upper_micros(bucket: usize) -> u64 {
    let (row, place) = (bucket / STEPS, (bucket % STEPS) as u64);
    if row == 0 { place } else { ((place + 1) << row) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_told_within_seven_percent_and_never_too_low() {
        for micros in (0..2_000_000).step_by(37) {
            let told = upper_micros(bucket(micros));
            assert!(told >= micros, "{micros} told as {told}");
            assert!(told as f64 <= micros as f64 * 1.07 + 1.0, "{micros} told as {told}");
        }
    }

    #[test]
    fn half_of_all_latencies_are_below_the_median() {
        let mut latencies = Latencies::NONE;
        (1..=1_000).for_each(|micros| latencies.record(Duration::from_micros(micros)));
        let median = latencies.quantile(0.5).unwrap().as_micros();
        assert!((500..540).contains(&median), "{median}");
        assert_eq!(Latencies::NONE.quantile(0.5), None);
    }
}
