//! Jobs: what happens later, what happens every so often, and calls to the outside.
//!
//! `Tx::enqueue` stores a job with its cause. Work inside is one transaction with the mark that it is done. A call
//! to the outside is leased, made outside any transaction with the job's id as idempotency key, and its outcome is
//! written in a second one; a call whose outcome nobody knows is `unknown`, never guessed. Read [`Jobs`] (what a
//! service registers), `work.rs` (the worker), `run.rs` (one job), `decide.rs` (what a trouble makes of a job),
//! `schedule.rs` with `cron.rs` (when), `firing.rs` (once), `people.rs` (what people see and do).

mod cron;
mod decide;
mod firing;
mod people;
mod registry;
mod run;
mod schedule;
mod store;
mod work;

#[cfg(test)]
mod tests;

use contracts::{JobId, ProjectId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use people::{Changed, JobRow, QueueCount, counts, discard, list, purge_finished, retry};
pub use registry::{Attempt, CallTrouble, Concurrency, Jobs, OnUnknown, Outcome, Policy};
pub use schedule::{BadSchedule, Schedule};
pub use work::{work, work_once};

/// Something to be done later; its fields are stored as JSON until then.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name, the same for ever: `orders.expire_unpaid`.
    const KIND: &'static str;
    /// Jobs of one queue share its concurrency.
    const QUEUE: &'static str = "default";
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its time and a worker.
    Ready,
    /// A worker has leased it.
    Running,
    /// It is done.
    Done,
    /// It was refused or failed too often: a person decides.
    Dead,
    /// The other side may have accepted it and nobody knows: a person finds out.
    Unknown,
}

impl JobState {
    /// Its name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// A job that will be stored with its transaction.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub id: JobId,
    pub project: Option<ProjectId>,
    pub queue: &'static str,
    pub kind: &'static str,
    pub payload: String,
    pub due_at: Timestamp,
    pub correlation_id: String,
    pub traceparent: Option<String>,
}
