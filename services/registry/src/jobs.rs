//! What happens because time passed: silent instances are down, those that went long ago are forgotten, and what is
//! set is told again each night.

use std::time::Duration;

use kernel::jobs::{Job, Jobs, Schedule};
use kernel::store::{StoreError, Tx};
use serde::{Deserialize, Serialize};

use crate::commands;

/// The next step of telling again what is set.
#[derive(Debug, Default, Serialize, Deserialize)]
struct RetellConfigs {
    /// Project, service and environment that were told last.
    after: (String, String, String),
}

impl Job for RetellConfigs {
    const KIND: &'static str = "registry.retell_configs";
}

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long people can see which instances went down.
const DOWN_KEPT: Duration = Duration::from_secs(86_400);

/// Says what is done when.
pub fn register(jobs: &mut Jobs) {
    match Schedule::interval(LOOK_EVERY) {
        Ok(each_second) => jobs.every("registry.expire", each_second, expire),
        Err(error) => tracing::error!(%error, "silent instances are not marked down"),
    }
    match Schedule::cron("41 2 * * *") {
        Ok(each_night) => jobs.every("registry.retell", each_night, start_retelling),
        Err(error) => tracing::error!(%error, "what is set is not told again"),
    }
    jobs.inside(retell_configs);
}

/// A log forgets: a service that is new, or has lost its database, hears within a day what was set years ago.
fn start_retelling(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.enqueue(&RetellConfigs::default()).map(drop)
}

fn retell_configs(tx: &mut Tx<'_>, job: &RetellConfigs) -> Result<(), StoreError> {
    if let Some(after) = commands::retell(tx, &job.after)? {
        tx.enqueue(&RetellConfigs { after })?;
    }
    Ok(())
}

/// Marks down whoever was silent for too long, and forgets who has been down for a day.
fn expire(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    commands::expire(tx)?;
    let until = tx.now().saturating_sub(DOWN_KEPT);
    commands::forget_down(tx, until)
}
