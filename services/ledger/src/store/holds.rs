//! The statements on what is set aside.

use std::sync::LazyLock;

use contracts::{Currency, ProjectId, Timestamp, TransactionId, WalletPaymentId};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use super::Naming;
use crate::domain::{Address, Hold, HoldStatus, Sides};

const COLUMNS: &str =
    "id, debit, credit, amount, remaining, currency, code, closes_debit, closes_credit, timeout_s,
    due_at, status, payment_id, made_at";

#[derive(Deserialize)]
struct Row {
    id: TransactionId,
    debit: Address,
    credit: Address,
    amount: i64,
    remaining: i64,
    currency: Currency,
    code: u16,
    closes_debit: bool,
    closes_credit: bool,
    timeout_s: u32,
    due_at: Option<Timestamp>,
    status: HoldStatus,
    payment_id: Option<WalletPaymentId>,
    made_at: Timestamp,
}

impl From<Row> for Hold {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            debit: row.debit,
            credit: row.credit,
            amount: row.amount,
            remaining: row.remaining,
            currency: row.currency,
            code: row.code,
            closing: Sides { debit: row.closes_debit, credit: row.closes_credit },
            timeout_s: row.timeout_s,
            due_at: row.due_at,
            status: row.status,
            payment: row.payment_id,
            at: row.made_at,
        }
    }
}

/// Which holds are wanted.
#[derive(Clone, Debug, Default)]
pub struct HoldFilter {
    /// Where they stand.
    pub status: Option<HoldStatus>,
    /// Who gives.
    pub debit: Option<Address>,
}

static BY_ID: LazyLock<Naming> =
    LazyLock::new(|| Naming::of(&format!("select {COLUMNS} from holds where project_id = $1 and id in")));
static BY_STATUS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from holds where project_id = $1 and status = $2
           and (cast($3 as text) is null or id < $3) order by id desc limit $4"
    )
});
static BY_DEBIT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from holds where project_id = $1 and debit = $2
           and (cast($3 as text) is null or id < $3) and (cast($5 as text) is null or status = $5)
         order by id desc limit $4"
    )
});
static ALL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from holds where project_id = $1 and (cast($2 as text) is null or id < $2)
         order by id desc limit $3"
    )
});

/// These holds, as far as they are there.
pub fn holds_of(tx: &mut Tx<'_>, ids: &[TransactionId]) -> Result<Vec<Hold>, StoreError> {
    let rows: Vec<Row> = Naming::rows(&BY_ID, tx, ids)?;
    Ok(rows.into_iter().map(Hold::from).collect())
}

/// Holds before one, newest first.
pub fn holds(
    tx: &mut Tx<'_>,
    filter: &HoldFilter,
    before: Option<TransactionId>,
    limit: u32,
) -> Result<Vec<Hold>, StoreError> {
    let project = tx.project()?;
    let HoldFilter { status, debit } = filter;
    let rows: Vec<Row> = match (debit, status) {
        (Some(debit), status) => tx.rows(&BY_DEBIT, params![project, debit, before, limit, status])?,
        (None, Some(status)) => tx.rows(&BY_STATUS, params![project, status, before, limit])?,
        (None, None) => tx.rows(&ALL, params![project, before, limit])?,
    };
    Ok(rows.into_iter().map(Hold::from).collect())
}

/// Holds whose time is over, the oldest first.
pub fn due(tx: &mut Tx<'_>, at: Timestamp, limit: u32) -> Result<Vec<TransactionId>, StoreError> {
    tx.rows(
        "select id from holds where project_id = $1 and status = 'pending' and due_at is not null and due_at <= $2
         order by due_at, id limit $3",
        params![tx.project()?, at, limit],
    )
}

/// Projects with holds whose time was over by then.
pub fn projects_with_holds_due(
    tx: &mut Tx<'_>,
    by: Timestamp,
    limit: u32,
) -> Result<Vec<ProjectId>, StoreError> {
    tx.rows(
        "select distinct project_id from holds where status = 'pending' and due_at is not null and due_at <= $1
         limit $2",
        params![by, limit],
    )
}

/// Stores holds as a batch has left them.
pub fn put_holds<'h>(tx: &mut Tx<'_>, holds: impl Iterator<Item = &'h Hold>) -> Result<(), StoreError> {
    let project = tx.project()?;
    let values = |hold: &Hold| -> Vec<Value> {
        params![
            project,
            hold.id,
            hold.debit,
            hold.credit,
            hold.amount,
            hold.remaining,
            hold.currency,
            hold.code,
            hold.closing.debit,
            hold.closing.credit,
            hold.timeout_s,
            hold.due_at,
            hold.status,
            hold.payment,
            hold.at,
        ]
        .to_vec()
    };
    let rows: Vec<Vec<Value>> = holds.map(values).collect();
    tx.run_many(
        "insert into holds (project_id, id, debit, credit, amount, remaining, currency, code, closes_debit,
           closes_credit, timeout_s, due_at, status, payment_id, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (project_id, id) do update set remaining = excluded.remaining, status = excluded.status",
        &rows,
    )
    .map(drop)
}
