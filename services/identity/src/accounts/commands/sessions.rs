//! Ending sessions.

use contracts::events::access::SessionsEnded;
use contracts::{ProjectId, SessionId, UserId};
use kernel::store::Tx;

use super::Visitor;
use crate::accounts::store::sessions::{self as store, Ended};
use crate::accounts::telling::tell;
use crate::error::Error;

/// Why a session is over, as it is told.
pub mod why {
    /// Its person left.
    pub const LOGOUT: &str = "logout";
    /// Its person ended it from another one.
    pub const REVOKED: &str = "revoked";
    /// A refresh token came twice.
    pub const REUSE: &str = "reuse";
    /// There is a new password.
    pub const PASSWORD_CHANGED: &str = "password_changed";
    /// The person was erased.
    pub const ERASED: &str = "erased";
}

/// Ends all sessions of somebody but one, if one is named. Work of the system.
pub fn end_all_but(tx: &mut Tx<'_>, user: UserId, but: Option<SessionId>, reason: &str) -> Result<(), Error> {
    let ended = store::end_all(tx, user, but, reason)?;
    tell_ended(tx, user, ended, reason)
}

/// Ends one session of somebody; says whether it went on until now.
pub fn end_one(tx: &mut Tx<'_>, user: UserId, id: SessionId, reason: &str) -> Result<bool, Error> {
    let ended = store::end_one(tx, user, id, reason)?;
    let found = ended.is_some();
    tell_ended(tx, user, ended.into_iter().collect(), reason)?;
    Ok(found)
}

/// Ends a session of one's own by its name; another's is not there.
pub fn revoke(tx: &mut Tx<'_>, visitor: Visitor, id: SessionId) -> Result<(), Error> {
    visitor.present(tx)?;
    if end_one(tx, visitor.user, id, why::REVOKED)? { Ok(()) } else { Err(Error::NoSuch("session")) }
}

/// Ends all other sessions of one's own.
pub fn revoke_others(tx: &mut Tx<'_>, visitor: Visitor) -> Result<(), Error> {
    visitor.present(tx)?;
    end_all_but(tx, visitor.user, visitor.session, why::REVOKED)
}

/// One event a project: each hears of its own sessions.
fn tell_ended(tx: &mut Tx<'_>, user: UserId, mut ended: Vec<Ended>, reason: &str) -> Result<(), Error> {
    ended.sort_by_key(|session| (session.acts_for, session.id));
    for of_one in ended.chunk_by(|a, b| a.acts_for == b.acts_for) {
        let project: Option<ProjectId> = of_one.first().and_then(|session| session.acts_for);
        let session_ids = of_one.iter().map(|session| session.id).collect();
        let told = SessionsEnded { user_id: user, session_ids, reason: reason.to_owned() };
        tell(tx, project, user, &told)?;
    }
    Ok(())
}
