//! What people see of jobs, and what they can do about them.

use contracts::{JobId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{JobState, store};
use crate::store::{Scope, Store, StoreError};

/// A job as people see it: without its payload, which may hold what they should not see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// Whose it is; empty for the system's own.
    pub project_id: String,
    /// The queue it stands in.
    pub queue: String,
    /// What kind it is.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// When it is done next.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What ties it to the request that caused it.
    pub correlation_id: String,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How many jobs of one queue stand in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCount {
    /// The queue.
    pub queue: String,
    /// The state; `done` is history and is not counted.
    pub state: JobState,
    /// How many.
    pub count: u64,
    /// The oldest of them was due then: of `ready` ones it tells how far the queue lags.
    pub oldest_due_at: Timestamp,
}

/// What became of a person's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is so.
    Done,
    /// There is no such job in a state that allows it.
    Absent,
}

const PURGE_MAX: u32 = 5_000;

/// Jobs after `after` in the order of their ids, of one state or of all.
pub async fn list(
    store: &Store,
    state: Option<JobState>,
    after: Option<JobId>,
    limit: u32,
) -> Result<Vec<JobRow>, StoreError> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    store
        .read(Scope::System("listing jobs"), move |tx| match state {
            Some(state) => store::list_in(tx, state, &after, limit),
            None => store::list(tx, &after, limit),
        })
        .await
}

/// Has a dead or unknown job done again, now, with all its tries; the call learns whether to ask first.
pub async fn retry(store: &Store, id: JobId) -> Result<Changed, StoreError> {
    let changed = store.write(Scope::System("retrying a job"), move |tx| store::retry(tx, id)).await?;
    store.nudge_jobs();
    Ok(if changed == 0 { Changed::Absent } else { Changed::Done })
}

/// Gives a job up that nobody works on.
pub async fn discard(store: &Store, id: JobId) -> Result<Changed, StoreError> {
    let changed = store.write(Scope::System("discarding a job"), move |tx| store::discard(tx, id)).await?;
    Ok(if changed == 0 { Changed::Absent } else { Changed::Done })
}

/// How many jobs stand where, but for those that are done.
pub async fn counts(store: &Store) -> Result<Vec<QueueCount>, StoreError> {
    store.read(Scope::System("counting jobs"), store::counts).await
}

/// Forgets jobs that were done or died before `before`; what is unknown is never forgotten. Returns how many.
pub async fn purge_finished(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let mut purged = 0;
    for state in [JobState::Done, JobState::Dead] {
        loop {
            let step = store
                .write(Scope::System("job retention"), move |tx| store::purge(tx, state, before, PURGE_MAX))
                .await?;
            purged += step;
            if step < u64::from(PURGE_MAX) {
                break;
            }
        }
    }
    Ok(purged)
}
