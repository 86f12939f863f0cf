//! What callers are shown.

use contracts::{Currency, Timestamp, TransactionId, UserId, WalletPaymentId};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::{
    Account, Act, Address, Balances, Bounds, Difference, Entry, Hash, Hold, HoldStatus, LedgerResult,
    Outcome, Reference, Text, hex,
};
use crate::queries::{Record, Report, after};
use crate::store::{Line, PeriodRow, TransactionKind};

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerAccount)]
pub(super) struct AccountView {
    /// What it is called.
    id: Address,
    /// What it is counted in.
    currency: Currency,
    /// What its maker takes it for.
    code: u16,
    /// What it may not do.
    bounds: Bounds,
    /// Whose it is, where it is somebody's.
    user_id: Option<UserId>,
    /// No new transfer touches it.
    frozen: bool,
    /// Nothing touches it.
    closed: bool,
    /// What is in it, counted on its own side.
    balance: i64,
    /// What of it can still leave.
    available: i64,
    /// The four columns.
    columns: Balances,
    /// How many entries are about it.
    sequence: u64,
    /// Since when it is there.
    opened_at: Timestamp,
}

/// What is or was in an account.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerBalance)]
pub(super) struct BalanceView {
    /// The account.
    account_id: Address,
    /// What it is counted in.
    currency: Currency,
    /// What is in it, counted on its own side.
    balance: i64,
    /// What of it can still leave.
    available: i64,
    /// The four columns.
    columns: Balances,
    /// The time that was asked for.
    at: Option<Timestamp>,
}

/// One line of a statement.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerStatementLine)]
pub(super) struct LineView {
    /// Where it stands in the journal.
    #[serde(skip)]
    pub(super) position: u64,
    /// The transfer.
    transfer_id: TransactionId,
    /// What it did.
    act: Act,
    /// `debit` where the account gave, `credit` where it took.
    side: SideView,
    /// The account on the other side.
    other_account_id: Address,
    /// How much moved, was set aside or was let go.
    amount: i64,
    /// What its maker took it for.
    code: u16,
    /// What it ended, for a post, void or expiry.
    pending_id: Option<TransactionId>,
    /// The payment that it is for.
    payment_id: Option<WalletPaymentId>,
    /// What was in the account after it.
    balance: i64,
    /// What of that could still leave.
    available: i64,
    /// When.
    at: Timestamp,
}

/// A side of a transfer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LedgerSide)]
enum SideView {
    /// It gave.
    Debit,
    /// It took.
    Credit,
}

/// An entry of the journal.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerTransfer)]
pub(super) struct TransferView {
    /// Its id.
    id: TransactionId,
    /// What it did.
    act: Act,
    /// Who gave.
    debit_account_id: Address,
    /// Who took.
    credit_account_id: Address,
    /// How much moved, was set aside or was let go.
    amount: i64,
    /// The currency of both accounts.
    currency: Currency,
    /// What its maker took it for.
    code: u16,
    /// What it ended, for a post, void or expiry.
    pending_id: Option<TransactionId>,
    /// The payment that it is for.
    payment_id: Option<WalletPaymentId>,
    /// When.
    at: Timestamp,
}

/// What became of one transfer.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerTransferResult)]
pub(super) struct ResultView {
    /// The transfer.
    id: TransactionId,
    /// `created`, or why not.
    result: LedgerResult,
    /// How much it was in the end.
    amount: Option<i64>,
    /// When it was done.
    at: Option<Timestamp>,
}

/// What became of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerTransferResults)]
pub(super) struct ResultsView {
    /// One for each transfer, in their order.
    data: Vec<ResultView>,
}

/// A transaction with its legs.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerTransaction)]
pub(super) struct TransactionView {
    /// Its id.
    pub(super) id: TransactionId,
    /// What it came of.
    kind: TransactionKind,
    /// What its maker calls it.
    reference: Option<Reference>,
    /// What it is about, for people.
    description: Option<Text>,
    /// What its maker wants to find with it.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// The payment that it is for.
    payment_id: Option<WalletPaymentId>,
    /// The transaction that it takes back.
    reverses: Option<TransactionId>,
    /// How much of it went back, in minor units, over all legs.
    reversed: i64,
    /// What it did, in its order.
    legs: Vec<TransferView>,
    /// The accounts as it left them, where it was just made.
    accounts: Vec<BalanceView>,
    /// When.
    at: Timestamp,
}

/// What is set aside.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerHold)]
pub(super) struct HoldView {
    /// The pending transfer.
    pub(super) id: TransactionId,
    /// Where it stands.
    status: HoldStatus,
    /// Who gives.
    debit_account_id: Address,
    /// Who takes.
    credit_account_id: Address,
    /// How much was set aside.
    amount: i64,
    /// How much of it still is.
    remaining: i64,
    /// The currency of both accounts.
    currency: Currency,
    /// What its maker took it for.
    code: u16,
    /// The payment that it is for; then it follows that payment alone.
    payment_id: Option<WalletPaymentId>,
    /// When it is let go by itself.
    expires_at: Option<Timestamp>,
    /// When it was set aside.
    at: Timestamp,
}

