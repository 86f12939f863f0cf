//! The statements on transactions, on what went back of them, on payments and on sealed periods.

use std::sync::LazyLock;

use contracts::{Timestamp, TransactionId, WalletAccountId, WalletPaymentId};
use kernel::params;
use kernel::store::{Bytes, Json, OnConstraint, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::{FundingState, PaymentState, Position, Reference, Text};
use crate::error::Error;

/// What a transaction came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LedgerTransactionKind)]
pub enum TransactionKind {
    /// Somebody made it.
    Made,
    /// A payment between wallets.
    Payment,
    /// An exchange of currencies.
    Exchange,
    /// It takes another one back.
    Reversal,
    /// Money that came into a wallet from outside.
    TopUp,
    /// Money that left a wallet for the outside.
    Withdrawal,
}

/// A transaction as it is kept; its legs stand in the journal.
#[derive(Clone, Debug, Deserialize)]
pub struct TransactionRow {
    /// Its id.
    pub id: TransactionId,
    /// What it came of.
    pub kind: TransactionKind,
    /// What its maker calls it.
    pub reference: Option<Reference>,
    /// What it is about, for people.
    pub description: Option<Text>,
    /// What its maker wants to find with it.
    pub metadata: Json<Map<String, Value>>,
    /// The payment between wallets that it is for.
    pub payment_id: Option<WalletPaymentId>,
    /// The transaction that it takes back.
    pub reverses: Option<TransactionId>,
    /// Its first leg.
    pub first_position: Position,
    /// How many legs it has.
    pub legs: u32,
    /// When.
    pub made_at: Timestamp,
}

/// A payment's money as it is kept.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentRow {
    /// Where it is.
    pub state: PaymentState,
    /// What was set aside for it.
    pub holds: Json<Vec<TransactionId>>,
    /// Why it was let go.
    pub reason: Option<String>,
}

/// The money of a top-up or withdrawal as it is kept.
#[derive(Clone, Debug, Deserialize)]
pub struct FundingRow {
    /// Where it is.
    pub state: FundingState,
    /// Whose it is.
    pub account_id: WalletAccountId,
    /// The transfer that set it aside, or the transaction that moved it.
    pub transfer_id: TransactionId,
}

/// A sealed stretch of the journal.
#[derive(Clone, Debug, Deserialize)]
pub struct PeriodRow {
    /// The first is 1.
    pub number: u64,
    /// When it was sealed.
    pub closed_at: Timestamp,
    /// Its first entry.
    pub first_position: Position,
    /// Its last.
    pub last_position: Position,
    /// The hash of the journal up to there.
    pub root: Bytes,
}

const COLUMNS: &str =
    "id, kind, reference, description, metadata, payment_id, reverses, first_position, legs, made_at";

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("select {COLUMNS} from transactions where project_id = $1 and id = $2"));
static BY_REFERENCE: LazyLock<String> =
    LazyLock::new(|| format!("select {COLUMNS} from transactions where project_id = $1 and reference = $2"));
static BY_POSITION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from transactions where project_id = $1 and first_position <= $2
         order by first_position desc limit 1"
    )
});
static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from transactions where project_id = $1 and (cast($2 as text) is null or id < $2)
         order by id desc limit $3"
    )
});

/// One transaction.
pub fn transaction(tx: &mut Tx<'_>, id: TransactionId) -> Result<Option<TransactionRow>, StoreError> {
    tx.row(&BY_ID, params![tx.project()?, id])
}

/// The transaction of a reference.
pub fn transaction_by_reference(
    tx: &mut Tx<'_>,
    reference: &Reference,
) -> Result<Option<TransactionRow>, StoreError> {
    tx.row(&BY_REFERENCE, params![tx.project()?, reference])
}

/// The transaction that an entry is a leg of.
pub fn transaction_at(tx: &mut Tx<'_>, position: Position) -> Result<Option<TransactionRow>, StoreError> {
    let before: Option<TransactionRow> = tx.row(&BY_POSITION, params![tx.project()?, position])?;
    let holds = |row: &TransactionRow| position.0 - row.first_position.0 < u64::from(row.legs);
    Ok(before.filter(holds))
}

