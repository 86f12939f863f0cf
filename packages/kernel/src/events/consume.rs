//! A batch of events is one transaction with the cursor in it: twice is once, without a row an event.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use contracts::Envelope;
use tokio::sync::watch;

use super::handlers::Handlers;
use super::log::{self, Logged};
use super::parked::{DeadLetter, origin_of};
use super::store;
use crate::store::{Scope, Store, StoreError, Tx};

const BATCH_MAX: u32 = 256;
/// Events that nobody here hears move the cursor only in memory, until so many went by.
const UNHEARD_MAX: i64 = 10_000;
const TROUBLE_PAUSE: Duration = Duration::from_millis(500);

/// How a batch is run: all at once, or each event by itself after one of them failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    Quick,
    Apart,
}

/// Hears the events of `source` in `consumer` until `stop` changes.
pub async fn consume(consumer: Store, source: Store, handlers: Arc<Handlers>, mut stop: watch::Receiver<bool>) {
    let mut ready = source.events_positioned();
    let mut pause = Duration::from_millis(5);
    let mut cursor = None;
    while !*stop.borrow() {
        match step(&consumer, &source, &handlers, &mut cursor).await {
            Ok(0) => log::wait(&mut ready, &mut stop, &mut pause).await,
            Ok(_) => pause = Duration::from_millis(5),
            // Another process was faster: look where it is now.
            Err(StoreError::Conflict) => cursor = None,
            Err(error) => {
                tracing::warn!(service = consumer.service(), source = source.service(), error = %error,
                    "events cannot be heard now");
                cursor = None;
                tokio::select! { _ = stop.changed() => {}, () = tokio::time::sleep(TROUBLE_PAUSE) => {} }
            }
        }
    }
}

/// Where a consumer stands, in the database and in memory.
pub(super) struct Cursor {
    stored: i64,
    seen: i64,
}

/// Hears one batch; returns how many events the log had for us.
pub(super) async fn step(
    consumer: &Store,
    source: &Store,
    handlers: &Arc<Handlers>,
    cursor: &mut Option<Cursor>,
) -> Result<usize, StoreError> {
    let name = source.service();
    let at = match cursor {
        Some(cursor) => cursor,
        None => {
            let stored =
                consumer.write(Scope::System("hearing events"), move |tx| store::cursor(tx, name)).await?;
            cursor.insert(Cursor { stored, seen: stored })
        }
    };
    let types = handlers.types().map(|types| format!(",{},", types.join(",")));
    let batch = log::read(source, at.seen, types, BATCH_MAX).await?;
    let count = batch.events.len();
    if count > 0 || batch.until - at.stored > UNHEARD_MAX {
        let (from, to, events) = (at.stored, batch.until, Arc::new(batch.events));
        let run = |care| {
            let (handlers, events) = (Arc::clone(handlers), Arc::clone(&events));
            consumer.write(Scope::System("hearing events"), move |tx| {
                store::move_cursor(tx, name, from, to)?;
                handle(tx, name, &events, &handlers, care)
            })
        };
        match run(Care::Quick).await {
            Ok(()) => {}
            Err(error @ (StoreError::Conflict | StoreError::Busy { .. } | StoreError::Unavailable(_))) => {
                return Err(error);
            }
            Err(_) => run(Care::Apart).await?,
        }
        at.stored = to;
    }
    at.seen = batch.until;
    Ok(count)
}

/// Handles events in order; with `Care::Apart` what fails is parked and the rest goes on.
pub(super) fn handle(
    tx: &mut Tx<'_>,
    source: &str,
    events: &[Logged],
    handlers: &Handlers,
    care: Care,
) -> Result<(), StoreError> {
    let mut parked: HashSet<String> = store::parked_keys(tx, source)?.into_iter().collect();
    for event in events {
        let key = event.envelope.key.as_deref().unwrap_or_default();
        if parked.contains(key) {
            let behind = DeadLetter::behind(event, tx.now());
            store::park(tx, event, &behind)?;
            continue;
        }
        let (scope, origin) =
            (scope_of(&event.envelope), origin_of(&event.envelope, event.traceparent.clone()));
        let mut failure = None;
        tx.acting(scope, origin, |tx| {
            match care {
                Care::Quick => handlers.handle(tx, &event.envelope).map_err(|e| StoreError::Sql(e.to_string().into()))?,
                Care::Apart => failure = tx.attempt(|tx| handlers.handle(tx, &event.envelope))?.err(),
            }
            Ok(())
        })?;
        if let Some(error) = failure {
            tracing::warn!(event.id = %event.envelope.event_id, event.r#type = event.envelope.event_type,
                error = %error, "an event failed; its key is parked");
            let random = tx.random();
            let letter = DeadLetter::failed(event, &error, tx.now(), random);
            store::park(tx, event, &letter)?;
            parked.insert(key.to_owned());
        }
    }
    Ok(())
}

/// An event is handled in the scope of its project.
pub(super) fn scope_of(envelope: &Envelope) -> Scope {
    envelope.project_id.map_or(Scope::System("an event of no project"), Scope::Project)
}

/// Clears a projection and hears all kept events of `source` again.
pub async fn rebuild(
    consumer: &Store,
    source: &'static str,
    clear: fn(&mut Tx<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    consumer
        .write(Scope::System("rebuilding a projection"), move |tx| {
            clear(tx)?;
            store::rewind(tx, source).map(drop)
        })
        .await
}
