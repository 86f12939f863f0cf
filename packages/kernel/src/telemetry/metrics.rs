//! Counters, gauges and histograms as statics, and the page that Prometheus reads.
//!
//! A known label set costs one hash, one read lock and one atomic; a new one is added until the metric has
//! 1,000, and from then on unknown ones count under `other`. It keeps no history and computes no quantiles.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// A number that only grows.
pub struct Counter {
    family: Family<AtomicU64>,
}

/// A number that goes up and down.
pub struct Gauge {
    family: Family<AtomicFloat>,
}

/// How often values fell below each of a row of bounds, for latencies and sizes.
pub struct Histogram {
    family: Family<Buckets>,
    bounds: &'static [f64],
}

/// Keeps a function called before each page; dropping this forgets it.
#[must_use]
pub struct RenderHook(u64);

/// Bounds for latencies in seconds: from half a millisecond to ten seconds.
pub const LATENCY_BOUNDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const LABEL_SETS_MAX: usize = 1_000;
const LABELS_MAX: usize = 16;
static OTHER: [&str; LABELS_MAX] = ["other"; LABELS_MAX];

type LabelValues = Box<[Box<str>]>;
type Hook = Arc<dyn Fn() + Send + Sync>;
static METRICS: Mutex<Vec<&'static dyn Metric>> = Mutex::new(Vec::new());
static HOOKS: Mutex<Vec<(u64, Hook)>> = Mutex::new(Vec::new());
static NEXT_HOOK: AtomicU64 = AtomicU64::new(0);

/// What the page needs of a metric.
trait Metric: Sync {
    fn name(&self) -> &'static str;
    fn render(&self, page: &mut String);
}

/// A metric's cells by label set.
struct Family<C> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    sets: RwLock<Sets<C>>,
}

struct Sets<C> {
    /// By hash of the label values; the few that collide share an entry and are told apart by their values.
    by_hash: BTreeMap<u64, Vec<(LabelValues, C)>>,
    len: usize,
}

#[derive(Default)]
struct AtomicFloat(AtomicU64);

struct Buckets {
    /// One a bound, and one for what is above all.
    counts: Box<[AtomicU64]>,
    sum: AtomicFloat,
}

impl Counter {
    /// A counter; values are later given in the order of `labels`.
    pub const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { family: Family::new(name, help, labels) }
    }

    /// Adds to the counter of these label values.
    pub fn add(&'static self, count: u64, values: &[&str]) {
        self.family.update(self, values, AtomicU64::default, |cell| {
            cell.fetch_add(count, Relaxed);
        });
    }
}

impl Gauge {
    /// A gauge; values are later given in the order of `labels`.
    pub const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { family: Family::new(name, help, labels) }
    }

    /// Sets the gauge of these label values.
    pub fn set(&'static self, value: f64, values: &[&str]) {
        self.family.update(self, values, AtomicFloat::default, |cell| cell.set(value));
    }

    /// Adds to the gauge of these label values; a negative amount takes away.
    pub fn add(&'static self, amount: f64, values: &[&str]) {
        self.family.update(self, values, AtomicFloat::default, |cell| cell.add(amount));
    }
}

impl Histogram {
    /// A histogram; `bounds` ascend, `LATENCY_BOUNDS` suits seconds.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Self {
        Self { family: Family::new(name, help, labels), bounds }
    }

    /// Counts one value under these label values.
    pub fn observe(&'static self, value: f64, values: &[&str]) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        let empty = || Buckets {
            counts: (0..=self.bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicFloat::default(),
        };
        self.family.update(self, values, empty, |cell| {
            cell.counts[bucket].fetch_add(1, Relaxed);
            cell.sum.add(value);
        });
    }
}

/// Calls a function before each page, for gauges whose value is looked up rather than counted.
pub fn on_render(hook: impl Fn() + Send + Sync + 'static) -> RenderHook {
    let id = NEXT_HOOK.fetch_add(1, Relaxed);
    lock(&HOOKS).push((id, Arc::new(hook)));
    RenderHook(id)
}

impl Drop for RenderHook {
    fn drop(&mut self) {
        let mut hooks = lock(&HOOKS);
        let found = hooks.iter().position(|(id, _)| *id == self.0).map(|at| hooks.swap_remove(at));
        drop(hooks);
        // What the hook captured may hold another RenderHook, so it is dropped outside the lock.
        drop(found);
    }
}

