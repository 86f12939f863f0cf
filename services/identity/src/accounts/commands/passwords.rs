//! New passwords: by whoever knows the old one, or has the code that was sent.

use std::net::IpAddr;

use contracts::{OtpId, UserId};
use kernel::store::Tx;

use super::codes::{self, Challenge, Leaves, Redeemed, Wanted};
use super::sessions::{end_all_but, why};
use super::tries::{self, Stranger};
use super::{Counted, Visitor, contacts, houses};
use crate::accounts::hashing::Checked;
use crate::accounts::store::codes as code_store;
use crate::accounts::store::persons::{self, Person, Status};
use crate::accounts::telling::{LoginFailed, PasswordChanged, tell};
use crate::domain::code::{Acting, Channel, LIFE, Purpose, Then};
use crate::domain::contact::Email;
use crate::domain::password;
use crate::error::Error;

/// What a new password's code answers.
#[derive(Clone, Debug)]
pub enum Answers {
    /// A challenge.
    Challenge(OtpId),
    /// The latest that went to this address: how an invitation is answered.
    Latest(Email),
}

/// A password that somebody has shown who is signed in.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What came of checking it.
    pub checked: Checked,
    /// What it was checked against.
    pub seen: Option<String>,
    /// The field that it came in.
    pub field: &'static str,
}

/// Sends a code for a new password, where somebody has that address; the answer is the same where nobody has.
pub fn forgot(
    tx: &mut Tx<'_>,
    email: &Email,
    project: Option<&str>,
    usual: Option<&str>,
) -> Result<Challenge, Error> {
    let person = persons::by_email(tx, email)?.filter(|person| person.status == Status::Active);
    let in_whose_name = match &person {
        Some(person) => in_whose_name(tx, person.id, project, usual)?,
        None => None,
    };
    let leaves = match (&person, in_whose_name) {
        (Some(person), Some(_)) => Leaves::Code(person.id),
        (Some(_), None) | (None, _) => Leaves::Nothing,
    };
    let wanted = Wanted {
        purpose: Purpose::PasswordReset,
        channel: Channel::Email,
        destination: Some(email.as_str()),
        destination_mark: codes::destination_mark(tx, Purpose::PasswordReset, email.as_str()),
        project: in_whose_name.and_then(Acting::project),
        then: Then::NewPassword,
        life: LIFE,
        challenge: None,
        leaves,
    };
    codes::issue(tx, wanted)
}

/// Sets a new password for whoever has the code, and ends all their sessions.
pub fn reset(
    tx: &mut Tx<'_>,
    answers: &Answers,
    code: &str,
    new: (&str, &str),
    from: Option<IpAddr>,
) -> Counted<()> {
    let challenge = match answers {
        Answers::Challenge(challenge) => Some(*challenge),
        Answers::Latest(email) => {
            let mark = codes::destination_mark(tx, Purpose::PasswordReset, email.as_str());
            code_store::newest_reset(tx, &mark)?
        }
    };
    let Some(challenge) = challenge else { return Ok(Err(Error::NotRight)) };
    let fits = |purpose| purpose == Purpose::PasswordReset;
    let Redeemed { user, project, .. } = match codes::redeem(tx, challenge, code, fits)? {
        Ok(redeemed) => redeemed,
        Err(refused) => return Ok(Err(refused)),
    };
    let person = persons::person(tx, user)?.filter(|person| person.status == Status::Active);
    let Some(person) = person else { return Ok(Err(Error::NotRight)) };
    let Some(email) = person.email.clone() else { return Ok(Err(Error::NotRight)) };
    let (password, hash) = new;
    password::check(password, Some(&email)).map_err(|weak| Error::field("new_password", weak.to_string()))?;
    persons::set_password(tx, user, hash)?;
    // The code came by mail.
    contacts::prove_email(tx, &person, project)?;
    tries::succeeded(tx, &Stranger { email, from })?;
    tell(tx, project, user, &PasswordChanged { user_id: user, how: "reset".to_owned() })?;
    end_all_but(tx, user, None, why::PASSWORD_CHANGED)?;
    Ok(Ok(()))
}

/// In whose name a person is written to: the project that was named, if they belong to it, since its name must not be
/// lent to a mail to anybody; else the usual one, one of theirs, or the platform.
fn in_whose_name(
    tx: &mut Tx<'_>,
    user: UserId,
    project: Option<&str>,
    usual: Option<&str>,
) -> Result<Option<Acting>, Error> {
    if let Some(acting) = houses::acting(tx, project, usual, Some(user))?
        && houses::standing(tx, user, acting)?.is_some()
    {
        return Ok(Some(acting));
    }
    if project.is_some() {
        return Ok(None);
    }
    let own = houses::first_project(tx, user)?;
    Ok(Some(own.map_or(Acting::Platform, Acting::Project)))
}

/// What the password of somebody who is signed in is checked against. Asked before any hashing.
pub fn hash_of(tx: &mut Tx<'_>, visitor: Visitor, from: Option<IpAddr>) -> Result<Person, Error> {
    let person = visitor.present(tx)?;
    if let Some(email) = person.email.clone() {
        tries::may_try(tx, &Stranger { email, from })?;
    }
    Ok(person)
}

/// Whether somebody who is signed in has shown their password; a wrong one counts.
pub fn shown(tx: &mut Tx<'_>, visitor: Visitor, tried: &Tried, from: Option<IpAddr>) -> Counted<Person> {
    let person = visitor.present(tx)?;
    let stranger = person.email.clone().map(|email| Stranger { email, from });
    if let Some(stranger) = &stranger
        && let Err(wait) = tries::may_try(tx, stranger)
    {
        return Ok(Err(wait));
    }
    if tried.checked.right && person.password_hash == tried.seen {
        if let Some(stranger) = &stranger {
            tries::succeeded(tx, stranger)?;
        }
        return Ok(Ok(person));
    }
    if let Some(stranger) = &stranger {
        tries::failed(tx, stranger)?;
    }
    let told = LoginFailed { user_id: Some(visitor.user), method: "password".to_owned() };
    tell(tx, visitor.project, visitor.user, &told)?;
    Ok(Err(Error::field(tried.field, "is not right")))
}

/// Sets a new password for somebody who has shown the old one, and ends their other sessions.
pub fn change(tx: &mut Tx<'_>, visitor: Visitor, hash: &str) -> Result<(), Error> {
    persons::set_password(tx, visitor.user, hash)?;
    let told = PasswordChanged { user_id: visitor.user, how: "changed".to_owned() };
    tell(tx, visitor.project, visitor.user, &told)?;
    end_all_but(tx, visitor.user, visitor.session, why::PASSWORD_CHANGED)
}
