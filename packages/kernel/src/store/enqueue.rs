//! Enqueueing: a job is stored with the transaction that asks for it, or not at all.

use contracts::{JobId, ProjectId, Timestamp};

use super::error::StoreError;
use super::tx::Tx;
use crate::jobs::{Job, NewJob};

impl Tx<'_> {
    /// Has `job` done as soon as this transaction is stored.
    pub fn enqueue<J: Job>(&mut self, job: &J) -> Result<JobId, StoreError> {
        self.enqueue_at(job, self.now())
    }

    /// Has `job` done at `at`, or soon after.
    pub fn enqueue_at<J: Job>(&mut self, job: &J, at: Timestamp) -> Result<JobId, StoreError> {
        self.push_job(self.scope().project(), job, at)
    }

    /// Has `job` done for one project: how work of the system hands its parts to the projects' own scopes.
    pub fn enqueue_for<J: Job>(
        &mut self,
        project: ProjectId,
        job: &J,
        at: Timestamp,
    ) -> Result<JobId, StoreError> {
        if self.scope().project().is_some_and(|mine| mine != project) {
            return Err(StoreError::Scope("a job of another project cannot be enqueued here".into()));
        }
        self.push_job(Some(project), job, at)
    }

    fn push_job<J: Job>(
        &mut self,
        project: Option<ProjectId>,
        job: &J,
        due_at: Timestamp,
    ) -> Result<JobId, StoreError> {
        let payload = serde_json::to_string(job).map_err(|error| StoreError::Sql(error.into()))?;
        let id = self.new_id();
        self.jobs.push(NewJob {
            id,
            project,
            queue: J::QUEUE,
            kind: J::KIND,
            payload,
            due_at,
            correlation_id: self.origin().correlation_id.clone(),
            traceparent: self.origin().traceparent.clone(),
        });
        Ok(id)
    }
}
