//! The statements on who was told of by their name, which was once done for all.

use contracts::{ProjectId, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::text::Title;

/// Somebody who has a name, in one of their projects or in none.
#[derive(Deserialize)]
pub struct NamedRow {
    /// Who.
    pub user_id: UserId,
    /// What they are called.
    pub name: Title,
    /// Where others are shown it.
    pub project_id: Option<ProjectId>,
}

/// Up to whom it was done; nothing once all were told of.
pub fn told_until(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    tx.row("select until from names_told", params![])
}

/// So many people with names after that one, with all their projects.
pub fn named_after(tx: &mut Tx<'_>, until: &str, people: u32) -> Result<Vec<NamedRow>, StoreError> {
    tx.rows(
        "select u.id as user_id, u.name, m.project_id
         from (select id, name from users where name is not null and id > $1 order by id limit $2) as u
         left join memberships as m on m.user_id = u.id order by u.id, m.project_id",
        params![until, people],
    )
}

/// Goes on after this person the next time.
pub fn set_told_until(tx: &mut Tx<'_>, until: UserId) -> Result<(), StoreError> {
    tx.run("update names_told set until = $1", params![until]).map(drop)
}

/// All were told of.
pub fn delete_told_until(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("delete from names_told", params![]).map(drop)
}
