//! The statements on lists.

use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::{Entry, ListName, Note};

/// An entry of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    /// What it names.
    pub entry: Entry,
    /// What is to be remembered of it.
    pub note: Option<Note>,
}

/// An entry that names something of a payment.
#[derive(Clone, Debug, Deserialize)]
pub struct Match {
    /// The list.
    pub list: String,
    /// What it names.
    pub entry: String,
    /// What is to be remembered of it.
    pub note: Option<String>,
}

/// So many values are looked up at once.
pub const VALUES_MAX: usize = 8;

/// Which lists name one of these values.
pub fn matches(tx: &mut Tx<'_>, values: &[String]) -> Result<Vec<Match>, StoreError> {
    let value = |at: usize| values.get(at);
    debug_assert!(values.len() <= VALUES_MAX, "what is not looked up is in no list");
    tx.rows(
        "select list, entry, note from list_entries
         where project_id = $1 and entry in ($2, $3, $4, $5, $6, $7, $8, $9) order by list, entry limit 1000",
        params![
            tx.project()?,
            value(0),
            value(1),
            value(2),
            value(3),
            value(4),
            value(5),
            value(6),
            value(7)
        ],
    )
}

/// Entries of a list after `after`.
pub fn entries(
    tx: &mut Tx<'_>,
    list: &ListName,
    after: Option<&Entry>,
    limit: u32,
) -> Result<Vec<Listed>, StoreError> {
    tx.rows(
        "select entry, note from list_entries
         where project_id = $1 and list = $2 and entry > coalesce($3, '') order by entry limit $4",
        params![tx.project()?, list, after, limit],
    )
}

/// Takes all entries out of a list.
pub fn clear_list(tx: &mut Tx<'_>, list: &ListName) -> Result<(), StoreError> {
    tx.run("delete from list_entries where project_id = $1 and list = $2", params![tx.project()?, list])
        .map(drop)
}

/// Puts entries into a list.
pub fn insert_entries(tx: &mut Tx<'_>, list: &ListName, listed: &[Listed]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let row = |listed: &Listed| params![project, list, listed.entry, listed.note].to_vec();
    let rows: Vec<Vec<Value>> = listed.iter().map(row).collect();
    tx.run_many(
        "insert into list_entries (project_id, list, entry, note) values ($1, $2, $3, $4)
         on conflict (project_id, list, entry) do update set note = excluded.note",
        &rows,
    )
    .map(drop)
}
