//! By which addresses others may find somebody: told to each of their projects, and again whenever that changes.
//!
//! An address is theirs once that is proven; a mail address also where the project does not ask for proof. A number is
//! for projects that its owner has come into, not for whoever invites them.

use contracts::events::access::UserContactsChanged;
use contracts::{ProjectId, UserId};
use kernel::store::Tx;

use crate::access;
use crate::accounts::store::contacts::{self as store, FoundRow, Home};
use crate::accounts::store::persons::{self, Person};
use crate::accounts::store::standing;
use crate::accounts::telling::{EmailVerified, PhoneVerified, tell};
use crate::domain::contact::{Phone, Reach};
use crate::domain::project::ProjectSettings;
use crate::error::Error;

/// People that one run of the job tells of.
const TOLD_AT_ONCE: u32 = 500;

/// Tells a project by what its new member is found there.
pub fn joined(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<(), Error> {
    // Held, so that what is proven meanwhile is told by one of the two.
    let Some(person) = persons::held_person(tx, user)? else { return Ok(()) };
    match store::home_of(tx, project, user)? {
        Some(home) => tell_change(tx, &home, user, &Reach::default(), &reach(&person, &home)),
        None => Ok(()),
    }
}

/// Somebody comes into a project themselves: from the first time on it knows their number.
pub fn entered(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<(), Error> {
    if !access::enter(tx, project, user)? {
        return Ok(());
    }
    let Some(person) = persons::held_person(tx, user)? else { return Ok(()) };
    let Some(home) = store::home_of(tx, project, user)? else { return Ok(()) };
    let before = Home { entered: false, ..home.clone() };
    tell_change(tx, &home, user, &reach(&person, &before), &reach(&person, &home))
}

/// Tells each project of somebody's by what they are found there, where that is not what it was.
pub fn changed(tx: &mut Tx<'_>, before: &Person, after: &Person) -> Result<(), Error> {
    for home in store::homes_of(tx, after.id)? {
        tell_change(tx, &home, after.id, &reach(before, &home), &reach(after, &home))?;
    }
    Ok(())
}

/// Mail is proven to reach somebody. Twice is once.
pub fn prove_email(tx: &mut Tx<'_>, before: &Person, project: Option<ProjectId>) -> Result<(), Error> {
    let user = before.id;
    if !persons::set_email_verified(tx, user)? {
        return Ok(());
    }
    tell(tx, project, user, &EmailVerified { user_id: user })?;
    changed(tx, before, &Person { email_verified_at: Some(tx.now()), ..before.clone() })
}

/// Messages are proven to reach somebody at a number, where it still is theirs. Twice is once.
pub fn prove_phone(
    tx: &mut Tx<'_>,
    user: UserId,
    phone: &Phone,
    project: Option<ProjectId>,
) -> Result<(), Error> {
    let Some(before) = persons::person(tx, user)? else { return Ok(()) };
    if !persons::set_phone_verified(tx, user, phone)? {
        return Ok(());
    }
    // Whoever proves it is there, also with a session that is older than entries are.
    if let Some(project) = project {
        access::enter(tx, project, user)?;
    }
    tell(tx, project, user, &PhoneVerified { user_id: user })?;
    changed(tx, &before, &Person { phone_verified_at: Some(tx.now()), ..before.clone() })
}

/// A project asks for proof of mail addresses, or no more: those without it are to be told of.
pub fn demand_changed(tx: &mut Tx<'_>, project: ProjectId) -> Result<(), Error> {
    Ok(store::tell_unproven(tx, project)?)
}

/// Tells of members who are to be told of, some at a time.
pub fn tell_members(tx: &mut Tx<'_>) -> Result<(), Error> {
    let Some(asked) = store::first_to_tell(tx)? else { return Ok(()) };
    let Some(house) = standing::house(tx, asked.project)? else {
        return Ok(store::delete_to_tell(tx, asked.project)?);
    };
    // Held, so that what is proven meanwhile is told after this and not before it.
    store::hold_members_after(tx, &asked, TOLD_AT_ONCE)?;
    let found = store::members_after(tx, &asked, TOLD_AT_ONCE)?;
    let last = found.last().map(|last| last.id);
    for row in found {
        let user = row.id;
        let now = reach_of(row, &house.settings.0);
        // Who was never told of and is not found need not be told of; who was told of may be found no more.
        if asked.unproven || now != Reach::default() {
            tell_reach(tx, asked.project, user, &now)?;
        }
    }
    match last {
        Some(last) => Ok(store::set_until(tx, asked.project, last)?),
        None => Ok(store::delete_to_tell(tx, asked.project)?),
    }
}

fn reach(person: &Person, home: &Home) -> Reach {
    let row = FoundRow {
        id: person.id,
        email: person.email.clone(),
        email_verified_at: person.email_verified_at,
        phone: person.phone.clone(),
        phone_verified_at: person.phone_verified_at,
        entered: home.entered,
    };
    reach_of(row, &home.settings.0)
}

fn reach_of(row: FoundRow, settings: &ProjectSettings) -> Reach {
    let email = row.email.filter(|_| row.email_verified_at.is_some() || !settings.verify_email);
    Reach { email, phone: row.phone.filter(|_| row.phone_verified_at.is_some() && row.entered) }
}

fn tell_change(
    tx: &mut Tx<'_>,
    home: &Home,
    user: UserId,
    before: &Reach,
    after: &Reach,
) -> Result<(), Error> {
    if before == after { Ok(()) } else { tell_reach(tx, home.id, user, after) }
}

fn tell_reach(tx: &mut Tx<'_>, project: ProjectId, user: UserId, reach: &Reach) -> Result<(), Error> {
    let email = reach.email.as_ref().map(ToString::to_string);
    let phone = reach.phone.as_ref().map(ToString::to_string);
    Ok(tell(tx, Some(project), user, &UserContactsChanged { user_id: user, email, phone })?)
}
