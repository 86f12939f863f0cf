//! The statements on payouts, and on what was asked and said of them.

use contracts::{Timestamp, UserId, WithdrawalId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{AttemptId, Payout, PayoutId, PayoutStatus, ProviderName};

/// Which payouts are wanted; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct AskedPayouts {
    /// Those that stand so.
    pub status: Option<PayoutStatus>,
    /// Those that a person has to look at, or those that nobody has to.
    pub needs_review: Option<bool>,
    /// Those with smaller ids.
    pub before: Option<PayoutId>,
}

/// A question about a payout with its answer, or a message about one, and what it did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "att_01jd3sa4k8qm7v2x9c5f0t6w1b", "payout_id": "pout_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "what": "webhook", "result": "applied", "status_before": "pending", "status_after": "paid", "said": "paid",
    "cause": "evt_1NG8Du2eZvKYlo2CUI79vXWy", "happened_at": "2026-11-21T09:47:35.123Z"}))]
pub struct PayoutAttempt {
    /// Its id.
    pub id: AttemptId,
    /// The payout.
    pub payout_id: PayoutId,
    /// What it was: `pay_out`, `call_off`, `poll`, `webhook`, `settle`, `fail`, `review`.
    pub what: String,
    /// What came of it: `applied`, `kept` (old news), `refused`, `failed`, `unknown`, or why people have to look.
    pub result: String,
    /// Where the payout stood.
    pub status_before: PayoutStatus,
    /// Where it stands.
    pub status_after: PayoutStatus,
    /// The provider's own word: a state or a code.
    pub said: Option<String>,
    /// The provider's message, our job, or who did it.
    pub cause: Option<String>,
    /// When.
    pub happened_at: Timestamp,
}

