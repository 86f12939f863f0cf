//! The statements that count: one row a window, so that nothing is scanned.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{StoreError, Tx};

/// Counts one more in a window; says how many there are now.
pub fn count(tx: &mut Tx<'_>, name: &str, window_at: Timestamp) -> Result<u32, StoreError> {
    tx.one(
        "insert into rate_counts (project_id, name, window_at, used) values ($1, $2, $3, 1)
         on conflict (project_id, name, window_at) do update set used = rate_counts.used + 1
         returning used",
        params![tx.project()?, name, window_at],
    )
}

/// Says whether this was not said lately, and that it is not to be said again before `until`.
pub fn hush(tx: &mut Tx<'_>, name: &str, until: Timestamp) -> Result<bool, StoreError> {
    let told = tx.run(
        "insert into hushed (project_id, name, until_at) values ($1, $2, $3)
         on conflict (project_id, name) do update set until_at = excluded.until_at where hushed.until_at <= $4",
        params![tx.project()?, name, until, tx.now()],
    )?;
    Ok(told > 0)
}
