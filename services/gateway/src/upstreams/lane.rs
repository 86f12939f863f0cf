//! The way to one service: who of its instances is asked next, and what is noted of how it went.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use kernel::limits::{CircuitBreaker, Outcome, RetryBudget, jitter};

use super::address::InstanceAddress;
use super::instance::Instance;
use super::{InstanceState, ServiceState, Trouble, Tuning, lock};

/// One service, with its instances.
pub(super) struct Lane {
    /// Which.
    pub name: String,
    /// How it is called.
    pub tuning: Tuning,
    /// Closed to all when most calls fail.
    pub breaker: CircuitBreaker,
    /// How many of the tries may be repetitions.
    pub budget: RetryBudget,
    instances: RwLock<Arc<[Arc<Instance>]>>,
    /// How many of them are left out.
    out: AtomicUsize,
    /// Held while somebody is let out or in, so that never too many are out.
    changing: Mutex<()>,
    in_flight: AtomicUsize,
    random: AtomicU64,
}

/// A place among those in flight, given back when dropped: a body can hold it longer than a call lasts.
pub(super) struct Place(Arc<Lane>);

/// One instance that is being asked.
pub(super) struct Tried {
    /// Which.
    pub instance: Arc<Instance>,
    lane: Arc<Lane>,
    probing: bool,
}

impl Lane {
    pub fn new(name: &str, tuning: &Tuning) -> Self {
        let now = (tuning.now)();
        Self {
            name: name.to_owned(),
            tuning: tuning.clone(),
            breaker: CircuitBreaker::new(tuning.breaker, jitter(), now),
            budget: RetryBudget::new(tuning.retries_percent, tuning.retries_per_second_min, now),
            instances: RwLock::new(Arc::new([])),
            out: AtomicUsize::new(0),
            changing: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            random: AtomicU64::new(jitter()),
        }
    }

