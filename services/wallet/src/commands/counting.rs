//! Counting what leaves an account against its limits. Whoever counts holds the account's lock.

use contracts::{Timestamp, WalletAccountId};
use kernel::store::{StoreError, Tx};

use crate::domain::{Account, Periods, Terms};
use crate::error::Error;
use crate::store;

/// Counts what is to leave an account, unless that is more than it may send.
pub fn count(tx: &mut Tx<'_>, account: &Account, amount: i64, terms: &Terms) -> Result<(), Error> {
    let periods = Periods::of(tx.now());
    let limits = terms.limits_of(store::kyc_level(tx, account.owner)?, account.currency());
    let spent = store::spent(tx, account.id, &periods)?;
    limits.allow(spent, amount)?;
    Ok(store::add_spent(tx, account.id, &periods, amount)?)
}

/// What was counted at that time does not leave the account after all.
pub fn give_back(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    amount: i64,
    counted_at: Timestamp,
) -> Result<(), StoreError> {
    store::give_back_spent(tx, account, &Periods::of(counted_at), amount)
}
