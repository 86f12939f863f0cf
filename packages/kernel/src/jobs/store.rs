//! The SQL of jobs and schedules.

use contracts::{Id, JobId, ProjectId, Timestamp};
use serde::Deserialize;

use super::JobState;
use super::decide::Settlement;
use super::people::{JobRow, QueueCount};
use crate::params;
use crate::store::{Scope, StoreError, Tx};

/// A job that could be claimed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pick {
    pub id: JobId,
    pub project_id: String,
    pub fence: i64,
    /// A lease that was never given back: what became of its call is not known.
    pub lease_until: Option<Timestamp>,
}

/// A job that this worker has leased, or that another one has let slip.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Leased {
    pub id: JobId,
    pub project_id: String,
    pub kind: String,
    pub payload: String,
    pub attempts: u32,
    pub fence: i64,
    pub correlation_id: String,
    pub traceparent: Option<String>,
    #[serde(skip)]
    pub after_unknown: bool,
}

impl Leased {
    pub fn project(&self) -> Result<Option<ProjectId>, StoreError> {
        if self.project_id.is_empty() {
            return Ok(None);
        }
        let bad = |_| StoreError::Sql(format!("a stored project cannot be read: {}", self.project_id).into());
        self.project_id.parse().map(Some).map_err(bad)
    }

    pub fn scope(&self) -> Result<Scope, StoreError> {
        Ok(self.project()?.map_or(Scope::System("a job of no project"), Scope::Project))
    }
}

/// Ids and their fences as one value, 50 letters a job: lists as values differ between the engines.
#[derive(Clone, Debug, Default)]
pub(super) struct Fenced(String);

impl Fenced {
    pub fn add(&mut self, id: JobId, fence: i64) {
        self.0 += &*id.text();
        self.0 += &format!("{fence:020}");
    }
}

impl<'j> FromIterator<&'j Leased> for Fenced {
    fn from_iter<I: IntoIterator<Item = &'j Leased>>(jobs: I) -> Self {
        let mut fenced = Self::default();
        jobs.into_iter().for_each(|job| fenced.add(job.id, job.fence));
        fenced
    }
}

/// The jobs of these kinds (`,a,b,`) to do next: one of each project in turn, beginning after the project
/// that was served last.
pub(super) fn pick(
    tx: &mut Tx<'_>,
    queue: &str,
    kinds: &str,
    last_project: &str,
    limit: usize,
) -> Result<Vec<Pick>, StoreError> {
    // `replace` finds a name exactly; in `like` the `_` of a name would be any letter.
    tx.rows(
        "select id, project_id, fence, lease_until from
           (select id, project_id, fence, lease_until,
                   row_number() over (partition by project_id order by due_at, id) as turn
            from jobs where queue = $1 and state = 'ready' and due_at <= $2
              and replace($3, ',' || kind || ',', '') <> $3) as waiting
         order by turn, case when project_id > $4 then 0 else 1 end, project_id limit $5",
        params![queue, tx.now(), kinds, last_project, limit],
    )
}

/// Leases what is still as it was picked; another worker may have been faster.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    picks: &Fenced,
    lease_until: Timestamp,
) -> Result<Vec<Leased>, StoreError> {
    // `state || ''` stands in no index: SQLite would look at all jobs of that state, whatever was picked.
    tx.rows(
        "with recursive picked (job, at_fence, rest) as (
           select cast('' as text), cast(0 as bigint), cast($1 as text)
           union all
           select substr(rest, 1, 30), cast(substr(rest, 31, 20) as bigint), substr(rest, 51)
           from picked where rest <> '')
         update jobs set state = 'running', attempts = attempts + 1, fence = fence + 1, lease_until = $2
         from picked where id = job and fence = at_fence and state || '' = 'ready'
         returning id, project_id, kind, payload, attempts, fence, correlation_id, traceparent",
        params![picks.0, lease_until],
    )
}

/// When the next job of `queue` is due that is not due yet.
pub(super) fn next_due(tx: &mut Tx<'_>, queue: &str) -> Result<Option<Timestamp>, StoreError> {
    tx.one(
        "select min(due_at) from jobs where queue = $1 and state = 'ready' and due_at > $2",
        params![queue, tx.now()],
    )
}

/// Jobs of these kinds whose worker has been silent for too long.
pub(super) fn expired(
    tx: &mut Tx<'_>,
    queue: &str,
    kinds: &str,
    limit: u32,
) -> Result<Vec<Leased>, StoreError> {
    tx.rows(
        "select id, project_id, kind, payload, attempts, fence, correlation_id, traceparent from jobs
         where queue = $1 and state = 'running' and lease_until < $2
           and replace($3, ',' || kind || ',', '') <> $3
         order by lease_until limit $4",
        params![queue, tx.now(), kinds, limit],
    )
}

