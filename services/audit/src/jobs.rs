//! What happens because time passed: records are sealed each second, and purged each night.

use std::time::Duration;

use kernel::jobs::{Job, Jobs, Schedule};
use kernel::store::Tx;
use kernel::telemetry::metrics::Gauge;
use serde::{Deserialize, Serialize};

use crate::commands::{self, Purged, Sealed};
use crate::error::Error;
use crate::store;

/// The next step of the purge of one project.
#[derive(Debug, Serialize, Deserialize)]
struct PurgeExpired {}

impl Job for PurgeExpired {
    const KIND: &'static str = "audit.purge_expired";
}

static SEAL_DELAY: Gauge =
    Gauge::new("stoa_audit_seal_delay_seconds", "How long the oldest record had waited for its seal.", &[]);

/// Steps of one run of the sealer: 16,000 records a second, and the writer is free again in less than half of it.
const STEPS_MAX: u32 = 16;

/// Projects that are handed out at a time.
const PROJECTS_AT_A_TIME: u32 = 500;

/// Says what is done when.
pub fn register(jobs: &mut Jobs) {
    // Both schedules are constants, and each test that waits has tried them.
    let each_second = Schedule::interval(Duration::from_secs(1)).expect("a second is a sound interval");
    let each_night = Schedule::cron("17 3 * * *").expect("it has five sound fields");
    jobs.every("audit.seal", each_second, seal_waiting);
    jobs.every("audit.purge", each_night, start_purges);
    jobs.inside(purge_expired);
}

/// Seals what waits, as much as fits into one run.
fn seal_waiting(tx: &mut Tx<'_>) -> Result<(), Error> {
    let mut delay = Duration::ZERO;
    for _ in 0..STEPS_MAX {
        match commands::seal(tx)? {
            Sealed::Some(waited) => delay = delay.max(waited),
            Sealed::All(waited) => {
                delay = delay.max(waited);
                break;
            }
        }
    }
    SEAL_DELAY.set(delay.as_secs_f64(), &[]);
    Ok(())
}

/// Hands each project its purge.
fn start_purges(tx: &mut Tx<'_>) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let projects = store::projects_after(tx, &after, PROJECTS_AT_A_TIME)?;
        let Some(last) = projects.last() else { return Ok(()) };
        after = last.to_string();
        for project in projects {
            tx.enqueue_for(project, &PurgeExpired {}, tx.now())?;
        }
    }
}

/// Purges some of what is past its time; what is left is the next step's.
fn purge_expired(tx: &mut Tx<'_>, _: &PurgeExpired) -> Result<(), Error> {
    match commands::purge(tx)? {
        Purged::All => {}
        Purged::Some => drop(tx.enqueue(&PurgeExpired {})?),
    }
    Ok(())
}