/// Transactions before one, newest first.
pub fn transactions(
    tx: &mut Tx<'_>,
    before: Option<TransactionId>,
    limit: u32,
) -> Result<Vec<TransactionRow>, StoreError> {
    tx.rows(&PAGE, params![tx.project()?, before, limit])
}

/// Stores a new transaction; its reference must be free.
pub fn insert_transaction(tx: &mut Tx<'_>, row: &TransactionRow) -> Result<(), Error> {
    tx.run(
        "insert into transactions (project_id, id, kind, reference, description, metadata, payment_id, reverses,
           first_position, legs, made_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            tx.project()?,
            row.id,
            row.kind,
            row.reference,
            row.description,
            row.metadata,
            row.payment_id,
            row.reverses,
            row.first_position,
            row.legs,
            row.made_at,
        ],
    )
    .map(drop)
    .on_constraint("transactions_reference", || Error::ReferenceTaken)
}

/// How much of a transaction went back.
pub fn reversed(tx: &mut Tx<'_>, id: TransactionId) -> Result<i64, StoreError> {
    let found: Option<i64> = tx.row(
        "select reversed from reversals where project_id = $1 and transaction_id = $2",
        params![tx.project()?, id],
    )?;
    Ok(found.unwrap_or(0))
}

/// Notes that so much more of a transaction went back.
pub fn note_reversed(tx: &mut Tx<'_>, id: TransactionId, more: i64) -> Result<(), StoreError> {
    tx.run(
        "insert into reversals (project_id, transaction_id, reversed) values ($1, $2, $3)
         on conflict (project_id, transaction_id) do update set reversed = reversals.reversed + excluded.reversed",
        params![tx.project()?, id, more],
    )
    .map(drop)
}

/// Where the money of a payment is.
pub fn payment(tx: &mut Tx<'_>, id: WalletPaymentId) -> Result<Option<PaymentRow>, StoreError> {
    tx.row(
        "select state, holds, reason from payments where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
}

/// Notes where the money of a payment is.
pub fn put_payment(tx: &mut Tx<'_>, id: WalletPaymentId, row: &PaymentRow) -> Result<(), StoreError> {
    tx.run(
        "insert into payments (project_id, id, state, holds, reason) values ($1, $2, $3, $4, $5)
         on conflict (project_id, id) do update set state = excluded.state, holds = excluded.holds,
           reason = excluded.reason",
        params![tx.project()?, id, row.state, row.holds, row.reason],
    )
    .map(drop)
}

/// Where the money of a top-up or withdrawal is.
pub fn funding(tx: &mut Tx<'_>, id: &str) -> Result<Option<FundingRow>, StoreError> {
    tx.row(
        "select state, account_id, transfer_id from funding where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
}

/// Notes where the money of a top-up or withdrawal is.
pub fn put_funding(tx: &mut Tx<'_>, id: &str, row: &FundingRow) -> Result<(), StoreError> {
    tx.run(
        "insert into funding (project_id, id, state, account_id, transfer_id) values ($1, $2, $3, $4, $5)
         on conflict (project_id, id) do update set state = excluded.state, transfer_id = excluded.transfer_id",
        params![tx.project()?, id, row.state, row.account_id, row.transfer_id],
    )
    .map(drop)
}

/// The last sealed period.
pub fn last_period(tx: &mut Tx<'_>) -> Result<Option<PeriodRow>, StoreError> {
    Ok(periods(tx, None, 1)?.pop())
}

/// Sealed periods before one, newest first.
pub fn periods(tx: &mut Tx<'_>, before: Option<u64>, limit: u32) -> Result<Vec<PeriodRow>, StoreError> {
    tx.rows(
        "select number, closed_at, first_position, last_position, root from periods
         where project_id = $1 and (cast($2 as bigint) is null or number < $2) order by number desc limit $3",
        params![tx.project()?, before, limit],
    )
}

/// Seals a period.
pub fn insert_period(tx: &mut Tx<'_>, row: &PeriodRow) -> Result<(), StoreError> {
    tx.run(
        "insert into periods (project_id, number, closed_at, first_position, last_position, root)
         values ($1, $2, $3, $4, $5, $6)",
        params![tx.project()?, row.number, row.closed_at, row.first_position, row.last_position, row.root],
    )
    .map(drop)
}