/// Which of these jobs are still leased under their fence.
pub(super) fn held(tx: &mut Tx<'_>, jobs: &Fenced) -> Result<Vec<JobId>, StoreError> {
    tx.rows(
        "with recursive ours (job, at_fence, rest) as (
           select cast('' as text), cast(0 as bigint), cast($1 as text)
           union all
           select substr(rest, 1, 30), cast(substr(rest, 31, 20) as bigint), substr(rest, 51)
           from ours where rest <> '')
         select id from ours join jobs on id = job where fence = at_fence and state || '' = 'running'",
        params![jobs.0],
    )
}

/// Marks these jobs done; returns how many were.
pub(super) fn done(tx: &mut Tx<'_>, jobs: &Fenced) -> Result<u64, StoreError> {
    tx.run(
        "with recursive ours (job, at_fence, rest) as (
           select cast('' as text), cast(0 as bigint), cast($1 as text)
           union all
           select substr(rest, 1, 30), cast(substr(rest, 31, 20) as bigint), substr(rest, 51)
           from ours where rest <> '')
         update jobs set state = 'done', lease_until = null, error = null, finished_at = $2
         from ours where id = job and fence = at_fence and state || '' = 'running'",
        params![jobs.0, tx.now()],
    )
}

/// Writes what became of a leased job, if its lease is still this one.
pub(super) fn settle(tx: &mut Tx<'_>, job: &Leased, after: &Settlement) -> Result<(), StoreError> {
    tx.run_versioned(
        "update jobs set state = $3, due_at = $4, lease_until = $5, error = $6, finished_at = $7
         where id = $1 and fence = $2 and state = 'running'",
        params![
            job.id,
            job.fence,
            after.state,
            after.due_at,
            after.lease_until,
            after.error,
            after.finished_at
        ],
    )
}

/// Jobs after `after` by id.
pub(super) fn list(tx: &mut Tx<'_>, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError> {
    tx.rows(
        "select id, project_id, queue, kind, state, due_at, attempts, correlation_id, error, created_at, finished_at
         from jobs where id > $1 order by id limit $2",
        params![after, limit],
    )
}

/// Jobs of one state after `after` by id.
pub(super) fn list_in(
    tx: &mut Tx<'_>,
    state: JobState,
    after: &str,
    limit: u32,
) -> Result<Vec<JobRow>, StoreError> {
    tx.rows(
        "select id, project_id, queue, kind, state, due_at, attempts, correlation_id, error, created_at, finished_at
         from jobs where state = $1 and id > $2 order by id limit $3",
        params![state, after, limit],
    )
}

/// Makes a given-up job ready; its fence and any lease not given back stay as they are.
pub(super) fn retry(tx: &mut Tx<'_>, id: JobId) -> Result<u64, StoreError> {
    tx.run(
        "update jobs set state = 'ready', attempts = 0, due_at = $2, finished_at = null
         where id = $1 and state in ('dead', 'unknown')",
        params![id, tx.now()],
    )
}

/// Takes a job away that nobody works on.
pub(super) fn discard(tx: &mut Tx<'_>, id: JobId) -> Result<u64, StoreError> {
    tx.run("delete from jobs where id = $1 and state in ('ready', 'dead', 'unknown')", params![id])
}

/// How many jobs stand where.
pub(super) fn counts(tx: &mut Tx<'_>) -> Result<Vec<QueueCount>, StoreError> {
    tx.rows(
        "select queue, state, count(*) as count, min(due_at) as oldest_due_at from jobs
         where state in ('ready', 'running', 'dead', 'unknown') group by queue, state order by queue, state",
        params![],
    )
}

/// Forgets jobs that ended before `before`, a bounded number at a time.
pub(super) fn purge(
    tx: &mut Tx<'_>,
    state: JobState,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    tx.run(
        "delete from jobs where id in
           (select id from jobs where state = $1 and finished_at < $2 order by finished_at limit $3)",
        params![state, before, limit],
    )
}

/// All schedules and when each fires next.
pub(super) fn schedules(tx: &mut Tx<'_>) -> Result<Vec<(String, Timestamp)>, StoreError> {
    tx.rows("select name, next_at from schedules", params![])
}

/// Remembers a schedule that is new here.
pub(super) fn add_schedule(tx: &mut Tx<'_>, name: &str, next_at: Timestamp) -> Result<u64, StoreError> {
    tx.run(
        "insert into schedules (name, next_at) values ($1, $2) on conflict do nothing",
        params![name, next_at],
    )
}

/// Moves a schedule on; zero when another process was faster.
pub(super) fn move_schedule(
    tx: &mut Tx<'_>,
    name: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<u64, StoreError> {
    tx.run("update schedules set next_at = $3 where name = $1 and next_at = $2", params![name, from, to])
}
