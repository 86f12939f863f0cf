//! What providers say later about what they took. Work of the system: a receipt names a message and no project.

use kernel::store::Tx;

use super::delivering::settle;
use crate::channels::Provider;
use crate::domain::notification::{Channel, Move, Reason};
use crate::error::Error;
use crate::settings::provider_name;
use crate::store;

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is on its way.
    Sent,
    /// It has arrived.
    Delivered,
    /// It will not arrive.
    Failed {
        /// Whether nothing sent to this address ever will.
        permanent: bool,
    },
}

/// Believes a receipt, as far as it says more than is known: receipts come late, twice and in any order. Says
/// whether the message is one of ours.
pub fn apply(tx: &mut Tx<'_>, provider: Provider, reference: &str, receipt: Receipt) -> Result<bool, Error> {
    let found = store::notifications::by_reference(tx, provider_name(provider), reference)?;
    let Some(found) = found else { return Ok(false) };
    let project = found.project_id;
    let Some(kept) = store::notifications::lock(tx, project, found.id)? else { return Ok(false) };
    let (moved, reason) = match receipt {
        Receipt::Sent => (Move::Send, None),
        Receipt::Delivered => (Move::Deliver, None),
        Receipt::Failed { .. } => (Move::Fail, Some(Reason::BadRecipient)),
    };
    if let (Receipt::Failed { permanent: true }, Some(address)) = (receipt, &kept.recipient)
        && matches!(kept.channel, Channel::Email | Channel::Sms)
        && kept.state.after(moved).is_some()
    {
        store::people::suppress(tx, project, kept.channel, address, "", "bad_recipient")?;
    }
    settle(tx, project, kept, moved, reason, Some("by a receipt"))?;
    Ok(true)
}
