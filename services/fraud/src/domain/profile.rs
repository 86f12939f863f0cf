//! What is remembered of a payer, a payee, a device or an address: a few hundred numbers, however much they pay.
//!
//! A window ends with the slot of the newest payment and holds whole slots: `10m` and `1h` count minutes, `24h` and
//! `7d` hours, `30d` days. So "the last 24h" is this hour and the 23 before it, exactly.
//!
//! Each payment that is tried counts, whatever becomes of it. What is usual, and who is known to whom, is learnt of those
//! that were approved: who is refused is as much a stranger at the next try.

use contracts::Currency;

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

/// The payments of one slot in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub slot: i64,
    pub currency: Currency,
    /// How many were tried.
    pub tried: i64,
    /// How many of them were approved.
    pub approved: i64,
    /// What those come to.
    pub sum: i64,
}

/// What is remembered of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The newest payment that was tried, in milliseconds since 1970.
    pub(super) newest_ms: i64,
    pub(super) minutes: Vec<Bucket>,
    pub(super) hours: Vec<Bucket>,
    pub(super) days: Vec<Bucket>,
    /// The others that were met, by what they are.
    pub(super) met: [Vec<Met>; 4],
}

/// One of the others, by the number of their name, when they were last met, and whether in a payment that was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    pub name: u64,
    pub last_ms: i64,
    pub known: bool,
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

impl Bucket {
    fn place(&self) -> (i64, Currency) {
        (self.slot, self.currency)
    }
}

impl Profile {
    /// Counts a payment that is tried. One that comes late counts in its own slot, as long as a window can hold it.
    pub fn add(&mut self, at_ms: i64, currency: Currency, others: &[Option<String>; 4]) {
        self.newest_ms = if self.is_empty() { at_ms } else { self.newest_ms.max(at_ms) };
        let newest_ms = self.newest_ms;
        for scale in [Scale::Minutes, Scale::Hours, Scale::Days] {
            let (slot, first) = (scale.slot(at_ms), scale.slot(newest_ms) - scale.slots_max());
            let ring = self.ring_mut(scale);
            ring.retain(|bucket| bucket.slot > first);
            if slot <= first {
                continue;
            }
            match ring.binary_search_by_key(&(slot, currency), Bucket::place) {
                Ok(at) => ring[at].tried = ring[at].tried.saturating_add(1),
                Err(at) => ring.insert(at, Bucket { slot, currency, tried: 1, approved: 0, sum: 0 }),
            }
        }
        self.meet_all(at_ms, others, false);
    }

    /// Learns of a payment that was counted, and is approved; where its slot is over, who is known now alone.
    pub fn learn(&mut self, at_ms: i64, amount: i64, currency: Currency, others: &[Option<String>; 4]) {
        for scale in [Scale::Minutes, Scale::Hours, Scale::Days] {
            let (slot, ring) = (scale.slot(at_ms), self.ring_mut(scale));
            if let Ok(at) = ring.binary_search_by_key(&(slot, currency), Bucket::place) {
                ring[at].approved = ring[at].approved.saturating_add(1);
                ring[at].sum = ring[at].sum.saturating_add(amount);
            }
        }
        self.meet_all(at_ms, others, true);
    }

    /// How many payments were tried in a window that ends at `at_ms`, or at the newest payment where that is later.
    pub fn count(&self, window: Window, at_ms: i64) -> i64 {
        self.held(window, at_ms).fold(0, |count, bucket| count.saturating_add(bucket.tried))
    }

    /// How many of them were approved in a currency.
    pub fn approved(&self, window: Window, currency: Currency, at_ms: i64) -> i64 {
        let of_currency = self.held(window, at_ms).filter(|bucket| bucket.currency == currency);
        of_currency.fold(0, |count, bucket| count.saturating_add(bucket.approved))
    }

