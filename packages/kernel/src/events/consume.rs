//! A batch of events is one transaction with the cursor in it: twice is once, without a row an event.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::{Envelope, EventId};
use tokio::sync::watch;

use super::handlers::{HandlerError, Handlers};
use super::log::{self, Logged};
use super::parked::{DeadLetter, origin_of};
use super::store;
use super::waiting::Waiting;
use crate::store::{Origin, Scope, Store, StoreError, Tx};
use crate::telemetry::metrics::Counter;
use crate::telemetry::traces::{Span, SpanKind, TraceContext};

const BATCH_MAX: u32 = 256;
/// Events that nobody here hears move the cursor only in memory, until so many went by.
const UNHEARD_MAX: i64 = 10_000;
/// A rebuild by another process moves the stored cursor behind the back of an idle consumer.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// When so many events of one source are parked, the rest waits in the log: a better place than a table.
const PARKED_MAX: u32 = 10_000;

static HEARD: Counter =
    Counter::new("stoa_events_heard_total", "Events heard, handled or parked.", &["service", "source"]);
static FAILED: Counter =
    Counter::new("stoa_events_failed_total", "Tries at an event that failed.", &["service", "type"]);

/// How a batch is run: all at once, or each event by itself after one of them failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    Quick,
    Apart,
}

/// An event that could not be handled, to be told once its batch is stored.
pub(super) struct Failure {
    event: EventId,
    kind: String,
    error: HandlerError,
}

/// One service that hears one log.
pub(super) struct Hearing {
    consumer: Store,
    source: Store,
    handlers: Arc<Handlers>,
    types: Option<Arc<str>>,
    cursor: Option<Cursor>,
}

/// Where a consumer stands, in the database and in memory.
#[derive(Clone, Copy)]
struct Cursor {
    stored: i64,
    seen: i64,
    since: Instant,
}

/// Hears the events of `source` in `consumer` until `stop` changes.
pub async fn consume(consumer: Store, source: Store, handlers: Arc<Handlers>, stop: watch::Receiver<bool>) {
    let mut waiting = Waiting::new(&source, source.events_positioned(), stop);
    let mut hearing = Hearing::new(consumer, source, handlers);
    while !waiting.stopped() {
        match hearing.step().await {
            Ok(0) => waiting.for_work().await,
            Ok(_) => waiting.worked(),
            Err(StoreError::Conflict) => waiting.behind_another().await,
            Err(error) => {
                tracing::warn!(service = hearing.consumer.service(), source = hearing.source.service(),
                    error = %error, "events cannot be heard now");
                waiting.trouble().await;
            }
        }
    }
}

/// Hears all that `source` has told until now.
pub async fn catch_up(consumer: &Store, source: &Store, handlers: &Arc<Handlers>) -> Result<(), StoreError> {
    log::position_all(source).await?;
    let mut hearing = Hearing::new(consumer.clone(), source.clone(), Arc::clone(handlers));
    while hearing.step().await? > 0 {}
    Ok(())
}

impl Hearing {
    pub fn new(consumer: Store, source: Store, handlers: Arc<Handlers>) -> Self {
        let types = handlers.filter();
        Self { consumer, source, handlers, types, cursor: None }
    }

    /// Hears one batch; returns how many events the log had for us.
    pub async fn step(&mut self) -> Result<usize, StoreError> {
        let heard = self.hear().await;
        if heard.is_err() {
            // Whatever it was, another process or a lost connection: look where the cursor is now.
            self.cursor = None;
        }
        heard
    }

    async fn hear(&mut self) -> Result<usize, StoreError> {
        let name = self.source.service();
        let mut at = match self.cursor {
            Some(cursor) if cursor.since.elapsed() < LOOK_AGAIN => cursor,
            _ => self.look().await?,
        };
        let batch = log::read(&self.source, at.seen, self.types.clone(), BATCH_MAX).await?;
        let count = batch.events.len();
        if count > 0 || batch.until - at.stored > UNHEARD_MAX {
            let (from, to, events) = (at.stored, batch.until, Arc::new(batch.events));
            let handlers = Arc::clone(&self.handlers);
            with_care(&self.consumer, move |tx, care| {
                store::move_cursor(tx, name, from, to)?;
                handle(tx, name, &events, &handlers, care)
            })
            .await?;
            heard(&self.consumer, name, count);
            at = Cursor { stored: to, seen: to, since: Instant::now() };
        }
        self.cursor = Some(Cursor { seen: batch.until, ..at });
        Ok(count)
    }

    /// Looks where the stored cursor is; events that were seen and not for us are not read again.
    async fn look(&self) -> Result<Cursor, StoreError> {
        let name = self.source.service();
        let stored =
            self.consumer.read(Scope::System("hearing events"), move |tx| store::cursor(tx, name)).await?;
        let seen = match self.cursor {
            Some(before) if before.stored == stored => before.seen,
            _ => stored,
        };
        Ok(Cursor { stored, seen, since: Instant::now() })
    }
}

