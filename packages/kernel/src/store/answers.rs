//! The answers to writes that carried an idempotency key, kept in the transaction of their effect.

use contracts::Timestamp;
use serde::Deserialize;

use super::{Scope, Store, StoreError, Tx, project_text};
use crate::params;

/// A key as a caller used it on one operation.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub caller: String,
    pub operation: String,
    pub key: String,
    pub fingerprint: String,
}

/// An answer that was stored.
#[derive(Debug, Deserialize)]
pub(crate) struct Stored {
    pub fingerprint: String,
    pub answer: String,
}

pub(crate) fn find(tx: &mut Tx<'_>, used: &Used) -> Result<Option<Stored>, StoreError> {
    tx.row(
        "select fingerprint, answer from idempotency_keys
         where project_id = $1 and caller = $2 and operation = $3 and key = $4",
        params![project_text(tx.scope().project()), used.caller, used.operation, used.key],
    )
}

/// Where another process was faster, the insert loses the race and the transaction runs again.
pub(crate) fn store(tx: &mut Tx<'_>, used: &Used, answer: &str) -> Result<(), StoreError> {
    tx.run(
        "insert into idempotency_keys (project_id, caller, operation, key, fingerprint, answer, stored_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        params![
            project_text(tx.scope().project()),
            used.caller,
            used.operation,
            used.key,
            used.fingerprint,
            answer,
            tx.now()
        ],
    )
    .map(drop)
}

/// Forgets answers stored before `before`.
pub async fn purge(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    store
        .write(Scope::System("forgetting idempotency keys"), move |tx| {
            tx.run("delete from idempotency_keys where stored_at < $1", params![before])
        })
        .await
}
