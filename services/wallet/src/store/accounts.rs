//! The statements on accounts, and on what they have spent.

use contracts::{Currency, Money, Timestamp, UserId, WalletAccountId};
use kernel::params;
use kernel::store::{OnConstraint, StoreError, Tx};
use serde::{Deserialize, Serialize};

use super::unreadable;
use crate::domain::{Account, Freeze, Periods, Purse, Spent};
use crate::error::Error;

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountState {
    Open,
    Frozen,
}

/// An account as it lies in its table.
#[derive(Deserialize)]
struct AccountRow {
    id: WalletAccountId,
    user_id: UserId,
    currency: Currency,
    state: AccountState,
    freeze_reason: Option<String>,
    frozen_at: Option<Timestamp>,
    fee_basis_points: Option<u32>,
    balance: i64,
    opened_at: Timestamp,
    #[serde(default)]
    held: i64,
}

/// The columns of an account, and which one.
macro_rules! account {
    ($rest:literal) => {
        concat!(
            "select id, user_id, currency, state, freeze_reason, frozen_at, fee_basis_points, balance, opened_at
             from accounts where project_id = $1 and ",
            $rest
        )
    };
}

/// The same with what is on its way out: as much is read as is on its way.
macro_rules! purses {
    ($rest:literal) => {
        concat!(
            "select a.id, a.user_id, a.currency, a.state, a.freeze_reason, a.frozen_at, a.fee_basis_points, a.balance, a.opened_at,
               (select cast(coalesce(sum(p.amount), 0) as bigint) from payments as p
                where p.project_id = $1 and p.from_account = a.id and p.ended_at is null)
               + (select cast(coalesce(sum(w.amount), 0) as bigint) from withdrawals as w
                  where w.project_id = $1 and w.account_id = a.id and w.ended_at is null) as held
             from accounts as a where a.project_id = $1 and ",
            $rest
        )
    };
}

const INSERT: &str =
    "insert into accounts (project_id, id, user_id, currency, state, balance, opened_at, version)
     values ($1, $2, $3, $4, 'open', 0, $5, 1)";
const INSERT_UNLESS_THERE: &str =
    "insert into accounts (project_id, id, user_id, currency, state, balance, opened_at, version)
     values ($1, $2, $3, $4, 'open', 0, $5, 1) on conflict do nothing";

/// Stores a new account; its owner must have none in the currency.
pub fn insert_account(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    owner: UserId,
    currency: Currency,
) -> Result<(), Error> {
    let values = params![tx.project()?, id, owner, currency, tx.now()];
    tx.run(INSERT, values).map(drop).on_constraint("accounts_owner", || Error::AccountExists)
}

/// Stores a new account unless its owner has one in the currency; says whether it is new.
pub fn open_account(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    owner: UserId,
    currency: Currency,
) -> Result<bool, StoreError> {
    let values = params![tx.project()?, id, owner, currency, tx.now()];
    Ok(tx.run(INSERT_UNLESS_THERE, values)? > 0)
}

/// One account.
pub fn account(tx: &mut Tx<'_>, id: WalletAccountId) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = tx.row(account!("id = $2"), params![tx.project()?, id])?;
    row.map(AccountRow::account).transpose()
}

/// The account that somebody has in a currency.
pub fn account_of(tx: &mut Tx<'_>, owner: UserId, currency: Currency) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> =
        tx.row(account!("user_id = $2 and currency = $3"), params![tx.project()?, owner, currency])?;
    row.map(AccountRow::account).transpose()
}

/// Locks an account until the commit. Its row counts the change: of two who decide by it at once, one decides again.
pub fn lock_account(tx: &mut Tx<'_>, id: WalletAccountId) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = tx.row(
        "update accounts set version = version + 1 where project_id = $1 and id = $2
         returning id, user_id, currency, state, freeze_reason, frozen_at, fee_basis_points, balance, opened_at",
        params![tx.project()?, id],
    )?;
    row.map(AccountRow::account).transpose()
}

/// One account, and what can be spent of it.
pub fn purse(tx: &mut Tx<'_>, id: WalletAccountId) -> Result<Option<Purse>, StoreError> {
    let row: Option<AccountRow> = tx.row(purses!("a.id = $2"), params![tx.project()?, id])?;
    row.map(AccountRow::purse).transpose()
}

