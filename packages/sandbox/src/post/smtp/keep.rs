//! Storing a mail that came in, and who was told to come back.

use std::time::Duration;

use kernel::store::{Scope, Store, StoreError};

use super::super::commands;
use super::super::message::{Message, MessageId};
use super::super::mime::Letter;
use super::super::store;

/// Who does not come back within it is told once more to come back.
const GREYLISTED_FOR: Duration = Duration::from_secs(86_400);

/// Stores a mail; when this returns it survives a crash.
pub async fn keep(
    into: &Store,
    sender: String,
    recipients: Vec<String>,
    raw: Vec<u8>,
) -> Result<MessageId, StoreError> {
    let letter = Letter::read(&raw);
    into.write(Scope::System("receiving mail"), move |tx| {
        let message = Message::mail(tx.new_id(), tx.now(), &sender, &recipients, &letter, &raw);
        commands::keep(tx, &message)?;
        Ok(message.id)
    })
    .await
}

/// Whether this sender has been told before to come back to this recipient.
pub async fn has_come_back(into: &Store, sender: String, recipient: String) -> Result<bool, StoreError> {
    into.write(Scope::System("greylisting mail"), move |tx| {
        store::forget_greylisted(tx, tx.now().saturating_sub(GREYLISTED_FOR))?;
        store::greylist(tx, &sender, &recipient).map(|is_new| !is_new)
    })
    .await
}
