//! Opening, freezing and thawing accounts.

use std::time::Duration;

use contracts::events::wallet::{AccountCreated, AccountFrozen, AccountThawed, BalanceUpdated};
use contracts::{Currency, Money, Timestamp, UserId, WalletAccountId};
use kernel::store::{StoreError, Tx};

use super::saying::say;
use crate::domain::{Account, Freeze, Morning, Whose};
use crate::error::Error;
use crate::jobs::{FreezePayment, FreezePending, TopUpsThawed};
use crate::store;

/// Payments that are looked up at a time.
const SWEPT_MAX: u32 = 200;
/// Jobs keep a time to the millisecond.
const TICK: Duration = Duration::from_millis(1);

/// Opens an account.
pub fn open(tx: &mut Tx<'_>, owner: UserId, currency: Currency) -> Result<Account, Error> {
    let id = tx.new_id();
    store::insert_account(tx, id, owner, currency)?;
    tell_of(tx, id, owner, currency)?;
    get(tx, id, Whose::Everybodys)
}

/// Opens the account of somebody new, unless they have one.
pub fn open_first(tx: &mut Tx<'_>, owner: UserId, currency: Currency) -> Result<(), Error> {
    let id = tx.new_id();
    if store::open_account(tx, id, owner, currency)? {
        tell_of(tx, id, owner, currency)?;
    }
    Ok(())
}

/// One account that the caller may see.
pub fn get(tx: &mut Tx<'_>, id: WalletAccountId, whose: Whose) -> Result<Account, Error> {
    let found = store::account(tx, id)?.filter(|account| whose.covers(account.owner));
    found.ok_or(Error::Absent("account"))
}

/// Freezes an account: what is pending on it comes to nothing. Twice is once.
pub fn freeze(tx: &mut Tx<'_>, id: WalletAccountId, reason: &str) -> Result<Account, Error> {
    let account = store::lock_account(tx, id)?.ok_or(Error::Absent("account"))?;
    if account.frozen.is_some() {
        return Ok(account);
    }
    let freeze = Freeze { reason: reason.to_owned(), at: tx.now() };
    store::freeze_account(tx, id, &freeze)?;
    let told = AccountFrozen { account_id: id, user_id: Some(account.owner), reason: reason.to_owned() };
    tx.publish(id, &told)?;
    tx.enqueue(&FreezePending { account: id, at: freeze.at.saturating_add(TICK), after: None })?;
    Ok(Account { frozen: Some(freeze), ..account })
}

/// Lets an account be used again: what was held for it enters.
pub fn thaw(tx: &mut Tx<'_>, id: WalletAccountId) -> Result<Account, Error> {
    let account = store::lock_account(tx, id)?.ok_or(Error::Absent("account"))?;
    if account.frozen.is_none() {
        return Ok(account);
    }
    store::thaw_account(tx, id)?;
    tx.publish(id, &AccountThawed { account_id: id, user_id: Some(account.owner) })?;
    tx.enqueue(&TopUpsThawed { account: id, after: None })?;
    Ok(Account { frozen: None, ..account })
}

/// Hands out the payments of a frozen account that have to come to nothing, some at a time.
pub fn freeze_pending(tx: &mut Tx<'_>, swept: &FreezePending) -> Result<(), Error> {
    let found = store::pending_of(tx, swept.account, swept.at, swept.after, SWEPT_MAX)?;
    for payment in &found {
        tx.enqueue(&FreezePayment { payment: *payment })?;
    }
    if found.len() == SWEPT_MAX as usize {
        tx.enqueue(&FreezePending { account: swept.account, at: swept.at, after: found.last().copied() })?;
    }
    Ok(())
}

/// Makes an account a merchant's, of whose payments the project keeps a part; or no merchant's.
pub fn set_merchant(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    basis_points: Option<u32>,
) -> Result<Account, Error> {
    let account = store::lock_account(tx, id)?.ok_or(Error::Absent("account"))?;
    store::set_fee(tx, id, basis_points)?;
    Ok(Account { fee_basis_points: basis_points, ..account })
}

/// Takes the ledger's word on what is in an account; one that is not a wallet is not ours.
pub fn take_balance(tx: &mut Tx<'_>, told: &BalanceUpdated, at: Timestamp) -> Result<(), StoreError> {
    store::put_morning(tx, told.account_id, Morning::before(at), told.currency, told.sequence)?;
    let balance = Money::new(told.balance, told.currency);
    store::update_balance(tx, told.account_id, balance, told.sequence)
}

fn tell_of(
    tx: &mut Tx<'_>,
    account_id: WalletAccountId,
    owner: UserId,
    currency: Currency,
) -> Result<(), StoreError> {
    tx.publish(account_id, &AccountCreated { account_id, user_id: Some(owner), currency })?;
    say(tx, owner, format!("Your wallet in {currency} is ready."), format!("wallet.{account_id}.opened"))
}
