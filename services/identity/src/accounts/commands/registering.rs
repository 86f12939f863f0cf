//! Registering, and being invited: how somebody becomes known.

use contracts::events::access::UserNamed;
use contracts::events::{NotificationSend, UserCreated};
use contracts::{ProjectId, UserId};
use kernel::store::Tx;
use serde_json::Map;

use super::codes::{self, Challenge, Leaves, Wanted};
use super::houses;
use crate::access;
use crate::accounts::store::persons::{self, NewPerson, Person, Status};
use crate::accounts::store::standing::{self, House};
use crate::accounts::telling::tell;
use crate::domain::code::{Acting, Channel, Entry, INVITATION_LIFE, LIFE, Purpose, Then};
use crate::domain::contact::{Email, Phone};
use crate::domain::text::Title;
use crate::error::Error;

/// Somebody who wants to be known.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Where mail reaches them.
    pub email: Email,
    /// Where messages reach them.
    pub phone: Option<Phone>,
    /// What they are called.
    pub name: Option<Title>,
    /// The project that they want to belong to, if they say so.
    pub project: Option<String>,
    /// The project of those who do not say so.
    pub usual: Option<String>,
    /// Whether the tokens go into cookies, once they are in.
    pub cookie: bool,
}

/// What came of a registration: never whether the address was known.
pub enum Registered {
    /// The address is to be verified.
    Asked(Challenge),
    /// They may sign in.
    Done,
}

const CLOSED: Error = Error::Forbidden("this project takes no registrations");
const ACCOUNT_EXISTS: &str = "account_exists";

/// The project that somebody may register for.
pub fn open_house(tx: &mut Tx<'_>, name: Option<&str>, usual: Option<&str>) -> Result<House, Error> {
    let house = houses::named_or_usual(tx, name, usual)?.filter(|house| house.active);
    let house = house.ok_or_else(|| Error::field("project", "names no project"))?;
    if house.settings.0.registration { Ok(house) } else { Err(CLOSED) }
}

/// Makes somebody known. Whoever has the address already hears of it by mail; whoever asked does not.
pub fn register(tx: &mut Tx<'_>, wanted: &Registration, hash: &str) -> Result<Registered, Error> {
    let house = open_house(tx, wanted.project.as_deref(), wanted.usual.as_deref())?;
    let id: UserId = tx.new_id();
    let (phone, name) = (wanted.phone.as_ref(), wanted.name.as_ref());
    let new = NewPerson { id, email: &wanted.email, phone, password_hash: Some(hash), name };
    let is_new = persons::insert_person(tx, &new)?;
    let leaves = if is_new {
        introduce(tx, house.id, id, new.email, new.phone, new.name)?;
        access::join(tx, house.id, id, &[])?;
        Leaves::Code(id)
    } else {
        Leaves::Notice(account_exists(tx, &wanted.email)?)
    };
    let leaves = match leaves {
        Leaves::Code(_) if !house.settings.0.verify_email => Leaves::Nothing,
        leaves => leaves,
    };
    let entry = Entry { acting: Acting::Project(house.id), device: None, cookie: wanted.cookie };
    let code = Wanted {
        purpose: Purpose::VerifyEmail,
        channel: Channel::Email,
        destination: Some(wanted.email.as_str()),
        destination_mark: codes::destination_mark(tx, Purpose::VerifyEmail, wanted.email.as_str()),
        project: Some(house.id),
        then: Then::EmailVerified(wanted.email.clone(), Some(entry)),
        life: LIFE,
        challenge: None,
        leaves,
    };
    let challenge = codes::issue(tx, code)?;
    Ok(if house.settings.0.verify_email { Registered::Asked(challenge) } else { Registered::Done })
}

/// Finds whoever has this address, or makes them known; a person without a password is sent a code to choose one. A
/// project that they are new to hears of them as of anybody new.
pub fn invite(tx: &mut Tx<'_>, project: ProjectId, email: &str, name: Option<&str>) -> Result<UserId, Error> {
    let email = Email::parse(email).map_err(|bad| Error::field("email", bad.to_string()))?;
    let name = name.map(|name| Title::try_from(name.to_owned())).transpose();
    let name = name.map_err(|bad| Error::field("name", bad.to_string()))?;
    if let Some(known) = persons::by_email(tx, &email)? {
        if !standing::all_projects_of(tx, known.id)?.contains(&project) {
            // Whoever invites has the address; a number is for those to whom it was said.
            introduce(tx, project, known.id, &email, None, known.name.as_ref())?;
        }
        if known.password_hash.is_none() && known.status == Status::Active {
            send_invitation(tx, project, known.id, &email)?;
        }
        return Ok(known.id);
    }
    let id: UserId = tx.new_id();
    let new = NewPerson { id, email: &email, phone: None, password_hash: None, name: name.as_ref() };
    if !persons::insert_person(tx, &new)? {
        return Err(kernel::store::StoreError::Conflict.into());
    }
    introduce(tx, project, id, new.email, new.phone, new.name)?;
    send_invitation(tx, project, id, &email)?;
    Ok(id)
}

fn send_invitation(tx: &mut Tx<'_>, project: ProjectId, user: UserId, email: &Email) -> Result<(), Error> {
    let wanted = Wanted {
        purpose: Purpose::PasswordReset,
        channel: Channel::Email,
        destination: Some(email.as_str()),
        destination_mark: codes::destination_mark(tx, Purpose::PasswordReset, email.as_str()),
        project: Some(project),
        then: Then::NewPassword,
        life: INVITATION_LIFE,
        challenge: None,
        leaves: Leaves::Code(user),
    };
    codes::issue(tx, wanted).map(drop)
}

/// Tells a project of somebody new to it.
fn introduce(
    tx: &mut Tx<'_>,
    project: ProjectId,
    user: UserId,
    email: &Email,
    phone: Option<&Phone>,
    name: Option<&Title>,
) -> Result<(), Error> {
    let (email, phone) = (Some(email.to_string()), phone.map(Phone::to_string));
    tell(tx, Some(project), user, &UserCreated { user_id: user, email, phone })?;
    if let Some(name) = name {
        tell(tx, Some(project), user, &UserNamed { user_id: user, name: Some(name.to_string()) })?;
    }
    Ok(())
}

/// Tells the owner of an address that somebody has tried to register it.
fn account_exists(tx: &mut Tx<'_>, email: &Email) -> Result<NotificationSend, Error> {
    let known: Option<Person> = persons::by_email(tx, email)?;
    Ok(NotificationSend {
        channel: Channel::Email.as_str().to_owned(),
        recipient: email.to_string(),
        payload: Map::new(),
        template_id: Some(ACCOUNT_EXISTS.to_owned()),
        user_id: known.map(|known| known.id),
        idempotency_key: None,
    })
}
