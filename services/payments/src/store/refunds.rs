//! The statements on refunds.

use contracts::{PaymentId, RefundId};
use kernel::params;
use kernel::store::{StoreError, Tx};

use crate::domain::Refund;

/// All columns of a refund.
macro_rules! select_refunds {
    ($rest:literal) => {
        concat!(
            "select id, payment_id, amount, currency, reason, status, provider_ref, failure, created_at, updated_at, ",
            "version from refunds where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new refund.
pub fn insert_refund(tx: &mut Tx<'_>, refund: &Refund) -> Result<(), StoreError> {
    tx.run(
        "insert into refunds (project_id, id, payment_id, amount, currency, reason, status, provider_ref, failure,
           created_at, updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            tx.project()?,
            refund.id,
            refund.payment_id,
            refund.amount,
            refund.currency,
            refund.reason,
            refund.status,
            refund.provider_ref,
            refund.failure,
            refund.created_at,
            refund.updated_at,
            refund.version
        ],
    )
    .map(drop)
}

/// Writes down what became of a refund since it was read.
pub fn save_refund(tx: &mut Tx<'_>, refund: &Refund) -> Result<(), StoreError> {
    tx.run_versioned(
        "update refunds set status = $3, provider_ref = $4, failure = $5, updated_at = $6, version = version + 1
         where project_id = $1 and id = $2 and version = $7",
        params![
            tx.project()?,
            refund.id,
            refund.status,
            refund.provider_ref,
            refund.failure,
            tx.now(),
            refund.version
        ],
    )
}

/// One refund.
pub fn refund(tx: &mut Tx<'_>, id: RefundId) -> Result<Option<Refund>, StoreError> {
    tx.row(select_refunds!("id = $2"), params![tx.project()?, id])
}

/// One refund, for whoever is about to change it.
pub fn lock_refund(tx: &mut Tx<'_>, id: RefundId) -> Result<Option<Refund>, StoreError> {
    let rows = tx.lock_rows(select_refunds!("id = $2"), params![tx.project()?, id])?;
    Ok(rows.into_iter().next())
}

/// The refund of a payment that the provider knows by this name.
pub fn refund_by_reference(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    reference: &str,
) -> Result<Option<Refund>, StoreError> {
    let rows = tx.lock_rows(
        select_refunds!("payment_id = $2 and provider_ref = $3"),
        params![tx.project()?, payment, reference],
    )?;
    Ok(rows.into_iter().next())
}

/// Refunds of a payment after `after`, oldest first.
pub fn refunds_of(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    after: Option<RefundId>,
    limit: u32,
) -> Result<Vec<Refund>, StoreError> {
    tx.rows(
        select_refunds!("payment_id = $2 and (cast($3 as text) is null or id > $3) order by id limit $4"),
        params![tx.project()?, payment, after, limit],
    )
}
