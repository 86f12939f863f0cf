//! How far the money of a payment between wallets has come. Facts come in any order and twice; each is decided by the
//! state alone.

use contracts::events::wallet::WalletPaymentFacts;
use contracts::{Currency, TransactionId, WalletPaymentId};
use serde::{Deserialize, Serialize};

use super::address::{Address, Role};
use super::transfer::{Phase, Transfer};

/// Where the money of a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Set aside.
    Reserved,
    /// Moved.
    Posted,
    /// Let go.
    Released,
    /// Given up before anything was set aside.
    Withdrawn,
    /// Could not be set aside.
    Refused,
}

/// Where the money of a top-up or withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FundingState {
    /// Kept for the account, or set aside to leave it.
    Held,
    /// In the account, or gone from it.
    Moved,
    /// Could not be set aside.
    Refused,
    /// Set aside no more.
    Returned,
}

/// What was heard of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Somebody wants to pay.
    Initiated,
    /// It goes on.
    Processing,
    /// It does not go on.
    ReleaseRequested,
}

/// What is to be done then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it was heard before, or it comes too late.
    Nothing,
    /// Set the money aside.
    Reserve,
    /// Set it aside and move it at once: its beginning was not heard yet.
    ReserveAndPost,
    /// Move it.
    Post,
    /// Let it go.
    Release,
    /// Remember that nothing is to be set aside.
    Withdraw,
    /// Say that nothing will be set aside, since it was given up before.
    Refuse,
}

impl PaymentState {
    /// What a fact asks for in a state; `None` is a payment of which nothing was heard.
    pub fn step(state: Option<Self>, heard: News) -> Step {
        match (state, heard) {
            (None, News::Initiated) => Step::Reserve,
            (None, News::Processing) => Step::ReserveAndPost,
            (None, News::ReleaseRequested) => Step::Withdraw,
            (Some(Self::Reserved), News::Initiated) => Step::Nothing,
            (Some(Self::Reserved), News::Processing) => Step::Post,
            (Some(Self::Reserved), News::ReleaseRequested) => Step::Release,
            (Some(Self::Withdrawn), News::Initiated) => Step::Refuse,
            (Some(Self::Withdrawn), News::Processing | News::ReleaseRequested) => Step::Nothing,
            (Some(Self::Posted | Self::Released | Self::Refused), _) => Step::Nothing,
        }
    }
}

/// The transfers that set the money of a payment aside: to the payee what is left after the fee, the fee to the project.
/// `None` where the amounts are no amounts.
pub fn legs_of(payment: &WalletPaymentFacts, mut id: impl FnMut() -> TransactionId) -> Option<Vec<Transfer>> {
    let kept = payment.fee;
    let paid = payment.amount.checked_sub(kept).filter(|paid| *paid >= 0)?;
    if payment.amount <= 0 || kept < 0 {
        return None;
    }
    let from = Address::of_wallet(payment.from_account);
    let to = Address::of_wallet(payment.to_account);
    let mut leg = |to: Address, amount: i64, currency: Currency, payment: WalletPaymentId| Transfer {
        payment: Some(payment),
        ..Transfer::between(id(), Phase::Pending, from.clone(), to, amount, currency)
    };
    let wanted = [(to, paid), (Role::Fees.account(payment.currency), kept)];
    let given = wanted.into_iter().filter(|(_, amount)| *amount > 0);
    let mut legs: Vec<Transfer> =
        given.map(|(to, amount)| leg(to, amount, payment.currency, payment.payment_id)).collect();
    Transfer::chain(&mut legs);
    Some(legs)
}
