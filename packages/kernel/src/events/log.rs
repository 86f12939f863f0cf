//! The outbox as a log: read by position, sequenced on Postgres, purged by age.

use std::time::Duration;

use contracts::{Envelope, Timestamp};
use tokio::sync::watch;

use super::store;
use crate::store::{Engine, Scope, Store, StoreError};

/// An event and its place in its service's log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Where it stands; consumers read on from here.
    pub position: i64,
    /// The event.
    pub envelope: Envelope,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
}

/// One read of a log.
pub(super) struct Batch {
    pub events: Vec<Logged>,
    /// Everything up to here was looked at.
    pub until: i64,
}

const SEQUENCE_MAX: u32 = 2_000;
const PURGE_MAX: u32 = 5_000;
/// Polling for events of other processes: quick after one came, patient when none do.
const POLL_MIN: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(200);

/// The events after `after`, of the named types (`,a,b,`) or of all.
pub(super) async fn read(
    log: &Store,
    after: i64,
    types: Option<String>,
    limit: u32,
) -> Result<Batch, StoreError> {
    let source = log.service();
    log.read(Scope::System("reading the log"), move |tx| {
        let head = store::head(tx)?;
        if head <= after {
            return Ok(Batch { events: Vec::new(), until: after });
        }
        let events = store::after(tx, source, after, head, types.as_deref(), limit)?;
        let until = match events.last() {
            Some(last) if events.len() == limit as usize => last.position,
            _ => head,
        };
        Ok(Batch { events, until })
    })
    .await
}

/// The newest `limit` events after `after`, for people who watch.
pub async fn tail(log: &Store, after: i64, limit: u32) -> Result<Vec<Logged>, StoreError> {
    Ok(read(log, after, None, limit).await?.events)
}

/// The newest position of a log.
pub(super) async fn head(log: &Store) -> Result<i64, StoreError> {
    log.read(Scope::System("reading the log"), store::head).await
}

/// Gives committed events their positions until `stop` changes. On SQLite the commit already does.
pub async fn sequence(log: Store, mut stop: watch::Receiver<bool>) {
    if matches!(log.engine(), Engine::Sqlite { .. }) {
        return;
    }
    let mut announced = log.events_announced();
    let mut pause = POLL_MIN;
    while !*stop.borrow() {
        match sequence_once(&log).await {
            Ok(0) => {
                tokio::select! {
                    _ = stop.changed() => {}
                    _ = announced.changed() => {}
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(POLL_MAX);
            }
            Ok(_) => {
                pause = POLL_MIN;
                log.position_events();
            }
            Err(error) => {
                tracing::warn!(service = log.service(), error = %error, "events wait for their positions");
                tokio::time::sleep(POLL_MAX).await;
            }
        }
    }
}

/// One step of the sequencer: how many events got a position.
pub(super) async fn sequence_once(log: &Store) -> Result<u64, StoreError> {
    log.write(Scope::System("sequencing events"), |tx| store::sequence(tx, SEQUENCE_MAX)).await
}

/// Waits until `log` may have new events: woken in process, polling across processes.
pub(super) async fn wait(
    ready: &mut watch::Receiver<u64>,
    stop: &mut watch::Receiver<bool>,
    pause: &mut Duration,
) {
    tokio::select! {
        _ = stop.changed() => {}
        _ = ready.changed() => *pause = POLL_MIN,
        () = tokio::time::sleep(*pause) => *pause = (*pause * 2).min(POLL_MAX),
    }
}

/// Forgets events older than `before`; returns how many.
pub async fn purge(log: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let mut purged = 0;
    loop {
        let step = log
            .write(Scope::System("event retention"), move |tx| {
                store::purge_processed(tx, before)?;
                store::purge(tx, before, PURGE_MAX)
            })
            .await?;
        purged += step;
        if step < u64::from(PURGE_MAX) {
            return Ok(purged);
        }
    }
}
