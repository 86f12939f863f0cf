//! Which jobs a service does, how, and with how much patience.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use contracts::{JobId, ProjectId};

use super::Job;
use super::schedule::Schedule;
use crate::events::HandlerError;
use crate::outside::CallError;
use crate::store::Tx;

/// One try at a call to the outside.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The job: the same on every try, so it is the idempotency key for the other side.
    pub job: JobId,
    /// The first try is 1.
    pub number: u32,
    /// An earlier try may have been accepted: ask the other side about `job` before doing it again.
    pub after_unknown: bool,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
    /// What ties it to the request that caused it.
    pub correlation_id: String,
    /// Whose job it is; the system's own has none.
    pub project: Option<ProjectId>,
}

/// Why a call has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallTrouble {
    /// The other side has certainly not accepted it: it is tried again.
    #[error("{0}")]
    NotSent(String),
    /// The other side may have accepted it.
    #[error("{0}")]
    Unknown(String),
    /// The other side said no: it is not tried again.
    #[error("{0}")]
    Refused(String),
    /// The other side has certainly not accepted it, and wants to be asked later.
    #[error("the other side asks to come back in {} s", after.as_secs())]
    Later {
        /// How much later; never longer than the policy's longest wait.
        after: Duration,
    },
}

/// How a call to the outside ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<O> {
    /// It was answered.
    Done(O),
    /// It was refused, or could not be made often enough.
    Failed {
        /// For people.
        why: String,
    },
    /// The other side may have accepted it; people find out.
    Unknown,
}

/// What to do after a call that may have been accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// Try again with the same idempotency key; the call asks first.
    AskAgain,
    /// The job stays `unknown` until a person retries or discards it.
    LeaveToPeople,
}

/// How patient the worker is with one kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// After so many tries a person is asked.
    pub attempts_max: u32,
    /// The ceiling of the first wait; it doubles with each try.
    pub backoff_base: Duration,
    /// The ceiling of all waits.
    pub backoff_max: Duration,
    /// How long a worker may be silent before its job is taken from it.
    pub lease: Duration,
    /// How long a call may take; shorter than the lease.
    pub call_timeout: Duration,
    /// What to do after a call that may have been accepted.
    pub on_unknown: OnUnknown,
}

/// How many calls of one queue a process makes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency(pub usize);

/// Everything one service does later.
#[derive(Default)]
pub struct Jobs {
    kinds: HashMap<&'static str, Kind>,
    concurrency: HashMap<&'static str, usize>,
    schedules: Vec<Firing>,
}

pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Did = Result<(), HandlerError>;
type Run = Box<dyn Fn(&mut Tx<'_>, &str) -> Did + Send + Sync>;
type Call = Box<dyn Fn(&str, Attempt) -> BoxFuture<Result<Record, CallTrouble>> + Send + Sync>;
type End = Box<dyn Fn(&mut Tx<'_>, &str, &Ending) -> Did + Send + Sync>;
/// Writes down what a call was answered.
pub(super) type Record = Box<dyn Fn(&mut Tx<'_>) -> Did + Send + Sync>;

pub(super) struct Kind {
    pub queue: &'static str,
    pub policy: Policy,
    pub work: Work,
}

pub(super) enum Work {
    Inside(Run),
    Outside { call: Call, end: End },
}

/// The end of a call without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Failed { why: String },
    Unknown,
}

pub(super) struct Firing {
    pub name: &'static str,
    pub schedule: Schedule,
    pub run: Box<dyn Fn(&mut Tx<'_>) -> Did + Send + Sync>,
}

const CONCURRENCY_DEFAULT: usize = 4;

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts_max: 12,
            backoff_base: Duration::from_secs(1),
            backoff_max: Duration::from_secs(3600),
            lease: Duration::from_secs(60),
            call_timeout: Duration::from_secs(30),
            on_unknown: OnUnknown::LeaveToPeople,
        }
    }
}