    /// How much those come to.
    pub fn sum(&self, window: Window, currency: Currency, at_ms: i64) -> i64 {
        let of_currency = self.held(window, at_ms).filter(|bucket| bucket.currency == currency);
        of_currency.fold(0, |sum, bucket| sum.saturating_add(bucket.sum))
    }

    /// How many different others were met in a window, also in vain; beyond [`OTHERS_MAX`] nobody counts.
    pub fn distinct(&self, other: Subject, window: Window, at_ms: i64) -> i64 {
        let begins_ms = window.begins_ms(self.end_ms(at_ms));
        let met = self.met[other as usize].iter().filter(|met| met.last_ms >= begins_ms);
        met.fold(0, |count, _| count + 1)
    }

    /// Whether this one is among the others that were met last, and a payment with them was approved.
    pub fn knows(&self, other: Subject, name: &str) -> bool {
        let name = number(name);
        self.met[other as usize].iter().any(|met| met.name == name && met.known)
    }

    fn meet_all(&mut self, at_ms: i64, others: &[Option<String>; 4], known: bool) {
        for (subject, other) in Subject::ALL.into_iter().zip(others) {
            if let Some(other) = other {
                self.meet(subject, Met { name: number(other), last_ms: at_ms, known });
            }
        }
    }

    /// Takes in that one of the others was met; beyond [`OTHERS_MAX`] the one that was met longest ago is forgotten.
    pub(super) fn meet(&mut self, other: Subject, now: Met) {
        let met = &mut self.met[other as usize];
        match met.iter_mut().find(|met| met.name == now.name) {
            Some(before) => {
                before.last_ms = before.last_ms.max(now.last_ms);
                before.known |= now.known;
            }
            None => met.push(now),
        }
        if met.len() > OTHERS_MAX {
            let longest_ago = met.iter().enumerate().min_by_key(|(_, met)| (met.last_ms, met.name));
            if let Some((at, _)) = longest_ago {
                met.swap_remove(at);
            }
        }
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
        self.ring(scale).iter().rev().take_while(move |bucket| bucket.slot > first)
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

/// The number of a name: two of a hundred names share one less often than a disk errs (FNV-1a).
pub(super) fn number(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |number, byte| {
        (number ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A payment of a history: when, how much, in which currency, to whom.
    type Paid = (i64, i64, bool, u8);

    /// What is paid to every third payee is refused.
    fn is_approved(paid: &Paid) -> bool {
        !paid.3.is_multiple_of(3)
    }

    fn after(history: &[Paid], is_approved: impl Fn(&Paid) -> bool) -> Profile {
        let mut profile = Profile::default();
        for paid @ &(at_ms, amount, rupees, other) in history {
            profile.add(at_ms, currency(rupees), &payee(other));
            if is_approved(paid) {
                profile.learn(at_ms, amount, currency(rupees), &payee(other));
            }
        }
        profile
    }

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
            let profile = Profile::unpacked(&after(&history, is_approved).packed()).unwrap();
            let newest = history.iter().map(|paid| paid.0).max().unwrap_or(1_700_000_000_000);
            for at_ms in [newest, newest + later, newest - later] {
                let end = if history.is_empty() { at_ms } else { newest.max(at_ms) };
                for window in Window::ALL {
                    let (scale, slots) = window.slots();
                    let is_held = |paid: &&Paid| scale.slot(paid.0) > scale.slot(end) - slots;
                    let held: Vec<&Paid> = history.iter().filter(is_held).collect();
                    prop_assert_eq!(profile.count(window, at_ms), held.len() as i64);
                    let rupees: Vec<i64> =
                        held.iter().filter(|paid| paid.2 && is_approved(paid)).map(|paid| paid.1).collect();
                    prop_assert_eq!(profile.approved(window, Currency::INR, at_ms), rupees.len() as i64);
                    prop_assert_eq!(profile.sum(window, Currency::INR, at_ms), rupees.iter().sum::<i64>());
                    let others: std::collections::BTreeSet<u8> = held.iter().map(|paid| paid.3).collect();
                    let expected = others.len().min(OTHERS_MAX) as i64;
                    prop_assert_eq!(profile.distinct(Subject::Payee, window, at_ms), expected);
                }
            }
        }

        #[test]
        fn the_others_that_are_known_are_those_met_last(history in history()) {
            let profile = after(&history, |_| true);
            let mut last = std::collections::BTreeMap::new();
            for &(at_ms, _, _, other) in &history {
                let seen = last.entry(format!("payee {other}")).or_insert(at_ms);
                *seen = at_ms.max(*seen);
            }
            let mut order: Vec<(i64, String)> = last.into_iter().map(|(name, at_ms)| (at_ms, name)).collect();
            order.sort();
            order.reverse();
            // Of those that were met last at the same moment, any may be left out.
            let oldest_known = order.get(OTHERS_MAX - 1).map_or(i64::MIN, |(at_ms, _)| *at_ms);
            for (at_ms, name) in order.iter().filter(|(at_ms, _)| *at_ms != oldest_known) {
                prop_assert_eq!(profile.knows(Subject::Payee, name), *at_ms > oldest_known, "{}", name);
            }
            prop_assert_eq!(profile.met[Subject::Payee as usize].len(), order.len().min(OTHERS_MAX));
        }

        #[test]
        fn a_profile_stays_small(history in history()) {
            let profile = after(&history, is_approved);
            let buckets = profile.minutes.len() + profile.hours.len() + profile.days.len();
            prop_assert!(buckets <= 2 * (60 + 168 + 30));
            prop_assert!(profile.met.iter().all(|met| met.len() <= OTHERS_MAX));
            prop_assert!(profile.packed().len() <= 16 * (buckets + 4 * OTHERS_MAX) + 64);
        }
    }

    #[test]
    fn a_window_ends_where_its_last_slot_ends() {
        let mut profile = Profile::default();
        let noon_ms = 1_700_049_600_000;
        profile.add(noon_ms, Currency::INR, &payee(1));
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

    #[test]
    fn who_was_tried_in_vain_is_counted_and_not_known() {
        let mut profile = Profile::default();
        let noon_ms = 1_700_049_600_000;
        let counted = |profile: &Profile| {
            let count = profile.count(Window::Hour, noon_ms);
            (count, profile.distinct(Subject::Payee, Window::Hour, noon_ms))
        };
        let learnt = |profile: &Profile| {
            let [count, sum] = [Profile::approved, Profile::sum]
                .map(|asked| asked(profile, Window::Hour, Currency::INR, noon_ms));
            (count, sum, profile.knows(Subject::Payee, "payee 1"))
        };
        profile.add(noon_ms, Currency::INR, &payee(1));
        profile.add(noon_ms, Currency::INR, &payee(2));
        assert_eq!((counted(&profile), learnt(&profile)), ((2, 2), (0, 0, false)));
        profile.learn(noon_ms, 500, Currency::INR, &payee(1));
        assert_eq!((counted(&profile), learnt(&profile)), ((2, 2), (1, 500, true)));
        profile.add(noon_ms, Currency::INR, &payee(1));
        assert_eq!(
            (counted(&profile), learnt(&profile)),
            ((3, 2), (1, 500, true)),
            "a refusal unlearns nothing"
        );
    }

    #[test]
    fn what_is_approved_when_its_slot_is_over_makes_known_alone() {
        let mut profile = Profile::default();
        let noon_ms = 1_700_049_600_000;
        profile.add(noon_ms, Currency::INR, &payee(1));
        let later_ms = noon_ms + 40 * 86_400_000;
        profile.add(later_ms, Currency::INR, &payee(2));
        profile.learn(noon_ms, 500, Currency::INR, &payee(1));
        assert_eq!(profile.approved(Window::Month, Currency::INR, later_ms), 0);
        assert!(profile.knows(Subject::Payee, "payee 1") && !profile.knows(Subject::Payee, "payee 2"));
    }
}
