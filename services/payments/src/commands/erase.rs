//! Somebody is forgotten, as far as their money need not be accounted for.

use contracts::UserId;
use kernel::store::Tx;

use crate::error::Error;
use crate::store;

/// Drops what leads to a person. What was paid and paid out stays, under an id that leads nowhere any more.
pub fn erase(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    // While the payments still say whose they are.
    store::empty_messages_of(tx, user)?;
    store::forget_secrets_of(tx, user)?;
    store::forget_payer(tx, user)?;
    store::forget_payee(tx, user)?;
    store::delete_payables(tx, user)?;
    Ok(())
}
