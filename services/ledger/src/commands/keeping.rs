//! What keeps the ledger in order: holds whose time is over, sealed periods, and stopping where sums are wrong.

use contracts::TransactionId;
use kernel::store::{Bytes, StoreError, Tx};

use super::batch;
use crate::domain::{Difference, Hold, Phase, Position, Transfer};
use crate::error::Error;
use crate::store::{self, PeriodRow};

/// So many holds are let go at a time.
const HOLDS_AT_A_TIME: u32 = 500;

/// One hold.
pub fn hold(tx: &mut Tx<'_>, id: TransactionId) -> Result<Hold, Error> {
    store::holds_of(tx, &[id])?.pop().ok_or(Error::Absent("hold"))
}

/// Ends a hold or part of it; what is set aside for a payment follows that payment alone.
pub fn end_hold(
    tx: &mut Tx<'_>,
    id: TransactionId,
    phase: Phase,
    amount: Option<i64>,
    keeps_rest: bool,
) -> Result<Hold, Error> {
    let mut turn = batch::take_turn(tx)?;
    hold(tx, id)?;
    let end = Transfer { amount, keeps_rest, ..Transfer::ending(tx.new_id(), phase, id) };
    turn.plan_all(tx, &[end])?;
    turn.keep(tx)?;
    batch::tell_balances(tx, turn.state(), None)?;
    hold(tx, id)
}

/// Lets go of holds whose time is over; says whether some are left.
pub fn expire_holds(tx: &mut Tx<'_>) -> Result<bool, Error> {
    let mut turn = batch::take_turn(tx)?;
    let due = store::due(tx, tx.now(), HOLDS_AT_A_TIME)?;
    turn.expire(tx, &due)?;
    turn.keep(tx)?;
    batch::tell_balances(tx, turn.state(), None)?;
    Ok(due.len() as u64 == u64::from(HOLDS_AT_A_TIME))
}

/// Seals what happened since the last period was sealed.
pub fn close_period(tx: &mut Tx<'_>) -> Result<PeriodRow, Error> {
    let turn = batch::take_turn(tx)?;
    let head = turn.head();
    let last = store::last_period(tx)?;
    let (number, sealed) =
        last.map_or((0, Position::NOWHERE), |period| (period.number, period.last_position));
    if head.position <= sealed {
        return Err(Error::NothingToSeal);
    }
    let period = PeriodRow {
        number: number + 1,
        closed_at: tx.now(),
        first_position: sealed.next(),
        last_position: head.position,
        root: Bytes(head.hash.0.to_vec()),
    };
    store::insert_period(tx, &period)?;
    Ok(period)
}

/// Stops the project's ledger: sums that are wrong do not get more wrong.
pub fn stop(tx: &mut Tx<'_>, found: &[Difference]) -> Result<(), StoreError> {
    let Some(first) = found.first() else { return Ok(()) };
    let why = format!("{}: {} (and {} more)", first.place, first.what, found.len() - 1);
    tracing::error!(project.id = %tx.project()?, why, "the ledger does not add up and has stopped");
    store::take_turn(tx)?;
    store::stop(tx, &why)
}
