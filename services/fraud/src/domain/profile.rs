//! What is remembered of a payer, a payee, a device or an address: a few hundred numbers, however much they pay.
//!
//! A window ends with the slot of the newest payment and holds whole slots: `10m` and `1h` count minutes, `24h` and
//! `7d` hours, `30d` days. So "the last 24h" is this hour and the 23 before it, exactly.

use std::collections::BTreeMap;

use contracts::Currency;
use serde::{Deserialize, Serialize};

use super::facts::Subject;

/// How far back is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Ten minutes.
    TenMinutes,
    /// One hour.
    Hour,
    /// One day.
    Day,
    /// One week.
    Week,
    /// Thirty days.
    Month,
}

/// How long a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Minutes,
    Hours,
    Days,
}

/// The payments of one slot in one currency: the slot, the currency, how many, how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket(i64, Currency, i64, i64);

/// What is remembered of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The newest payment, in milliseconds since 1970.
    newest_ms: i64,
    minutes: Vec<Bucket>,
    hours: Vec<Bucket>,
    days: Vec<Bucket>,
    /// When each of the others was last met, by what they are.
    #[serde(default)]
    met: BTreeMap<char, BTreeMap<String, i64>>,
}

/// Of the others of one kind, so many are remembered, the latest.
pub const OTHERS_MAX: usize = 100;

impl Window {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::TenMinutes, Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::TenMinutes => "10m",
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The window of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.name() == name)
    }

    /// Its slots, and how many of them.
    fn slots(self) -> (Scale, i64) {
        match self {
            Self::TenMinutes => (Scale::Minutes, 10),
            Self::Hour => (Scale::Minutes, 60),
            Self::Day => (Scale::Hours, 24),
            Self::Week => (Scale::Hours, 168),
            Self::Month => (Scale::Days, 30),
        }
    }

    /// When the window begins that ends at `end_ms`.
    pub fn begins_ms(self, end_ms: i64) -> i64 {
        let (scale, slots) = self.slots();
        (scale.slot(end_ms) - slots + 1).saturating_mul(scale.length_ms())
    }
}

impl Scale {
    fn slot(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.length_ms())
    }

    fn length_ms(self) -> i64 {
        match self {
            Self::Minutes => 60_000,
            Self::Hours => 3_600_000,
            Self::Days => 86_400_000,
        }
    }

    /// How many slots its longest window has.
    fn slots_max(self) -> i64 {
        match self {
            Self::Minutes => 60,
            Self::Hours => 168,
            Self::Days => 30,
        }
    }
}

impl Profile {
    /// Takes a payment in. One that comes late counts in its own slot, as long as a window can hold it.
    pub fn add(&mut self, at_ms: i64, amount: i64, currency: Currency, others: &[Option<String>; 4]) {
        self.newest_ms = if self.is_empty() { at_ms } else { self.newest_ms.max(at_ms) };
        let newest_ms = self.newest_ms;
        for scale in [Scale::Minutes, Scale::Hours, Scale::Days] {
            let (slot, first) = (scale.slot(at_ms), scale.slot(newest_ms) - scale.slots_max());
            let ring = self.ring_mut(scale);
            ring.retain(|bucket| bucket.0 > first);
            if slot <= first {
                continue;
            }
            match ring.binary_search_by_key(&(slot, currency), |bucket| (bucket.0, bucket.1)) {
                Ok(at) => {
                    let Bucket(_, _, count, sum) = ring[at];
                    ring[at] = Bucket(slot, currency, count.saturating_add(1), sum.saturating_add(amount));
                }
                Err(at) => ring.insert(at, Bucket(slot, currency, 1, amount)),
            }
        }
        for (subject, other) in Subject::ALL.into_iter().zip(others) {
            let Some(other) = other else { continue };
            let met = self.met.entry(letter(subject)).or_default();
            let last_ms = met.entry(other.clone()).or_insert(at_ms);
            *last_ms = at_ms.max(*last_ms);
            if met.len() > OTHERS_MAX {
                let oldest = met.iter().min_by_key(|(name, last_ms)| (**last_ms, (*name).clone()));
                if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                    met.remove(&oldest);
                }
            }
        }
    }

    /// How many payments a window holds that ends at `at_ms`, or at the newest payment where that is later.
    pub fn count(&self, window: Window, at_ms: i64) -> i64 {
        self.held(window, at_ms).fold(0, |count, bucket| count.saturating_add(bucket.2))
    }

    /// How much they come to in a currency.
    pub fn sum(&self, window: Window, currency: Currency, at_ms: i64) -> i64 {
        let of_currency = self.held(window, at_ms).filter(|bucket| bucket.1 == currency);
        of_currency.fold(0, |sum, bucket| sum.saturating_add(bucket.3))
    }

    /// How many different others were met in a window; beyond [`OTHERS_MAX`] nobody counts.
    pub fn distinct(&self, other: Subject, window: Window, at_ms: i64) -> i64 {
        let begins_ms = window.begins_ms(self.end_ms(at_ms));
        let met = self.met.get(&letter(other)).into_iter().flat_map(BTreeMap::values);
        met.fold(0, |count, last_ms| count + i64::from(*last_ms >= begins_ms))
    }

    /// Whether this one is among the others that were met last.
    pub fn knows(&self, other: Subject, name: &str) -> bool {
        self.met.get(&letter(other)).is_some_and(|met| met.contains_key(name))
    }

    fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    fn end_ms(&self, at_ms: i64) -> i64 {
        if self.is_empty() { at_ms } else { self.newest_ms.max(at_ms) }
    }

    fn held(&self, window: Window, at_ms: i64) -> impl Iterator<Item = &Bucket> {
        let (scale, slots) = window.slots();
        let first = scale.slot(self.end_ms(at_ms)) - slots;
        self.ring(scale).iter().rev().take_while(move |bucket| bucket.0 > first)
    }

    fn ring(&self, scale: Scale) -> &[Bucket] {
        match scale {
            Scale::Minutes => &self.minutes,
            Scale::Hours => &self.hours,
            Scale::Days => &self.days,
        }
    }

    fn ring_mut(&mut self, scale: Scale) -> &mut Vec<Bucket> {
        match scale {
            Scale::Minutes => &mut self.minutes,
            Scale::Hours => &mut self.hours,
            Scale::Days => &mut self.days,
        }
    }
}

