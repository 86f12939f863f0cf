//! The statements by which what is old goes, a batch at a time, of all projects. Work of the system.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{StoreError, Tx};

/// Removes the timelines of old notifications.
pub fn entries(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from notification_attempts where (project_id, notification_id) in
           (select project_id, id from notifications where created_at < $1 order by created_at limit $2)",
        params![before, limit],
    )
}

/// Removes old notifications from inboxes.
pub fn inbox(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from inbox where (project_id, user_id, notification_id) in
           (select project_id, user_id, id from notifications
            where created_at < $1 order by created_at limit $2)",
        params![before, limit],
    )
}

/// Removes old notifications.
pub fn notifications(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from notifications where (project_id, id) in
           (select project_id, id from notifications where created_at < $1 order by created_at limit $2)",
        params![before, limit],
    )
}

/// Removes counts of windows that are over.
pub fn counts(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from rate_counts where (project_id, name, window_at) in
           (select project_id, name, window_at from rate_counts
            where window_at < $1 order by window_at limit $2)",
        params![before, limit],
    )
}

/// Removes what may be said again.
pub fn hushed(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from hushed where (project_id, name) in
           (select project_id, name from hushed where until_at < $1 order by until_at limit $2)",
        params![before, limit],
    )
}
