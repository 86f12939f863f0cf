//! What somebody says of themselves, and the proof that mail and messages reach them.

use contracts::events::access::UserNamed;
use kernel::store::{Json, StoreError, Tx};

use super::Visitor;
use super::codes::{self, Challenge, Leaves, Wanted};
use super::contacts;
use crate::accounts::store::names::{self, NamedRow};
use crate::accounts::store::persons::{self, Person};
use crate::accounts::store::standing;
use crate::accounts::telling::{ProfileChanged, tell};
use crate::domain::code::{Channel, LIFE, Purpose, Then};
use crate::domain::contact::{Locale, Phone, PostalAddress};
use crate::domain::text::Title;
use crate::error::Error;

/// What is to be different; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// What they are called, or nothing any more.
    pub name: Option<Option<Title>>,
    /// Where messages reach them; another number is not verified.
    pub phone: Option<Option<Phone>>,
    /// Where letters reach them.
    pub address: Option<Option<PostalAddress>>,
    /// The language that they read.
    pub locale: Option<Locale>,
}

/// People whose names one run of the job tells.
const NAMES_AT_ONCE: u32 = 500;

/// Changes what somebody says of themselves.
pub fn change(
    tx: &mut Tx<'_>,
    visitor: Visitor,
    wanted: &ProfileChange,
    seen: Option<u64>,
) -> Result<Person, Error> {
    let before = visitor.present(tx)?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(StoreError::Conflict.into());
    }
    let mut after = before.clone();
    if let Some(name) = &wanted.name {
        after.name.clone_from(name);
    }
    if let Some(phone) = &wanted.phone
        && *phone != before.phone
    {
        after.phone.clone_from(phone);
        after.phone_verified_at = None;
    }
    if let Some(address) = &wanted.address {
        after.address = address.clone().map(Json);
    }
    if let Some(locale) = &wanted.locale {
        after.locale = locale.clone();
    }
    let changed = [
        ("name", after.name != before.name),
        ("phone", after.phone != before.phone),
        ("address", after.address != before.address),
        ("locale", after.locale != before.locale),
    ];
    let fields: Vec<String> =
        changed.iter().filter(|(_, differs)| *differs).map(|(field, _)| (*field).to_owned()).collect();
    if fields.is_empty() {
        return Ok(before);
    }
    after.version += 1;
    persons::update_profile(tx, &after)?;
    tell(tx, visitor.project, visitor.user, &ProfileChanged { user_id: visitor.user, fields })?;
    contacts::changed(tx, &before, &after)?;
    if after.name != before.name {
        let name = after.name.as_ref().map(ToString::to_string);
        // Each of their projects shows it to others.
        for project in standing::all_projects_of(tx, visitor.user)? {
            let named = UserNamed { user_id: visitor.user, name: name.clone() };
            tell(tx, Some(project), visitor.user, &named)?;
        }
    }
    Ok(after)
}

/// Tells what people are called who said it before that was told, some at a time, once.
pub fn tell_names(tx: &mut Tx<'_>) -> Result<(), Error> {
    let Some(until) = names::told_until(tx)? else { return Ok(()) };
    let named = names::named_after(tx, &until, NAMES_AT_ONCE)?;
    let Some(last) = named.last().map(|last| last.user_id) else { return Ok(names::delete_told_until(tx)?) };
    for NamedRow { user_id, name, project_id } in named {
        if project_id.is_some() {
            tell(tx, project_id, user_id, &UserNamed { user_id, name: Some(name.to_string()) })?;
        }
    }
    Ok(names::set_told_until(tx, last)?)
}

/// Sends a code to somebody's address, to prove that mail reaches them.
pub fn verify_email(tx: &mut Tx<'_>, visitor: Visitor) -> Result<Challenge, Error> {
    let person = visitor.present(tx)?;
    if person.email_verified_at.is_some() {
        return Err(Error::NotNow { code: "already_verified", message: "your address is verified already" });
    }
    let email = person.email.ok_or(Error::NoSuch("mail address"))?;
    let then = Then::EmailVerified(email.clone(), None);
    prove(tx, visitor, Purpose::VerifyEmail, Channel::Email, email.as_str(), then)
}

/// Sends a code to somebody's phone, to prove that messages reach them.
pub fn verify_phone(tx: &mut Tx<'_>, visitor: Visitor) -> Result<Challenge, Error> {
    let person = visitor.present(tx)?;
    if person.phone_verified_at.is_some() {
        return Err(Error::NotNow { code: "already_verified", message: "your number is verified already" });
    }
    let none = Error::NotNow { code: "no_phone", message: "say your number first" };
    let phone = person.phone.ok_or(none)?;
    let then = Then::PhoneVerified(phone.clone());
    prove(tx, visitor, Purpose::VerifyPhone, Channel::Sms, phone.as_str(), then)
}

fn prove(
    tx: &mut Tx<'_>,
    visitor: Visitor,
    purpose: Purpose,
    channel: Channel,
    destination: &str,
    then: Then,
) -> Result<Challenge, Error> {
    let wanted = Wanted {
        purpose,
        channel,
        destination: Some(destination),
        destination_mark: codes::destination_mark(tx, purpose, destination),
        project: visitor.project,
        then,
        life: LIFE,
        challenge: None,
        leaves: Leaves::Code(visitor.user),
    };
    codes::issue(tx, wanted)
}