/// The others of a payment that a subject meets: all but itself.
pub fn others(of: Subject, names: &[Option<String>; 4]) -> [Option<String>; 4] {
    let mut others = names.clone();
    others[of as usize] = None;
    others
}

/// How a subject is written in a stored profile.
fn letter(subject: Subject) -> char {
    match subject {
        Subject::Payer => 'p',
        Subject::Payee => 'r',
        Subject::Device => 'd',
        Subject::Address => 'a',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A payment of a history: when, how much, in which currency, to whom.
    type Paid = (i64, i64, bool, u8);

    fn history() -> impl Strategy<Value = Vec<Paid>> {
        // Steps from seconds to weeks, so that every window is filled and emptied; some go back in time.
        let step = prop_oneof![-7_200_000..90_000i64, 0..40_000_000i64, 0..900_000_000i64, Just(0)];
        let paid = (step, 1..1_000_000i64, any::<bool>(), any::<u8>());
        proptest::collection::vec(paid, 0..220).prop_map(|steps| {
            let mut at_ms = 1_700_000_000_000;
            let each = steps.into_iter().map(|(step, amount, rupees, other)| {
                at_ms += step;
                (at_ms, amount, rupees, other)
            });
            each.collect()
        })
    }

    fn currency(rupees: bool) -> Currency {
        if rupees { Currency::INR } else { Currency::EUR }
    }

    fn payee(number: u8) -> [Option<String>; 4] {
        [None, Some(format!("payee {number}")), None, None]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn windows_say_what_counting_one_by_one_says(history in history(), later in 0..100_000_000i64) {
            let mut profile = Profile::default();
            for &(at_ms, amount, rupees, other) in &history {
                profile.add(at_ms, amount, currency(rupees), &payee(other));
            }
            let text = serde_json::to_string(&profile).unwrap();
            let profile: Profile = serde_json::from_str(&text).unwrap();
            let newest = history.iter().map(|paid| paid.0).max().unwrap_or(1_700_000_000_000);
            for at_ms in [newest, newest + later, newest - later] {
                let end = if history.is_empty() { at_ms } else { newest.max(at_ms) };
                for window in Window::ALL {
                    let (scale, slots) = window.slots();
                    let is_held = |paid: &&Paid| scale.slot(paid.0) > scale.slot(end) - slots;
                    let held: Vec<&Paid> = history.iter().filter(is_held).collect();
                    prop_assert_eq!(profile.count(window, at_ms), held.len() as i64);
                    let rupees = held.iter().filter(|paid| paid.2).map(|paid| paid.1).sum::<i64>();
                    prop_assert_eq!(profile.sum(window, Currency::INR, at_ms), rupees);
                    let others: std::collections::BTreeSet<u8> = held.iter().map(|paid| paid.3).collect();
                    let expected = others.len().min(OTHERS_MAX) as i64;
                    prop_assert_eq!(profile.distinct(Subject::Payee, window, at_ms), expected);
                }
            }
        }

        #[test]
        fn the_others_that_are_known_are_those_met_last(history in history()) {
            let mut profile = Profile::default();
            let mut last = BTreeMap::new();
            for &(at_ms, amount, rupees, other) in &history {
                profile.add(at_ms, amount, currency(rupees), &payee(other));
                let seen = last.entry(format!("payee {other}")).or_insert(at_ms);
                *seen = at_ms.max(*seen);
            }
            let mut order: Vec<(i64, String)> = last.into_iter().map(|(name, at_ms)| (at_ms, name)).collect();
            order.sort();
            order.reverse();
            for (place, (_, name)) in order.iter().enumerate() {
                prop_assert_eq!(profile.knows(Subject::Payee, name), place < OTHERS_MAX, "{}", name);
            }
        }

        #[test]
        fn a_profile_stays_small(history in history()) {
            let mut profile = Profile::default();
            for &(at_ms, amount, rupees, other) in &history {
                profile.add(at_ms, amount, currency(rupees), &payee(other));
            }
            let buckets = profile.minutes.len() + profile.hours.len() + profile.days.len();
            prop_assert!(buckets <= 2 * (60 + 168 + 30));
            prop_assert!(profile.met.values().all(|met| met.len() <= OTHERS_MAX));
        }
    }

    #[test]
    fn a_window_ends_where_its_last_slot_ends() {
        let mut profile = Profile::default();
        let noon_ms = 1_700_049_600_000;
        profile.add(noon_ms, 500, Currency::INR, &payee(1));
        for (window, last_ms) in [
            (Window::TenMinutes, 10 * 60_000),
            (Window::Hour, 60 * 60_000),
            (Window::Day, 24 * 3_600_000),
            (Window::Week, 168 * 3_600_000),
        ] {
            assert_eq!(profile.count(window, noon_ms + last_ms - 1), 1, "{}", window.name());
            assert_eq!(profile.count(window, noon_ms + last_ms), 0, "{}", window.name());
        }
    }
}
