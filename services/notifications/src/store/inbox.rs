//! The statements on inboxes.

use contracts::{NotificationId, Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::words::Category;

/// A line of an inbox.
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    /// The notification.
    pub id: NotificationId,
    /// What it is about.
    pub category: Category,
    /// What it says, as JSON; sealed where `sealed`.
    pub content: Option<String>,
    /// Whether the content is sealed.
    pub sealed: bool,
    /// What the sender wants to find again, as JSON.
    pub metadata: Option<String>,
    /// Whether it was not read yet.
    pub unread: bool,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// When it came.
    pub created_at: Timestamp,
}

/// Puts a notification into an inbox.
pub fn put(tx: &mut Tx<'_>, user: UserId, id: NotificationId) -> Result<(), StoreError> {
    tx.run(
        "insert into inbox (project_id, user_id, notification_id, unread) values ($1, $2, $3, true)
         on conflict do nothing",
        params![tx.project()?, user, id],
    )
    .map(drop)
}

/// Lines after a place: what is unread comes first, then the newest.
pub fn lines(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<(bool, NotificationId)>,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let (unread, id) = after.unzip();
    tx.rows(
        "select i.notification_id as id, n.category, n.content, n.sealed, n.metadata, i.unread, i.read_at,
                n.created_at
         from inbox as i join notifications as n on n.project_id = i.project_id and n.id = i.notification_id
         where i.project_id = $1 and i.user_id = $2
           and (cast($4 as text) is null or (i.unread, i.notification_id) < ($3, $4))
         order by i.unread desc, i.notification_id desc limit $5",
        params![tx.project()?, user, unread, id, limit],
    )
}

/// How many lines are unread; it counts no further than `most`.
pub fn unread(tx: &mut Tx<'_>, user: UserId, most: u32) -> Result<u32, StoreError> {
    tx.one(
        "select count(*) from (select notification_id from inbox
           where project_id = $1 and user_id = $2 and unread = true limit $3) as few",
        params![tx.project()?, user, most],
    )
}

/// Marks a line as read; says whether it is there.
pub fn read(tx: &mut Tx<'_>, user: UserId, id: NotificationId) -> Result<bool, StoreError> {
    let marked = tx.run(
        "update inbox set unread = false, read_at = coalesce(read_at, $4)
         where project_id = $1 and user_id = $2 and notification_id = $3",
        params![tx.project()?, user, id, tx.now()],
    )?;
    Ok(marked > 0)
}

/// Marks all lines as read; says how many were not.
pub fn read_all(tx: &mut Tx<'_>, user: UserId) -> Result<u64, StoreError> {
    tx.run(
        "update inbox set unread = false, read_at = $3 where project_id = $1 and user_id = $2 and unread = true",
        params![tx.project()?, user, tx.now()],
    )
}

/// Empties somebody's inbox.
pub fn empty(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run("delete from inbox where project_id = $1 and user_id = $2", params![tx.project()?, user]).map(drop)
}
