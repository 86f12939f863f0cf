//! The statements on wrong tries.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::attempts::{FORGOTTEN_AFTER, Failures};

#[derive(Deserialize)]
struct Row {
    failures: u32,
    last_at: Timestamp,
}

/// Wrong tries in a row that are not forgotten.
pub fn failures(tx: &mut Tx<'_>, subject_mark: &str) -> Result<Option<Failures>, StoreError> {
    let since = tx.now().saturating_sub(FORGOTTEN_AFTER);
    let row: Option<Row> = tx.row(
        "select failures, last_at from attempts where subject_mark = $1 and last_at > $2",
        params![subject_mark, since],
    )?;
    Ok(row.map(|row| Failures { count: row.failures, last_at: row.last_at }))
}

/// Counts one more; what is forgotten does not count.
pub fn count_failure(tx: &mut Tx<'_>, subject_mark: &str) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "insert into attempts (subject_mark, failures, last_at) values ($1, 1, $2)
         on conflict (subject_mark) do update set
           failures = case when attempts.last_at > $3 then attempts.failures + 1 else 1 end,
           last_at = excluded.last_at",
        params![subject_mark, now, now.saturating_sub(FORGOTTEN_AFTER)],
    )
    .map(drop)
}

/// Forgets them.
pub fn clear(tx: &mut Tx<'_>, subject_mark: &str) -> Result<(), StoreError> {
    tx.run("delete from attempts where subject_mark = $1", params![subject_mark]).map(drop)
}

/// Removes what is forgotten since `before`.
pub fn sweep_attempts(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from attempts where subject_mark in
           (select subject_mark from attempts where last_at < $1 order by last_at limit $2)",
        params![before, limit],
    )
}
