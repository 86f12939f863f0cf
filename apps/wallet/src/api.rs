//! What the API answers, as far as the wallet reads it.
//! Field names are those of the wire; what they mean is said in the API's own document.

use contracts::{
    Currency, Money, Timestamp, TopUpId, TransactionId, UserId, WalletAccountId, WalletPaymentId,
    WithdrawalId,
};
use serde::{Deserialize, Serialize};
use ui::face::{Failure, Visit};

use crate::device::Device;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Listed<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Where the next one begins.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// Whoever is signed in.
#[derive(Clone, Debug, Deserialize)]
pub struct Me {
    pub id: UserId,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub name: Option<String>,
    pub authenticator: bool,
}

/// A wallet.
#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    pub id: WalletAccountId,
    pub currency: Currency,
    pub state: AccountState,
    pub freeze_reason: Option<String>,
    pub balance: i64,
    pub available: i64,
    pub held: i64,
    pub opened_at: Timestamp,
}

/// Whether a wallet can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    Open,
    Frozen,
}

/// What may leave a wallet.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Limits {
    pub currency: Currency,
    pub kyc_level: u8,
    pub payment: i64,
    pub day: i64,
    pub month: i64,
    pub spent_today: i64,
    pub spent_this_month: i64,
}

/// A payment.
#[derive(Clone, Debug, Deserialize)]
pub struct Payment {
    pub id: WalletPaymentId,
    pub status: Status,
    pub from_account: WalletAccountId,
    pub to_account: WalletAccountId,
    pub payer_name: Option<String>,
    pub payee_name: Option<String>,
    pub amount: i64,
    pub fee: i64,
    pub currency: Currency,
    pub note: Option<String>,
    pub reason: Option<String>,
    pub refunded_amount: i64,
    pub refund_of: Option<WalletPaymentId>,
    pub request_id: Option<String>,
    pub schedule_id: Option<String>,
    pub transaction_id: Option<TransactionId>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Initiated,
    Reserved,
    InReview,
    Processing,
    Releasing,
    Completed,
    Failed,
}

/// A payment that is to begin.
#[derive(Debug, Serialize)]
pub struct NewPayment<'a> {
    pub from_account: WalletAccountId,
    pub to: WalletAccountId,
    pub amount: i64,
    pub currency: Currency,
    pub note: Option<&'a str>,
    pub device: &'a Device,
}

/// Money on its way into a wallet.
#[derive(Clone, Debug, Deserialize)]
pub struct TopUp {
    pub id: TopUpId,
    pub status: TopUpStatus,
    pub account_id: WalletAccountId,
    pub amount: i64,
    pub paid_amount: Option<i64>,
    pub currency: Currency,
    pub created_at: Timestamp,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopUpStatus {
    Pending,
    Paid,
    Held,
    Completed,
    Failed,
}

/// Money on its way out of a wallet.
#[derive(Clone, Debug, Deserialize)]
pub struct Withdrawal {
    pub id: WithdrawalId,
    pub status: WithdrawalStatus,
    pub account_id: WalletAccountId,
    pub amount: i64,
    pub currency: Currency,
    pub destination: Option<String>,
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalStatus {
    Requested,
    Reserved,
    Cancelling,
    Completed,
    Refused,
    Returned,
}

/// What was in a wallet in some days, and what moved.
#[derive(Clone, Debug, Deserialize)]
pub struct Statement {
    pub currency: Currency,
    pub opening_balance: i64,
    pub closing_balance: i64,
    pub lines: Vec<StatementLine>,
}

/// What moved.
#[derive(Clone, Debug, Deserialize)]
pub struct StatementLine {
    pub moved_at: Timestamp,
    pub kind: Kind,
    pub other_account: Option<WalletAccountId>,
    pub other_name: Option<String>,
    pub net: i64,
    pub balance: i64,
    pub note: Option<String>,
}

/// Why it moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Payment,
    Refund,
    TopUp,
    Withdrawal,
    Adjustment,
}

/// Something that happened in a wallet.
#[derive(Clone, Debug, Deserialize)]
pub struct Activity {
    pub at: Timestamp,
    pub kind: ActivityKind,
    pub id: String,
    pub state: ActivityState,
    pub status: String,
    pub other_account: Option<WalletAccountId>,
    pub other_name: Option<String>,
    pub net: i64,
    pub currency: Currency,
    pub note: Option<String>,
    pub reason: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    Payment,
    Refund,
    Fee,
    TopUp,
    Withdrawal,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityState {
    Pending,
    Completed,
    Failed,
}

/// A wallet that can be paid.
#[derive(Clone, Debug, Deserialize)]
pub struct Payee {
    pub account_id: WalletAccountId,
    pub currency: Currency,
    pub merchant: bool,
    pub name: Option<String>,
}

/// A request for money.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    pub id: String,
    pub state: RequestState,
    pub requester: UserId,
    pub requester_name: Option<String>,
    pub to_account: WalletAccountId,
    pub payer_name: Option<String>,
    pub amount: i64,
    pub currency: Currency,
    pub note: Option<String>,
    pub payment_id: Option<WalletPaymentId>,
    pub created_at: Timestamp,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Open,
    Accepted,
    Paid,
    Declined,
}

/// What a code holds.
#[derive(Clone, Debug, Deserialize)]
pub struct Code {
    pub text: String,
}

/// Payments at a time.
#[derive(Clone, Debug, Deserialize)]
pub struct Schedule {
    pub id: String,
    pub state: ScheduleState,
    pub to_account: WalletAccountId,
    pub payee_name: Option<String>,
    pub amount: i64,
    pub currency: Currency,
    pub note: Option<String>,
    pub every: Every,
    pub next_at: Option<Timestamp>,
    pub last_problem: Option<String>,
}

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    Active,
    Ended,
    Cancelled,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    Once,
    Day,
    Week,
    Month,
}

