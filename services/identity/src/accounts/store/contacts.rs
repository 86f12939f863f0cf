//! The statements on who is found by which address where, and on whom that is still to be told of.

use contracts::{ProjectId, Timestamp, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::contact::{Email, Phone};
use crate::domain::project::ProjectSettings;

/// A project that somebody belongs to.
#[derive(Clone, Deserialize)]
pub struct Home {
    /// Which.
    pub id: ProjectId,
    /// What it wants proven.
    pub settings: Json<ProjectSettings>,
    /// Whether they have been there themselves.
    pub entered: bool,
}

/// A member, by what they may be found.
#[derive(Deserialize)]
pub struct FoundRow {
    /// Who.
    pub id: UserId,
    /// Where mail reaches them.
    pub email: Option<Email>,
    /// Since when that is proven.
    pub email_verified_at: Option<Timestamp>,
    /// Where messages reach them.
    pub phone: Option<Phone>,
    /// Since when that is proven.
    pub phone_verified_at: Option<Timestamp>,
    /// Whether they have been there themselves.
    pub entered: bool,
}

/// A project whose members are being told of.
#[derive(Deserialize)]
pub struct ToTell {
    /// Which.
    pub project: ProjectId,
    /// The person up to whom it was done.
    pub until: String,
    /// Whether it is about those alone whose address is not proven.
    pub unproven: bool,
}

/// The projects that somebody belongs to.
pub fn homes_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Home>, StoreError> {
    tx.rows(
        "select p.id, p.settings, m.entered from memberships as m join projects as p on p.id = m.project_id
         where m.user_id = $1 order by m.project_id limit 10000",
        params![user],
    )
}

/// One of them.
pub fn home_of(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Option<Home>, StoreError> {
    tx.row(
        "select p.id, p.settings, m.entered from memberships as m join projects as p on p.id = m.project_id
         where m.project_id = $1 and m.user_id = $2",
        params![project, user],
    )
}

/// The first project whose members are to be told of.
pub fn first_to_tell(tx: &mut Tx<'_>) -> Result<Option<ToTell>, StoreError> {
    tx.row("select project, until, unproven from contacts_to_tell order by project limit 1", params![])
}

/// Nobody else changes so many members of it after that one until the commit: their rows are written as they are.
pub fn hold_members_after(tx: &mut Tx<'_>, asked: &ToTell, people: u32) -> Result<(), StoreError> {
    tx.run(
        "update users set locale = locale where id in
           (select u.id from memberships as m join users as u on u.id = m.user_id
            where m.project_id = $1 and m.user_id > $2 and (not $3 or u.email_verified_at is null)
            order by m.user_id limit $4)",
        params![asked.project, asked.until, asked.unproven, people],
    )
    .map(drop)
}

/// So many members of it after that one.
pub fn members_after(tx: &mut Tx<'_>, asked: &ToTell, people: u32) -> Result<Vec<FoundRow>, StoreError> {
    tx.rows(
        "select u.id, u.email, u.email_verified_at, u.phone, u.phone_verified_at, m.entered
         from memberships as m join users as u on u.id = m.user_id
         where m.project_id = $1 and m.user_id > $2 and (not $3 or u.email_verified_at is null)
         order by m.user_id limit $4",
        params![asked.project, asked.until, asked.unproven, people],
    )
}

/// Goes on after this person the next time.
pub fn set_until(tx: &mut Tx<'_>, project: ProjectId, until: UserId) -> Result<(), StoreError> {
    tx.run("update contacts_to_tell set until = $2 where project = $1", params![project, until]).map(drop)
}

/// Begins with those members of a project whose address is not proven; where all are being told of, with all.
pub fn tell_unproven(tx: &mut Tx<'_>, project: ProjectId) -> Result<(), StoreError> {
    tx.run(
        "insert into contacts_to_tell (project, until, unproven) values ($1, '', true)
         on conflict (project) do update set until = ''",
        params![project],
    )
    .map(drop)
}

/// All members of it were told of.
pub fn delete_to_tell(tx: &mut Tx<'_>, project: ProjectId) -> Result<(), StoreError> {
    tx.run("delete from contacts_to_tell where project = $1", params![project]).map(drop)
}
