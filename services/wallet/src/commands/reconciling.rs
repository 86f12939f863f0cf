//! Comparing the balances here with what the ledger says each night.

use std::time::Duration;

use contracts::events::wallet::BalancesTold;
use kernel::store::{StoreError, Tx};

use crate::domain::{Periods, Reconciliation};
use crate::store;
use crate::telling::ReconciliationFailed;

/// Twice the accounts of a page: there are others between them only where the ledger has lost some.
const KNOWN_MAX: u32 = 1_000;
/// 400 days: a year, and until its books are closed.
const KEPT: Duration = Duration::from_secs(400 * 86_400);

/// Compares one page of what the ledger says. Twice is once; where any differ, that is told of with the last page.
pub fn compare(tx: &mut Tx<'_>, told: &BalancesTold) -> Result<(), StoreError> {
    let day = Periods::of(told.started_at).day;
    let begun = store::reconciliation(tx, &day)?;
    let mut run = begun.unwrap_or_else(|| Reconciliation::begin(day, told.started_at));
    if !run.awaits(told.started_at, told.page) {
        return Ok(());
    }
    let up_to = told.balances.last().filter(|_| !told.last).map(|last| last.account_id);
    let known = store::known_between(tx, run.up_to, up_to, told.started_at, KNOWN_MAX)?;
    run.compare(told.page, &told.balances, &known);
    if told.last {
        run.ended_at = Some(tx.now());
        store::forget_reconciliations(tx, &Periods::of(told.started_at.saturating_sub(KEPT)).day)?;
        if run.differing > 0 {
            fail(tx, &run)?;
        }
    }
    store::put_reconciliation(tx, &run)
}

fn fail(tx: &mut Tx<'_>, run: &Reconciliation) -> Result<(), StoreError> {
    let (project, day) = (tx.project()?, run.day.clone());
    let (checked, differing) = (run.checked(), run.differing);
    tracing::error!(project.id = %project, day, checked, differing, "balances are not those of the ledger");
    tx.publish(project, &ReconciliationFailed { day, checked, differing }).map(drop)
}
