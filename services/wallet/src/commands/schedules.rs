//! Paying at a time, once or again and again.

use std::time::Duration;

use contracts::{Money, Timestamp, UserId, WalletAccountId};
use kernel::http::Problem;
use kernel::store::{StoreError, Tx};

use super::accounts;
use super::paying::{self, Wanted};
use super::saying::say;
use crate::domain::{Cause, Every, Note, PaySchedule, PayScheduleId, Payee, ScheduleState, Terms, Whose};
use crate::error::Error;
use crate::jobs::PayDue;
use crate::store;

/// A schedule that is to be made.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Who pays.
    pub user: UserId,
    /// From which account.
    pub from: WalletAccountId,
    /// Whom.
    pub to: Payee,
    /// How much each time, in minor units of the account's currency.
    pub amount: i64,
    /// What for.
    pub note: Option<Note>,
    /// How often.
    pub every: Every,
    /// The first time.
    pub starts_at: Timestamp,
    /// Nothing is paid after this.
    pub until: Option<Timestamp>,
}

/// Schedules that are looked up at a time.
const OVERDUE_MAX: u32 = 500;

/// Makes a schedule. Whom an address pays is settled now, so that nobody can step in between.
pub fn plan(tx: &mut Tx<'_>, planned: &Planned) -> Result<PaySchedule, Error> {
    let from = accounts::get(tx, planned.from, Whose::Of(planned.user))?;
    let to = paying::payee(tx, &planned.to, from.currency())?;
    if to.id == from.id {
        return Err(Error::SameAccount);
    }
    if planned.starts_at <= tx.now() || planned.until.is_some_and(|until| until < planned.starts_at) {
        return Err(Error::NoSuchTime);
    }
    let schedule = PaySchedule {
        id: tx.new_id(),
        user: planned.user,
        from: from.id,
        to: to.id,
        payee: to.owner,
        amount: Money::new(planned.amount, from.currency()),
        note: planned.note.clone(),
        every: planned.every,
        starts_at: planned.starts_at,
        until: planned.until,
        state: ScheduleState::Active,
        next_at: Some(planned.starts_at),
        runs: 0,
        last_payment: None,
        last_problem: None,
        version: 1,
    };
    store::insert_schedule(tx, &schedule)?;
    wait(tx, &schedule)?;
    Ok(schedule)
}

/// Stops a schedule; stopped twice is stopped once.
pub fn cancel(tx: &mut Tx<'_>, id: PayScheduleId, user: UserId) -> Result<PaySchedule, Error> {
    let found = store::lock_schedule(tx, id)?.filter(|schedule| schedule.user == user);
    let schedule = found.ok_or(Error::Absent("schedule"))?.cancel();
    store::update_schedule(tx, &schedule)?;
    Ok(schedule)
}

/// Pays what a schedule has due. What the payer could not have done by hand now is told to them, and is not paid.
pub fn pay_due(tx: &mut Tx<'_>, id: PayScheduleId, terms: &Terms) -> Result<(), Error> {
    let now = tx.now();
    let Some(schedule) = store::lock_schedule(tx, id)? else { return Ok(()) };
    let Some(due) = schedule.due(now) else { return Ok(()) };
    let wanted = Wanted {
        payer: schedule.user,
        from: schedule.from,
        to: Payee::Account(schedule.to),
        amount: schedule.amount.minor(),
        currency: schedule.amount.currency(),
        note: schedule.note.clone(),
        client_address: None,
        device: None,
        cause: Cause::Schedule(id, due),
    };
    let outcome = match paying::initiate(tx, &wanted, terms) {
        Ok(payment) => Ok(payment.id),
        Err(Error::Store(error)) => return Err(error.into()),
        // Nothing has been written of it: a payment asks everything first.
        Err(refused) => Err(Problem::from(refused).code().to_owned()),
    };
    if let Err(problem) = &outcome {
        let text = format!("Your planned payment of {} was not made: {problem}.", schedule.amount);
        say(tx, schedule.user, text, format!("wallet.{id}.{due}"))?;
    }
    let schedule = schedule.ran(outcome, now);
    store::update_schedule(tx, &schedule)?;
    wait(tx, &schedule)?;
    Ok(())
}

/// Has schedules looked at whose time has been over for so long: the job that was to pay is gone.
pub fn look_for_overdue(tx: &mut Tx<'_>, overdue_for: Duration) -> Result<(), StoreError> {
    let now = tx.now();
    for (project, schedule) in store::overdue_schedules(tx, now.saturating_sub(overdue_for), OVERDUE_MAX)? {
        tx.enqueue_for(project, &PayDue { schedule }, now)?;
    }
    Ok(())
}

fn wait(tx: &mut Tx<'_>, schedule: &PaySchedule) -> Result<(), StoreError> {
    match schedule.next_at {
        Some(next) => tx.enqueue_at(&PayDue { schedule: schedule.id }, next).map(drop),
        None => Ok(()),
    }
}
