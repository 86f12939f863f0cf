//! The statements on requests for money.

use contracts::{Currency, Money, Timestamp, UserId, WalletAccountId, WalletPaymentId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::{MoneyRequest, MoneyRequestId, Note, RequestState};

#[derive(Deserialize)]
struct RequestRow {
    id: MoneyRequestId,
    requester: UserId,
    to_account: WalletAccountId,
    payer: UserId,
    currency: Currency,
    amount: i64,
    note: Option<Note>,
    state: RequestState,
    payment_id: Option<WalletPaymentId>,
    asked_at: Timestamp,
    version: u64,
}

/// The columns of requests, and which ones.
macro_rules! requests {
    ($rest:literal) => {
        concat!(
            "select id, requester, to_account, payer, currency, amount, note, state, payment_id, asked_at, version
             from requests where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new request.
pub fn insert_request(tx: &mut Tx<'_>, request: &MoneyRequest) -> Result<(), StoreError> {
    tx.run(
        "insert into requests (project_id, id, requester, to_account, payer, currency, amount, note, state, payment_id,
           asked_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            tx.project()?,
            request.id,
            request.requester,
            request.to,
            request.payer,
            request.amount.currency(),
            request.amount.minor(),
            request.note,
            request.state,
            request.payment,
            request.asked_at,
            request.version
        ],
    )
    .map(drop)
}

/// Stores where a request stands now.
pub fn update_request(tx: &mut Tx<'_>, request: &MoneyRequest) -> Result<(), StoreError> {
    tx.run_versioned(
        "update requests set state = $4, payment_id = $5, version = version + 1
         where project_id = $1 and id = $2 and version = $3",
        params![tx.project()?, request.id, request.version, request.state, request.payment],
    )
}

/// The payment that answers a request has ended: it is paid, or open again without one.
pub fn settle_request(
    tx: &mut Tx<'_>,
    id: MoneyRequestId,
    payment: WalletPaymentId,
    paid: bool,
) -> Result<(), StoreError> {
    let (state, payment_id) =
        if paid { (RequestState::Paid, Some(payment)) } else { (RequestState::Open, None) };
    tx.run(
        "update requests set state = $4, payment_id = $5, version = version + 1
         where project_id = $1 and id = $2 and payment_id = $3 and state = 'accepted'",
        params![tx.project()?, id, payment, state, payment_id],
    )
    .map(drop)
}

/// One request.
pub fn request(tx: &mut Tx<'_>, id: MoneyRequestId) -> Result<Option<MoneyRequest>, StoreError> {
    let row: Option<RequestRow> = tx.row(requests!("id = $2"), params![tx.project()?, id])?;
    Ok(row.map(MoneyRequest::from))
}

/// One request, which nobody else changes until the commit.
pub fn lock_request(tx: &mut Tx<'_>, id: MoneyRequestId) -> Result<Option<MoneyRequest>, StoreError> {
    let rows: Vec<RequestRow> = tx.lock_rows(requests!("id = $2"), params![tx.project()?, id])?;
    Ok(rows.into_iter().next().map(MoneyRequest::from))
}

/// What somebody is asked for, newest first; ids begin with `wreq_`.
pub fn requests_to(
    tx: &mut Tx<'_>,
    payer: UserId,
    state: Option<RequestState>,
    before: Option<MoneyRequestId>,
    limit: u32,
) -> Result<Vec<MoneyRequest>, StoreError> {
    let rows: Vec<RequestRow> = tx.rows(
        requests!(
            "payer = $2 and (cast($3 as text) is null or state = $3) and id < coalesce($4, 'x')
             order by id desc limit $5"
        ),
        params![tx.project()?, payer, state, before, limit],
    )?;
    Ok(rows.into_iter().map(MoneyRequest::from).collect())
}

/// What somebody asks others for, newest first.
pub fn requests_from(
    tx: &mut Tx<'_>,
    requester: UserId,
    state: Option<RequestState>,
    before: Option<MoneyRequestId>,
    limit: u32,
) -> Result<Vec<MoneyRequest>, StoreError> {
    let rows: Vec<RequestRow> = tx.rows(
        requests!(
            "requester = $2 and (cast($3 as text) is null or state = $3) and id < coalesce($4, 'x')
             order by id desc limit $5"
        ),
        params![tx.project()?, requester, state, before, limit],
    )?;
    Ok(rows.into_iter().map(MoneyRequest::from).collect())
}

impl From<RequestRow> for MoneyRequest {
    fn from(row: RequestRow) -> Self {
        Self {
            id: row.id,
            requester: row.requester,
            to: row.to_account,
            payer: row.payer,
            amount: Money::new(row.amount, row.currency),
            note: row.note,
            state: row.state,
            payment: row.payment_id,
            asked_at: row.asked_at,
            version: row.version,
        }
    }
}
