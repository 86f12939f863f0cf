//! The statements on withdrawals.

use std::time::Duration;

use contracts::{
    Currency, Money, ProjectId, Timestamp, TransactionId, UserId, WalletAccountId, WithdrawalId,
};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use super::unreadable;
use crate::domain::{Reason, Withdrawal, WithdrawalState, WithdrawalStatus};

/// A withdrawal as it lies in its table.
#[derive(Deserialize)]
struct WithdrawalRow {
    id: WithdrawalId,
    account_id: WalletAccountId,
    user_id: UserId,
    currency: Currency,
    amount: i64,
    destination: Option<String>,
    requested_at: Timestamp,
    wait_ms: u64,
    deadline_at: Option<Timestamp>,
    status: WithdrawalStatus,
    reason: Option<Reason>,
    ended_at: Option<Timestamp>,
    transaction_id: Option<TransactionId>,
    version: u64,
}

/// The columns of withdrawals, and which ones.
macro_rules! withdrawals {
    ($rest:literal) => {
        concat!(
            "select id, account_id, user_id, currency, amount, destination, requested_at, wait_ms, deadline_at,
               status, reason, ended_at, transaction_id, version
             from withdrawals where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new withdrawal.
pub fn insert_withdrawal(tx: &mut Tx<'_>, withdrawal: &Withdrawal) -> Result<(), StoreError> {
    tx.run(
        "insert into withdrawals (project_id, id, account_id, user_id, currency, amount, destination, requested_at,
           wait_ms, deadline_at, status, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            tx.project()?,
            withdrawal.id,
            withdrawal.account,
            withdrawal.user,
            withdrawal.amount.currency(),
            withdrawal.amount.minor(),
            withdrawal.destination,
            withdrawal.requested_at,
            u64::try_from(withdrawal.wait.as_millis()).unwrap_or(u64::MAX >> 1),
            withdrawal.until,
            withdrawal.status(),
            withdrawal.version
        ],
    )
    .map(drop)
}

/// Stores where a withdrawal stands now, on top of the version that it was read with.
pub fn update_withdrawal(tx: &mut Tx<'_>, withdrawal: &Withdrawal) -> Result<(), StoreError> {
    tx.run_versioned(
        "update withdrawals set version = version + 1, status = $4, reason = $5, ended_at = $6, transaction_id = $7,
           deadline_at = $8
         where project_id = $1 and id = $2 and version = $3",
        params![
            tx.project()?,
            withdrawal.id,
            withdrawal.version,
            withdrawal.status(),
            withdrawal.reason(),
            withdrawal.ended_at(),
            withdrawal.transaction(),
            withdrawal.until
        ],
    )
}

/// One withdrawal.
pub fn withdrawal(tx: &mut Tx<'_>, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
    let row: Option<WithdrawalRow> = tx.row(withdrawals!("id = $2"), params![tx.project()?, id])?;
    row.map(WithdrawalRow::withdrawal).transpose()
}

/// One withdrawal, which nobody else changes until the commit.
pub fn lock_withdrawal(tx: &mut Tx<'_>, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
    let rows: Vec<WithdrawalRow> = tx.lock_rows(withdrawals!("id = $2"), params![tx.project()?, id])?;
    rows.into_iter().next().map(WithdrawalRow::withdrawal).transpose()
}

/// The withdrawals of an account, newest first; ids begin with `wdr_`.
pub fn withdrawals_of(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    status: Option<WithdrawalStatus>,
    before: Option<WithdrawalId>,
    limit: u32,
) -> Result<Vec<Withdrawal>, StoreError> {
    let rows: Vec<WithdrawalRow> = tx.rows(
        withdrawals!(
            "account_id = $2 and (cast($3 as text) is null or status = $3) and id < coalesce($4, 'x')
             order by id desc limit $5"
        ),
        params![tx.project()?, account, status, before, limit],
    )?;
    rows.into_iter().map(WithdrawalRow::withdrawal).collect()
}

/// Withdrawals from an account that have not ended and were asked for by `at`, after `after`.
pub fn leaving_of(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    at: Timestamp,
    after: Option<WithdrawalId>,
    limit: u32,
) -> Result<Vec<WithdrawalId>, StoreError> {
    tx.rows(
        "select id from withdrawals
         where project_id = $1 and account_id = $2 and ended_at is null and requested_at <= $3
           and id > coalesce($4, '')
         order by id limit $5",
        params![tx.project()?, account, at, after, limit],
    )
}

/// Withdrawals of all projects whose time was over before `before`, the longest overdue first.
pub fn overdue_withdrawals(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(ProjectId, WithdrawalId)>, StoreError> {
    tx.rows(
        "select project_id, id from withdrawals where deadline_at < $1 order by deadline_at, project_id, id limit $2",
        params![before, limit],
    )
}

/// Forgets where somebody's withdrawals went.
pub fn forget_destinations(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update withdrawals set destination = null, version = version + 1
         where project_id = $1 and user_id = $2 and destination is not null",
        params![tx.project()?, user],
    )
    .map(drop)
}

impl WithdrawalRow {
    fn withdrawal(self) -> Result<Withdrawal, StoreError> {
        let Some(state) = self.state() else { return Err(unreadable("withdrawal", self.id)) };
        Ok(Withdrawal {
            id: self.id,
            account: self.account_id,
            user: self.user_id,
            amount: Money::new(self.amount, self.currency),
            destination: self.destination,
            requested_at: self.requested_at,
            wait: Duration::from_millis(self.wait_ms),
            until: self.deadline_at,
            state,
            version: self.version,
        })
    }

    fn state(&self) -> Option<WithdrawalState> {
        Some(match self.status {
            WithdrawalStatus::Requested => WithdrawalState::Requested,
            WithdrawalStatus::Reserved => WithdrawalState::Reserved,
            WithdrawalStatus::Cancelling => WithdrawalState::Cancelling { why: self.reason.clone()? },
            WithdrawalStatus::Completed => {
                WithdrawalState::Completed { at: self.ended_at?, transaction: self.transaction_id? }
            }
            WithdrawalStatus::Refused => {
                WithdrawalState::Refused { at: self.ended_at?, why: self.reason.clone()? }
            }
            WithdrawalStatus::Returned => {
                WithdrawalState::Returned { at: self.ended_at?, why: self.reason.clone()? }
            }
        })
    }
}
