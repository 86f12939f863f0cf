//! Forgetting a person: what is theirs goes, and that there was somebody stays.

use contracts::UserId;
use contracts::events::access::UserErased;
use kernel::store::Tx;

use super::sessions::{end_all_but, why};
use crate::access;
use crate::accounts::store::{codes, persons, sessions, standing};
use crate::accounts::telling::tell;
use crate::error::Error;

/// Forgets a person, and has everybody forget them. Work of the system. What the law wants kept, such as orders and
/// payments, stays where it is under an id that leads to nobody.
pub fn erase(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    persons::person(tx, user)?.ok_or(Error::NoSuch("person"))?;
    let projects = standing::all_projects_of(tx, user)?;
    end_all_but(tx, user, None, why::ERASED)?;
    sessions::forget_places(tx, user)?;
    persons::delete_recovery_codes(tx, user)?;
    codes::delete_codes_of(tx, user)?;
    persons::delete_operator(tx, user)?;
    persons::anonymise(tx, user)?;
    access::forget(tx, user)?;
    // Each project keeps things of its own about them; whoever was in none is still told to the rest.
    let told = UserErased { user_id: user };
    if projects.is_empty() {
        tell(tx, None, user, &told)?;
    }
    for project in projects {
        tell(tx, Some(project), user, &told)?;
    }
    Ok(())
}
