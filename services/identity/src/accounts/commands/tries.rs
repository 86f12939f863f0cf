//! Wrong tries: counted by marks of whom and from where, so that the table says nothing of anybody.

use std::net::IpAddr;

use contracts::UserId;
use kernel::store::Tx;

use crate::accounts::store::attempts as store;
use crate::domain::attempts::{Counted, place, wait};
use crate::domain::contact::Email;
use crate::error::Error;

/// Who stands at the door: nothing of it is proven.
#[derive(Clone, Debug)]
pub struct Stranger {
    /// The address that they name.
    pub email: Email,
    /// Where they call from.
    pub from: Option<IpAddr>,
}

impl Stranger {
    /// Names what is told of them, without saying who they claim to be.
    pub fn mark(&self, tx: &Tx<'_>) -> String {
        tx.keys().keyring.macs(USE).mark(format!("password {}", self.email).as_bytes())
    }
}

const USE: &[u8] = b"attempts";

/// Whether a password may be tried now; addresses that nobody has are treated alike.
pub fn may_try(tx: &mut Tx<'_>, who: &Stranger) -> Result<(), Error> {
    for (mark, counted) in marks(tx, who) {
        check(tx, &mark, counted)?;
    }
    Ok(())
}

/// A password was wrong.
pub fn failed(tx: &mut Tx<'_>, who: &Stranger) -> Result<(), Error> {
    for (mark, _) in marks(tx, who) {
        store::count_failure(tx, &mark)?;
    }
    Ok(())
}

/// The password was right.
pub fn succeeded(tx: &mut Tx<'_>, who: &Stranger) -> Result<(), Error> {
    for (mark, _) in marks(tx, who) {
        store::clear(tx, &mark)?;
    }
    Ok(())
}

/// Whether a code of the second factor may be tried now.
pub fn may_try_code(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    let mark = code_mark(tx, user);
    check(tx, &mark, Counted::SecondFactor)
}

/// A code of the second factor was wrong.
pub fn code_failed(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    let mark = code_mark(tx, user);
    Ok(store::count_failure(tx, &mark)?)
}

/// The code of the second factor was right.
pub fn code_succeeded(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    let mark = code_mark(tx, user);
    Ok(store::clear(tx, &mark)?)
}

fn check(tx: &mut Tx<'_>, mark: &str, counted: Counted) -> Result<(), Error> {
    let failures = store::failures(tx, mark)?;
    match wait(failures, counted, tx.now()) {
        Some(retry_after) => Err(Error::TooMany { retry_after }),
        None => Ok(()),
    }
}

fn marks(tx: &Tx<'_>, who: &Stranger) -> [(String, Counted); 2] {
    let macs = tx.keys().keyring.macs(USE);
    let here = format!("password {} {}", who.email, place(who.from));
    let anywhere = format!("password {}", who.email);
    [
        (macs.mark(here.as_bytes()), Counted::FromOnePlace),
        (macs.mark(anywhere.as_bytes()), Counted::FromAnywhere),
    ]
}

fn code_mark(tx: &Tx<'_>, user: UserId) -> String {
    tx.keys().keyring.macs(USE).mark(format!("code {user}").as_bytes())
}
