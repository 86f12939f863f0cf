//! The statements on comparing balances with the ledger's.

use contracts::{Currency, Timestamp, WalletAccountId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::{DifferingAccount, Known, Reconciliation};

#[derive(Deserialize)]
struct Row {
    day: String,
    started_at: Timestamp,
    pages: u32,
    up_to: Option<WalletAccountId>,
    agreeing: u64,
    differing: u64,
    found: Json<Vec<DifferingAccount>>,
    ended_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct KnownRow {
    id: WalletAccountId,
    balance: i64,
    currency: Currency,
    balance_sequence: Option<u64>,
}

impl From<Row> for Reconciliation {
    fn from(row: Row) -> Self {
        let Row { day, started_at, pages, up_to, agreeing, differing, found, ended_at } = row;
        Self { day, started_at, pages, up_to, agreeing, differing, found: found.0, ended_at }
    }
}

/// The comparison of a day.
pub fn reconciliation(tx: &mut Tx<'_>, day: &str) -> Result<Option<Reconciliation>, StoreError> {
    let row: Option<Row> = tx.row(
        "select day, started_at, pages, up_to, agreeing, differing, found, ended_at
         from reconciliations where project_id = $1 and day = $2",
        params![tx.project()?, day],
    )?;
    Ok(row.map(Reconciliation::from))
}

/// Comparisons before that of a day, newest first.
pub fn reconciliations(
    tx: &mut Tx<'_>,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Reconciliation>, StoreError> {
    let rows: Vec<Row> = tx.rows(
        "select day, started_at, pages, up_to, agreeing, differing, found, ended_at from reconciliations
         where project_id = $1 and (cast($2 as text) is null or day < $2) order by day desc limit $3",
        params![tx.project()?, before, limit],
    )?;
    Ok(rows.into_iter().map(Reconciliation::from).collect())
}

/// Stores how far a comparison has come.
pub fn put_reconciliation(tx: &mut Tx<'_>, run: &Reconciliation) -> Result<(), StoreError> {
    let project = tx.project()?;
    let found = Json(run.found.clone());
    tx.run(
        "insert into reconciliations (project_id, day, started_at, pages, up_to, agreeing, differing, found, ended_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (project_id, day) do update set pages = excluded.pages, up_to = excluded.up_to,
           agreeing = excluded.agreeing, differing = excluded.differing, found = excluded.found,
           ended_at = excluded.ended_at",
        params![
            project,
            run.day,
            run.started_at,
            run.pages,
            run.up_to,
            run.agreeing,
            run.differing,
            found,
            run.ended_at
        ],
    )
    .map(drop)
}

/// Forgets comparisons before that of a day.
pub fn forget_reconciliations(tx: &mut Tx<'_>, before: &str) -> Result<(), StoreError> {
    tx.run("delete from reconciliations where project_id = $1 and day < $2", params![tx.project()?, before])
        .map(drop)
}

/// What is known of accounts after one and up to another, or to the end, that were there at a time.
pub fn known_between(
    tx: &mut Tx<'_>,
    after: Option<WalletAccountId>,
    up_to: Option<WalletAccountId>,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<Known>, StoreError> {
    let rows: Vec<KnownRow> = tx.rows(
        "select id, balance, currency, balance_sequence from accounts
         where project_id = $1 and id > coalesce($2, '') and (cast($3 as text) is null or id <= $3)
           and opened_at <= $4 order by id limit $5",
        params![tx.project()?, after, up_to, at, limit],
    )?;
    let known = |row: KnownRow| {
        let KnownRow { id, balance, currency, balance_sequence: sequence } = row;
        Known { id, balance, currency, sequence }
    };
    Ok(rows.into_iter().map(known).collect())
}
