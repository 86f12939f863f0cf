//! The statements on top-ups.

use std::time::Duration;

use contracts::{Currency, Money, ProjectId, Timestamp, TopUpId, TransactionId, UserId, WalletAccountId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use super::unreadable;
use crate::domain::{Reason, Taken, TopUp, TopUpState, TopUpStatus};

/// A top-up as it lies in its table.
#[derive(Deserialize)]
struct TopUpRow {
    id: TopUpId,
    account_id: WalletAccountId,
    user_id: UserId,
    currency: Currency,
    amount: i64,
    requested_at: Timestamp,
    answer_ms: u64,
    status: TopUpStatus,
    deadline_at: Option<Timestamp>,
    taken_ref: Option<String>,
    taken_amount: Option<i64>,
    taken_at: Option<Timestamp>,
    reason: Option<Reason>,
    ended_at: Option<Timestamp>,
    transaction_id: Option<TransactionId>,
    version: u64,
}

/// The columns of top-ups, and which ones.
macro_rules! top_ups {
    ($rest:literal) => {
        concat!(
            "select id, account_id, user_id, currency, amount, requested_at, answer_ms, status, deadline_at, taken_ref,
               taken_amount, taken_at, reason, ended_at, transaction_id, version
             from top_ups where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new top-up.
pub fn insert_top_up(tx: &mut Tx<'_>, top_up: &TopUp) -> Result<(), StoreError> {
    tx.run(
        "insert into top_ups (project_id, id, account_id, user_id, currency, amount, requested_at, answer_ms, status,
           deadline_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            tx.project()?,
            top_up.id,
            top_up.account,
            top_up.user,
            top_up.asked.currency(),
            top_up.asked.minor(),
            top_up.requested_at,
            u64::try_from(top_up.answer.as_millis()).unwrap_or(u64::MAX >> 1),
            top_up.status(),
            top_up.until(),
            top_up.version
        ],
    )
    .map(drop)
}

/// Stores where a top-up stands now, on top of the version that it was read with.
pub fn update_top_up(tx: &mut Tx<'_>, top_up: &TopUp) -> Result<(), StoreError> {
    let taken = top_up.taken();
    tx.run_versioned(
        "update top_ups set version = version + 1, status = $4, deadline_at = $5, taken_ref = $6, taken_amount = $7,
           taken_at = $8, reason = $9, ended_at = $10, transaction_id = $11
         where project_id = $1 and id = $2 and version = $3",
        params![
            tx.project()?,
            top_up.id,
            top_up.version,
            top_up.status(),
            top_up.until(),
            taken.map(|taken| &taken.reference),
            taken.map(|taken| taken.amount),
            taken.map(|taken| taken.at),
            top_up.reason(),
            top_up.ended_at(),
            top_up.transaction()
        ],
    )
}

/// One top-up.
pub fn top_up(tx: &mut Tx<'_>, id: TopUpId) -> Result<Option<TopUp>, StoreError> {
    let row: Option<TopUpRow> = tx.row(top_ups!("id = $2"), params![tx.project()?, id])?;
    row.map(TopUpRow::top_up).transpose()
}

/// One top-up, which nobody else changes until the commit.
pub fn lock_top_up(tx: &mut Tx<'_>, id: TopUpId) -> Result<Option<TopUp>, StoreError> {
    let rows: Vec<TopUpRow> = tx.lock_rows(top_ups!("id = $2"), params![tx.project()?, id])?;
    rows.into_iter().next().map(TopUpRow::top_up).transpose()
}

/// The top-ups of an account, newest first; ids begin with `topup_`.
pub fn top_ups_of(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    status: Option<TopUpStatus>,
    before: Option<TopUpId>,
    limit: u32,
) -> Result<Vec<TopUp>, StoreError> {
    let rows: Vec<TopUpRow> = tx.rows(
        top_ups!(
            "account_id = $2 and (cast($3 as text) is null or status = $3) and id < coalesce($4, 'x')
             order by id desc limit $5"
        ),
        params![tx.project()?, account, status, before, limit],
    )?;
    rows.into_iter().map(TopUpRow::top_up).collect()
}

/// The top-ups that are held for an account, after `after`.
pub fn held_of(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    after: Option<TopUpId>,
    limit: u32,
) -> Result<Vec<TopUpId>, StoreError> {
    tx.rows(
        "select id from top_ups where project_id = $1 and account_id = $2 and status = 'held' and id > coalesce($3, '')
         order by id limit $4",
        params![tx.project()?, account, after, limit],
    )
}

/// Top-ups of all projects whose time was over before `before`, the longest overdue first.
pub fn overdue_top_ups(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(ProjectId, TopUpId)>, StoreError> {
    tx.rows(
        "select project_id, id from top_ups where deadline_at < $1 order by deadline_at, project_id, id limit $2",
        params![before, limit],
    )
}

impl TopUpRow {
    fn top_up(self) -> Result<TopUp, StoreError> {
        let Some(state) = self.state() else { return Err(unreadable("top-up", self.id)) };
        Ok(TopUp {
            id: self.id,
            account: self.account_id,
            user: self.user_id,
            asked: Money::new(self.amount, self.currency),
            requested_at: self.requested_at,
            answer: Duration::from_millis(self.answer_ms),
            state,
            version: self.version,
        })
    }

    fn state(&self) -> Option<TopUpState> {
        Some(match self.status {
            TopUpStatus::Pending => TopUpState::Pending { until: self.deadline_at? },
            TopUpStatus::Paid => TopUpState::Paid { taken: self.taken()?, until: self.deadline_at? },
            TopUpStatus::Held => {
                TopUpState::Held { taken: self.taken()?, why: self.reason.clone()?, until: self.deadline_at? }
            }
            TopUpStatus::Completed => TopUpState::Completed {
                taken: self.taken()?,
                at: self.ended_at?,
                transaction: self.transaction_id?,
            },
            TopUpStatus::Failed => TopUpState::Failed { at: self.ended_at?, why: self.reason.clone()? },
        })
    }

    fn taken(&self) -> Option<Taken> {
        Some(Taken { reference: self.taken_ref.clone()?, amount: self.taken_amount?, at: self.taken_at? })
    }
}