/// A sealed stretch of the journal.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerPeriod)]
pub(super) struct PeriodView {
    /// The first is 1.
    pub(super) number: u64,
    /// When it was sealed.
    closed_at: Timestamp,
    /// Its first entry.
    first: u64,
    /// Its last entry.
    last: u64,
    /// The SHA-256 of the whole journal up to there, in hexadecimal: keep it elsewhere.
    root: String,
}

/// What replaying the journal has found.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerVerification)]
pub(super) struct ReportView {
    /// Whether every balance follows from the journal.
    sound: bool,
    /// How many entries were replayed.
    entries: u64,
    /// How many accounts were compared.
    accounts: u64,
    /// How many sealed periods were compared.
    periods: u64,
    /// What is wrong, the first hundred of it.
    differences: Vec<DifferenceView>,
}

/// One thing that is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerDifference)]
struct DifferenceView {
    /// An account, a place in the journal, or the journal as a whole.
    place: String,
    /// What is wrong with it.
    what: String,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            balance: account.balance(),
            available: account.available(),
            id: account.address,
            currency: account.currency,
            code: account.code,
            bounds: account.bounds,
            user_id: account.owner,
            frozen: account.frozen,
            closed: account.closed,
            columns: account.balances,
            sequence: account.sequence,
            opened_at: account.opened_at,
        }
    }
}

impl AccountView {
    pub(super) fn id(&self) -> Address {
        self.id.clone()
    }
}

impl BalanceView {
    pub(super) fn of(account: Account, columns: Balances, at: Option<Timestamp>) -> Self {
        Self {
            currency: account.currency,
            balance: columns.balance(account.bounds),
            available: columns.available(account.bounds),
            account_id: account.address,
            columns,
            at,
        }
    }
}

impl LineView {
    pub(super) fn of(line: Line, bounds: Bounds) -> Self {
        let columns = after(&line);
        let Line { entry, gave } = line;
        let (side, other_account_id) =
            if gave { (SideView::Debit, entry.credit) } else { (SideView::Credit, entry.debit) };
        Self {
            position: entry.position.0,
            transfer_id: entry.id,
            act: entry.act,
            side,
            other_account_id,
            amount: entry.amount,
            code: entry.code,
            pending_id: entry.pending_id,
            payment_id: entry.payment,
            balance: columns.balance(bounds),
            available: columns.available(bounds),
            at: entry.at,
        }
    }
}

impl From<Entry> for TransferView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            act: entry.act,
            debit_account_id: entry.debit,
            credit_account_id: entry.credit,
            amount: entry.amount,
            currency: entry.currency,
            code: entry.code,
            pending_id: entry.pending_id,
            payment_id: entry.payment,
            at: entry.at,
        }
    }
}

impl From<Vec<Outcome>> for ResultsView {
    fn from(outcomes: Vec<Outcome>) -> Self {
        let view = |outcome: Outcome| ResultView {
            id: outcome.id,
            result: outcome.result,
            amount: outcome.done.map(|(amount, _)| amount),
            at: outcome.done.map(|(_, at)| at),
        };
        Self { data: outcomes.into_iter().map(view).collect() }
    }
}

impl From<Record> for TransactionView {
    fn from(record: Record) -> Self {
        let Record { row, legs, reversed, accounts } = record;
        let left = |account: Account| {
            let columns = account.balances;
            BalanceView::of(account, columns, None)
        };
        Self {
            id: row.id,
            kind: row.kind,
            reference: row.reference,
            description: row.description,
            metadata: row.metadata.0,
            payment_id: row.payment_id,
            reverses: row.reverses,
            reversed,
            legs: legs.into_iter().map(TransferView::from).collect(),
            accounts: accounts.into_iter().map(left).collect(),
            at: row.made_at,
        }
    }
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self {
            id: hold.id,
            status: hold.status,
            debit_account_id: hold.debit,
            credit_account_id: hold.credit,
            amount: hold.amount,
            remaining: hold.remaining,
            currency: hold.currency,
            code: hold.code,
            payment_id: hold.payment,
            expires_at: hold.due_at,
            at: hold.at,
        }
    }
}

impl From<PeriodRow> for PeriodView {
    fn from(row: PeriodRow) -> Self {
        let root = row.root.0.try_into().map(|bytes| hex(&Hash(bytes))).unwrap_or_default();
        let (first, last) = (row.first_position.0, row.last_position.0);
        Self { number: row.number, closed_at: row.closed_at, first, last, root }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        let view = |difference: Difference| DifferenceView { place: difference.place, what: difference.what };
        Self {
            sound: report.differences.is_empty(),
            entries: report.entries,
            accounts: report.accounts,
            periods: report.periods,
            differences: report.differences.into_iter().map(view).collect(),
        }
    }
}
