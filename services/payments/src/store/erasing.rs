//! The statements that make a person's payments nobody's, as far as they need not be accounted for.

use contracts::UserId;
use kernel::params;
use kernel::store::{StoreError, Tx};

/// Drops what let somebody's browser confirm payments.
pub fn forget_secrets_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update payments set client_secret = null
         where project_id = $1 and user_id = $2 and client_secret is not null",
        params![tx.project()?, user],
    )
    .map(drop)
}

/// Empties what providers wrote of somebody's payments and payouts; that a message came stays, so that it is taken
/// once.
pub fn empty_messages_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update webhook_events set payload = ''
         where project_id = $1 and (payment_id in (select id from payments where project_id = $1 and user_id = $2)
           or payout_id in (select id from payouts where project_id = $1 and user_id = $2))",
        params![tx.project()?, user],
    )
    .map(drop)
}

/// Takes the name off payments of which no money came and none can come.
pub fn forget_payer(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update payments set user_id = null, updated_at = $3
         where project_id = $1 and user_id = $2 and captured = 0
           and (status = 'cancelled' or (status = 'failed' and not live))",
        params![tx.project()?, user, tx.now()],
    )
    .map(drop)
}

/// Takes the name off payouts that came to nothing.
pub fn forget_payee(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update payouts set user_id = null, updated_at = $3
         where project_id = $1 and user_id = $2 and status = 'failed'",
        params![tx.project()?, user, tx.now()],
    )
    .map(drop)
}

/// Forgets which orders and top-ups were to be paid by somebody.
pub fn delete_payables(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "delete from payable_orders where project_id = $1 and user_id = $2",
        params![tx.project()?, user],
    )?;
    tx.run("delete from payable_top_ups where project_id = $1 and user_id = $2", params![tx.project()?, user])
        .map(drop)
}
