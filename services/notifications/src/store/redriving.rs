//! The statements by which dead notifications are looked at together, and sent on their way again.

use contracts::{NotificationId, Timestamp};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use super::notifications::{EntryId, Filter};
use crate::domain::notification::{Channel, Reason, State};
use crate::domain::words::Category;

/// A dead notification, with what its reader has to say about it today.
#[derive(Clone, Debug, Deserialize)]
pub struct Dead {
    /// Which.
    pub id: NotificationId,
    /// How it travels.
    pub channel: Channel,
    /// What it is about.
    pub category: Category,
    /// After this it is not worth sending.
    pub expires_at: Option<Timestamp>,
    /// Whether there is still something to be said.
    pub is_whole: bool,
    /// What the person has chosen, as JSON.
    pub choices: Option<String>,
    /// Whether the address is left alone.
    pub is_suppressed: bool,
}

macro_rules! dead {
    ($rest:literal) => {
        concat!(
            "select n.id, n.channel, n.category, n.expires_at, (n.content is not null) as is_whole,
               (select p.choices from preferences as p
                where p.project_id = n.project_id and p.user_id = n.user_id) as choices,
               exists (select 1 from suppressions as s
                where s.project_id = n.project_id and s.channel = n.channel and s.address = n.recipient
                  and s.category in ('', n.category)) as is_suppressed
             from notifications as n where n.project_id = $1 and n.state = 'dead' and ",
            $rest
        )
    };
}

/// The dead ones among these ids.
pub fn among(tx: &mut Tx<'_>, ids: &[NotificationId]) -> Result<Vec<Dead>, StoreError> {
    let Some((first, last, listed)) = listed(ids) else { return Ok(Vec::new()) };
    tx.rows(
        dead!("n.id >= $2 and n.id <= $3 and cast($4 as text) like '%' || n.id || ',%' order by n.id desc"),
        params![tx.project()?, first, last, listed],
    )
}

/// The newest dead ones that fit.
pub fn fitting(tx: &mut Tx<'_>, filter: &Filter, limit: u32) -> Result<Vec<Dead>, StoreError> {
    let Filter { channel, category, reason, .. } = filter;
    tx.rows(
        dead!(
            "(cast($2 as text) is null or n.channel = $2) and (cast($3 as text) is null or n.category = $3)
             and (cast($4 as text) is null or n.reason = $4) order by n.id desc limit $5"
        ),
        params![tx.project()?, channel, category, reason, limit],
    )
}

/// Moves dead notifications where they now belong.
pub fn set_state(
    tx: &mut Tx<'_>,
    ids: &[NotificationId],
    state: State,
    reason: Option<Reason>,
) -> Result<(), StoreError> {
    let Some((first, last, listed)) = listed(ids) else { return Ok(()) };
    tx.run(
        "update notifications set state = $5, reason = $6, attempts = 0, updated_at = $7
         where project_id = $1 and state = 'dead' and id >= $2 and id <= $3
           and cast($4 as text) like '%' || id || ',%'",
        params![tx.project()?, first, last, listed, state, reason, tx.now()],
    )
    .map(drop)
}

/// Adds the same entry to many timelines.
pub fn add_entries(tx: &mut Tx<'_>, ids: &[NotificationId], what: &str) -> Result<(), StoreError> {
    let (project, now) = (tx.project()?, tx.now());
    let row = |id: &NotificationId| params![project, id, tx.new_id::<EntryId>(), now, what].to_vec();
    let rows: Vec<Vec<Value>> = ids.iter().map(row).collect();
    tx.run_many(
        "insert into notification_attempts (project_id, notification_id, id, at, what)
         values ($1, $2, $3, $4, $5)",
        &rows,
    )
    .map(drop)
}

/// Ids as one text, the one test of membership that both engines know; the ends keep it from looking at all rows.
fn listed(ids: &[NotificationId]) -> Option<(NotificationId, NotificationId, String)> {
    let (first, last) = (ids.iter().min()?, ids.iter().max()?);
    Some((*first, *last, ids.iter().map(|id| format!("{id},")).collect()))
}
