//! What one can do with the inbox: put a message into it.

use kernel::store::{StoreError, Tx};

use super::message::{KEPT_MAX, Message};
use super::store;

/// Keeps a message, and forgets the oldest where there are too many.
pub fn keep(tx: &mut Tx<'_>, message: &Message) -> Result<(), StoreError> {
    store::insert_message(tx, message)?;
    store::insert_recipients(tx, message)?;
    store::forget_old_messages(tx, KEPT_MAX).map(drop)
}