    /// Its instances at the moment.
    pub fn instances(&self) -> Arc<[Arc<Instance>]> {
        Arc::clone(&self.instances.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these; what is known of those that stay is kept.
    pub fn set(&self, addresses: Vec<InstanceAddress>) {
        let _changing = lock(&self.changing);
        let before = self.instances();
        let mut after: Vec<Arc<Instance>> = Vec::with_capacity(addresses.len());
        for address in addresses {
            if after.iter().any(|one| one.address == address) {
                continue;
            }
            let known = before.iter().find(|one| one.address == address).map(Arc::clone);
            after.push(known.unwrap_or_else(|| Arc::new(Instance::new(address, &self.tuning))));
        }
        // Where the healthy ones went, those left out are the best there is.
        let out = after.iter().filter(|one| one.is_out.load(Ordering::Relaxed));
        for one in out.skip(after.len() / 2) {
            lock(&one.health).readmit((self.tuning.now)());
            one.is_out.store(false, Ordering::Relaxed);
        }
        *self.instances.write().unwrap_or_else(PoisonError::into_inner) = after.into();
        self.count_out();
    }

    /// A place, unless all are taken.
    pub fn enter(self: &Arc<Self>) -> Result<Place, Trouble> {
        let max = self.tuning.in_flight_max;
        self.in_flight
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |inside| (inside < max).then_some(inside + 1))
            .map(|_| Place(Arc::clone(self)))
            .map_err(|_| Trouble::Full)
    }

    /// Who is asked next: of two drawn at random the one that does less, if possible none of `before`.
    pub fn choose(self: &Arc<Self>, before: &[Arc<Instance>], now: Instant) -> Result<Tried, Trouble> {
        let instances = self.instances();
        if instances.is_empty() {
            return Err(Trouble::NoInstance);
        }
        let fresh = |one: &&Arc<Instance>| !before.iter().any(|other| Arc::ptr_eq(one, other));
        if self.out.load(Ordering::Relaxed) == 0 && before.is_empty() {
            let (one, other) = two_of(instances.len(), self.draw());
            return Ok(self.ask(less_busy(&instances[one], &instances[other]), false));
        }
        let is_out = |one: &&Arc<Instance>| one.is_out.load(Ordering::Relaxed);
        let due = |one: &&Arc<Instance>| lock(&one.health).try_probe(now);
        if let Some(due) = instances.iter().filter(is_out).filter(fresh).find(due) {
            return Ok(self.ask(due, true));
        }
        let mut from: Vec<_> = instances.iter().filter(|one| !is_out(one) && fresh(one)).collect();
        if from.is_empty() {
            from = instances.iter().filter(|one| !is_out(one)).collect();
        }
        if from.is_empty() {
            let until = instances.iter().filter_map(|one| lock(&one.health).out_until()).min();
            let retry_after = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
            return Err(Trouble::BreakerOpen { retry_after: retry_after.max(Duration::from_secs(1)) });
        }
        let (one, other) = two_of(from.len(), self.draw());
        Ok(self.ask(less_busy(from[one], from[other]), false))
    }

    /// Whether somebody else than these could be asked.
    pub fn has_others(&self, before: &[Arc<Instance>], than: &Arc<Instance>) -> bool {
        self.instances().iter().any(|one| {
            let asked = before.iter().chain([than]).any(|other| Arc::ptr_eq(one, other));
            !asked && !one.is_out.load(Ordering::Relaxed)
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.instances.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// A number good enough to spread things.
    pub fn draw(&self) -> u64 {
        // Steps of the golden ratio, mixed: neighbours have nothing in common.
        let step = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// How it does.
    pub fn state(&self) -> ServiceState {
        let now = (self.tuning.now)();
        let state_of = |one: &Arc<Instance>| {
            let health = lock(&one.health);
            InstanceState {
                address: one.address.to_string(),
                in_flight: one.in_flight.load(Ordering::Relaxed),
                ejected: !health.is_in(),
                ejected_for: health.out_until().map(|until| until.saturating_duration_since(now)),
            }
        };
        ServiceState {
            service: self.name.clone(),
            breaker: super::named(self.breaker.state(now)),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            instances: self.instances().iter().map(state_of).collect(),
        }
    }

    fn ask(self: &Arc<Self>, instance: &Arc<Instance>, probing: bool) -> Tried {
        instance.in_flight.fetch_add(1, Ordering::Relaxed);
        Tried { instance: Arc::clone(instance), lane: Arc::clone(self), probing }
    }

    fn failed(&self, instance: &Instance, now: Instant) {
        let _changing = lock(&self.changing);
        let instances = self.instances();
        // Never more than half; the only one there is may be left alone all the same, it is not served by more.
        let spare = instances.len() == 1 || (self.out.load(Ordering::Relaxed) + 1) * 2 <= instances.len();
        let mut health = lock(&instance.health);
        if health.failed(now, spare, self.draw()) {
            instance.is_out.store(true, Ordering::Relaxed);
            let out_s = health.out_until().map_or(0, |until| until.saturating_duration_since(now).as_secs());
            tracing::warn!(service = self.name, instance = %instance.address, out_s, "an instance is left out");
        }
        drop(health);
        self.count_out();
    }

    fn succeeded(&self, instance: &Instance, now: Instant) {
        let mut health = lock(&instance.health);
        health.succeeded(now);
        if health.is_in() && instance.is_out.load(Ordering::Relaxed) {
            instance.is_out.store(false, Ordering::Relaxed);
            drop(health);
            tracing::info!(service = self.name, instance = %instance.address, "an instance is back");
            let _changing = lock(&self.changing);
            self.count_out();
        }
    }

    fn count_out(&self) {
        let out = self.instances().iter().filter(|one| one.is_out.load(Ordering::Relaxed)).count();
        self.out.store(out, Ordering::Relaxed);
    }
}

impl Tried {
    /// Says how it went.
    pub fn done(&mut self, outcome: Outcome, now: Instant) {
        self.probing = false;
        match outcome {
            Outcome::Succeeded => self.lane.succeeded(&self.instance, now),
            Outcome::Failed => self.lane.failed(&self.instance, now),
        }
    }

    /// The answer ended before it was whole.
    pub fn broke_off(&mut self) {
        let now = (self.lane.tuning.now)();
        self.done(Outcome::Failed, now);
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        self.instance.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.probing {
            lock(&self.instance.health).probe_abandoned((self.lane.tuning.now)());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Two places of `count`, different ones where there are two.
fn two_of(count: usize, random: u64) -> (usize, usize) {
    let one = (random & u64::from(u32::MAX)) as usize % count;
    let step = 1 + (random >> 32) as usize % count.saturating_sub(1).max(1);
    (one, (one + step) % count)
}

fn less_busy<'i>(one: &'i Arc<Instance>, other: &'i Arc<Instance>) -> &'i Arc<Instance> {
    let busy = |instance: &Instance| instance.in_flight.load(Ordering::Relaxed);
    if busy(one) <= busy(other) { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lane(addresses: &[&str]) -> Arc<Lane> {
        let lane = Arc::new(Lane::new("audit", &Tuning::default()));
        lane.set(addresses.iter().map(|address| address.parse().unwrap()).collect());
        lane
    }

    fn fail(lane: &Arc<Lane>, address: &str) {
        let instances = lane.instances();
        let instance = instances.iter().find(|one| one.address == address.parse().unwrap()).unwrap();
        (0..5).for_each(|_| lane.failed(instance, Instant::now()));
    }

    fn out(lane: &Arc<Lane>) -> Vec<String> {
        let instances = lane.state().instances.into_iter();
        instances.filter(|one| one.ejected).map(|one| one.address).collect()
    }

    #[test]
    fn of_two_the_one_that_does_less_is_asked() {
        let lane = lane(&["a:1", "b:1"]);
        let first = lane.choose(&[], Instant::now()).unwrap();
        for _ in 0..20 {
            let next = lane.choose(&[], Instant::now()).unwrap();
            assert!(next.instance.address != first.instance.address);
        }
    }

    #[test]
    fn never_more_than_half_are_left_out() {
        let lane = lane(&["a:1", "b:1", "c:1"]);
        fail(&lane, "a:1");
        fail(&lane, "b:1");
        assert_eq!(out(&lane), ["http://a:1"]);
        for _ in 0..50 {
            let asked = lane.choose(&[], Instant::now()).unwrap();
            assert!(asked.instance.address != "a:1".parse().unwrap());
        }
    }

    #[test]
    fn the_only_one_is_left_alone_until_its_time_and_callers_are_told_when() {
        let lane = lane(&["a:1"]);
        fail(&lane, "a:1");
        let now = Instant::now();
        let Err(Trouble::BreakerOpen { retry_after }) = lane.choose(&[], now).map(drop) else { panic!() };
        assert!(retry_after > Duration::from_secs(4), "{retry_after:?}");
        let later = now + Duration::from_secs(7);
        let probe = lane.choose(&[], later).unwrap();
        assert!(lane.choose(&[], later).is_err(), "one probe at a time");
        drop(probe);
        let mut probe = lane.choose(&[], later).unwrap();
        probe.done(Outcome::Succeeded, later);
        assert!(out(&lane).is_empty() && lane.choose(&[], later).is_ok());
    }

    #[test]
    fn a_second_try_goes_elsewhere_where_there_is_an_elsewhere() {
        let lane = lane(&["a:1", "b:1"]);
        for _ in 0..20 {
            let first = Arc::clone(&lane.choose(&[], Instant::now()).unwrap().instance);
            let second = Arc::clone(&lane.choose(&[Arc::clone(&first)], Instant::now()).unwrap().instance);
            assert!(!Arc::ptr_eq(&first, &second));
            assert!(lane.choose(&[first, second], Instant::now()).is_ok(), "better the same than nobody");
        }
    }

    #[test]
    fn a_change_keeps_what_is_known_of_those_that_stay() {
        let lane = lane(&["a:1", "b:1", "c:1", "d:1"]);
        fail(&lane, "a:1");
        let set = |texts: &[&str]| lane.set(texts.iter().map(|text| text.parse().unwrap()).collect());
        set(&["a:1", "b:1", "e:1", "e:1"]);
        assert_eq!((out(&lane), lane.instances().len()), (vec!["http://a:1".to_owned()], 3));
        set(&["a:1"]);
        assert!(out(&lane).is_empty(), "the last that is left is asked again");
    }

    proptest! {
        #[test]
        fn two_places_are_different_and_inside(count in 1_usize..50, random: u64) {
            let (one, other) = two_of(count, random);
            prop_assert!(one < count && other < count);
            prop_assert!(count == 1 || one != other);
        }
    }
}
