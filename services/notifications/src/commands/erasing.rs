//! Forgetting a person.

use contracts::UserId;
use kernel::store::Tx;

use crate::domain::notification::Reason;
use crate::error::Error;
use crate::store;

/// Forgets where somebody is reached and what was said to them; that something was said stays.
pub fn erase(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    store::people::delete_contact(tx, user)?;
    store::people::delete_orders(tx, user)?;
    store::people::delete_preferences(tx, user)?;
    store::inbox::empty(tx, user)?;
    store::notifications::suppress_open_of(tx, user, Reason::Erased)?;
    store::notifications::clear_of(tx, user)?;
    Ok(())
}
