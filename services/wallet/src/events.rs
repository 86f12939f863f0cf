//! What is heard: of people from identity, of money from the ledger, of risk from fraud detection, of what providers took
//! from payments.

use contracts::events::access::{KycReviewed, UserContactsChanged, UserErased, UserNamed};
use contracts::events::commerce::PaymentCancelled;
use contracts::events::funding::{
    TopUpCredited, TopUpHeld, WithdrawalCompleted, WithdrawalRefused, WithdrawalReserved, WithdrawalReturned,
};
use contracts::events::wallet::{
    BalanceRefused, BalanceReleased, BalanceReserved, BalanceUpdated, BalancesTold, RiskAssessed,
    TransactionSettled,
};
use contracts::events::{PaymentSucceeded, UserCreated};
use kernel::events::Heard;
use kernel::store::Tx;

use crate::commands::{accounts, people, reconciling, saga, top_ups, withdrawals};
use crate::error::Error;

/// Somebody new may be given an account.
pub fn on_user_created(tx: &mut Tx<'_>, heard: &Heard<'_, UserCreated>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(people::meet(tx, heard)?) }
}

/// Others find somebody by these addresses, and by no other.
pub fn on_user_contacts_changed(
    tx: &mut Tx<'_>,
    heard: &Heard<'_, UserContactsChanged>,
) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(people::find_by(tx, heard, heard.at)?) }
}

/// Whoever pays somebody, or is paid by them, is shown what they are called.
pub fn on_user_named(tx: &mut Tx<'_>, heard: &Heard<'_, UserNamed>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(people::name(tx, heard)?) }
}

/// Whoever is forgotten elsewhere is found here no more.
pub fn on_user_erased(tx: &mut Tx<'_>, heard: &Heard<'_, UserErased>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(people::forget(tx, heard.user_id)?) }
}

/// What is proven of somebody decides how much they may send.
pub fn on_kyc_reviewed(tx: &mut Tx<'_>, heard: &Heard<'_, KycReviewed>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(people::know(tx, heard, heard.at)?) }
}

/// The money is set aside.
pub fn on_balance_reserved(tx: &mut Tx<'_>, heard: &Heard<'_, BalanceReserved>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { saga::reserved(tx, heard.payment.payment_id) }
}

/// The money could not be set aside: the payment comes to nothing.
pub fn on_balance_refused(tx: &mut Tx<'_>, heard: &Heard<'_, BalanceRefused>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { saga::refused(tx, heard, heard.at) }
}

/// Nothing is set aside any more: the payment comes to nothing.
pub fn on_balance_released(tx: &mut Tx<'_>, heard: &Heard<'_, BalanceReleased>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { saga::released(tx, heard, heard.at) }
}

/// The payment goes on, waits for a person, or comes to nothing.
pub fn on_risk_assessed(tx: &mut Tx<'_>, heard: &Heard<'_, RiskAssessed>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { saga::assessed(tx, heard) }
}

/// The money has moved: the payment is done.
pub fn on_transaction_settled(tx: &mut Tx<'_>, heard: &Heard<'_, TransactionSettled>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { saga::settled(tx, heard, heard.at) }
}

/// What is in an account is as the ledger says, by its latest word.
pub fn on_balance_updated(tx: &mut Tx<'_>, heard: &Heard<'_, BalanceUpdated>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(accounts::take_balance(tx, heard, heard.at)?) }
}

/// Whether balances here are the ledger's is found out each night.
pub fn on_balances_told(tx: &mut Tx<'_>, heard: &Heard<'_, BalancesTold>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { Ok(reconciling::compare(tx, heard)?) }
}

/// A provider has the money of a top-up.
pub fn on_payment_succeeded(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentSucceeded>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { top_ups::paid(tx, heard, heard.at) }
}

/// The payment of a top-up was called off: it comes to nothing, unless money arrives all the same.
pub fn on_payment_cancelled(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentCancelled>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { top_ups::cancelled(tx, heard, heard.at) }
}

/// The money of a top-up is in the account.
pub fn on_top_up_credited(tx: &mut Tx<'_>, heard: &Heard<'_, TopUpCredited>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { top_ups::credited(tx, heard, heard.at) }
}

/// The account does not take the money of a top-up now.
pub fn on_top_up_held(tx: &mut Tx<'_>, heard: &Heard<'_, TopUpHeld>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { top_ups::held(tx, heard) }
}

/// The money of a withdrawal is set aside.
pub fn on_withdrawal_reserved(tx: &mut Tx<'_>, heard: &Heard<'_, WithdrawalReserved>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { withdrawals::reserved(tx, heard.withdrawal.withdrawal_id) }
}

/// The money of a withdrawal could not be set aside: it comes to nothing.
pub fn on_withdrawal_refused(tx: &mut Tx<'_>, heard: &Heard<'_, WithdrawalRefused>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { withdrawals::refused(tx, heard, heard.at) }
}

/// The money of a withdrawal has left.
pub fn on_withdrawal_completed(tx: &mut Tx<'_>, heard: &Heard<'_, WithdrawalCompleted>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { withdrawals::completed(tx, heard, heard.at) }
}

/// The money of a withdrawal could not be paid out: it comes to nothing.
pub fn on_withdrawal_returned(tx: &mut Tx<'_>, heard: &Heard<'_, WithdrawalReturned>) -> Result<(), Error> {
    if of_no_project(tx) { Ok(()) } else { withdrawals::returned(tx, heard, heard.at) }
}

/// What is told of the platform itself is nobody's wallet.
fn of_no_project(tx: &Tx<'_>) -> bool {
    tx.scope().project().is_none()
}
