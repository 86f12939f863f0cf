//! Chance that can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

/// Random numbers of one seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

/// The seeds of this run: `STOA_TEST_SEED` alone, or those that are always tried and `STOA_TEST_HISTORIES` more.
pub fn seeds(always: &[u64]) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("STOA_TEST_SEED") {
        return vec![seed];
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
    let more = number("STOA_TEST_HISTORIES").unwrap_or(0);
    always.iter().copied().chain((0..more).map(|number| now + number)).collect()
}

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    /// Whether something that happens so often in a hundred times happens now.
    pub fn percent(&mut self, often: u64) -> bool {
        self.below(100) < often
    }

    /// One of several.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// A number of the whole range; the steps are those of splitmix64, which takes any seed.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
