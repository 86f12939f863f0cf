//! An account: four columns that only grow or settle, and what they may not exceed.

use contracts::{Currency, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::Address;
use super::entry::Position;
use super::result::LedgerResult;

/// What an account may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// It may be on either side of nothing.
    None,
    /// Nothing leaves it that has not come in: a wallet, a deposit, what we owe.
    DebitsMustNotExceedCredits,
    /// The other way round: a till, a bank account, what we own.
    CreditsMustNotExceedDebits,
}

/// The four columns, in minor units. None is ever below nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Balances {
    /// Set aside to leave.
    pub debits_pending: i64,
    /// Left.
    pub debits_posted: i64,
    /// Set aside to come.
    pub credits_pending: i64,
    /// Came.
    pub credits_posted: i64,
}

/// An account as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called.
    pub address: Address,
    /// What it is counted in.
    pub currency: Currency,
    /// What the caller takes it for.
    pub code: u16,
    /// What it may not do.
    pub bounds: Bounds,
    /// Whose it is, where it is somebody's.
    pub owner: Option<UserId>,
    /// No new transfer touches it until it is thawed.
    pub frozen: bool,
    /// Nothing touches it until the transfer that closed it is voided.
    pub closed: bool,
    /// Its columns.
    pub balances: Balances,
    /// How many entries of the journal are about it.
    pub sequence: u64,
    /// The last of them.
    pub head: Position,
    /// Since when it is there.
    pub opened_at: Timestamp,
}

/// What transfers change of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its columns.
    pub balances: Balances,
    /// How many entries of the journal are about it.
    pub sequence: u64,
    /// The last of them.
    pub head: Position,
    /// Nothing touches it until the transfer that closed it is voided.
    pub closed: bool,
}

/// Which of the two sides of a transfer an account is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It gives.
    Debit,
    /// It takes.
    Credit,
}

impl Balances {
    /// What came less what left.
    pub fn net(&self) -> i64 {
        // Neither is below nothing, so their difference always fits.
        self.credits_posted.saturating_sub(self.debits_posted)
    }

    /// What is in it, counted on the account's own side.
    pub fn balance(&self, bounds: Bounds) -> i64 {
        match bounds {
            Bounds::None | Bounds::DebitsMustNotExceedCredits => self.net(),
            Bounds::CreditsMustNotExceedDebits => -self.net(),
        }
    }

    /// What of it can still leave.
    pub fn available(&self, bounds: Bounds) -> i64 {
        let set_aside = match bounds {
            Bounds::None | Bounds::DebitsMustNotExceedCredits => self.debits_pending,
            Bounds::CreditsMustNotExceedDebits => self.credits_pending,
        };
        self.balance(bounds).saturating_sub(set_aside)
    }

    /// What is set aside and what moved on one side.
    fn side(&self, side: Side) -> (i64, i64) {
        match side {
            Side::Debit => (self.debits_pending, self.debits_posted),
            Side::Credit => (self.credits_pending, self.credits_posted),
        }
    }

    /// Whether all columns are possible under these bounds.
    pub fn keep(&self, bounds: Bounds) -> bool {
        let columns = [self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted];
        let covered =
            |taken: (i64, i64), there: i64| taken.0.checked_add(taken.1).is_some_and(|taken| taken <= there);
        columns.iter().all(|column| *column >= 0)
            && match bounds {
                Bounds::None => true,
                Bounds::DebitsMustNotExceedCredits => covered(self.side(Side::Debit), self.credits_posted),
                Bounds::CreditsMustNotExceedDebits => covered(self.side(Side::Credit), self.debits_posted),
            }
    }

    /// The columns after so much was set aside (`pending`) and moved (`posted`) on one side; `None` beyond 64 bits.
    pub fn moved(self, side: Side, pending: i64, posted: i64) -> Option<Self> {
        let (was_pending, was_posted) = self.side(side);
        let (pending, posted) = (was_pending.checked_add(pending)?, was_posted.checked_add(posted)?);
        Some(match side {
            Side::Debit => Self { debits_pending: pending, debits_posted: posted, ..self },
            Side::Credit => Self { credits_pending: pending, credits_posted: posted, ..self },
        })
    }
}

