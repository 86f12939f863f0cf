//! The outbox as a log: read by position, sequenced on Postgres, purged by age.

use std::sync::Arc;

use contracts::{Envelope, Timestamp};
use tokio::sync::watch;

use super::store;
use super::waiting::Waiting;
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

/// The events after `after`, of the named types (`,a,b,`) or of all.
pub(super) async fn read(
    log: &Store,
    after: i64,
    types: Option<Arc<str>>,
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

/// The next `limit` events after `after`, for people who watch.
pub async fn tail(log: &Store, after: i64, limit: u32) -> Result<Vec<Logged>, StoreError> {
    Ok(read(log, after, None, limit).await?.events)
}

/// The newest position of a log.
pub async fn newest(log: &Store) -> Result<i64, StoreError> {
    log.read(Scope::System("reading the log"), store::head).await
}

/// Gives committed events their positions until `stop` changes. On SQLite the commit already does.
pub async fn sequence(log: Store, stop: watch::Receiver<bool>) {
    if matches!(log.engine(), Engine::Sqlite { .. }) {
        return;
    }
    let mut waiting = Waiting::new(&log, log.events_announced(), stop);
    while !waiting.stopped() {
        match sequence_once(&log).await {
            Ok(0) => waiting.for_work().await,
            Ok(_) => waiting.worked(),
            // Another process gives the positions.
            Err(StoreError::Conflict) => waiting.behind_another().await,
            Err(error) => {
                tracing::warn!(service = log.service(), error = %error, "events wait for their positions");
                waiting.trouble().await;
            }
        }
    }
}

/// Gives all committed events their positions now.
pub async fn position_all(log: &Store) -> Result<(), StoreError> {
    if matches!(log.engine(), Engine::Postgres { .. }) {
        while sequence_once(log).await? > 0 {}
    }
    Ok(())
}

/// One step of the sequencer: how many events got a position.
pub(super) async fn sequence_once(log: &Store) -> Result<u64, StoreError> {
    let placed =
        log.write(Scope::System("sequencing events"), |tx| store::sequence(tx, SEQUENCE_MAX)).await?;
    if placed > 0 {
        log.position_events();
    }
    Ok(placed)
}

/// Forgets events older than `before`; returns how many.
pub async fn purge(log: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let mut purged = 0;
    loop {
        let (events, processed) = log
            .write(Scope::System("event retention"), move |tx| {
                Ok::<_, StoreError>((
                    store::purge(tx, before, PURGE_MAX)?,
                    store::purge_processed(tx, before, PURGE_MAX)?,
                ))
            })
            .await?;
        purged += events;
        if events.max(processed) < u64::from(PURGE_MAX) {
            return Ok(purged);
        }
    }
}
