//! Money that comes into wallets from outside and leaves for it: each top-up and withdrawal moves once, whatever is heard
//! twice.

use contracts::events::funding::{
    PayoutFailed, PayoutPaid, TopUpCredited, TopUpHeld, TopUpPaid, WithdrawalCompleted, WithdrawalRefused,
    WithdrawalRequested, WithdrawalReserved, WithdrawalReturned,
};
use contracts::{Currency, TransactionId, WalletAccountId};
use kernel::store::Tx;

use super::batch::{self, Turn, take_turn};
use super::transactions;
use crate::domain::{Address, FundingState, Phase, Role, Transfer};
use crate::error::Error;
use crate::store::{self, FundingRow, TransactionKind};

/// A provider has the money of a top-up: it goes into the account, or is kept for it where the account takes none.
pub fn credit(tx: &mut Tx<'_>, paid: &TopUpPaid) -> Result<(), Error> {
    let mut turn = take_turn(tx)?;
    let id = paid.top_up_id;
    let found = store::funding(tx, &id.to_string())?;
    let from = match found {
        None => Role::Outside,
        Some(FundingRow { state: FundingState::Held, .. }) => Role::Suspense,
        // Whoever asks again has not heard it.
        Some(FundingRow { account_id, transfer_id: transaction_id, .. }) => {
            tx.publish(id, &TopUpCredited { top_up_id: id, account_id, transaction_id })?;
            return Ok(());
        }
    };
    let to = Address::of_wallet(paid.account_id);
    let moving = moving(tx, from.account(paid.currency), to, paid.amount, paid.currency);
    let refused = batch::refusal(&turn.plan(tx, std::slice::from_ref(&moving))?);
    if let Some((_, result)) = refused {
        turn.forget();
        if from == Role::Outside {
            let kept = Role::Suspense.account(paid.currency);
            let keeping = self::moving(tx, from.account(paid.currency), kept, paid.amount, paid.currency);
            turn.plan_all(tx, &[keeping])?;
            turn.keep(tx)?;
            note(tx, id, paid.account_id, FundingState::Held, moving.id)?;
        }
        let (account_id, reason) = (paid.account_id, result.as_str().to_owned());
        tx.publish(id, &TopUpHeld { top_up_id: id, account_id, reason })?;
        return Ok(());
    }
    turn.keep(tx)?;
    let transaction_id = transactions::fund(tx, turn.state(), TransactionKind::TopUp)?;
    note(tx, id, paid.account_id, FundingState::Moved, transaction_id)?;
    tx.publish(id, &TopUpCredited { top_up_id: id, account_id: paid.account_id, transaction_id })?;
    Ok(batch::tell_balances(tx, turn.state(), None)?)
}

/// Somebody wants money out: it is set aside, or it is told why not.
pub fn reserve(tx: &mut Tx<'_>, wanted: &WithdrawalRequested) -> Result<(), Error> {
    let mut turn = take_turn(tx)?;
    let id = wanted.withdrawal_id;
    if store::funding(tx, &id.to_string())?.is_some() {
        return Ok(());
    }
    let from = Address::of_wallet(wanted.account_id);
    let to = Role::Outside.account(wanted.currency);
    let hold = Transfer { phase: Phase::Pending, ..moving(tx, from, to, wanted.amount, wanted.currency) };
    let refused = batch::refusal(&turn.plan(tx, std::slice::from_ref(&hold))?);
    if let Some((_, result)) = refused {
        turn.forget();
        note(tx, id, wanted.account_id, FundingState::Refused, hold.id)?;
        tx.publish(id, &WithdrawalRefused { withdrawal_id: id, reason: result.as_str().to_owned() })?;
        return Ok(());
    }
    turn.keep(tx)?;
    note(tx, id, wanted.account_id, FundingState::Held, hold.id)?;
    tx.publish(id, &WithdrawalReserved { withdrawal: wanted.clone() })?;
    Ok(batch::tell_balances(tx, turn.state(), None)?)
}

/// What was withdrawn is paid out: what was set aside has left.
pub fn complete(tx: &mut Tx<'_>, paid: &PayoutPaid) -> Result<(), Error> {
    let id = paid.withdrawal_id;
    let Some((turn, row)) = ended(tx, &id.to_string(), Phase::Post)? else { return Ok(()) };
    note(tx, id, row.account_id, FundingState::Moved, row.transfer_id)?;
    let transaction_id = transactions::fund(tx, turn.state(), TransactionKind::Withdrawal)?;
    tx.publish(id, &WithdrawalCompleted { withdrawal_id: id, account_id: row.account_id, transaction_id })?;
    Ok(batch::tell_balances(tx, turn.state(), None)?)
}

/// What was withdrawn could not be paid out: what was set aside can be spent again.
pub fn give_back(tx: &mut Tx<'_>, failed: &PayoutFailed) -> Result<(), Error> {
    let id = failed.withdrawal_id;
    let Some((turn, row)) = ended(tx, &id.to_string(), Phase::Void)? else { return Ok(()) };
    note(tx, id, row.account_id, FundingState::Returned, row.transfer_id)?;
    let (account_id, reason) = (row.account_id, failed.reason.clone());
    tx.publish(id, &WithdrawalReturned { withdrawal_id: id, account_id, reason })?;
    Ok(batch::tell_balances(tx, turn.state(), None)?)
}

/// Ends what is set aside for a withdrawal, if it still is.
fn ended(tx: &mut Tx<'_>, id: &str, phase: Phase) -> Result<Option<(Turn, FundingRow)>, Error> {
    let mut turn = take_turn(tx)?;
    let held = store::funding(tx, id)?.filter(|row| row.state == FundingState::Held);
    let Some(row) = held else { return Ok(None) };
    let ending = batch::ends(tx, phase, &[row.transfer_id], None);
    turn.plan_all(tx, &ending)?;
    turn.keep(tx)?;
    Ok(Some((turn, row)))
}

fn moving(tx: &Tx<'_>, from: Address, to: Address, amount: i64, currency: Currency) -> Transfer {
    Transfer::between(tx.new_id(), Phase::Transfer, from, to, amount, currency)
}

fn note(
    tx: &mut Tx<'_>,
    id: impl ToString,
    account_id: WalletAccountId,
    state: FundingState,
    transfer_id: TransactionId,
) -> Result<(), Error> {
    Ok(store::put_funding(tx, &id.to_string(), &FundingRow { state, account_id, transfer_id })?)
}
