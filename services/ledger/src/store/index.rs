//! The statements on the index of ids: runs with their filters, and pages.

use contracts::{Id, TransactionId};
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx, Value};
use serde::Deserialize;

use super::unreadable;
use crate::domain::{IdPage, Ids, Position, Run};

#[derive(Deserialize)]
struct Row {
    number: u64,
    first_id: Bytes,
    last_id: Bytes,
    filter: Bytes,
}

impl TryFrom<Row> for Run {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = |bytes: Bytes| {
            let bytes = bytes.0.try_into().map(u128::from_be_bytes);
            bytes.map(TransactionId::from_u128).map_err(|_| unreadable("id"))
        };
        let (first, last) = (id(row.first_id)?, id(row.last_id)?);
        Ok(Self { number: row.number, first, last, filter: row.filter.0 })
    }
}

fn key(id: TransactionId) -> Bytes {
    Bytes(id.as_u128().to_be_bytes().to_vec())
}

/// Runs after one, in their order.
pub fn runs(tx: &mut Tx<'_>, after: u64, limit: u32) -> Result<Vec<Run>, StoreError> {
    let rows: Vec<Row> = tx.rows(
        "select number, first_id, last_id, filter from id_runs where project_id = $1 and number > $2
         order by number limit $3",
        params![tx.project()?, after, limit],
    )?;
    rows.into_iter().map(Run::try_from).collect()
}

/// Adds a run with its pages.
pub fn insert_run(tx: &mut Tx<'_>, ids: &Ids) -> Result<(), StoreError> {
    let (project, run) = (tx.project()?, &ids.run);
    tx.run(
        "insert into id_runs (project_id, number, first_id, last_id, filter) values ($1, $2, $3, $4, $5)",
        params![project, run.number, key(run.first), key(run.last), Bytes(run.filter.clone())],
    )?;
    let row =
        |page: &IdPage| params![project, run.number, key(page.first), Bytes(page.body.clone())].to_vec();
    let rows: Vec<Vec<Value>> = ids.pages.iter().map(row).collect();
    tx.run_many("insert into id_pages (project_id, run, first_id, body) values ($1, $2, $3, $4)", &rows)
        .map(drop)
}

/// Where an id stands by a run.
pub fn find_in(tx: &mut Tx<'_>, run: &Run, id: TransactionId) -> Result<Option<Position>, StoreError> {
    let page: Option<Bytes> = tx.row(
        "select body from id_pages where project_id = $1 and run = $2 and first_id <= $3
         order by first_id desc limit 1",
        params![tx.project()?, run.number, key(id)],
    )?;
    Ok(page.and_then(|page| IdPage::find(&page.0, id)))
}
