//! What is heard: wallets that are opened and frozen, how their payments go on, and money that comes and goes.

use contracts::events::funding::{PayoutFailed, PayoutPaid, TopUpPaid, WithdrawalRequested};
use contracts::events::wallet::{
    AccountCreated, AccountFrozen, AccountThawed, ReleaseRequested, WalletPaymentInitiated,
    WalletPaymentProcessing,
};
use kernel::events::Heard;
use kernel::store::Tx;

use crate::commands::{accounts, funding, payments};
use crate::error::Error;

/// A wallet has an account here, under its own id.
pub fn on_account_created(tx: &mut Tx<'_>, heard: &Heard<'_, AccountCreated>) -> Result<(), Error> {
    accounts::open_wallet(tx, heard, heard.at)
}

/// No new transfer touches a frozen wallet; what is set aside already can still move or be let go.
pub fn on_account_frozen(tx: &mut Tx<'_>, heard: &Heard<'_, AccountFrozen>) -> Result<(), Error> {
    accounts::freeze(tx, heard.account_id, true)
}

/// A thawed wallet is as it was.
pub fn on_account_thawed(tx: &mut Tx<'_>, heard: &Heard<'_, AccountThawed>) -> Result<(), Error> {
    accounts::freeze(tx, heard.account_id, false)
}

/// The money of a payment is set aside.
pub fn on_payment_initiated(tx: &mut Tx<'_>, heard: &Heard<'_, WalletPaymentInitiated>) -> Result<(), Error> {
    payments::initiate(tx, &heard.payment)
}

/// The money of a payment moves.
pub fn on_payment_processing(
    tx: &mut Tx<'_>,
    heard: &Heard<'_, WalletPaymentProcessing>,
) -> Result<(), Error> {
    payments::process(tx, &heard.payment)
}

/// The money of a payment is let go.
pub fn on_release_requested(tx: &mut Tx<'_>, heard: &Heard<'_, ReleaseRequested>) -> Result<(), Error> {
    payments::release(tx, heard.payment_id, &heard.reason)
}

/// The money of a top-up goes into the account.
pub fn on_top_up_paid(tx: &mut Tx<'_>, heard: &Heard<'_, TopUpPaid>) -> Result<(), Error> {
    funding::credit(tx, heard)
}

/// The money of a withdrawal is set aside.
pub fn on_withdrawal_requested(tx: &mut Tx<'_>, heard: &Heard<'_, WithdrawalRequested>) -> Result<(), Error> {
    funding::reserve(tx, heard)
}

/// The money of a withdrawal has left.
pub fn on_payout_paid(tx: &mut Tx<'_>, heard: &Heard<'_, PayoutPaid>) -> Result<(), Error> {
    funding::complete(tx, heard)
}

/// The money of a withdrawal can be spent again.
pub fn on_payout_failed(tx: &mut Tx<'_>, heard: &Heard<'_, PayoutFailed>) -> Result<(), Error> {
    funding::give_back(tx, heard)
}
