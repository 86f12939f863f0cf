//! Money that comes into wallets from outside, and leaves them for it.
//!
//! A top-up is requested (wallet), paid (payments: `payment.succeeded` with its id), told as paid with its account
//! (wallet) and credited (ledger). A withdrawal is requested (wallet), reserved (ledger), paid out (payments) and
//! completed (ledger). Amounts are minor units.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Currency, Event, TopUpId, TransactionId, UserId, WalletAccountId, WithdrawalId};

/// Somebody wants to put money into their wallet: it is to be taken through a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopUpRequested {
    /// The top-up.
    pub top_up_id: TopUpId,
    /// Into which account.
    pub account_id: WalletAccountId,
    /// Who pays.
    pub user_id: UserId,
    /// How much.
    pub amount: i64,
    /// The currency of the account.
    pub currency: Currency,
}

/// A provider has the money of a top-up: it belongs into the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopUpPaid {
    /// The top-up.
    pub top_up_id: TopUpId,
    /// Into which account.
    pub account_id: WalletAccountId,
    /// How much the provider took.
    pub amount: i64,
    /// The currency of the account.
    pub currency: Currency,
}

/// Nobody has paid a top-up in time: nothing is to be taken for it any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopUpExpired {
    /// The top-up.
    pub top_up_id: TopUpId,
}

/// The money of a top-up is in the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopUpCredited {
    /// The top-up.
    pub top_up_id: TopUpId,
    /// The account.
    pub account_id: WalletAccountId,
    /// The ledger's transaction.
    pub transaction_id: TransactionId,
}

/// The account does not take the money of a top-up now; it is kept for it until it is told as paid again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopUpHeld {
    /// The top-up.
    pub top_up_id: TopUpId,
    /// The account.
    pub account_id: WalletAccountId,
    /// Why, as a stable code such as `credit_account_frozen`.
    pub reason: String,
}

/// Somebody wants money out of their wallet: it is to be set aside and then paid out through a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalRequested {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// From which account.
    pub account_id: WalletAccountId,
    /// Whose money it is.
    pub user_id: UserId,
    /// How much.
    pub amount: i64,
    /// The currency of the account.
    pub currency: Currency,
    /// The end of where the money goes.
    pub destination: String,
    /// Where it goes, as the provider names a bank account or card, sealed with the platform's keyring for
    /// [`WithdrawalRequested::sealed_for`]: events are kept, and whoever reads the log must not learn it. Words from
    /// before it was sealed have it as `destination`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sealed_destination: Option<String>,
}

/// A withdrawal is wanted no more: it is not to be paid out, unless its provider has been asked to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalCancelRequested {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// Why, as a stable code: `cancelled`, `frozen`, `timed_out`.
    pub reason: String,
}

/// The money of a withdrawal is set aside: it may be paid out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalReserved {
    /// What was asked for.
    #[serde(flatten)]
    pub withdrawal: WithdrawalRequested,
}

/// The money of a withdrawal could not be set aside; nothing leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalRefused {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// Why, as a stable code such as `exceeds_credits`.
    pub reason: String,
}

/// A provider has paid out what was withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutPaid {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// How much.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// The provider's name for it.
    pub provider_ref: String,
}

/// What was withdrawn could not be paid out; the provider has none of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayoutFailed {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// Why, as a stable code of the provider's.
    pub reason: String,
}

/// The money of a withdrawal has left the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalCompleted {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// The account.
    pub account_id: WalletAccountId,
    /// The ledger's transaction.
    pub transaction_id: TransactionId,
}

/// What was set aside for a withdrawal can be spent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalReturned {
    /// The withdrawal.
    pub withdrawal_id: WithdrawalId,
    /// The account.
    pub account_id: WalletAccountId,
    /// Why, as it was told.
    pub reason: String,
}

impl Event for TopUpRequested {
    const TYPE: &'static str = "top_up.requested";
}

impl Event for TopUpPaid {
    const TYPE: &'static str = "top_up.paid";
}

impl Event for TopUpExpired {
    const TYPE: &'static str = "top_up.expired";
}

impl Event for TopUpCredited {
    const TYPE: &'static str = "top_up.credited";
}

impl Event for TopUpHeld {
    const TYPE: &'static str = "top_up.held";
}

impl Event for WithdrawalRequested {
    const TYPE: &'static str = "withdrawal.requested";
    const SENSITIVE: &'static [&'static str] = &["destination", "sealedDestination"];
}

impl Event for WithdrawalCancelRequested {
    const TYPE: &'static str = "withdrawal.cancel.requested";
}

impl Event for WithdrawalReserved {
    const TYPE: &'static str = "withdrawal.reserved";
    const SENSITIVE: &'static [&'static str] = &["destination", "sealedDestination"];
}

impl Event for WithdrawalRefused {
    const TYPE: &'static str = "withdrawal.refused";
}

impl Event for PayoutPaid {
    const TYPE: &'static str = "payout.paid";
}

impl Event for PayoutFailed {
    const TYPE: &'static str = "payout.failed";
}

impl Event for WithdrawalCompleted {
    const TYPE: &'static str = "withdrawal.completed";
}

impl Event for WithdrawalReturned {
    const TYPE: &'static str = "withdrawal.returned";
}

impl WithdrawalRequested {
    /// What the destination of a withdrawal is sealed for.
    pub fn sealed_for(id: WithdrawalId) -> Vec<u8> {
        format!("withdrawal.requested.destination {id}").into_bytes()
    }
}
