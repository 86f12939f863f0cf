//! The statements on the messages of providers.

use contracts::{PaymentId, Timestamp};
use kernel::params;
use kernel::store::{StoreError, Tx};

use crate::domain::{PayoutId, ProviderName};

/// What a message turned out to be about.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// A payment of ours.
    pub payment: Option<PaymentId>,
    /// A payout of ours.
    pub payout: Option<PayoutId>,
}

/// A message as it is kept.
#[derive(Clone, Debug)]
pub struct Message<'m> {
    /// Whose it is.
    pub provider: ProviderName,
    /// Its id.
    pub event: &'m str,
    /// What kind it is.
    pub kind: &'m str,
    /// When it happened, by the provider's clock.
    pub told_at: Timestamp,
    /// What it said, sealed.
    pub payload: String,
}

/// Keeps a message; says whether it is a new one.
pub fn insert_message(tx: &mut Tx<'_>, message: &Message<'_>) -> Result<bool, StoreError> {
    let kept = tx.run(
        "insert into webhook_events (project_id, provider, event_id, kind, payload, told_at, heard_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (project_id, provider, event_id) do nothing",
        params![
            tx.project()?,
            message.provider,
            message.event,
            message.kind,
            message.payload,
            message.told_at,
            tx.now()
        ],
    )?;
    Ok(kept == 1)
}

/// What a message said, sealed, if it has not been applied.
pub fn kept_message(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    event: &str,
) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = tx.row(
        "select payload from webhook_events
         where project_id = $1 and provider = $2 and event_id = $3 and outcome is null",
        params![tx.project()?, provider, event],
    )?;
    Ok(row.map(|(payload,)| payload))
}

/// Writes down what a message did.
pub fn set_outcome(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    event: &str,
    outcome: &str,
    about: About,
) -> Result<(), StoreError> {
    tx.run(
        "update webhook_events set outcome = $4, payment_id = $5, payout_id = $6
         where project_id = $1 and provider = $2 and event_id = $3",
        params![tx.project()?, provider, event, outcome, about.payment, about.payout],
    )
    .map(drop)
}

/// Forgets messages heard before `before`; work of the system.
pub fn delete_old_messages(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.run("delete from webhook_events where heard_at < $1", params![before])
}