/// The page of all metrics in use, in Prometheus' text format 0.0.4.
pub fn render() -> String {
    let hooks: Vec<Hook> = lock(&HOOKS).iter().map(|(_, hook)| Arc::clone(hook)).collect();
    hooks.iter().for_each(|hook| hook());
    let mut metrics = lock(&METRICS).clone();
    metrics.sort_by_key(|metric| metric.name());

    let mut page = String::with_capacity(16 * 1024);
    metrics.iter().for_each(|metric| metric.render(&mut page));
    super::process::render(&mut page);
    page
}

impl<C> Family<C> {
    const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        // Metrics are statics, so this can only stop the compiler.
        assert!(labels.len() <= LABELS_MAX, "a metric has at most 16 labels");
        Self { name, help, labels, sets: RwLock::new(Sets { by_hash: BTreeMap::new(), len: 0 }) }
    }

    fn update(
        &self,
        metric: &'static dyn Metric,
        values: &[&str],
        new: impl FnOnce() -> C,
        apply: impl FnOnce(&C),
    ) {
        let mut values = &values[..values.len().min(self.labels.len())];
        let other = &OTHER[..self.labels.len()];
        let sets = self.sets.read().unwrap_or_else(PoisonError::into_inner);
        let found = sets.find(values).or_else(|| if sets.is_full() { sets.find(other) } else { None });
        if let Some(cell) = found {
            return apply(cell);
        }
        drop(sets);

        let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        if sets.len == 0 {
            lock(&METRICS).push(metric);
        }
        if sets.is_full() {
            values = other;
        }
        if sets.find(values).is_none() {
            sets.insert(values, new());
        }
        // `insert` just put it there, if it was not there before.
        if let Some(cell) = sets.find(values) {
            apply(cell);
        }
    }

    fn render(&self, kind: &str, page: &mut String, mut sample: impl FnMut(&mut String, &str, &C)) {
        head(page, self.name, kind, self.help);
        let sets = self.sets.read().unwrap_or_else(PoisonError::into_inner);
        let mut labels = String::new();
        for (values, cell) in sets.by_hash.values().flatten() {
            labels.clear();
            for (i, label) in self.labels.iter().enumerate() {
                let value = values.get(i).map_or("", |value| value);
                let comma = if i == 0 { "" } else { "," };
                let _ = write!(labels, "{comma}{label}=\"{}\"", escape(value));
            }
            sample(page, &labels, cell);
        }
    }
}

impl<C> Sets<C> {
    fn find(&self, values: &[&str]) -> Option<&C> {
        let same = |known: &[Box<str>]| known.iter().map(|value| &**value).eq(values.iter().copied());
        self.by_hash.get(&hash(values))?.iter().find(|(known, _)| same(known)).map(|(_, cell)| cell)
    }

    fn insert(&mut self, values: &[&str], cell: C) {
        let owned = values.iter().map(|value| Box::from(*value)).collect();
        self.by_hash.entry(hash(values)).or_default().push((owned, cell));
        self.len += 1;
    }

    fn is_full(&self) -> bool {
        self.len >= LABEL_SETS_MAX
    }
}

impl Metric for Counter {
    fn name(&self) -> &'static str {
        self.family.name
    }

    fn render(&self, page: &mut String) {
        self.family.render("counter", page, |page, labels, cell| {
            line(page, self.family.name, labels, cell.load(Relaxed));
        });
    }
}

impl Metric for Gauge {
    fn name(&self) -> &'static str {
        self.family.name
    }

    fn render(&self, page: &mut String) {
        self.family.render("gauge", page, |page, labels, cell| {
            line(page, self.family.name, labels, number(cell.get()));
        });
    }
}

impl Metric for Histogram {
    fn name(&self) -> &'static str {
        self.family.name
    }

    fn render(&self, page: &mut String) {
        let name = self.family.name;
        let (bucket, sum, count) = (format!("{name}_bucket"), format!("{name}_sum"), format!("{name}_count"));
        self.family.render("histogram", page, |page, labels, cell| {
            let comma = if labels.is_empty() { "" } else { "," };
            let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
            let mut below = 0;
            for (bound, here) in bounds.zip(&cell.counts) {
                below += here.load(Relaxed);
                line(page, &bucket, &format!("{labels}{comma}le=\"{}\"", number(bound)), below);
            }
            line(page, &sum, labels, number(cell.sum.get()));
            line(page, &count, labels, below);
        });
    }
}

impl AtomicFloat {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    fn add(&self, amount: f64) {
        let sum = |bits| Some((f64::from_bits(bits) + amount).to_bits());
        // The closure never declines, so this cannot fail.
        let _ = self.0.fetch_update(Relaxed, Relaxed, sum);
    }
}

