//! One click ends mail of one category to one address.

use kernel::store::Tx;

use crate::domain::notification::Channel;
use crate::domain::unsubscribe::Unwanted;
use crate::error::Error;
use crate::store;

/// Sends no mail of this category to this address any more. Twice is once.
pub fn unsubscribe(tx: &mut Tx<'_>, unwanted: &Unwanted) -> Result<(), Error> {
    let category = unwanted.category.as_str();
    let address = unwanted.address.as_str();
    Ok(store::people::suppress(tx, unwanted.project, Channel::Email, address, category, "unsubscribed")?)
}
