//! Placeholder.
use contracts::{JobId, ProjectId, Timestamp};

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