impl Jobs {
    /// Does jobs of type `J` in one transaction with the mark that they are done: once in effect.
    pub fn inside<J: Job, E>(
        &mut self,
        run: impl Fn(&mut Tx<'_>, &J) -> Result<(), E> + Send + Sync + 'static,
    ) -> &mut Policy
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let run: Run = Box::new(move |tx, payload| {
            let job: J = serde_json::from_str(payload).map_err(HandlerError::new)?;
            run(tx, &job).map_err(HandlerError::new)
        });
        self.register::<J>(Work::Inside(run))
    }

    /// Does jobs of type `J` by a call outside any transaction; `record` writes its outcome in a second one,
    /// together with the job's new state.
    pub fn outside<J: Job, O, E, F>(
        &mut self,
        call: impl Fn(Arc<J>, Attempt) -> F + Send + Sync + 'static,
        record: fn(&mut Tx<'_>, &J, &Outcome<O>) -> Result<(), E>,
    ) -> &mut Policy
    where
        O: Send + Sync + 'static,
        E: std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<O, CallTrouble>> + Send + 'static,
    {
        let call = Arc::new(call);
        let call: Call = Box::new(move |payload, attempt| {
            let (call, job) = (Arc::clone(&call), serde_json::from_str::<J>(payload));
            Box::pin(async move {
                let job =
                    job.map_err(|error| CallTrouble::Refused(format!("the job cannot be read: {error}")))?;
                let job = Arc::new(job);
                let outcome = Outcome::Done(call(Arc::clone(&job), attempt).await?);
                let record: Record =
                    Box::new(move |tx| record(tx, &job, &outcome).map_err(HandlerError::new));
                Ok(record)
            })
        });
        let end: End = Box::new(move |tx, payload, ending| {
            let job: J = serde_json::from_str(payload).map_err(HandlerError::new)?;
            let outcome = match ending {
                Ending::Failed { why } => Outcome::Failed { why: why.clone() },
                Ending::Unknown => Outcome::Unknown,
            };
            record(tx, &job, &outcome).map_err(HandlerError::new)
        });
        self.register::<J>(Work::Outside { call, end })
    }

    fn register<J: Job>(&mut self, work: Work) -> &mut Policy {
        if self.kinds.contains_key(J::KIND) {
            tracing::error!(job.kind = J::KIND, "two kinds of job have one name; the later one is done");
        }
        let kind = Kind { queue: J::QUEUE, policy: Policy::default(), work };
        &mut self.kinds.entry(J::KIND).insert_entry(kind).into_mut().policy
    }

    /// How many calls of `queue` this process makes at once.
    pub fn queue(&mut self, queue: &'static str, Concurrency(calls_max): Concurrency) {
        self.concurrency.insert(queue, calls_max.max(1));
    }

    /// Does something every so often, once among all processes; firings missed while all were down are one.
    pub fn every<E>(&mut self, name: &'static str, schedule: Schedule, run: fn(&mut Tx<'_>) -> Result<(), E>)
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let run = Box::new(move |tx: &mut Tx<'_>| run(tx).map_err(HandlerError::new));
        self.schedules.push(Firing { name, schedule, run });
    }

    /// Whether there is nothing to do, ever.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.schedules.is_empty()
    }

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = (&'static str, &Kind)> {
        self.kinds.iter().map(|(name, kind)| (*name, kind))
    }

    pub(super) fn calls_max(&self, queue: &str) -> usize {
        self.concurrency.get(queue).copied().unwrap_or(CONCURRENCY_DEFAULT)
    }

    pub(super) fn schedules(&self) -> &[Firing] {
        &self.schedules
    }
}

impl From<CallError> for CallTrouble {
    fn from(error: CallError) -> Self {
        match (&error, error.retry_after()) {
            (_, Some(after)) => Self::Later { after },
            (CallError::NotSent(_), None) => Self::NotSent(error.to_string()),
            (CallError::Unknown(_), None) => Self::Unknown(error.to_string()),
        }
    }
}
