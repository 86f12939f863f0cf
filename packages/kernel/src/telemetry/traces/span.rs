//! A piece of work with a start and an end, and where it goes when it ends.
//!
//! With no exporter and no memory of recent spans a span is its ids and one relaxed load. It never waits: a
//! full queue drops the span and counts it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use super::context::TraceContext;
use crate::secrets;
use crate::telemetry::line::is_secret;
use crate::telemetry::metrics::Counter;

/// Work that ends when this is dropped.
#[must_use]
pub struct Span {
    context: TraceContext,
    /// None when nobody listens or the trace is not sampled.
    open: Option<Box<(SpanRecord, Instant)>>,
}

/// Which side of a call the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Inside the process.
    Internal,
    /// Answers a call.
    Server,
    /// Makes a call.
    Client,
    /// Announces something for later.
    Producer,
    /// Takes up what was announced.
    Consumer,
}

/// What is known of a finished piece of work.
#[derive(Clone, Debug)]
pub struct SpanRecord {
    /// Its own ids.
    pub context: TraceContext,
    /// The work that caused it, if any.
    pub parent_id: Option<u64>,
    /// What was done, in few and stable words.
    pub name: Cow<'static, str>,
    /// Which side of a call it was.
    pub kind: SpanKind,
    /// When it began, in nanoseconds since 1970.
    pub started_at_ns: u64,
    /// When it ended, in nanoseconds since 1970.
    pub ended_at_ns: u64,
    /// What else is known.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Work that it follows from without being part of it.
    pub links: Vec<TraceContext>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text, masked.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A fraction.
    Fraction(f64),
    /// Yes or no.
    Flag(bool),
}

const ATTRIBUTES_MAX: usize = 64;
const LINKS_MAX: usize = 128;
const TEXT_BYTES_MAX: usize = 4 * 1024;

pub(super) static DROPPED: Counter =
    Counter::new("stoa_trace_spans_dropped_total", "Spans that no collector received.", &["reason"]);

/// Which of the two below listen; zero makes a span free.
static LISTENING: AtomicU8 = AtomicU8::new(0);
const TO_EXPORTER: u8 = 1;
const TO_RECENT: u8 = 2;
static EXPORTER: RwLock<Option<mpsc::Sender<Arc<SpanRecord>>>> = RwLock::new(None);
static RECENT: Mutex<Recent> = Mutex::new(Recent { spans: VecDeque::new(), spans_max: 0 });

struct Recent {
    spans: VecDeque<Arc<SpanRecord>>,
    spans_max: usize,
}

