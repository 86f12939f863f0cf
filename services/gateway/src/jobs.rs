//! Forgetting what no longer matters.

use std::time::Duration;

use kernel::jobs::{Jobs, Schedule};
use kernel::store::{StoreError, Tx};

use crate::store;

/// No token lives longer than this, however long clocks differ.
const TOKENS_OVER: Duration = Duration::from_secs(3_600);
const INSTANCES_OVER: Duration = Duration::from_secs(86_400);
const PAUSE: Duration = Duration::from_secs(300);

/// What is done because time passed.
pub fn register(jobs: &mut Jobs) {
    match Schedule::interval(PAUSE) {
        Ok(now_and_then) => jobs.every("gateway.forget", now_and_then, forget),
        // A constant that would be wrong from the first start on.
        Err(error) => tracing::error!(%error, "what no longer matters is not forgotten"),
    }
}

/// Ended sessions whose tokens have expired go, and instances that went long ago.
fn forget(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    store::forget_ended(tx, now.saturating_sub(TOKENS_OVER))?;
    store::forget_gone(tx, now.saturating_sub(INSTANCES_OVER))?;
    Ok(())
}
