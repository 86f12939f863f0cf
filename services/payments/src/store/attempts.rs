//! The statements on what was asked and said, which is never changed.

use contracts::{PaymentId, RefundId, Timestamp};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{AttemptId, Status};

/// A question to a provider with its answer, or a message of one, and what it did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "att_01jd3sa4k8qm7v2x9c5f0t6w1b", "payment_id": "pay_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "refund_id": null, "what": "webhook", "result": "applied", "status_before": "pending",
    "status_after": "succeeded", "said": "succeeded", "cause": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
    "happened_at": "2026-11-21T09:47:35.123Z"}))]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The payment.
    pub payment_id: PaymentId,
    /// The refund, where it is about one.
    pub refund_id: Option<RefundId>,
    /// What it was: `open`, `confirm`, `capture`, `cancel`, `poll`, `webhook`, `refund`, `settle`, `fraud`.
    pub what: String,
    /// What came of it: `applied`, `kept` (old news), `refused`, `failed`, `unknown`, or why it is not believed. Of fraud
    /// detection: `awaited`, then `approve`, `review` or `silent` (no word in time); `blocked`, `too_late`.
    pub result: String,
    /// Where the payment stood.
    pub status_before: Status,
    /// Where it stands.
    pub status_after: Status,
    /// The provider's own word: a state or a code.
    pub said: Option<String>,
    /// The provider's message, or our job.
    pub cause: Option<String>,
    /// When.
    pub happened_at: Timestamp,
}

/// Writes an attempt down.
pub fn insert_attempt(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<(), StoreError> {
    tx.run(
        "insert into payment_attempts (project_id, id, payment_id, refund_id, what, result, status_before,
           status_after, said, cause, happened_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            tx.project()?,
            attempt.id,
            attempt.payment_id,
            attempt.refund_id,
            attempt.what,
            attempt.result,
            attempt.status_before,
            attempt.status_after,
            attempt.said,
            attempt.cause,
            attempt.happened_at
        ],
    )
    .map(drop)
}

/// Attempts of a payment after `after`, oldest first.
pub fn attempts_of(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    after: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<Attempt>, StoreError> {
    tx.rows(
        "select id, payment_id, refund_id, what, result, status_before, status_after, said, cause, happened_at
         from payment_attempts
         where project_id = $1 and payment_id = $2 and (cast($3 as text) is null or id > $3) order by id limit $4",
        params![tx.project()?, payment, after, limit],
    )
}
