//! Opening, freezing and thawing accounts.

use std::time::Duration;

use contracts::events::wallet::{AccountCreated, AccountFrozen, AccountThawed, BalanceUpdated};
use contracts::{Currency, Money, Timestamp, UserId, WalletAccountId};
use kernel::store::{StoreError, Tx};

use super::saying::say;
use crate::domain::{Account, Freeze, Morning, Purse, Whose};
use crate::error::Error;
use crate::jobs::{FreezeLeaving, FreezePayment, FreezePending, FreezeWithdrawal, TopUpsThawed};
use crate::store;

/// Payments or withdrawals that are looked up at a time.
const SWEPT_MAX: u32 = 200;
/// Jobs keep a time to the millisecond.
const TICK: Duration = Duration::from_millis(1);

/// Opens an account.
pub fn open(tx: &mut Tx<'_>, owner: UserId, currency: Currency) -> Result<Purse, Error> {
    let id = tx.new_id();
    store::insert_account(tx, id, owner, currency)?;
    tell_of(tx, id, owner, currency)?;
    purse(tx, id, Whose::Everybodys)
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

/// The same, and what can be spent of it.
pub fn purse(tx: &mut Tx<'_>, id: WalletAccountId, whose: Whose) -> Result<Purse, Error> {
    let found = store::purse(tx, id)?.filter(|purse| whose.covers(purse.account.owner));
    found.ok_or(Error::Absent("account"))
}

/// Freezes an account: what is pending on it comes to nothing, and what is to leave is called off. Twice is once.
pub fn freeze(tx: &mut Tx<'_>, id: WalletAccountId, reason: &str) -> Result<Purse, Error> {
    let account = store::lock_account(tx, id)?.ok_or(Error::Absent("account"))?;
    if account.frozen.is_some() {
        return purse(tx, id, Whose::Everybodys);
    }
    let freeze = Freeze { reason: reason.to_owned(), at: tx.now() };
    store::freeze_account(tx, id, &freeze)?;
    let told = AccountFrozen { account_id: id, user_id: Some(account.owner), reason: reason.to_owned() };
    tx.publish(id, &told)?;
    let at = freeze.at.saturating_add(TICK);
    tx.enqueue(&FreezePending { account: id, at, after: None })?;
    tx.enqueue(&FreezeLeaving { account: id, at, after: None })?;
    purse(tx, id, Whose::Everybodys)
}

/// Lets an account be used again: what was held for it enters.
pub fn thaw(tx: &mut Tx<'_>, id: WalletAccountId) -> Result<Purse, Error> {
    let account = store::lock_account(tx, id)?.ok_or(Error::Absent("account"))?;
    if account.frozen.is_none() {
        return purse(tx, id, Whose::Everybodys);
    }
    store::thaw_account(tx, id)?;
    tx.publish(id, &AccountThawed { account_id: id, user_id: Some(account.owner) })?;
    tx.enqueue(&TopUpsThawed { account: id, after: None })?;
    purse(tx, id, Whose::Everybodys)
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

/// Hands out the withdrawals of a frozen account that have to be called off, some at a time.
pub fn freeze_leaving(tx: &mut Tx<'_>, swept: &FreezeLeaving) -> Result<(), Error> {
    let found = store::leaving_of(tx, swept.account, swept.at, swept.after, SWEPT_MAX)?;
    for withdrawal in &found {
        tx.enqueue(&FreezeWithdrawal { withdrawal: *withdrawal })?;
    }
    if found.len() == SWEPT_MAX as usize {
        tx.enqueue(&FreezeLeaving { account: swept.account, at: swept.at, after: found.last().copied() })?;
    }
    Ok(())
}

/// Makes an account a merchant's, of whose payments the project keeps a part; or no merchant's.
pub fn set_merchant(tx: &mut Tx<'_>, id: WalletAccountId, basis_points: Option<u32>) -> Result<Purse, Error> {
    store::set_fee(tx, id, basis_points)?;
    purse(tx, id, Whose::Everybodys)
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
