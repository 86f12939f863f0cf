//! What a transaction tells the world, written as its last statements.

use contracts::ProjectId;

use super::error::StoreError;
use super::tx::{Health, Tx, swallowed};
use super::value::Value;

const OUTBOX: &str = "insert into outbox (event_id, project_id, type, version, key, occurred_at, \
     correlation_id, causation_id, traceparent, data) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const JOBS: &str = "insert into jobs (id, project_id, queue, kind, payload, state, due_at, attempts, fence, \
     correlation_id, traceparent, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

impl Tx<'_> {
    /// Stores events and jobs; says how many. `Err(None)` when there is no error of ours to add.
    pub(super) fn tell(&mut self) -> Result<(usize, usize), Option<StoreError>> {
        if self.health != Health::Well {
            return Err(Some(swallowed()));
        }
        let told = (self.events.len(), self.jobs.len());
        let events: Vec<Vec<Value>> = std::mem::take(&mut self.events)
            .into_iter()
            .map(|event| {
                vec![
                    Value::of(&event.id),
                    Value::Text(project_text(event.project)),
                    Value::Text(event.kind.to_owned()),
                    Value::Int(event.version.into()),
                    Value::Text(event.key),
                    Value::of(&self.now),
                    Value::Text(event.correlation_id),
                    Value::of(&event.causation_id),
                    Value::of(&event.traceparent),
                    Value::Text(event.data),
                ]
            })
            .collect();
        let jobs: Vec<Vec<Value>> = std::mem::take(&mut self.jobs)
            .into_iter()
            .map(|job| {
                vec![
                    Value::of(&job.id),
                    Value::Text(project_text(job.project)),
                    Value::Text(job.queue.to_owned()),
                    Value::Text(job.kind.to_owned()),
                    Value::Text(job.payload),
                    Value::Text("ready".to_owned()),
                    Value::of(&job.due_at),
                    Value::Int(0),
                    Value::Int(0),
                    Value::Text(job.correlation_id),
                    Value::of(&job.traceparent),
                    Value::of(&self.now),
                ]
            })
            .collect();
        if !events.is_empty() {
            self.run_many(OUTBOX, &events)?;
        }
        if !jobs.is_empty() {
            self.run_many(JOBS, &jobs)?;
        }
        Ok(told)
    }
}

/// How "no project" is stored: a column that is part of keys and policies is never null.
pub(crate) fn project_text(project: Option<ProjectId>) -> String {
    project.map_or_else(String::new, |project| project.to_string())
}