impl Account {
    /// A new account, with nothing in it.
    pub fn open(
        address: Address,
        currency: Currency,
        code: u16,
        bounds: Bounds,
        owner: Option<UserId>,
        opened_at: Timestamp,
    ) -> Self {
        let (balances, sequence, head) = (Balances::default(), 0, Position::NOWHERE);
        let (frozen, closed) = (false, false);
        Self { address, currency, code, bounds, owner, frozen, closed, balances, sequence, head, opened_at }
    }

    /// A wallet: we owe its owner what is in it.
    pub fn wallet(address: Address, currency: Currency, owner: Option<UserId>, at: Timestamp) -> Self {
        Self::open(address, currency, Self::CODE_OF_WALLETS, Bounds::DebitsMustNotExceedCredits, owner, at)
    }

    /// The account of the project that has this address, if one has.
    pub fn of_project(address: &Address, at: Timestamp) -> Option<Self> {
        let currency = address.own_currency()?;
        Some(Self::open(address.clone(), currency, Self::CODE_OF_PROJECT, Bounds::None, None, at))
    }

    const CODE_OF_PROJECT: u16 = 1;
    const CODE_OF_WALLETS: u16 = 2;

    /// What transfers change of it, as it is.
    pub fn standing(&self) -> Standing {
        let Self { balances, sequence, head, closed, .. } = *self;
        Standing { balances, sequence, head, closed }
    }

    /// It stands as it stood.
    pub fn set_standing(&mut self, was: Standing) {
        let Standing { balances, sequence, head, closed } = was;
        (self.balances, self.sequence, self.head, self.closed) = (balances, sequence, head, closed);
    }

    /// What is in it.
    pub fn balance(&self) -> i64 {
        self.balances.balance(self.bounds)
    }

    /// What of it can still leave.
    pub fn available(&self) -> i64 {
        self.balances.available(self.bounds)
    }

    /// How much it can give or take at most without breaking its own word; used by transfers that take what there is.
    pub(super) fn room(&self, side: Side) -> i64 {
        let (pending, posted) = self.balances.side(side);
        let there = match side {
            Side::Debit => self.balances.credits_posted,
            Side::Credit => self.balances.debits_posted,
        };
        let room = i128::from(there) - i128::from(pending) - i128::from(posted);
        i64::try_from(room.max(0)).unwrap_or(i64::MAX)
    }

    /// Why it cannot count so much more on one side, if it cannot.
    pub(super) fn overflows(&self, side: Side, amount: i64, pending: bool) -> Option<LedgerResult> {
        let (was_pending, was_posted) = self.balances.side(side);
        let (column, code) = match (side, pending) {
            (Side::Debit, true) => (was_pending, LedgerResult::OverflowsDebitsPending),
            (Side::Credit, true) => (was_pending, LedgerResult::OverflowsCreditsPending),
            (Side::Debit, false) => (was_posted, LedgerResult::OverflowsDebitsPosted),
            (Side::Credit, false) => (was_posted, LedgerResult::OverflowsCreditsPosted),
        };
        let both = match side {
            Side::Debit => LedgerResult::OverflowsDebits,
            Side::Credit => LedgerResult::OverflowsCredits,
        };
        let sum = i128::from(was_pending) + i128::from(was_posted) + i128::from(amount);
        match column.checked_add(amount) {
            None => Some(code),
            Some(_) if sum > i128::from(i64::MAX) => Some(both),
            Some(_) => None,
        }
    }

    /// Why its bounds refuse so much more on one side, if they do. What is set aside counts as gone.
    pub(super) fn exceeds(&self, side: Side, amount: i64) -> Option<LedgerResult> {
        let bound = match (side, self.bounds) {
            (Side::Debit, Bounds::DebitsMustNotExceedCredits) => LedgerResult::ExceedsCredits,
            (Side::Credit, Bounds::CreditsMustNotExceedDebits) => LedgerResult::ExceedsDebits,
            (Side::Debit, Bounds::None | Bounds::CreditsMustNotExceedDebits)
            | (Side::Credit, Bounds::None | Bounds::DebitsMustNotExceedCredits) => return None,
        };
        (amount > self.room(side)).then_some(bound)
    }
}
