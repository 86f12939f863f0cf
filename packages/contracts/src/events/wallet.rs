//! What a payment between wallets tells on its way, in its order: initiated, reserved, assessed, processing, created,
//! settled, updated, completed; and what undoes it.
//!
//! Amounts are minor units. Each service acts on what one other tells, so an event carries all that its hearers need:
//! two logs are never heard in a common order.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Currency, Event, Timestamp, TransactionId, UserId, WalletAccountId, WalletPaymentId};

/// Somebody has a wallet now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountCreated {
    /// The account.
    pub account_id: WalletAccountId,
    /// Whose it is; an account of the project itself has nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
    /// Its currency.
    pub currency: Currency,
}

/// Nothing leaves or enters an account until it is thawed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountFrozen {
    /// The account.
    pub account_id: WalletAccountId,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
    /// Why, as people say it.
    pub reason: String,
}

/// An account may be used again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountThawed {
    /// The account.
    pub account_id: WalletAccountId,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
}

/// What everybody on the way needs to know of a payment between wallets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletPaymentFacts {
    /// The payment.
    pub payment_id: WalletPaymentId,
    /// From which account.
    pub from_account: WalletAccountId,
    /// To which account.
    pub to_account: WalletAccountId,
    /// How much leaves the first, in minor units.
    pub amount: i64,
    /// How much of it the project keeps, in minor units.
    #[serde(default)]
    pub fee: i64,
    /// The currency of both.
    pub currency: Currency,
    /// Who pays.
    pub payer: UserId,
    /// Who is paid, where it is a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payee: Option<UserId>,
    /// From where the payer asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_address: Option<String>,
    /// With which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub device: Option<String>,
}

/// Somebody wants to pay somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletPaymentInitiated {
    /// The payment.
    #[serde(flatten)]
    pub payment: WalletPaymentFacts,
}

/// The money is set aside: nobody else can have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceReserved {
    /// The payment.
    #[serde(flatten)]
    pub payment: WalletPaymentFacts,
    /// What can still be spent of the account, in minor units.
    pub available: i64,
}

/// The money could not be set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceRefused {
    /// The payment.
    pub payment_id: WalletPaymentId,
    /// Why, as a stable code such as `exceeds_credits`.
    pub reason: String,
}

/// What fraud detection makes of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskDecision {
    /// It may go on.
    Approve,
    /// A person has to look at it first.
    Review,
    /// It may not.
    Block,
}

/// A payment was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskAssessed {
    /// The payment, wallet's or provider's, by its id.
    pub payment_id: String,
    /// The decision.
    pub decision: RiskDecision,
    /// From 0, harmless, to 1000.
    pub score: u32,
    /// The names of the rules that spoke.
    pub reasons: Vec<String>,
}

/// A payment goes on: the money that was set aside is to move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletPaymentProcessing {
    /// The payment.
    #[serde(flatten)]
    pub payment: WalletPaymentFacts,
}

/// A payment does not go on: what was set aside for it is to be let go, unless it has moved already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseRequested {
    /// The payment.
    pub payment_id: WalletPaymentId,
    /// Why, as a stable code such as `blocked`, `frozen`, `timed_out`.
    pub reason: String,
}

/// Nothing is set aside for a payment, and nothing will be: its money can be spent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceReleased {
    /// The payment.
    pub payment_id: WalletPaymentId,
    /// Why, as it was asked for.
    pub reason: String,
}

/// A transaction of the ledger is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionCreated {
    /// The transaction.
    pub transaction_id: TransactionId,
    /// The payment that it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<WalletPaymentId>,
}

/// A transaction of the ledger is final: the money has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionSettled {
    /// The transaction.
    pub transaction_id: TransactionId,
    /// The payment that it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<WalletPaymentId>,
}

/// A wallet's balance is another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceUpdated {
    /// The account.
    pub account_id: WalletAccountId,
    /// What is in it, in minor units.
    pub balance: i64,
    /// What of it can be spent.
    pub available: i64,
    /// The currency of both.
    pub currency: Currency,
    /// How often the account has changed: the highest is the latest.
    pub sequence: u64,
    /// The payment that changed it, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<WalletPaymentId>,
}

/// What the books say is in one wallet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToldBalance {
    /// The account.
    pub account_id: WalletAccountId,
    /// What is in it, in minor units.
    pub balance: i64,
    /// The currency of that.
    pub currency: Currency,
    /// How often the account has changed, counted as in `account.balance.updated`.
    pub sequence: u64,
}

/// What the books say is in a project's wallets, some at a time, so that whoever keeps balances can compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalancesTold {
    /// When it was begun: the same in all its pages.
    pub started_at: Timestamp,
    /// Which page of it, from 0.
    pub page: u32,
    /// Whether it ends with this one.
    pub last: bool,
    /// At most 500 accounts, in the order of their ids, which goes on from page to page.
    pub balances: Vec<ToldBalance>,
}

/// A payment between wallets is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletPaymentCompleted {
    /// The payment.
    #[serde(flatten)]
    pub payment: WalletPaymentFacts,
}

impl Event for AccountCreated {
    const TYPE: &'static str = "account.created";
}

impl Event for AccountFrozen {
    const TYPE: &'static str = "account.frozen";
}

impl Event for AccountThawed {
    const TYPE: &'static str = "account.thawed";
}

impl Event for WalletPaymentInitiated {
    const TYPE: &'static str = "payment.initiated";
    const SENSITIVE: &'static [&'static str] = &["clientAddress", "device"];
}

impl Event for BalanceReserved {
    const TYPE: &'static str = "account.balance.reserved";
    const SENSITIVE: &'static [&'static str] = &["clientAddress", "device"];
}

impl Event for BalanceRefused {
    const TYPE: &'static str = "account.balance.refused";
}

impl Event for RiskAssessed {
    const TYPE: &'static str = "fraud.risk.assessed";
}

impl Event for WalletPaymentProcessing {
    const TYPE: &'static str = "payment.processing";
    const SENSITIVE: &'static [&'static str] = &["clientAddress", "device"];
}

impl Event for ReleaseRequested {
    const TYPE: &'static str = "payment.release.requested";
}

impl Event for BalanceReleased {
    const TYPE: &'static str = "account.balance.released";
}

impl Event for TransactionCreated {
    const TYPE: &'static str = "transaction.created";
}

impl Event for TransactionSettled {
    const TYPE: &'static str = "transaction.settled";
}

impl Event for BalanceUpdated {
    const TYPE: &'static str = "account.balance.updated";
}

impl Event for BalancesTold {
    const TYPE: &'static str = "ledger.balances.told";
}

impl Event for WalletPaymentCompleted {
    const TYPE: &'static str = "payment.completed";
    const SENSITIVE: &'static [&'static str] = &["clientAddress", "device"];
}
