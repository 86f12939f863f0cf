//! The statements on sessions and their refresh tokens.

use contracts::{ProjectId, SessionId, Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::session::{RefreshTokenId, TokenState};
use crate::domain::text::Title;

/// A session's row.
#[derive(Clone, Debug, Deserialize)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The project; none for the platform's own operators.
    pub acts_for: Option<ProjectId>,
    /// What proved who they are.
    pub methods: String,
    /// What the person calls the device.
    pub device: Option<Title>,
    /// Where it began.
    pub address: Option<String>,
    /// Whether its tokens are in cookies.
    pub cookie: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub seen_at: Timestamp,
    /// When it ends, however often it is refreshed.
    pub expires_at: Timestamp,
}

/// A session that was ended.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Ended {
    /// Which.
    pub id: SessionId,
    /// The project that it was for.
    pub acts_for: Option<ProjectId>,
}

/// A refresh token with what its session is.
#[derive(Clone, Debug, Deserialize)]
pub struct KeptToken {
    /// What the token is checked against.
    pub mark: String,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// What came after it, sealed.
    pub successor: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its session.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The project that it is for.
    pub acts_for: Option<ProjectId>,
    /// What proved who they are.
    pub methods: String,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the session ends.
    pub session_expires_at: Timestamp,
    /// When the session was ended before its time.
    pub ended_at: Option<Timestamp>,
}

impl KeptToken {
    /// How it stands.
    pub fn state(&self) -> TokenState {
        TokenState {
            used_at: self.used_at,
            expires_at: self.expires_at,
            session_ended: self.ended_at.is_some(),
        }
    }
}

/// Stores a session that begins.
pub fn insert_session(tx: &mut Tx<'_>, new: &Session) -> Result<(), StoreError> {
    tx.run(
        "insert into sessions
           (id, user_id, acts_for, methods, device, address, cookie, created_at, seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            new.id,
            new.user_id,
            new.acts_for,
            new.methods,
            new.device,
            new.address,
            new.cookie,
            new.created_at,
            new.seen_at,
            new.expires_at
        ],
    )
    .map(drop)
}

/// A session that goes on, of anybody.
pub fn live_session(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Session>, StoreError> {
    tx.row(
        "select id, user_id, acts_for, methods, device, address, cookie, created_at, seen_at, expires_at
         from sessions where id = $1 and ended_at is null and expires_at > $2",
        params![id, tx.now()],
    )
}

/// Sessions of somebody that go on, after `after`, oldest first.
pub fn live_sessions(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Session>, StoreError> {
    tx.rows(
        "select id, user_id, acts_for, methods, device, address, cookie, created_at, seen_at, expires_at
         from sessions where user_id = $1 and ended_at is null and expires_at > $2
           and (cast($3 as text) is null or id > $3)
         order by id limit $4",
        params![user, tx.now(), after, limit],
    )
}

/// A session was refreshed, and acts for this project from now on.
pub fn touch(tx: &mut Tx<'_>, id: SessionId, acts_for: Option<ProjectId>) -> Result<(), StoreError> {
    tx.run("update sessions set seen_at = $2, acts_for = $3 where id = $1", params![id, tx.now(), acts_for])
        .map(drop)
}

/// More has proved who somebody is.
pub fn set_methods(tx: &mut Tx<'_>, id: SessionId, methods: &str) -> Result<(), StoreError> {
    tx.run("update sessions set methods = $2 where id = $1", params![id, methods]).map(drop)
}

/// Ends one session of somebody, if it goes on.
pub fn end_one(tx: &mut Tx<'_>, user: UserId, id: SessionId, why: &str) -> Result<Option<Ended>, StoreError> {
    tx.row(
        "update sessions set ended_at = $3, ended_why = $4
         where id = $2 and user_id = $1 and ended_at is null returning id, acts_for",
        params![user, id, tx.now(), why],
    )
}

/// Ends all sessions of somebody but one, if one is named.
pub fn end_all(
    tx: &mut Tx<'_>,
    user: UserId,
    but: Option<SessionId>,
    why: &str,
) -> Result<Vec<Ended>, StoreError> {
    tx.rows(
        "update sessions set ended_at = $3, ended_why = $4
         where user_id = $1 and ended_at is null and (cast($2 as text) is null or id <> $2)
         returning id, acts_for",
        params![user, but, tx.now(), why],
    )
}

/// Forgets from where somebody's sessions were used, and with what.
pub fn forget_places(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run("update sessions set address = null, device = null where user_id = $1", params![user]).map(drop)
}

/// Stores a refresh token that is given out.
pub fn insert_token(
    tx: &mut Tx<'_>,
    id: RefreshTokenId,
    session: SessionId,
    mark: &str,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.run(
        "insert into refresh_tokens (id, session_id, mark, expires_at) values ($1, $2, $3, $4)",
        params![id, session, mark, expires_at],
    )
    .map(drop)
}

/// A refresh token and its session, locked: of many who present it at once, one goes first.
pub fn locked_token(tx: &mut Tx<'_>, id: RefreshTokenId) -> Result<Option<KeptToken>, StoreError> {
    let found = tx.lock_rows(
        "select t.mark, t.used_at, t.successor, t.expires_at, t.session_id, s.user_id, s.acts_for, s.methods,
           s.created_at, s.expires_at as session_expires_at, s.ended_at
         from refresh_tokens as t join sessions as s on s.id = t.session_id where t.id = $1",
        params![id],
    )?;
    Ok(found.into_iter().next())
}

/// A refresh token has its successor, and is known as used until `known_until`.
pub fn set_token_used(
    tx: &mut Tx<'_>,
    id: RefreshTokenId,
    successor: &str,
    known_until: Timestamp,
) -> Result<(), StoreError> {
    tx.run(
        "update refresh_tokens set used_at = $2, successor = $3, expires_at = $4 where id = $1",
        params![id, tx.now(), successor, known_until],
    )
    .map(drop)
}

/// Removes sessions that ended before `before`.
pub fn sweep_sessions(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from sessions where id in
           (select id from sessions where expires_at < $1 order by expires_at limit $2)",
        params![before, limit],
    )
}

/// Removes refresh tokens that are over since `before`.
pub fn sweep_tokens(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from refresh_tokens where id in
           (select id from refresh_tokens where expires_at < $1 order by expires_at limit $2)",
        params![before, limit],
    )
}