/// One sign-in on one device.
#[derive(Clone, Debug, Deserialize)]
pub struct Session {
    pub id: String,
    pub device: Option<String>,
    pub address: Option<String>,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub current: bool,
}

impl Account {
    /// An amount of this wallet.
    pub const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Whether money can leave and enter it.
    pub fn is_open(&self) -> bool {
        self.state == AccountState::Open
    }
}

impl Payment {
    /// What leaves the first wallet.
    pub const fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// What reaches the second one.
    pub const fn arriving(&self) -> Money {
        Money::new(self.amount.saturating_sub(self.fee), self.currency)
    }

    /// Whether nothing will become of it that it is not yet.
    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Failed)
    }

    /// Whether its payer may still call it off.
    pub fn can_be_called_off(&self) -> bool {
        matches!(self.status, Status::Initiated | Status::Reserved | Status::InReview)
    }

    /// Whether it leaves one of these wallets.
    pub fn leaves(&self, mine: &[Account]) -> bool {
        mine.iter().any(|account| account.id == self.from_account)
    }

    /// Whose wallet is at the other end, and what they are called.
    pub fn other(&self, leaving: bool) -> (WalletAccountId, Option<&str>) {
        if leaving {
            (self.to_account, self.payee_name.as_deref())
        } else {
            (self.from_account, self.payer_name.as_deref())
        }
    }
}

impl TopUp {
    /// How much reaches the wallet: what was taken, once it was.
    pub const fn money(&self) -> Money {
        let minor = match self.paid_amount {
            Some(paid) => paid,
            None => self.amount,
        };
        Money::new(minor, self.currency)
    }
}

impl Withdrawal {
    /// How much leaves.
    pub const fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Whether nothing will become of it that it is not yet.
    pub fn is_over(&self) -> bool {
        !matches!(
            self.status,
            WithdrawalStatus::Requested | WithdrawalStatus::Reserved | WithdrawalStatus::Cancelling
        )
    }

    /// Whether its owner may still call it off.
    pub fn can_be_called_off(&self) -> bool {
        matches!(self.status, WithdrawalStatus::Requested | WithdrawalStatus::Reserved)
    }
}

impl Request {
    /// How much is asked for.
    pub const fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

impl Schedule {
    /// How much each time.
    pub const fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// Somebody has one wallet a currency.
const ACCOUNTS_MAX: u32 = 50;

/// Whoever is signed in.
pub async fn me(visit: &Visit) -> Result<Me, Failure> {
    Ok(visit.as_visitor()?.get("/api/v1/users/me").await?)
}

/// The wallets of whoever is signed in, oldest first; their own alone, whatever else they may see.
pub async fn my_accounts(visit: &Visit) -> Result<Vec<Account>, Failure> {
    let me = me(visit).await?;
    let path = format!("/api/v1/accounts?user_id={}&limit={ACCOUNTS_MAX}", me.id);
    Ok(visit.as_visitor()?.get::<Listed<Account>>(&path).await?.data)
}

/// The wallets of whoever has this address, as far as they can be paid.
pub async fn payees(visit: &Visit, address: &str) -> Result<Vec<Payee>, Failure> {
    let path = format!("/api/v1/wallet/payees?q={}", client::encoded(address));
    match visit.as_visitor()?.get::<Listed<Payee>>(&path).await {
        Ok(found) => Ok(found.data),
        // What is no address is nobody's.
        Err(error) if error.api().is_some_and(|told| matches!(told.status.as_u16(), 400 | 422)) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}
