//! What callers are shown of accounts, limits and payments.

use contracts::{Currency, Timestamp, TransactionId, UserId, WalletAccountId, WalletPaymentId};
use kernel::store::Tx;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    Account, Cause, Ended, Limits, MoneyRequestId, Note, PayScheduleId, Payment, Purse, ShortName, Spent,
    State, Status,
};
use crate::error::Error;
use crate::store::{self, Names};

/// A wallet.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "user_id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "currency": "INR", "state": "open", "freeze_reason": null, "frozen_at": null, "merchant": false,
    "fee_basis_points": null, "balance": 120000, "available": 115000, "held": 5000,
    "opened_at": "2026-11-21T09:47:35.123Z"}))]
pub(super) struct WalletAccountView {
    /// Its id.
    id: WalletAccountId,
    /// Whose it is.
    user_id: UserId,
    /// The currency of its amounts.
    currency: Currency,
    /// Whether it can be used.
    state: WalletAccountState,
    /// Why it is frozen.
    freeze_reason: Option<String>,
    /// Since when.
    frozen_at: Option<Timestamp>,
    /// Whether it is a merchant's.
    merchant: bool,
    /// What of each payment to a merchant the project keeps, in hundredths of a percent.
    fee_basis_points: Option<u32>,
    /// What is in it, in minor units.
    balance: i64,
    /// What can be spent, in minor units.
    available: i64,
    /// What is on its way out, in minor units.
    held: i64,
    /// When it was opened.
    opened_at: Timestamp,
}

/// Whether a wallet can be used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WalletAccountState {
    /// It can.
    Open,
    /// Nothing leaves or enters it.
    Frozen,
}

/// How much may leave an account.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"currency": "INR", "kyc_level": 1, "payment": 5000000, "day": 10000000, "month": 50000000,
    "spent_today": 120000, "spent_this_month": 480000}))]
pub(super) struct WalletLimitsView {
    /// The currency of all amounts, which are minor units.
    currency: Currency,
    /// How much is proven of the owner: 0 nothing, 1 basic, 2 full.
    kyc_level: u8,
    /// The most in one payment, where the currency has limits of its own by those.
    payment: i64,
    /// The most in a day, in UTC.
    day: i64,
    /// The most in a month, in UTC.
    month: i64,
    /// What has left today or is on its way.
    spent_today: i64,
    /// The same of this month.
    spent_this_month: i64,
}

/// A payment between wallets.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "wpay_01jd3sa4k8qm7v2x9c5f0t6w1b", "status": "completed",
    "from_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "to_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1c",
    "payer": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "payee": "usr_01jd3sa4k8qm7v2x9c5f0t6w1c", "amount": 5000, "fee": 0,
    "currency": "INR", "note": "Tea", "reason": null, "refunded_amount": 0, "refund_of": null, "request_id": null,
    "schedule_id": null, "transaction_id": "txn_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "created_at": "2026-11-21T09:47:35.123Z", "ended_at": "2026-11-21T09:47:36.001Z"}))]
pub(super) struct WalletPaymentView {
    /// Its id.
    id: WalletPaymentId,
    /// Where it stands.
    status: Status,
    /// From which account.
    from_account: WalletAccountId,
    /// To which account.
    to_account: WalletAccountId,
    /// Who pays.
    payer: UserId,
    /// What they are called: a first name and an initial.
    payer_name: Option<ShortName>,
    /// Who is paid.
    payee: UserId,
    /// What they are called.
    payee_name: Option<ShortName>,
    /// How much leaves the first account, in minor units.
    amount: i64,
    /// How much of it the project keeps.
    fee: i64,
    /// The currency of both.
    currency: Currency,
    /// What it is for.
    note: Option<Note>,
    /// Why it comes, or came, to nothing, as a code.
    reason: Option<String>,
    /// How much of it went back or is on its way back, in minor units.
    refunded_amount: i64,
    /// The payment that it gives back.
    refund_of: Option<WalletPaymentId>,
    /// The request that it answers.
    request_id: Option<MoneyRequestId>,
    /// The schedule that it is of.
    schedule_id: Option<PayScheduleId>,
    /// The ledger's transaction that moved the money.
    transaction_id: Option<TransactionId>,
    /// When it began.
    created_at: Timestamp,
    /// When it ended.
    ended_at: Option<Timestamp>,
}

