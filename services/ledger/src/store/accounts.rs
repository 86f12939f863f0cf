//! The statements on accounts.

use std::sync::LazyLock;

use contracts::{Currency, Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use super::Naming;
use crate::domain::{Account, Address, Balances, Bounds, Position};

const COLUMNS: &str = "address, currency, code, bounds, owner, frozen, closed, debits_pending, debits_posted,
    credits_pending, credits_posted, sequence, head, opened_at";

#[derive(Deserialize)]
struct Row {
    address: Address,
    currency: Currency,
    code: u16,
    bounds: Bounds,
    owner: Option<UserId>,
    frozen: bool,
    closed: bool,
    debits_pending: i64,
    debits_posted: i64,
    credits_pending: i64,
    credits_posted: i64,
    sequence: u64,
    head: Position,
    opened_at: Timestamp,
}

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        let balances = Balances {
            debits_pending: row.debits_pending,
            debits_posted: row.debits_posted,
            credits_pending: row.credits_pending,
            credits_posted: row.credits_posted,
        };
        Self {
            address: row.address,
            currency: row.currency,
            code: row.code,
            bounds: row.bounds,
            owner: row.owner,
            frozen: row.frozen,
            closed: row.closed,
            balances,
            sequence: row.sequence,
            head: row.head,
            opened_at: row.opened_at,
        }
    }
}

static BY_ADDRESS: LazyLock<Naming> = LazyLock::new(|| {
    Naming::of(&format!("select {COLUMNS} from accounts where project_id = $1 and address in"))
});
static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select {COLUMNS} from accounts where project_id = $1 and (cast($2 as text) is null or address > $2)
         order by address limit $3"
    )
});

/// These accounts, as far as they are there.
pub fn accounts_of(tx: &mut Tx<'_>, addresses: &[Address]) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<Row> = Naming::rows(&BY_ADDRESS, tx, addresses)?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// Accounts after one, by address.
pub fn accounts(tx: &mut Tx<'_>, after: Option<&Address>, limit: u32) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<Row> = tx.rows(&PAGE, params![tx.project()?, after, limit])?;
    Ok(rows.into_iter().map(Account::from).collect())
}

const INSERT: &str =
    "insert into accounts (project_id, address, currency, code, bounds, owner, frozen, closed,
      debits_pending, debits_posted, credits_pending, credits_posted, sequence, head, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict (project_id, address) do nothing";
const PUT: &str = "insert into accounts (project_id, address, currency, code, bounds, owner, frozen, closed,
      debits_pending, debits_posted, credits_pending, credits_posted, sequence, head, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict (project_id, address) do update set
      debits_pending = excluded.debits_pending, debits_posted = excluded.debits_posted,
      credits_pending = excluded.credits_pending, credits_posted = excluded.credits_posted,
      sequence = excluded.sequence, head = excluded.head";

fn values(tx: &Tx<'_>, account: &Account) -> Result<Vec<Value>, StoreError> {
    let Account { balances, .. } = account;
    Ok(params![
        tx.project()?,
        account.address,
        account.currency,
        account.code,
        account.bounds,
        account.owner,
        account.frozen,
        account.closed,
        balances.debits_pending,
        balances.debits_posted,
        balances.credits_pending,
        balances.credits_posted,
        account.sequence,
        account.head,
        account.opened_at,
    ]
    .to_vec())
}

/// Stores a new account, where there is none of its address; says whether it did.
pub fn add_account(tx: &mut Tx<'_>, account: &Account) -> Result<bool, StoreError> {
    let values = values(tx, account)?;
    Ok(tx.run(INSERT, &values)? > 0)
}

/// Stores what is in accounts; those that are new are opened.
pub fn put_accounts<'a>(
    tx: &mut Tx<'_>,
    accounts: impl Iterator<Item = &'a Account>,
) -> Result<(), StoreError> {
    let rows: Result<Vec<_>, _> = accounts.map(|account| values(tx, account)).collect();
    tx.run_many(PUT, &rows?).map(drop)
}

/// Lets nothing touch an account, or lets everything again.
pub fn close(tx: &mut Tx<'_>, address: &Address, closed: bool) -> Result<(), StoreError> {
    tx.run(
        "update accounts set closed = $3 where project_id = $1 and address = $2",
        params![tx.project()?, address, closed],
    )
    .map(drop)
}

/// Lets no new transfer touch an account, or lets them again.
pub fn freeze(tx: &mut Tx<'_>, address: &Address, frozen: bool) -> Result<(), StoreError> {
    tx.run(
        "update accounts set frozen = $3 where project_id = $1 and address = $2",
        params![tx.project()?, address, frozen],
    )
    .map(drop)
}
