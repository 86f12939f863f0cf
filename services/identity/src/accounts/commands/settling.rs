//! Putting people in place who need no proof: those of demo data, and the platform's first operator.

use contracts::events::UserCreated;
use contracts::{ProjectId, UserId};
use kernel::store::{Json, Tx};

use crate::accounts::store::persons::{self, NewPerson};
use crate::accounts::store::standing;
use crate::accounts::telling::tell;
use crate::domain::contact::Email;
use crate::domain::text::Title;
use crate::error::Error;

/// Somebody who is to be known.
#[derive(Clone, Copy, Debug)]
pub struct Settler<'a> {
    /// Under which id.
    pub id: UserId,
    /// Where mail reaches them; it counts as verified.
    pub email: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// What their password is checked against.
    pub password_hash: &'a str,
}

/// Makes somebody known who may sign in at once; says whether the address was free.
pub fn settle(tx: &mut Tx<'_>, settler: &Settler<'_>) -> Result<bool, Error> {
    let email = Email::parse(settler.email).map_err(|bad| Error::field("email", bad.to_string()))?;
    let name =
        Title::try_from(settler.name.to_owned()).map_err(|bad| Error::field("name", bad.to_string()))?;
    let (id, password_hash) = (settler.id, Some(settler.password_hash));
    let new = NewPerson { id, email: &email, phone: None, password_hash, name: Some(&name) };
    if !persons::insert_person(tx, &new)? {
        return Ok(false);
    }
    persons::set_email_verified(tx, id)?;
    tell(tx, None, id, &UserCreated { user_id: id, email: Some(email.to_string()), phone: None })?;
    Ok(true)
}

/// Lets somebody run the platform itself.
pub fn make_operator(tx: &mut Tx<'_>, user: UserId, permissions: &[&str]) -> Result<(), Error> {
    let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    Ok(standing::insert_operator(tx, user, &Json(permissions))?)
}

/// Whether there is this project.
pub fn knows_project(tx: &mut Tx<'_>, project: ProjectId) -> Result<bool, Error> {
    Ok(standing::house(tx, project)?.is_some())
}