/// Counts events that were heard.
pub(super) fn heard(consumer: &Store, source: &str, count: usize) {
    if count > 0 {
        HEARD.add(count as u64, &[consumer.service(), source]);
    }
}

/// Runs a batch all at once and, when an event failed, again with each event by itself.
pub(super) async fn with_care(
    consumer: &Store,
    work: impl Fn(&mut Tx<'_>, Care) -> Result<Vec<Failure>, StoreError> + Clone + Send + 'static,
) -> Result<(), StoreError> {
    let run = |care| {
        let work = work.clone();
        consumer.write(Scope::System("hearing events"), move |tx| work(tx, care))
    };
    let failures = match run(Care::Quick).await {
        Err(error @ (StoreError::Conflict | StoreError::Busy { .. } | StoreError::Unavailable(_))) => {
            return Err(error);
        }
        Err(_) => run(Care::Apart).await?,
        Ok(failures) => failures,
    };
    failures.iter().for_each(|failure| failure.tell(consumer, 1));
    Ok(())
}

/// Handles events in order; with `Care::Apart` what fails is parked and the rest goes on.
pub(super) fn handle(
    tx: &mut Tx<'_>,
    source: &str,
    events: &[Logged],
    handlers: &Handlers,
    care: Care,
) -> Result<Vec<Failure>, StoreError> {
    let mut parked: HashSet<String> = HashSet::new();
    let mut letters = 0;
    for (key, count) in store::parked_keys(tx, source, PARKED_MAX)? {
        parked.insert(key);
        letters += count;
    }
    if letters >= PARKED_MAX {
        return Err(StoreError::Busy { retry_after: Duration::from_secs(1) });
    }
    let mut failures = Vec::new();
    let mut rest = events;
    while let Some(event) = rest.first() {
        let together = match care {
            Care::Quick if parked.is_empty() => handlers.together(rest.iter().map(|event| &event.envelope)),
            Care::Quick | Care::Apart => 1,
        };
        let some;
        (some, rest) = rest.split_at(together);
        let envelopes: Vec<&Envelope> = some.iter().map(|event| &event.envelope).collect();
        let mut spans: Vec<Span> = some.iter().map(span_of).collect();
        tx.act_as(scope_of(&event.envelope), origin_of_all(&envelopes, &spans))?;
        let key = event.envelope.key.as_deref().unwrap_or_default();
        if parked.contains(key) {
            store::park(tx, event, &DeadLetter::behind(event, source, tx.now()))?;
            continue;
        }
        let outcome = match care {
            Care::Quick => {
                handlers.handle(tx, &envelopes).map_err(|error| StoreError::Sql(error.to_string().into()))?;
                Ok(())
            }
            Care::Apart => tx.attempt(|tx| handlers.handle(tx, &envelopes))?,
        };
        if let Err(error) = outcome {
            spans.iter_mut().for_each(|span| span.fail(error.to_string()));
            store::park(tx, event, &DeadLetter::failed(event, source, &error, tx.now(), tx.random()))?;
            parked.insert(key.to_owned());
            failures.push(Failure::of(&event.envelope, error));
        }
    }
    tx.act_as(Scope::System("hearing events"), Origin::default())?;
    Ok(failures)
}

/// Where the work on these events comes from: that on several comes from no single one.
fn origin_of_all(envelopes: &[&Envelope], spans: &[Span]) -> Origin {
    match (envelopes, spans) {
        ([only], [span]) => origin_of(only, Some(span.context().to_string())),
        _ => Origin::default(),
    }
}

/// The piece of the trace that hearing an event is.
fn span_of(event: &Logged) -> Span {
    let cause = event.traceparent.as_deref().and_then(TraceContext::parse);
    let mut span = Span::start("hear an event", SpanKind::Consumer, cause.as_ref());
    span.set("event.type", event.envelope.event_type.as_str());
    span
}

impl Failure {
    pub fn of(envelope: &Envelope, error: HandlerError) -> Self {
        Self { event: envelope.event_id, kind: envelope.event_type.clone(), error }
    }

    /// Logs and counts it.
    pub fn tell(&self, consumer: &Store, attempts: u32) {
        FAILED.add(1, &[consumer.service(), &self.kind]);
        tracing::warn!(service = consumer.service(), event.id = %self.event, event.r#type = self.kind, attempts,
            error = %self.error, "an event failed; its key is parked");
    }
}

/// An event is handled in the scope of its project.
pub(super) fn scope_of(envelope: &Envelope) -> Scope {
    envelope.project_id.map_or(Scope::System("an event of no project"), Scope::Project)
}

/// Clears a projection and hears all kept events of all its sources again. It is for services whose handlers
/// write only what `clear` empties: what else they do, they do again.
pub async fn rebuild(
    consumer: &Store,
    clear: fn(&mut Tx<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    consumer
        .write(Scope::System("rebuilding a projection"), move |tx| {
            clear(tx)?;
            store::rewind(tx)
        })
        .await
}
