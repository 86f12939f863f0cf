//! Taking money out of a wallet: wallet asks for it, the ledger sets it aside, a provider pays it out (`payments`), the
//! ledger books it. It counts against the limits like a payment, and no more where it came to nothing.

use std::time::Duration;

use contracts::events::funding::{
    WithdrawalCancelRequested, WithdrawalCompleted, WithdrawalRefused, WithdrawalRequested,
    WithdrawalReturned,
};
use contracts::{Money, Timestamp, UserId, WalletAccountId, WithdrawalId};
use kernel::secrets::SealError;
use kernel::store::{StoreError, Tx};

use super::counting;
use super::saying::say;
use crate::domain::{Destination, Reason, Terms, Whose, Withdrawal, WithdrawalState};
use crate::error::Error;
use crate::jobs::WithdrawalDeadline;
use crate::store;

/// Withdrawals that are looked up at a time.
const OVERDUE_MAX: u32 = 500;

/// Asks for money to be paid out of somebody's own account.
pub fn request(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    user: UserId,
    amount: i64,
    destination: &Destination,
    terms: &Terms,
) -> Result<Withdrawal, Error> {
    let account = store::lock_account(tx, id)?.filter(|account| account.owner == user);
    let account = account.ok_or(Error::Absent("account"))?;
    if account.frozen.is_some() {
        return Err(Error::Frozen);
    }
    counting::count(tx, &account, amount, terms)?;
    let (id, now) = (tx.new_id(), tx.now());
    let context = destination_of(tx, id)?;
    let told =
        tx.keys().keyring.seal(&WithdrawalRequested::sealed_for(id), destination.as_str().as_bytes())?;
    let withdrawal = Withdrawal {
        id,
        account: account.id,
        user,
        amount: Money::new(amount, account.currency()),
        destination: Some(tx.keys().keyring.seal(&context, destination.as_str().as_bytes())?),
        requested_at: now,
        wait: terms.withdrawal_wait,
        until: Some(now.saturating_add(terms.withdrawal_wait)),
        state: WithdrawalState::Requested,
        version: 1,
    };
    store::insert_withdrawal(tx, &withdrawal)?;
    tx.publish(id, &withdrawal.requested(destination, told))?;
    watch(tx, &withdrawal)?;
    Ok(withdrawal)
}

/// One withdrawal of an account, as its owner may see it.
pub fn get(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    id: WithdrawalId,
    whose: Whose,
) -> Result<Withdrawal, Error> {
    let found = store::withdrawal(tx, id)?;
    let found = found.filter(|withdrawal| withdrawal.account == account && whose.covers(withdrawal.user));
    found.ok_or(Error::Absent("withdrawal"))
}

/// Its owner does not want it any more. Whoever pays it out is asked, and what comes of that is told by the ledger.
pub fn cancel(
    tx: &mut Tx<'_>,
    account: WalletAccountId,
    id: WithdrawalId,
    whose: Whose,
) -> Result<Withdrawal, Error> {
    let found = store::lock_withdrawal(tx, id)?;
    let found = found.filter(|withdrawal| withdrawal.account == account && whose.covers(withdrawal.user));
    let moved = found.ok_or(Error::Absent("withdrawal"))?.cancel(tx.now())?;
    advance(tx, moved)?;
    get(tx, account, id, whose)
}

/// Its account was frozen. Whoever pays it out is asked, as where its owner calls it off.
pub fn freeze(tx: &mut Tx<'_>, id: WithdrawalId) -> Result<(), Error> {
    let Some(withdrawal) = store::lock_withdrawal(tx, id)? else { return Ok(()) };
    let now = tx.now();
    advance(tx, withdrawal.freeze(now))
}

/// Time has passed; what has time left has another job for it.
pub fn run_out(tx: &mut Tx<'_>, id: WithdrawalId) -> Result<(), Error> {
    let Some(withdrawal) = store::lock_withdrawal(tx, id)? else { return Ok(()) };
    let now = tx.now();
    advance(tx, withdrawal.run_out(now))
}

/// Has withdrawals looked at whose time has been over for so long: the job that was to do it is gone.
pub fn look_for_overdue(tx: &mut Tx<'_>, overdue_for: Duration) -> Result<(), StoreError> {
    let now = tx.now();
    for (project, withdrawal) in store::overdue_withdrawals(tx, now.saturating_sub(overdue_for), OVERDUE_MAX)?
    {
        tx.enqueue_for(project, &WithdrawalDeadline { withdrawal }, now)?;
    }
    Ok(())
}

