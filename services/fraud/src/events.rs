//! What is heard: money that is set aside for a payment, payments that a provider is to take, how they ended, and people.

use contracts::UserId;
use contracts::events::access::UserErased;
use contracts::events::commerce::{PaymentCancelled, PaymentStarted};
use contracts::events::wallet::{AccountCreated, BalanceReserved, WalletPaymentCompleted};
use contracts::events::{PaymentFailed, PaymentKind, UserCreated};
use kernel::events::Heard;
use kernel::store::{Scope, Tx};

use crate::commands::deciding::{self, Consequence};
use crate::commands::reviews::{self, End};
use crate::domain::PaymentName;
use crate::domain::facts::{Facts, Source};
use crate::error::Error;
use crate::jobs::JudgePayment;
use crate::store;

/// A payment between wallets waits for our word.
pub fn on_balance_reserved(tx: &mut Tx<'_>, heard: &Heard<'_, BalanceReserved>) -> Result<(), Error> {
    let payment = &heard.data.payment;
    let facts = Facts {
        source: Source::Wallet,
        amount: payment.amount,
        currency: payment.currency,
        payer: Some(payment.payer),
        payee: payment.payee,
        device: payment.device.clone(),
        address: payment.client_address.clone(),
        at: heard.at,
    };
    let name = PaymentName::of(payment.payment_id);
    deciding::judge(tx, &name, facts, Consequence::Acts, false)
}

/// A payment between wallets is done: whoever had to look at it has let it go on.
pub fn on_payment_completed(tx: &mut Tx<'_>, heard: &Heard<'_, WalletPaymentCompleted>) -> Result<(), Error> {
    reviews::end(tx, &PaymentName::of(heard.payment.payment_id), End::Completed, heard.at)
}

/// A payment between wallets came to nothing; what it says does not name it, so its key does. At a provider only a try came
/// to nothing: whoever is refused once may pay yet, so a review of it goes on.
pub fn on_payment_failed(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentFailed>) -> Result<(), Error> {
    match (heard.kind, PaymentName::try_from(heard.key.to_owned())) {
        (PaymentKind::Wallet, Ok(payment)) => reviews::end(tx, &payment, End::Failed, heard.at),
        (PaymentKind::Wallet, Err(_)) | (PaymentKind::Provider, _) => Ok(()),
    }
}

/// A provider is to take a payment: whether that is judged is a setting, which a job can read.
pub fn on_payment_started(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentStarted>) -> Result<(), Error> {
    tx.enqueue(&JudgePayment {
        payment: heard.payment_id,
        amount: heard.amount,
        currency: heard.currency,
        payer: heard.user_id,
        device: heard.device.clone(),
        address: heard.client_address.clone(),
        at: heard.at,
    })?;
    Ok(())
}

/// A payment at a provider will never be made.
pub fn on_payment_cancelled(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentCancelled>) -> Result<(), Error> {
    reviews::end(tx, &PaymentName::of(heard.payment_id), End::Failed, heard.at)
}

/// Somebody has an account: from now on they grow older. Operators of the platform pay nobody.
pub fn on_user_created(tx: &mut Tx<'_>, heard: &Heard<'_, UserCreated>) -> Result<(), Error> {
    since(tx, heard.user_id, heard.at)
}

/// Somebody has a wallet, which they may have had before we heard of them.
pub fn on_account_created(tx: &mut Tx<'_>, heard: &Heard<'_, AccountCreated>) -> Result<(), Error> {
    match heard.user_id {
        Some(user) => since(tx, user, heard.at),
        None => Ok(()),
    }
}

/// Somebody is to be forgotten; the journal names them by an id that leads nowhere any more.
pub fn on_user_erased(tx: &mut Tx<'_>, heard: &Heard<'_, UserErased>) -> Result<(), Error> {
    match tx.scope() {
        Scope::Project(_) => Ok(store::forget(tx, &heard.user_id.to_string())?),
        Scope::System(_) => Ok(()),
    }
}

fn since(tx: &mut Tx<'_>, user: UserId, at: contracts::Timestamp) -> Result<(), Error> {
    match tx.scope() {
        Scope::Project(_) => Ok(store::note_since(tx, &user.to_string(), at)?),
        Scope::System(_) => Ok(()),
    }
}
