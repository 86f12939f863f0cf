//! The statements on who is a member of a project. Those that show addresses are work of the system.

use contracts::{ProjectId, SessionId, Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::contact::Email;
use crate::domain::text::RoleName;

/// A member, with what identity knows of them.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// Where mail reaches them; none once they were erased.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// Whether they can sign in at all: `active`, `disabled`, `erased`.
    pub status: String,
    /// Whether the project lets them in.
    pub active: bool,
    /// Since when they are a member.
    pub joined_at: Timestamp,
    /// The names of their roles, with commas between.
    roles: Option<String>,
}

impl Member {
    /// The names of their roles.
    pub fn roles(&self) -> Vec<&str> {
        self.roles.iter().flat_map(|names| names.split(',')).collect()
    }
}

/// Members after `after`, by their ids.
pub fn members(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    tx.rows(
        "select u.id, u.email, u.name, u.status, m.active, m.joined_at,
           (select string_agg(r.name, ',' order by r.name) from user_roles as ur
            join roles as r on r.project_id = ur.project_id and r.id = ur.role_id
            where ur.project_id = m.project_id and ur.user_id = m.user_id) as roles
         from memberships as m join users as u on u.id = m.user_id
         where m.project_id = $1 and m.user_id > coalesce($2, '') order by m.user_id limit $3",
        params![project, after, limit],
    )
}

/// Members with the role of this name after `after`, by their ids.
pub fn members_with(
    tx: &mut Tx<'_>,
    project: ProjectId,
    role: &RoleName,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    tx.rows(
        "select u.id, u.email, u.name, u.status, m.active, m.joined_at,
           (select string_agg(r.name, ',' order by r.name) from user_roles as ur
            join roles as r on r.project_id = ur.project_id and r.id = ur.role_id
            where ur.project_id = m.project_id and ur.user_id = m.user_id) as roles
         from roles as h
         join user_roles as hu on hu.project_id = h.project_id and hu.role_id = h.id
         join memberships as m on m.project_id = hu.project_id and m.user_id = hu.user_id
         join users as u on u.id = m.user_id
         where h.project_id = $1 and h.name = $2 and hu.user_id > coalesce($3, '')
         order by hu.user_id limit $4",
        params![project, role, after, limit],
    )
}

/// The member with this address.
pub fn member_at(tx: &mut Tx<'_>, project: ProjectId, email: &Email) -> Result<Option<Member>, StoreError> {
    tx.row(
        "select u.id, u.email, u.name, u.status, m.active, m.joined_at,
           (select string_agg(r.name, ',' order by r.name) from user_roles as ur
            join roles as r on r.project_id = ur.project_id and r.id = ur.role_id
            where ur.project_id = m.project_id and ur.user_id = m.user_id) as roles
         from users as u join memberships as m on m.user_id = u.id
         where u.email = $2 and m.project_id = $1",
        params![project, email],
    )
}

/// One member.
pub fn member(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Option<Member>, StoreError> {
    tx.row(
        "select u.id, u.email, u.name, u.status, m.active, m.joined_at,
           (select string_agg(r.name, ',' order by r.name) from user_roles as ur
            join roles as r on r.project_id = ur.project_id and r.id = ur.role_id
            where ur.project_id = m.project_id and ur.user_id = m.user_id) as roles
         from memberships as m join users as u on u.id = m.user_id
         where m.project_id = $1 and m.user_id = $2",
        params![project, user],
    )
}

/// Whether somebody is a member that is let in; none when they are no member.
pub fn is_active(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Option<bool>, StoreError> {
    tx.row("select active from memberships where project_id = $1 and user_id = $2", params![project, user])
}

/// Makes somebody a member; says whether they were none before.
pub fn insert_member(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<bool, StoreError> {
    let new = tx.run(
        "insert into memberships (project_id, user_id, active, joined_at, entered) values ($1, $2, true, $3, false)
         on conflict do nothing",
        params![project, user, tx.now()],
    )?;
    Ok(new > 0)
}

/// Somebody comes in themselves; says whether they do for the first time.
pub fn set_entered(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<bool, StoreError> {
    let first = tx.run(
        "update memberships set entered = true where project_id = $1 and user_id = $2 and not entered",
        params![project, user],
    )?;
    Ok(first > 0)
}

/// Lets a member in, or no longer.
pub fn set_active(tx: &mut Tx<'_>, project: ProjectId, user: UserId, active: bool) -> Result<(), StoreError> {
    tx.run(
        "update memberships set active = $3 where project_id = $1 and user_id = $2",
        params![project, user, active],
    )
    .map(drop)
}

/// Somebody else with the role of this name who is let in, and stays so until the commit.
pub fn another_with(
    tx: &mut Tx<'_>,
    project: ProjectId,
    role: &str,
    but: UserId,
) -> Result<Option<UserId>, StoreError> {
    let others: Vec<UserId> = tx.lock_rows(
        "select m.user_id from roles as r
         join user_roles as ur on ur.project_id = r.project_id and ur.role_id = r.id
         join memberships as m on m.project_id = ur.project_id and m.user_id = ur.user_id
         where r.project_id = $1 and r.name = $2 and ur.user_id <> $3 and m.active
         order by ur.user_id limit 1",
        params![project, role, but],
    )?;
    Ok(others.into_iter().next())
}

/// Whether somebody belongs or belonged to another project, or runs the platform.
pub fn belongs_elsewhere(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<bool, StoreError> {
    let elsewhere: Option<String> = tx.row(
        "select project_id from memberships where user_id = $1 and project_id <> $2
         union all select user_id from platform_operators where user_id = $1 limit 1",
        params![user, project],
    )?;
    Ok(elsewhere.is_some())
}

/// Ends the sessions of somebody that act for a project; those for other projects are none of its business.
pub fn end_sessions_for(
    tx: &mut Tx<'_>,
    project: ProjectId,
    user: UserId,
    why: &str,
) -> Result<Vec<SessionId>, StoreError> {
    tx.rows(
        "update sessions set ended_at = $3, ended_why = $4
         where user_id = $1 and acts_for = $2 and ended_at is null returning id",
        params![user, project, tx.now(), why],
    )
}

/// Lets somebody into no project any more.
pub fn leave_all(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update memberships set active = false
         where user_id = $1 and project_id in (select project_id from memberships where user_id = $1)",
        params![user],
    )
    .map(drop)
}