/// The two comment lines before a metric's samples.
pub(super) fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(page: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = match labels {
        "" => writeln!(page, "{name} {value}"),
        _ => writeln!(page, "{name}{{{labels}}} {value}"),
    };
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    value.to_string()
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn hash(values: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}

/// A lock that a panic elsewhere does not take away from us.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str) -> String {
        let mine =
            |line: &&str| line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ").starts_with(name);
        render().lines().filter(mine).map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn a_counter_counts_each_label_set_apart() {
        static CALLS: Counter = Counter::new("t_calls_total", "Calls.", &["route", "status"]);
        CALLS.add(1, &["/x", "200"]);
        CALLS.add(2, &["/x", "200"]);
        CALLS.add(1, &["/x", "500"]);
        let page = page_of("t_calls_total");
        assert!(page.starts_with("# HELP t_calls_total Calls.\n# TYPE t_calls_total counter\n"), "{page}");
        assert!(page.contains("t_calls_total{route=\"/x\",status=\"200\"} 3\n"), "{page}");
        assert!(page.contains("t_calls_total{route=\"/x\",status=\"500\"} 1\n"), "{page}");
    }

    #[test]
    fn a_gauge_is_set_and_moved() {
        static DEPTH: Gauge = Gauge::new("t_depth", "Depth.", &[]);
        DEPTH.set(4.0, &[]);
        DEPTH.add(-1.5, &[]);
        assert!(page_of("t_depth").ends_with("t_depth 2.5\n"));
    }

    #[test]
    fn a_histogram_counts_a_value_in_every_bucket_whose_bound_it_does_not_pass() {
        static WAIT: Histogram = Histogram::new("t_wait_seconds", "Wait.", &["q"], &[0.1, 1.0]);
        [0.1, 0.5, 3.0].iter().for_each(|value| WAIT.observe(*value, &["a"]));
        let page = page_of("t_wait_seconds");
        let samples: Vec<_> = page.lines().skip(2).collect();
        assert_eq!(
            samples,
            [
                "t_wait_seconds_bucket{q=\"a\",le=\"0.1\"} 1",
                "t_wait_seconds_bucket{q=\"a\",le=\"1\"} 2",
                "t_wait_seconds_bucket{q=\"a\",le=\"+Inf\"} 3",
                "t_wait_seconds_sum{q=\"a\"} 3.6",
                "t_wait_seconds_count{q=\"a\"} 3",
            ]
        );
    }

    #[test]
    fn label_values_cannot_break_out_of_their_quotes() {
        static ODD: Counter = Counter::new("t_odd_total", "Odd \\ help\nhere.", &["v"]);
        ODD.add(1, &["a\"} 9\n\\"]);
        let page = page_of("t_odd_total");
        assert!(page.contains("# HELP t_odd_total Odd \\\\ help\\nhere.\n"), "{page}");
        assert!(page.ends_with("t_odd_total{v=\"a\\\"} 9\\n\\\\\"} 1\n"), "{page}");
    }

    #[test]
    fn label_sets_past_the_limit_count_as_other() {
        static MANY: Counter = Counter::new("t_many_total", "Many.", &["id"]);
        for id in 0..LABEL_SETS_MAX + 500 {
            MANY.add(1, &[&id.to_string()]);
        }
        MANY.add(1, &["7"]);
        let page = page_of("t_many_total");
        assert_eq!(page.lines().count(), 2 + LABEL_SETS_MAX + 1);
        assert!(page.contains("t_many_total{id=\"other\"} 500\n"));
        assert!(page.contains("t_many_total{id=\"7\"} 2\n"));
    }

    #[test]
    fn counts_of_many_threads_all_arrive() {
        static BUSY: Counter = Counter::new("t_busy_total", "Busy.", &["n"]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|i| BUSY.add(1, &[["a", "b"][i % 2]])));
            }
        });
        let page = page_of("t_busy_total");
        assert!(page.contains("{n=\"a\"} 2000\n") && page.contains("{n=\"b\"} 2000\n"), "{page}");
    }

    #[test]
    fn a_hook_fills_its_gauge_until_it_is_dropped() {
        static LAG: Gauge = Gauge::new("t_lag", "Lag.", &[]);
        let hook = on_render(|| LAG.add(1.0, &[]));
        assert!(!page_of("t_lag").is_empty());
        drop(hook);
        let before = page_of("t_lag");
        assert_eq!(page_of("t_lag"), before);
    }
}