/// All columns of a payout but its sealed destination.
macro_rules! select_payouts {
    ($rest:literal) => {
        concat!(
            "select id, withdrawal_id, user_id, amount, currency, provider, provider_ref, status, failure, ",
            "needs_review, asked_at, heard_at, created_at, updated_at, version from payouts where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new payout with its sealed destination; says whether its withdrawal had none.
pub fn insert_payout(tx: &mut Tx<'_>, payout: &Payout, destination: &str) -> Result<bool, StoreError> {
    let stored = tx.run(
        "insert into payouts (project_id, id, withdrawal_id, user_id, amount, currency, destination, provider,
           provider_ref, status, failure, needs_review, asked_at, heard_at, correlation_id, traceparent, created_at,
           updated_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         on conflict (project_id, withdrawal_id) do nothing",
        params![
            tx.project()?,
            payout.id,
            payout.withdrawal_id,
            payout.user_id,
            payout.amount,
            payout.currency,
            destination,
            payout.provider,
            payout.provider_ref,
            payout.status,
            payout.failure,
            payout.needs_review,
            payout.asked_at,
            payout.heard_at,
            tx.origin().correlation_id.clone(),
            tx.origin().traceparent.clone(),
            payout.created_at,
            payout.updated_at,
            payout.version
        ],
    )?;
    Ok(stored == 1)
}

/// Writes down what became of a payout since it was read.
pub fn save_payout(tx: &mut Tx<'_>, payout: &Payout) -> Result<(), StoreError> {
    tx.run_versioned(
        "update payouts set provider = $3, provider_ref = $4, status = $5, failure = $6, needs_review = $7,
           asked_at = $8, heard_at = $9, updated_at = $10, version = version + 1
         where project_id = $1 and id = $2 and version = $11",
        params![
            tx.project()?,
            payout.id,
            payout.provider,
            payout.provider_ref,
            payout.status,
            payout.failure,
            payout.needs_review,
            payout.asked_at,
            payout.heard_at,
            tx.now(),
            payout.version
        ],
    )
}

/// The sealed text that says where the money goes.
pub fn destination(tx: &mut Tx<'_>, id: PayoutId) -> Result<Option<String>, StoreError> {
    let row: Option<Option<String>> = tx.row(
        "select destination from payouts where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )?;
    Ok(row.flatten())
}

/// Forgets where the money went.
pub fn forget_destination(tx: &mut Tx<'_>, id: PayoutId) -> Result<(), StoreError> {
    tx.run(
        "update payouts set destination = null where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
    .map(drop)
}

/// One payout.
pub fn payout(tx: &mut Tx<'_>, id: PayoutId) -> Result<Option<Payout>, StoreError> {
    tx.row(select_payouts!("id = $2"), params![tx.project()?, id])
}

/// The payout of a withdrawal.
pub fn payout_of(tx: &mut Tx<'_>, withdrawal: WithdrawalId) -> Result<Option<Payout>, StoreError> {
    tx.row(select_payouts!("withdrawal_id = $2"), params![tx.project()?, withdrawal])
}

/// Why a withdrawal is wanted no more, where that is so.
pub fn unwanted(tx: &mut Tx<'_>, withdrawal: WithdrawalId) -> Result<Option<String>, StoreError> {
    tx.row(
        "select reason from unwanted_withdrawals where project_id = $1 and withdrawal_id = $2",
        params![tx.project()?, withdrawal],
    )
}

/// Remembers that a withdrawal is wanted no more; the first word on why holds.
pub fn put_unwanted(tx: &mut Tx<'_>, withdrawal: WithdrawalId, why: &str) -> Result<(), StoreError> {
    tx.run(
        "insert into unwanted_withdrawals (project_id, withdrawal_id, reason, unwanted_at) values ($1, $2, $3, $4)
         on conflict (project_id, withdrawal_id) do nothing",
        params![tx.project()?, withdrawal, why, tx.now()],
    )
    .map(drop)
}

/// One payout, for whoever is about to change it.
pub fn lock_payout(tx: &mut Tx<'_>, id: PayoutId) -> Result<Option<Payout>, StoreError> {
    let rows = tx.lock_rows(select_payouts!("id = $2"), params![tx.project()?, id])?;
    Ok(rows.into_iter().next())
}

/// The payout of a provider's name, for whoever is about to change it.
pub fn lock_payout_by_reference(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
) -> Result<Option<Payout>, StoreError> {
    let rows = tx.lock_rows(
        select_payouts!("provider = $2 and provider_ref = $3"),
        params![tx.project()?, provider, reference],
    )?;
    Ok(rows.into_iter().next())
}

/// Payouts, newest first.
pub fn payouts(tx: &mut Tx<'_>, asked: &AskedPayouts, limit: u32) -> Result<Vec<Payout>, StoreError> {
    let params = params![tx.project()?, asked.before, asked.status, asked.needs_review, limit];
    let sql = match asked {
        AskedPayouts { needs_review: Some(true), .. } => {
            select_payouts!(
                "needs_review and needs_review = $4 and (cast($2 as text) is null or id < $2)
                 and (cast($3 as text) is null or status = $3) order by id desc limit $5"
            )
        }
        AskedPayouts { status: Some(_), .. } => {
            select_payouts!(
                "status = $3 and (cast($2 as text) is null or id < $2)
                 and (cast($4 as boolean) is null or needs_review = $4) order by id desc limit $5"
            )
        }
        AskedPayouts { .. } => {
            select_payouts!(
                "(cast($2 as text) is null or id < $2) and (cast($3 as text) is null or status = $3)
                 and (cast($4 as boolean) is null or needs_review = $4) order by id desc limit $5"
            )
        }
    };
    tx.rows(sql, params)
}

/// Payouts of one person, newest first.
pub fn payouts_of(
    tx: &mut Tx<'_>,
    user: UserId,
    asked: &AskedPayouts,
    limit: u32,
) -> Result<Vec<Payout>, StoreError> {
    tx.rows(
        select_payouts!(
            "user_id = $6 and (cast($2 as text) is null or id < $2) and (cast($3 as text) is null or status = $3)
             and (cast($4 as boolean) is null or needs_review = $4) order by id desc limit $5"
        ),
        params![tx.project()?, asked.before, asked.status, asked.needs_review, limit, user],
    )
}

/// Writes an attempt down.
pub fn insert_payout_attempt(tx: &mut Tx<'_>, attempt: &PayoutAttempt) -> Result<(), StoreError> {
    tx.run(
        "insert into payout_attempts (project_id, id, payout_id, what, result, status_before, status_after, said,
           cause, happened_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            tx.project()?,
            attempt.id,
            attempt.payout_id,
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

/// Attempts of a payout after `after`, oldest first.
pub fn payout_attempts_of(
    tx: &mut Tx<'_>,
    payout: PayoutId,
    after: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<PayoutAttempt>, StoreError> {
    tx.rows(
        "select id, payout_id, what, result, status_before, status_after, said, cause, happened_at
         from payout_attempts
         where project_id = $1 and payout_id = $2 and (cast($3 as text) is null or id > $3) order by id limit $4",
        params![tx.project()?, payout, after, limit],
    )
}