impl WalletAccountView {
    /// Its id.
    pub(super) fn id(&self) -> WalletAccountId {
        self.id
    }
}

impl WalletPaymentView {
    /// Its id.
    pub(super) fn id(&self) -> WalletPaymentId {
        self.id
    }
}

impl WalletLimitsView {
    /// The limits of an account of whose owner so much is proven.
    pub(super) fn of(account: &Account, kyc_level: u8, limits: Limits, spent: Spent) -> Self {
        Self {
            currency: account.currency(),
            kyc_level,
            payment: limits.payment,
            day: limits.day,
            month: limits.month,
            spent_today: spent.day,
            spent_this_month: spent.month,
        }
    }
}

impl From<Purse> for WalletAccountView {
    fn from(purse: Purse) -> Self {
        let (available, Purse { account, held }) = (purse.available(), purse);
        let currency = account.currency();
        let state = match account.frozen {
            Some(_) => WalletAccountState::Frozen,
            None => WalletAccountState::Open,
        };
        let (freeze_reason, frozen_at) = account.frozen.map(|freeze| (freeze.reason, freeze.at)).unzip();
        Self {
            id: account.id,
            user_id: account.owner,
            currency,
            state,
            freeze_reason,
            frozen_at,
            merchant: account.fee_basis_points.is_some(),
            fee_basis_points: account.fee_basis_points,
            balance: account.balance.minor(),
            available,
            held,
            opened_at: account.opened_at,
        }
    }
}

impl WalletPaymentView {
    /// What is shown of a payment.
    pub(super) fn of(tx: &mut Tx<'_>, payment: Payment) -> Result<Self, Error> {
        let names = store::names(tx, [payment.payer, payment.payee])?;
        Ok(Self::named(payment, &names))
    }

    /// The same of several.
    pub(super) fn all(tx: &mut Tx<'_>, payments: Vec<Payment>) -> Result<Vec<Self>, Error> {
        let names = store::names(tx, payments.iter().flat_map(|payment| [payment.payer, payment.payee]))?;
        Ok(payments.into_iter().map(|payment| Self::named(payment, &names)).collect())
    }

    fn named(payment: Payment, names: &Names) -> Self {
        let (refund_of, request_id, schedule_id) = match payment.cause {
            Cause::Direct => (None, None, None),
            Cause::Refund(of) => (Some(of), None, None),
            Cause::Asked(request) => (None, Some(request), None),
            Cause::Schedule(schedule, _) => (None, None, Some(schedule)),
        };
        let transaction_id = match &payment.state {
            State::Ended(Ended::Completed { transaction, .. }) => Some(*transaction),
            State::Ended(Ended::Failed { .. })
            | State::Initiated { .. }
            | State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. }
            | State::Releasing { .. } => None,
        };
        Self {
            id: payment.id,
            status: payment.status(),
            from_account: payment.from,
            to_account: payment.to,
            payer: payment.payer,
            payer_name: names.get(&payment.payer).cloned(),
            payee: payment.payee,
            payee_name: names.get(&payment.payee).cloned(),
            amount: payment.amount.minor(),
            fee: payment.fee,
            currency: payment.amount.currency(),
            reason: payment.reason().map(|reason| reason.as_str().to_owned()),
            refunded_amount: payment.refunded,
            refund_of,
            request_id,
            schedule_id,
            transaction_id,
            created_at: payment.initiated_at,
            ended_at: payment.ended_at(),
            note: payment.note,
        }
    }
}
