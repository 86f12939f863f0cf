//! What happens because time passed: holds are let go, and each night every journal is replayed and what is in
//! wallets is told.

use std::sync::Arc;
use std::time::Duration;

use contracts::Timestamp;
use kernel::jobs::{Attempt, CallTrouble, Job, Jobs, OnUnknown, Outcome, Schedule};
use kernel::service::Means;
use kernel::store::{Scope, StoreError, Tx};
use serde::{Deserialize, Serialize};

use crate::books::Shelf;
use crate::commands::{keeping, telling};
use crate::domain::Address;
use crate::error::Error;
use crate::queries::{self, Report};
use crate::settings::KEPT;
use crate::store;

/// Lets go of what is over; enqueued with the holds, for their time.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExpireHolds {}

impl Job for ExpireHolds {
    const KIND: &'static str = "ledger.expire_holds";
}

/// Replays one project's journal.
#[derive(Debug, Serialize, Deserialize)]
pub struct VerifyJournal {}

impl Job for VerifyJournal {
    const KIND: &'static str = "ledger.verify";
}

/// Tells what is in some of a project's wallets.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellBalances {
    /// When it was begun, for all of them.
    pub started_at: Timestamp,
    /// Pages that were told.
    pub page: u32,
    /// Accounts up to this one were looked at.
    pub after: Option<Address>,
}

impl Job for TellBalances {
    const KIND: &'static str = "ledger.tell_balances";
}

/// Says what is done when.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(expire_holds);
    jobs.inside(telling::tell_balances);
    match Schedule::cron(AFTER_THAT) {
        Ok(each_night) => jobs.every("ledger.tell_balances", each_night, start_telling),
        Err(error) => tracing::error!(%error, "nobody is told at night what is in wallets"),
    }
    match Schedule::cron(EACH_NIGHT) {
        Ok(each_night) => jobs.every("ledger.verify", each_night, start_verifying),
        Err(error) => tracing::error!(%error, "journals are not replayed at night"),
    }
    match Schedule::interval(OVERDUE_EVERY) {
        Ok(now_and_then) => jobs.every("ledger.overdue", now_and_then, look_for_overdue),
        Err(error) => tracing::error!(%error, "nobody looks for holds that should have ended"),
    }
}

/// Says what is done with settings at hand. Replaying reads for long, so it is no work for the writer.
pub fn register_calls(jobs: &mut Jobs, means: &Means) {
    means.store.beside::<Shelf>().keep_in_memory(means.settings.get(&KEPT));
    let mine = means.clone();
    let replay = move |_: Arc<VerifyJournal>, attempt: Attempt| {
        let store = mine.store.clone();
        async move {
            let project = attempt.project;
            let project =
                project.ok_or_else(|| CallTrouble::Refused("it belongs to no project".to_owned()))?;
            let replayed = store.read(Scope::Project(project), queries::verify_one).await;
            replayed.map_err(|error: StoreError| CallTrouble::NotSent(error.to_string()))
        }
    };
    let policy = jobs.outside(replay, verified);
    policy.on_unknown = OnUnknown::AskAgain;
    (policy.call_timeout, policy.lease) = (REPLAY_MAX, 2 * REPLAY_MAX);
}

/// How often it is looked whether holds are left that should have ended: their own job may have been given up while the
/// ledger was stopped.
const OVERDUE_EVERY: Duration = Duration::from_secs(10 * 60);
const EACH_NIGHT: &str = "23 2 * * *";
/// Books that were found wrong are not told of.
const AFTER_THAT: &str = "43 3 * * *";
const REPLAY_MAX: Duration = Duration::from_secs(30 * 60);
const PROJECTS_AT_A_TIME: u32 = 500;

fn expire_holds(tx: &mut Tx<'_>, _: &ExpireHolds) -> Result<(), Error> {
    if keeping::expire_holds(tx)? {
        tx.enqueue(&ExpireHolds {})?;
    }
    Ok(())
}

/// Hands out the holds that are over, and were for a while.
fn look_for_overdue(tx: &mut Tx<'_>) -> Result<(), Error> {
    let before = tx.now().saturating_sub(OVERDUE_EVERY);
    for project in store::projects_with_holds_due(tx, before, PROJECTS_AT_A_TIME)? {
        tx.enqueue_for(project, &ExpireHolds {}, tx.now())?;
    }
    Ok(())
}

/// Hands each project its replay.
fn start_verifying(tx: &mut Tx<'_>) -> Result<(), Error> {
    hand_each(tx, &VerifyJournal {})
}

/// Has each project told of its wallets.
fn start_telling(tx: &mut Tx<'_>) -> Result<(), Error> {
    let started_at = tx.now();
    hand_each(tx, &TellBalances { started_at, page: 0, after: None })
}

fn hand_each(tx: &mut Tx<'_>, job: &impl Job) -> Result<(), Error> {
    let mut after = None;
    loop {
        let projects = store::projects(tx, after, PROJECTS_AT_A_TIME)?;
        let Some(last) = projects.last() else { return Ok(()) };
        after = Some(*last);
        for project in projects {
            tx.enqueue_for(project, job, tx.now())?;
        }
    }
}

fn verified(tx: &mut Tx<'_>, _: &VerifyJournal, outcome: &Outcome<Report>) -> Result<(), Error> {
    match outcome {
        Outcome::Done(report) => Ok(keeping::stop(tx, &report.differences)?),
        Outcome::Failed { why } => {
            tracing::error!(why, "a journal could not be replayed");
            Ok(())
        }
        Outcome::Unknown => Ok(()),
    }
}
