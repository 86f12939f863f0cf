//! What one person can do, by what it is about. All of it is work of the system: persons belong to no project.

pub mod authenticator;
pub mod codes;
pub mod contacts;
pub mod entering;
pub mod erasing;
pub mod houses;
pub mod passwords;
pub mod profile;
pub mod refreshing;
pub mod registering;
pub mod sessions;
pub mod settling;
pub mod tries;

use contracts::{ProjectId, SessionId, UserId};
use kernel::auth::{Caller, Denied};
use kernel::store::Tx;

use super::store::persons::{self, Person, Status};
use super::store::sessions as session_store;
use crate::error::Error;

/// What came of something that is written down even where the answer is no: tries that were counted, a session that
/// was ended.
pub type Counted<T> = Result<Result<T, Error>, Error>;

/// A person who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    /// Who.
    pub user: UserId,
    /// The session, where the token names one.
    pub session: Option<SessionId>,
    /// The project that they act for.
    pub project: Option<ProjectId>,
}

impl Visitor {
    /// The person behind a token.
    pub fn of(caller: &Caller) -> Result<Self, Denied> {
        Ok(Self { user: caller.user()?, session: caller.session, project: caller.project() })
    }

    /// Their row, if their session goes on: a token outlives its session by minutes, and must not change anything.
    pub fn present(self, tx: &mut Tx<'_>) -> Result<Person, Error> {
        if let Some(session) = self.session {
            let live = session_store::live_session(tx, session)?;
            live.filter(|live| live.user_id == self.user).ok_or(Error::SignInAgain)?;
        }
        let person = persons::person(tx, self.user)?.ok_or(Error::NoSuch("person"))?;
        if person.status == Status::Active { Ok(person) } else { Err(Error::SignInAgain) }
    }
}
