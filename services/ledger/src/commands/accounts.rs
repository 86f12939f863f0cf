//! Accounts: opened, frozen, thawed.

use contracts::events::wallet::AccountCreated;
use contracts::{Timestamp, WalletAccountId};
use kernel::store::Tx;

use super::batch::take_turn;
use crate::domain::{Account, Address};
use crate::error::Error;
use crate::store;

/// Opens an account under an address that is nobody's.
pub fn open(tx: &mut Tx<'_>, account: &Account) -> Result<Account, Error> {
    if account.address.is_kept() {
        return Err(Error::AddressKept);
    }
    take_turn(tx)?;
    let account = Account { opened_at: tx.now(), ..account.clone() };
    if store::add_account(tx, &account)? { Ok(account) } else { Err(Error::AddressTaken) }
}

/// Opens the account of a wallet; twice is once.
pub fn open_wallet(tx: &mut Tx<'_>, told: &AccountCreated, at: Timestamp) -> Result<(), Error> {
    take_turn(tx)?;
    let address = Address::of_wallet(told.account_id);
    let account = Account::wallet(address, told.currency, told.user_id, at);
    store::add_account(tx, &account)?;
    Ok(())
}

/// Lets no new transfer touch a wallet, or lets them again.
pub fn freeze(tx: &mut Tx<'_>, account: WalletAccountId, frozen: bool) -> Result<(), Error> {
    take_turn(tx)?.freeze(tx, &Address::of_wallet(account), frozen)
}
