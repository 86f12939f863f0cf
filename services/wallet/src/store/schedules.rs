//! The statements on schedules.

use contracts::{Currency, Money, ProjectId, Timestamp, UserId, WalletAccountId, WalletPaymentId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::{Every, Note, PaySchedule, PayScheduleId, ScheduleState};

#[derive(Deserialize)]
struct ScheduleRow {
    id: PayScheduleId,
    user_id: UserId,
    from_account: WalletAccountId,
    to_account: WalletAccountId,
    payee: UserId,
    currency: Currency,
    amount: i64,
    note: Option<Note>,
    every: Every,
    starts_at: Timestamp,
    until_at: Option<Timestamp>,
    state: ScheduleState,
    next_at: Option<Timestamp>,
    runs: u64,
    last_payment_id: Option<WalletPaymentId>,
    last_problem: Option<String>,
    version: u64,
}

/// The columns of schedules, and which ones.
macro_rules! schedules {
    ($rest:literal) => {
        concat!(
            "select id, user_id, from_account, to_account, currency, amount, note, every, starts_at, until_at, state,
               next_at, runs, last_payment_id, last_problem, version,
               (select a.user_id from accounts as a where a.project_id = $1 and a.id = to_account) as payee
             from pay_schedules where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new schedule.
pub fn insert_schedule(tx: &mut Tx<'_>, schedule: &PaySchedule) -> Result<(), StoreError> {
    tx.run(
        "insert into pay_schedules (project_id, id, user_id, from_account, to_account, currency, amount, note, every,
           starts_at, until_at, state, next_at, runs, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        params![
            tx.project()?,
            schedule.id,
            schedule.user,
            schedule.from,
            schedule.to,
            schedule.amount.currency(),
            schedule.amount.minor(),
            schedule.note,
            schedule.every,
            schedule.starts_at,
            schedule.until,
            schedule.state,
            schedule.next_at,
            schedule.runs,
            schedule.version
        ],
    )
    .map(drop)
}

/// Stores how far a schedule has come.
pub fn update_schedule(tx: &mut Tx<'_>, schedule: &PaySchedule) -> Result<(), StoreError> {
    tx.run_versioned(
        "update pay_schedules set state = $4, next_at = $5, runs = $6, last_payment_id = $7, last_problem = $8,
           version = version + 1
         where project_id = $1 and id = $2 and version = $3",
        params![
            tx.project()?,
            schedule.id,
            schedule.version,
            schedule.state,
            schedule.next_at,
            schedule.runs,
            schedule.last_payment,
            schedule.last_problem
        ],
    )
}

/// Stops all that somebody has planned.
pub fn cancel_schedules(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update pay_schedules set state = 'cancelled', next_at = null, version = version + 1
         where project_id = $1 and user_id = $2 and state = 'active'",
        params![tx.project()?, user],
    )
    .map(drop)
}

/// Schedules of all projects whose next time was before `before`, the longest overdue first.
pub fn overdue_schedules(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(ProjectId, PayScheduleId)>, StoreError> {
    tx.rows(
        "select project_id, id from pay_schedules where next_at < $1 order by next_at, project_id, id limit $2",
        params![before, limit],
    )
}

/// One schedule.
pub fn schedule(tx: &mut Tx<'_>, id: PayScheduleId) -> Result<Option<PaySchedule>, StoreError> {
    let row: Option<ScheduleRow> = tx.row(schedules!("id = $2"), params![tx.project()?, id])?;
    Ok(row.map(PaySchedule::from))
}

/// One schedule, which nobody else changes until the commit.
pub fn lock_schedule(tx: &mut Tx<'_>, id: PayScheduleId) -> Result<Option<PaySchedule>, StoreError> {
    let rows: Vec<ScheduleRow> = tx.lock_rows(schedules!("id = $2"), params![tx.project()?, id])?;
    Ok(rows.into_iter().next().map(PaySchedule::from))
}

/// Somebody's schedules, newest first; ids begin with `wsch_`.
pub fn schedules_of(
    tx: &mut Tx<'_>,
    user: UserId,
    before: Option<PayScheduleId>,
    limit: u32,
) -> Result<Vec<PaySchedule>, StoreError> {
    let rows: Vec<ScheduleRow> = tx.rows(
        schedules!("user_id = $2 and id < coalesce($3, 'x') order by id desc limit $4"),
        params![tx.project()?, user, before, limit],
    )?;
    Ok(rows.into_iter().map(PaySchedule::from).collect())
}

impl From<ScheduleRow> for PaySchedule {
    fn from(row: ScheduleRow) -> Self {
        Self {
            id: row.id,
            user: row.user_id,
            from: row.from_account,
            to: row.to_account,
            payee: row.payee,
            amount: Money::new(row.amount, row.currency),
            note: row.note,
            every: row.every,
            starts_at: row.starts_at,
            until: row.until_at,
            state: row.state,
            next_at: row.next_at,
            runs: row.runs,
            last_payment: row.last_payment_id,
            last_problem: row.last_problem,
            version: row.version,
        }
    }
}
