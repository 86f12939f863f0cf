//! One job, or one batch: done, and what became of it written under its fence.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::JobState;
use super::decide::{Settlement, Try, presentable};
use super::registry::{Attempt, BoxFuture, CallTrouble, Ending, Jobs, Kind, Policy, Record, Work};
use super::store::{self, Leased};
use crate::events::HandlerError;
use crate::store::{Origin, Scope, Store, StoreError, Tx};
use crate::telemetry::metrics::Counter;
use crate::telemetry::traces::{Span, SpanKind, TraceContext};

/// An outcome waits so long, in all, for a database that is busy or away; then its lease runs out.
const SETTLE_PAUSES_MS: [u64; 5] = [0, 50, 200, 1_000, 5_000];
static FAILED: Counter = Counter::new(
    "stoa_jobs_failed_total",
    "Tries at a job that failed, by what became of the job.",
    &["kind", "state"],
);
const LOST: &str = "the lease of a job was taken over; what this worker did with it is not written";

/// How a call came back.
enum Answer {
    Recorded(Record),
    Trouble(CallTrouble),
}

/// Does a batch of inside jobs as one transaction, or each by itself when they cannot be stored together.
pub(super) async fn run_inside(store: Store, jobs: Arc<Jobs>, batch: Vec<Leased>) {
    let batch: Arc<[Leased]> = batch.into();
    let Err(together) = inside(&store, &jobs, Arc::clone(&batch)).await else { return };
    tracing::debug!(service = store.service(), error = %together, "a batch of jobs is done one by one");
    for job in batch.iter() {
        if let Err(error) = inside(&store, &jobs, [job.clone()].into()).await {
            let_go(&store, &jobs, job.clone(), CallTrouble::NotSent(HandlerError::new(error).to_string()))
                .await;
        }
    }
}

/// Does a batch as one transaction; a job that fails undoes itself alone.
pub(super) async fn inside(store: &Store, jobs: &Arc<Jobs>, batch: Arc<[Leased]>) -> Result<(), StoreError> {
    let (jobs, service) = (Arc::clone(jobs), store.service());
    store.write(Scope::System("doing jobs"), move |tx| do_batch(tx, service, &jobs, &batch)).await
}

fn do_batch(tx: &mut Tx<'_>, service: &str, jobs: &Jobs, batch: &[Leased]) -> Result<(), StoreError> {
    let held = store::held(tx, &batch.iter().collect())?;
    let mut done = Vec::with_capacity(batch.len());
    for job in batch {
        // Kinds are claimed by the names in the registry, so the job's is there.
        let Some(Kind { work: Work::Inside(run), policy, .. }) = jobs.kind(&job.kind) else { continue };
        if !held.contains(&job.id) {
            tracing::warn!(job.id = %job.id, job.kind, "{LOST}");
            continue;
        }
        match as_its_own(tx, service, job, |tx| run(tx, &job.payload))? {
            None => done.push(job),
            Some(error) => {
                settle_trouble(tx, job, policy, &CallTrouble::NotSent(error.to_string()))?;
            }
        }
    }
    // All of them were held; on Postgres a lease taken meanwhile is a lost race, and all of this runs again.
    if store::done(tx, &done.iter().copied().collect())? == done.len() as u64 {
        Ok(())
    } else {
        Err(StoreError::Conflict)
    }
}

