//! The statements on payments that were heard of, and on refunds.

use contracts::{OrderId, PaymentId, RefundId};
use kernel::params;
use kernel::store::{StoreError, Tx};

use crate::domain::{Payment, RefundState};

/// Money that is asked back.
#[derive(Clone, Debug)]
pub struct RefundRow {
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// How much, in minor units.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// How far it has come.
    pub state: RefundState,
    /// Whether it is of the money that paid the order.
    pub counts: bool,
}

/// Notes a payment that succeeded; says whether it is new.
pub fn insert_receipt(
    tx: &mut Tx<'_>,
    order: OrderId,
    payment: &Payment,
    outcome: &str,
) -> Result<bool, StoreError> {
    let new = tx.run(
        "insert into receipts (project_id, order_id, payment_intent_id, payment_id, outcome, heard_at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        params![tx.project()?, order, payment.intent, payment.id, outcome, tx.now()],
    )?;
    Ok(new > 0)
}

/// Whether a payment has been heard to succeed for an order.
pub fn has_receipt(tx: &mut Tx<'_>, order: OrderId, payment: PaymentId) -> Result<bool, StoreError> {
    let seen: Option<String> = tx.row(
        "select outcome from receipts where project_id = $1 and order_id = $2 and payment_id = $3 limit 1",
        params![tx.project()?, order, payment],
    )?;
    Ok(seen.is_some())
}

/// How much of a payment is known to have gone back.
pub fn repaid_of(tx: &mut Tx<'_>, order: OrderId, payment: PaymentId) -> Result<i64, StoreError> {
    let total: Option<i64> = tx.row(
        "select total from repaid where project_id = $1 and order_id = $2 and payment_id = $3",
        params![tx.project()?, order, payment],
    )?;
    Ok(total.unwrap_or(0))
}

/// Notes how much of a payment has gone back; the most that was heard holds.
pub fn note_repaid(
    tx: &mut Tx<'_>,
    order: OrderId,
    payment: PaymentId,
    total: i64,
) -> Result<(), StoreError> {
    tx.run(
        "insert into repaid (project_id, order_id, payment_id, total) values ($1, $2, $3, $4)
         on conflict (project_id, order_id, payment_id) do update set total = excluded.total
         where repaid.total < excluded.total",
        params![tx.project()?, order, payment, total],
    )
    .map(drop)
}

/// Stores a refund; says whether it is new.
pub fn insert_refund(tx: &mut Tx<'_>, refund: &RefundRow) -> Result<bool, StoreError> {
    let RefundRow { id, order, amount, reason, state, counts } = refund;
    let new = tx.run(
        "insert into refunds (project_id, id, order_id, amount, reason, state, counts, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        params![tx.project()?, id, order, amount, reason, state, counts, tx.now()],
    )?;
    Ok(new > 0)
}

/// Notes that a refund went back, with what it was in the end.
pub fn finish_refund(tx: &mut Tx<'_>, order: OrderId, id: RefundId, amount: i64) -> Result<u64, StoreError> {
    tx.run(
        "update refunds set state = 'done', amount = $4 where project_id = $1 and order_id = $2 and id = $3",
        params![tx.project()?, order, id, amount],
    )
}

/// Notes that a refund did not go back; says whether that is new.
pub fn fail_refund(tx: &mut Tx<'_>, order: OrderId, id: RefundId) -> Result<bool, StoreError> {
    let changed = tx.run(
        "update refunds set state = 'failed'
         where project_id = $1 and order_id = $2 and id = $3 and state = 'asked'",
        params![tx.project()?, order, id],
    )?;
    Ok(changed > 0)
}

/// How much of an order's money has been asked back, or went back unasked.
pub fn asked_back(tx: &mut Tx<'_>, order: OrderId) -> Result<i64, StoreError> {
    tx.one(
        "select cast(coalesce(sum(amount), 0) as bigint) as asked from refunds
         where project_id = $1 and order_id = $2 and state <> 'failed' and counts",
        params![tx.project()?, order],
    )
}