/// Accounts after `after`, oldest first: of one person, or of all.
pub fn purses(
    tx: &mut Tx<'_>,
    owner: Option<UserId>,
    after: Option<WalletAccountId>,
    limit: u32,
) -> Result<Vec<Purse>, StoreError> {
    let sql = match owner {
        Some(_) => purses!("a.user_id = $2 and a.id > coalesce($3, '') order by a.id limit $4"),
        None => {
            purses!("cast($2 as text) is null and a.id > coalesce($3, '') order by a.id limit $4")
        }
    };
    let rows: Vec<AccountRow> = tx.rows(sql, params![tx.project()?, owner, after, limit])?;
    rows.into_iter().map(AccountRow::purse).collect()
}

/// Whether one of two accounts is frozen.
pub fn any_frozen(tx: &mut Tx<'_>, one: WalletAccountId, other: WalletAccountId) -> Result<bool, StoreError> {
    let frozen: i64 = tx.one(
        "select count(*) as frozen from accounts where project_id = $1 and id in ($2, $3) and state = 'frozen'",
        params![tx.project()?, one, other],
    )?;
    Ok(frozen > 0)
}

/// Freezes an account.
pub fn freeze_account(tx: &mut Tx<'_>, id: WalletAccountId, freeze: &Freeze) -> Result<(), StoreError> {
    tx.run(
        "update accounts set state = 'frozen', freeze_reason = $3, frozen_at = $4, version = version + 1
         where project_id = $1 and id = $2",
        params![tx.project()?, id, freeze.reason, freeze.at],
    )
    .map(drop)
}

/// Lets an account be used again.
pub fn thaw_account(tx: &mut Tx<'_>, id: WalletAccountId) -> Result<(), StoreError> {
    tx.run(
        "update accounts set state = 'open', freeze_reason = null, frozen_at = null, version = version + 1
         where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
    .map(drop)
}

/// Makes an account a merchant's, or no merchant's.
pub fn set_fee(tx: &mut Tx<'_>, id: WalletAccountId, points: Option<u32>) -> Result<(), StoreError> {
    tx.run(
        "update accounts set fee_basis_points = $3, version = version + 1 where project_id = $1 and id = $2",
        params![tx.project()?, id, points],
    )
    .map(drop)
}

/// Takes the ledger's word on what is in an account, unless a later one is known.
pub fn update_balance(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    balance: Money,
    sequence: u64,
) -> Result<(), StoreError> {
    tx.run(
        "update accounts set balance = $3, balance_sequence = $4, version = version + 1
         where project_id = $1 and id = $2 and currency = $5 and coalesce(balance_sequence, -1) < $4",
        params![tx.project()?, id, balance.minor(), sequence, balance.currency()],
    )
    .map(drop)
}

/// What has left an account in these periods, or is on its way.
pub fn spent(tx: &mut Tx<'_>, id: WalletAccountId, periods: &Periods) -> Result<Spent, StoreError> {
    let rows: Vec<(String, i64)> = tx.rows(
        "select period, amount from spent where project_id = $1 and account_id = $2 and period in ($3, $4)",
        params![tx.project()?, id, periods.day, periods.month],
    )?;
    let of = |name: &str| rows.iter().find(|(period, _)| period == name).map_or(0, |(_, amount)| *amount);
    Ok(Spent { day: of(&periods.day), month: of(&periods.month) })
}

/// Counts what leaves an account in these periods.
pub fn add_spent(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    periods: &Periods,
    amount: i64,
) -> Result<(), StoreError> {
    tx.run(
        "insert into spent (project_id, account_id, period, amount) values ($1, $2, $3, $5), ($1, $2, $4, $5)
         on conflict (project_id, account_id, period) do update set amount = spent.amount + excluded.amount",
        params![tx.project()?, id, periods.day, periods.month, amount],
    )
    .map(drop)
}

/// Counts what did not leave an account after all.
pub fn give_back_spent(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    periods: &Periods,
    amount: i64,
) -> Result<(), StoreError> {
    tx.run(
        "update spent set amount = amount - $3 where project_id = $1 and account_id = $2 and period in ($4, $5)",
        params![tx.project()?, id, amount, periods.day, periods.month],
    )
    .map(drop)
}

impl AccountRow {
    fn purse(self) -> Result<Purse, StoreError> {
        let held = self.held;
        Ok(Purse { account: self.account()?, held })
    }

    fn account(self) -> Result<Account, StoreError> {
        let frozen = match (self.state, self.freeze_reason, self.frozen_at) {
            (AccountState::Open, None, None) => None,
            (AccountState::Frozen, Some(reason), Some(at)) => Some(Freeze { reason, at }),
            (AccountState::Open | AccountState::Frozen, _, _) => return Err(unreadable("account", self.id)),
        };
        Ok(Account {
            id: self.id,
            owner: self.user_id,
            frozen,
            fee_basis_points: self.fee_basis_points,
            balance: Money::new(self.balance, self.currency),
            opened_at: self.opened_at,
        })
    }
}
