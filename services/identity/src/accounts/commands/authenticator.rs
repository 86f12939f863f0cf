//! Authenticators and the codes for when they are lost.

use contracts::{ProjectId, UserId};
use kernel::secrets::random;
use kernel::store::Tx;

use super::{Visitor, tries};
use crate::accounts::store::{persons, sessions, standing};
use crate::accounts::telling::{AuthenticatorAdded, AuthenticatorRemoved, RecoveryCodeUsed, tell};
use crate::domain::code::{RECOVERY_CODES, Typed, recovery_code};
use crate::domain::session::with_code;
use crate::domain::totp::{SECRET_LEN, base32, otpauth_url, step_of};
use crate::error::Error;

/// An authenticator to be set up.
pub struct NewAuthenticator {
    /// The secret, to be typed.
    pub secret: String,
    /// The same as the picture has it.
    pub url: String,
}

const RECOVERY: &[u8] = b"recovery codes";
const PLATFORM_NAME: &str = "Stoa";
const EXISTS: Error = Error::NotNow {
    code: "authenticator_exists",
    message: "you have an authenticator; remove it before you set up another one",
};
const NOT_BEGUN: Error = Error::NotNow {
    code: "authenticator_not_begun",
    message: "ask for the secret of an authenticator first",
};

/// Gives somebody a secret for their authenticator; it counts once they have shown a code of it.
pub fn begin(tx: &mut Tx<'_>, visitor: Visitor) -> Result<NewAuthenticator, Error> {
    let person = visitor.present(tx)?;
    if person.has_authenticator() {
        return Err(EXISTS);
    }
    let secret: [u8; SECRET_LEN] = random()?;
    let sealed = tx.keys().keyring.seal(&place(visitor.user), &secret)?;
    persons::set_totp(tx, visitor.user, &sealed)?;
    let house = match visitor.project {
        Some(project) => standing::house(tx, project)?,
        None => None,
    };
    let issuer = house.map_or_else(|| PLATFORM_NAME.to_owned(), |house| house.name);
    let account = person.email.map_or_else(|| visitor.user.to_string(), |email| email.to_string());
    Ok(NewAuthenticator { secret: base32(&secret), url: otpauth_url(&issuer, &account, &secret) })
}

/// Takes an authenticator into use, and answers with the codes for when it is lost.
pub fn confirm(tx: &mut Tx<'_>, visitor: Visitor, text: &str) -> Result<Vec<String>, Error> {
    let person = visitor.present(tx)?;
    if person.has_authenticator() {
        return Err(EXISTS);
    }
    let sealed = person.totp.ok_or(NOT_BEGUN)?;
    let secret = tx.keys().keyring.open(&place(visitor.user), &sealed)?;
    let step = match Typed::parse(text) {
        Some(Typed::Digits(digits)) => step_of(&secret, &digits, seconds(tx), None),
        Some(Typed::Recovery(_)) | None => None,
    };
    let step = step.ok_or_else(|| Error::field("code", "is not what the authenticator shows now"))?;
    persons::confirm_totp(tx, visitor.user, step)?;
    if let Some(session) = visitor.session
        && let Some(live) = sessions::live_session(tx, session)?
    {
        // They have just shown both; their other sessions are asked at their next refresh.
        sessions::set_methods(tx, session, &with_code(&live.methods))?;
    }
    tell(tx, visitor.project, visitor.user, &AuthenticatorAdded { user_id: visitor.user })?;
    new_recovery_codes(tx, visitor.user)
}

/// Removes somebody's authenticator; that the password was right has been seen.
pub fn remove(tx: &mut Tx<'_>, visitor: Visitor) -> Result<(), Error> {
    let person = visitor.present(tx)?;
    if person.totp.is_none() {
        return Err(Error::NoSuch("authenticator"));
    }
    persons::remove_totp(tx, visitor.user)?;
    persons::delete_recovery_codes(tx, visitor.user)?;
    Ok(tell(tx, visitor.project, visitor.user, &AuthenticatorRemoved { user_id: visitor.user })?)
}

/// Whether a code is that of somebody's authenticator, or a recovery code of theirs; either is good once.
pub fn answers(
    tx: &mut Tx<'_>,
    user: UserId,
    project: Option<ProjectId>,
    typed: &Typed,
) -> Result<bool, Error> {
    let right = match typed {
        Typed::Digits(digits) => shows(tx, user, digits)?,
        Typed::Recovery(code) => recovers(tx, user, project, code)?,
    };
    if right {
        tries::code_succeeded(tx, user)?;
    } else {
        tries::code_failed(tx, user)?;
    }
    Ok(right)
}

fn shows(tx: &mut Tx<'_>, user: UserId, digits: &str) -> Result<bool, Error> {
    let Some(person) = persons::person(tx, user)?.filter(persons::Person::has_authenticator) else {
        return Ok(false);
    };
    let Some(sealed) = person.totp else { return Ok(false) };
    let secret = tx.keys().keyring.open(&place(user), &sealed)?;
    match step_of(&secret, digits, seconds(tx), person.totp_step) {
        Some(step) => Ok(persons::use_totp_step(tx, user, step)?),
        None => Ok(false),
    }
}

fn recovers(tx: &mut Tx<'_>, user: UserId, project: Option<ProjectId>, code: &str) -> Result<bool, Error> {
    let marks = persons::recovery_marks(tx, user)?;
    let macs = tx.keys().keyring.macs(RECOVERY);
    let Some(mark) = marks.iter().find(|mark| macs.is_of(mark, &marked(user, code))) else {
        return Ok(false);
    };
    if !persons::use_recovery_mark(tx, user, mark)? {
        return Ok(false);
    }
    let left = u32::try_from(marks.len() - 1).unwrap_or(u32::MAX);
    tell(tx, project, user, &RecoveryCodeUsed { user_id: user, left })?;
    Ok(true)
}

fn new_recovery_codes(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<String>, Error> {
    persons::delete_recovery_codes(tx, user)?;
    let macs = tx.keys().keyring.macs(RECOVERY);
    let codes: Vec<String> =
        (0..RECOVERY_CODES).map(|_| random().map(recovery_code)).collect::<Result<_, _>>()?;
    let marks: Vec<String> =
        codes.iter().map(|code| macs.mark(&marked(user, &code.replace('-', "")))).collect();
    persons::insert_recovery_marks(tx, user, &marks)?;
    Ok(codes)
}

fn marked(user: UserId, bare: &str) -> Vec<u8> {
    format!("{user} {bare}").into_bytes()
}

fn place(user: UserId) -> Vec<u8> {
    format!("users.totp:{user}").into_bytes()
}

fn seconds(tx: &Tx<'_>) -> i64 {
    tx.now().as_millis().div_euclid(1_000)
}