/// What may be shown of where a withdrawal goes.
pub fn masked(tx: &Tx<'_>, withdrawal: &Withdrawal) -> Result<Option<String>, Error> {
    let Some(sealed) = &withdrawal.destination else { return Ok(None) };
    let opened = tx.keys().keyring.open(&destination_of(tx, withdrawal.id)?, sealed)?;
    let text = String::from_utf8(opened).map_err(|_| SealError::Malformed)?;
    Ok(Some(Destination::try_from(text)?.masked()))
}

/// The ledger has set the money aside; of an account that was frozen meanwhile it is not to leave.
pub fn reserved(tx: &mut Tx<'_>, id: WithdrawalId) -> Result<(), Error> {
    let Some(withdrawal) = store::lock_withdrawal(tx, id)? else { return Ok(()) };
    let frozen = store::account(tx, withdrawal.account)?.is_some_and(|account| account.frozen.is_some());
    let now = tx.now();
    advance(tx, if frozen { withdrawal.freeze(now) } else { withdrawal.reserve() })
}

/// The ledger has not set the money aside.
pub fn refused(tx: &mut Tx<'_>, told: &WithdrawalRefused, at: Timestamp) -> Result<(), Error> {
    let Some(withdrawal) = store::lock_withdrawal(tx, told.withdrawal_id)? else { return Ok(()) };
    flag_if_completed(&withdrawal);
    advance(tx, withdrawal.refuse(Reason::heard(&told.reason), at))
}

/// The money has left.
pub fn completed(tx: &mut Tx<'_>, told: &WithdrawalCompleted, at: Timestamp) -> Result<(), Error> {
    let Some(withdrawal) = store::lock_withdrawal(tx, told.withdrawal_id)? else { return Ok(()) };
    if withdrawal.ended_at().is_some() && withdrawal.transaction().is_none() {
        tracing::error!(withdrawal.id = %withdrawal.id, "the ledger has booked a withdrawal that had come to nothing");
    }
    advance(tx, withdrawal.complete(told.transaction_id, at))
}

/// The money can be spent again.
pub fn returned(tx: &mut Tx<'_>, told: &WithdrawalReturned, at: Timestamp) -> Result<(), Error> {
    let Some(withdrawal) = store::lock_withdrawal(tx, told.withdrawal_id)? else { return Ok(()) };
    flag_if_completed(&withdrawal);
    advance(tx, withdrawal.give_back(Reason::heard(&told.reason), at))
}

fn flag_if_completed(withdrawal: &Withdrawal) {
    if withdrawal.transaction().is_some() {
        tracing::error!(withdrawal.id = %withdrawal.id, "the ledger has let the money of a completed withdrawal go");
    }
}

/// Stores where a withdrawal stands now, and tells its owner of its end. Nothing is stored where it did not move.
fn advance(tx: &mut Tx<'_>, moved: Option<Withdrawal>) -> Result<(), Error> {
    let Some(withdrawal) = moved else { return Ok(()) };
    store::update_withdrawal(tx, &withdrawal)?;
    let (id, amount) = (withdrawal.id, withdrawal.amount);
    match &withdrawal.state {
        WithdrawalState::Requested | WithdrawalState::Reserved => {}
        WithdrawalState::Cancelling { why } => {
            let reason = why.as_str().to_owned();
            tx.publish(id, &WithdrawalCancelRequested { withdrawal_id: id, reason })?;
            watch(tx, &withdrawal)?;
        }
        WithdrawalState::Completed { .. } => {
            let text = format!("{amount} left your wallet.");
            say(tx, withdrawal.user, text, format!("wallet.{id}.completed"))?;
        }
        WithdrawalState::Refused { why, .. } | WithdrawalState::Returned { why, .. } => {
            counting::give_back(tx, withdrawal.account, amount.minor(), withdrawal.requested_at)?;
            let text = format!("Your withdrawal of {amount} did not go through: {}.", why.as_str());
            say(tx, withdrawal.user, text, format!("wallet.{id}.failed"))?;
        }
    }
    Ok(())
}

/// Has a withdrawal looked at when its time is over.
fn watch(tx: &mut Tx<'_>, withdrawal: &Withdrawal) -> Result<(), StoreError> {
    match withdrawal.until {
        Some(until) => tx.enqueue_at(&WithdrawalDeadline { withdrawal: withdrawal.id }, until).map(drop),
        None => Ok(()),
    }
}

/// What a destination is sealed for.
fn destination_of(tx: &Tx<'_>, id: WithdrawalId) -> Result<Vec<u8>, Error> {
    Ok(format!("withdrawals.destination {} {id}", tx.project()?).into_bytes())
}
