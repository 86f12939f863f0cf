//! An account's statement of some days.

use contracts::{Timestamp, WalletAccountId};
use kernel::store::Tx;

use super::accounts;
use crate::domain::{Account, Statement, Whose};
use crate::error::Error;
use crate::store;

/// What a statement holds at most; of a longer time ask for less at once.
const LINES_MAX: u32 = 10_000;

/// The statement of an account from `since` until before `before`, both beginnings of days.
pub fn of(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    whose: Whose,
    since: Timestamp,
    before: Timestamp,
) -> Result<(Account, Statement), Error> {
    let account = accounts::get(tx, id, whose)?;
    let movements = store::movements(tx, id, since, before, LINES_MAX + 1)?;
    let mornings = store::mornings(tx, id, since, before, LINES_MAX + 1)?;
    if movements.len().max(mornings.len()) > LINES_MAX as usize {
        return Err(Error::TooLong);
    }
    let closing = store::balance_at(tx, id, before)?.unwrap_or(account.balance.minor());
    Ok((account, Statement::of(movements, &mornings, closing)))
}