/// Runs `work` in the scope and origin of the job; its failure undoes its own changes only.
fn as_its_own(
    tx: &mut Tx<'_>,
    service: &str,
    job: &Leased,
    work: impl FnOnce(&mut Tx<'_>) -> Result<(), HandlerError>,
) -> Result<Option<HandlerError>, StoreError> {
    let mut span = span_of(job);
    let origin = Origin {
        correlation_id: job.correlation_id.clone(),
        causation_id: None,
        traceparent: Some(span.context().to_string()),
        actor: Some(format!("service:{service}")),
    };
    let failure = tx.acting(job.scope()?, origin, |tx| Ok(tx.attempt(work)?.err()))?;
    if let Some(error) = &failure {
        span.fail(error.to_string());
    }
    Ok(failure)
}

/// The piece of the trace that one try at a job is.
fn span_of(job: &Leased) -> Span {
    let cause = job.traceparent.as_deref().and_then(TraceContext::parse);
    let mut span = Span::start("do a job", SpanKind::Consumer, cause.as_ref());
    span.set("job.kind", job.kind.clone());
    span.set("job.attempt", i64::from(job.attempts));
    span
}

/// Makes one call to the outside and writes its outcome.
pub(super) async fn run_outside(store: Store, jobs: Arc<Jobs>, job: Leased) {
    let answer = match jobs.kind(&job.kind) {
        Some(Kind { work: Work::Outside { call, .. }, policy, .. }) => {
            let project = job.project().unwrap_or_default();
            let mut span = span_of(&job);
            let attempt = Attempt {
                job: job.id,
                number: job.attempts,
                after_unknown: job.after_unknown,
                traceparent: Some(span.context().to_string()),
                correlation_id: job.correlation_id.clone(),
                project,
            };
            let time = policy.call_timeout.min(policy.lease);
            let trouble = match tokio::time::timeout(time, unpanicked(call(&job.payload, attempt))).await {
                Ok(Some(Ok(record))) => return settle(&store, &jobs, job, Answer::Recorded(record)).await,
                Ok(Some(Err(trouble))) => trouble,
                Ok(None) => CallTrouble::Unknown("the call stopped unexpectedly".into()),
                Err(_) => CallTrouble::Unknown("no answer came in time".into()),
            };
            span.fail(trouble.to_string());
            Answer::Trouble(trouble)
        }
        _ => return,
    };
    settle(&store, &jobs, job, answer).await;
}

/// What a future comes to, or none if it panics.
async fn unpanicked<T>(mut future: BoxFuture<T>) -> Option<T> {
    poll_fn(|context| {
        // After a panic the future is not polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// Takes a job from a worker that fell silent: a call it was in the middle of may have been accepted.
pub(super) async fn take_away(store: &Store, jobs: &Arc<Jobs>, job: Leased) {
    let why = "its worker stopped in the middle of it".to_owned();
    let trouble = match jobs.kind(&job.kind) {
        Some(Kind { work: Work::Outside { .. }, .. }) => CallTrouble::Unknown(why),
        _ => CallTrouble::NotSent(why),
    };
    let_go(store, jobs, job, trouble).await;
}

async fn let_go(store: &Store, jobs: &Arc<Jobs>, job: Leased, trouble: CallTrouble) {
    settle(store, jobs, job, Answer::Trouble(trouble)).await;
}

async fn settle(store: &Store, jobs: &Arc<Jobs>, job: Leased, answer: Answer) {
    let (job, answer, service) = (Arc::new(job), Arc::new(answer), store.service());
    for pause_ms in SETTLE_PAUSES_MS {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        let (jobs, job, answer) = (Arc::clone(jobs), Arc::clone(&job), Arc::clone(&answer));
        let settled = store.write(Scope::System("writing what became of a job"), move |tx| {
            write_answer(tx, service, &jobs, &job, &answer)
        });
        match settled.await {
            Ok(()) => return,
            Err(error) => tracing::debug!(service, error = %error, "what became of a job is not written yet"),
        }
    }
    tracing::error!(service, job.id = %job.id, job.kind, "what became of a job cannot be written; its lease runs out");
}

fn write_answer(
    tx: &mut Tx<'_>,
    service: &str,
    jobs: &Jobs,
    job: &Leased,
    answer: &Answer,
) -> Result<(), StoreError> {
    if store::held(tx, &[job].into_iter().collect())?.is_empty() {
        tracing::warn!(job.id = %job.id, job.kind, "{LOST}");
        return Ok(());
    }
    let Some(kind) = jobs.kind(&job.kind) else { return Ok(()) };
    match answer {
        Answer::Recorded(record) => match as_its_own(tx, service, job, |tx| record(tx))? {
            None => {
                let done = Settlement::done(tx.now());
                store::settle(tx, job, &done)
            }
            // The other side has done it and it is not written here: as good as not known.
            Some(error) => {
                let why = format!("its outcome could not be written: {error}");
                settle_trouble(tx, job, &kind.policy, &CallTrouble::Unknown(why))
            }
        },
        Answer::Trouble(trouble) => end(tx, service, kind, job, trouble),
    }
}

/// Lets go of a job after a trouble; a call that is not made again is recorded with how it ended.
fn end(
    tx: &mut Tx<'_>,
    service: &str,
    kind: &Kind,
    job: &Leased,
    trouble: &CallTrouble,
) -> Result<(), StoreError> {
    let (mut after, ending) = decide(tx, job, &kind.policy, trouble);
    if let (Some(ending), Work::Outside { end, .. }) = (ending, &kind.work)
        && let Some(error) = as_its_own(tx, service, job, |tx| end(tx, &job.payload, &ending))?
    {
        let why = after.error.unwrap_or_default();
        after.error = Some(presentable(&format!("{why}; and it could not be written: {error}")));
    }
    let_go_of(tx, job, &after)
}

fn settle_trouble(
    tx: &mut Tx<'_>,
    job: &Leased,
    policy: &Policy,
    trouble: &CallTrouble,
) -> Result<(), StoreError> {
    let (after, _) = decide(tx, job, policy, trouble);
    let_go_of(tx, job, &after)
}

fn decide(
    tx: &mut Tx<'_>,
    job: &Leased,
    policy: &Policy,
    trouble: &CallTrouble,
) -> (Settlement, Option<Ending>) {
    let tried = Try { number: job.attempts, after_unknown: job.after_unknown };
    let random = tx.random();
    Settlement::after(trouble, tried, policy, tx.now(), random)
}

fn let_go_of(tx: &mut Tx<'_>, job: &Leased, after: &Settlement) -> Result<(), StoreError> {
    let why = after.error.as_deref().unwrap_or_default();
    FAILED.add(1, &[&job.kind, after.state.as_str()]);
    match after.state {
        JobState::Dead | JobState::Unknown => {
            tracing::warn!(job.id = %job.id, job.kind, job.state = ?after.state, why, "a job waits for people");
        }
        JobState::Ready | JobState::Running | JobState::Done => {
            tracing::info!(job.id = %job.id, job.kind, job.attempts, why, "a job is tried again");
        }
    }
    store::settle(tx, job, after)
}