impl Span {
    /// Begins work, caused by `parent` or by nobody.
    pub fn start(name: impl Into<Cow<'static, str>>, kind: SpanKind, parent: Option<&TraceContext>) -> Self {
        let context = parent.map_or_else(TraceContext::new_root, TraceContext::child);
        if !context.sampled || LISTENING.load(Ordering::Relaxed) == 0 {
            return Self { context, open: None };
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let record = SpanRecord {
            context,
            parent_id: parent.map(|parent| parent.span_id),
            name: name.into(),
            kind,
            started_at_ns,
            ended_at_ns: started_at_ns,
            attributes: Vec::new(),
            links: Vec::new(),
            failure: None,
        };
        Self { context, open: Some(Box::new((record, Instant::now()))) }
    }

    /// The ids to hand on to what this work causes.
    pub fn context(&self) -> &TraceContext {
        &self.context
    }

    /// Says something about the work; text is masked.
    pub fn set(&mut self, key: &'static str, value: impl Into<Attribute>) {
        let Some((record, _)) = self.open.as_deref_mut() else { return };
        let value = match value.into() {
            _ if is_secret(key) => Attribute::Text("***".to_owned()),
            Attribute::Text(text) => Attribute::Text(masked(text)),
            other => other,
        };
        let attributes = &mut record.attributes;
        match attributes.iter().position(|(known, _)| *known == key) {
            Some(at) => attributes[at].1 = value,
            None if attributes.len() < ATTRIBUTES_MAX => attributes.push((key, value)),
            None => {}
        }
    }

    /// Names work that this follows from without being part of it, such as the announcement of an event.
    pub fn link(&mut self, other: &TraceContext) {
        if let Some((record, _)) = self.open.as_deref_mut()
            && record.links.len() < LINKS_MAX
        {
            record.links.push(*other);
        }
    }

    /// Marks the work as failed.
    pub fn fail(&mut self, why: impl Into<String>) {
        if let Some((record, _)) = self.open.as_deref_mut() {
            record.failure = Some(masked(why.into()));
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let (mut record, began) = *open;
        let lasted_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        record.ended_at_ns = record.started_at_ns.saturating_add(lasted_ns);
        let record = Arc::new(record);
        let listening = LISTENING.load(Ordering::Relaxed);
        if listening & TO_RECENT != 0 {
            RECENT.lock().unwrap_or_else(PoisonError::into_inner).keep(Arc::clone(&record));
        }
        if listening & TO_EXPORTER != 0 {
            let exporter = EXPORTER.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(Err(_)) = exporter.as_ref().map(|queue| queue.try_send(record)) {
                DROPPED.add(1, &["queue_full"]);
            }
        }
    }
}

/// Keeps the latest finished spans in memory for `recent`; zero keeps none.
pub fn keep_recent(spans_max: usize) {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.spans_max = spans_max;
    let over = recent.spans.len().saturating_sub(spans_max);
    recent.spans.drain(..over);
    listen(TO_RECENT, spans_max > 0);
}

/// The kept spans of a trace in the order they began.
pub fn recent(trace_id: u128) -> Vec<Arc<SpanRecord>> {
    let recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut spans: Vec<_> =
        recent.spans.iter().filter(|span| span.context.trace_id == trace_id).cloned().collect();
    drop(recent);
    spans.sort_by_key(|span| span.started_at_ns);
    spans
}

/// Sends finished spans to a queue from now on.
pub(super) fn export_to(queue: mpsc::Sender<Arc<SpanRecord>>) {
    *EXPORTER.write().unwrap_or_else(PoisonError::into_inner) = Some(queue);
    listen(TO_EXPORTER, true);
}

/// Sends no more spans to this queue; another that took its place stays.
pub(super) fn stop_export_to(queue: &mpsc::Sender<Arc<SpanRecord>>) {
    let mut exporter = EXPORTER.write().unwrap_or_else(PoisonError::into_inner);
    if exporter.as_ref().is_some_and(|current| current.same_channel(queue)) {
        *exporter = None;
        listen(TO_EXPORTER, false);
    }
}

fn listen(to: u8, on: bool) {
    if on {
        LISTENING.fetch_or(to, Ordering::Relaxed);
    } else {
        LISTENING.fetch_and(!to, Ordering::Relaxed);
    }
}

impl Recent {
    fn keep(&mut self, span: Arc<SpanRecord>) {
        while self.spans.len() >= self.spans_max.max(1) {
            self.spans.pop_front();
        }
        self.spans.push_back(span);
    }
}

fn masked(text: String) -> String {
    let mut text = match secrets::mask(&text) {
        Cow::Owned(masked) => masked,
        Cow::Borrowed(_) => text,
    };
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<u16> for Attribute {
    fn from(number: u16) -> Self {
        Self::Whole(number.into())
    }
}

impl From<u32> for Attribute {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<f64> for Attribute {
    fn from(number: f64) -> Self {
        Self::Fraction(number)
    }
}

impl From<bool> for Attribute {
    fn from(yes: bool) -> Self {
        Self::Flag(yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_spans_are_kept() {
        let mut recent = Recent { spans: VecDeque::new(), spans_max: 2 };
        let record = |name: &'static str| SpanRecord {
            context: TraceContext::new_root(),
            parent_id: None,
            name: name.into(),
            kind: SpanKind::Internal,
            started_at_ns: 0,
            ended_at_ns: 0,
            attributes: Vec::new(),
            links: Vec::new(),
            failure: None,
        };
        ["one", "two", "three"].into_iter().for_each(|name| recent.keep(Arc::new(record(name))));
        let names: Vec<_> = recent.spans.iter().map(|span| span.name.clone()).collect();
        assert_eq!(names, ["two", "three"]);
    }
}
