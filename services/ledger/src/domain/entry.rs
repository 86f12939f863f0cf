//! What the journal holds: one entry a transfer that was done, with the columns of both accounts after it, and the ids
//! that were refused for good.

use std::fmt::Write;

use contracts::{Currency, Timestamp, TransactionId, WalletPaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::account::Balances;
use super::address::Address;
use super::result::LedgerResult;
use super::transfer::{Phase, Sides};

/// Where an entry stands in its project's journal; the first is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// The hash of the journal up to the end of one of its pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

/// What an entry did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LedgerAct)]
pub enum Act {
    /// Money moved at once.
    Transfer,
    /// Money was set aside.
    Pending,
    /// What was set aside moved.
    Post,
    /// What was set aside was let go.
    Void,
    /// What was set aside was let go because its time was over.
    Expire,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub position: Position,
    /// The transfer's id.
    pub id: TransactionId,
    /// What it did.
    pub act: Act,
    /// Who gave.
    pub debit: Address,
    /// Who took.
    pub credit: Address,
    /// How much: what moved, what was set aside, or what was let go.
    pub amount: i64,
    /// How much of what was set aside is so no more.
    pub released: i64,
    /// The currency of both accounts.
    pub currency: Currency,
    /// What the caller took it for.
    pub code: u16,
    /// `balancing`, `closing` and `keeps_rest` of the transfer, as bits.
    pub flags: u16,
    /// What was posted, voided or expired.
    pub pending_id: Option<TransactionId>,
    /// The payment between wallets that it was for.
    pub payment: Option<WalletPaymentId>,
    /// When.
    pub at: Timestamp,
    /// The entry before this one that touched the debit account.
    pub debit_previous: Position,
    /// The entry before this one that touched the credit account.
    pub credit_previous: Position,
    /// The debit account afterwards.
    pub debit_after: Balances,
    /// The credit account afterwards.
    pub credit_after: Balances,
}

/// An id that was refused for a reason that passes: a copy that comes later must not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it stands.
    pub position: Position,
    /// The transfer's id.
    pub id: TransactionId,
    /// Why.
    pub why: LedgerResult,
    /// When.
    pub at: Timestamp,
}

/// What stands at one position of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are entries")]
pub enum Item {
    /// A transfer was done.
    Entry(Entry),
    /// A transfer was refused for good.
    Refusal(Refusal),
}

/// Where what was set aside stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// Set aside.
    Pending,
    /// Moved.
    Posted,
    /// Let go.
    Voided,
    /// Let go because its time was over.
    Expired,
}

/// What a pending transfer has set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The pending transfer.
    pub id: TransactionId,
    /// Who gives.
    pub debit: Address,
    /// Who takes.
    pub credit: Address,
    /// How much was set aside.
    pub amount: i64,
    /// How much of it still is.
    pub remaining: i64,
    /// The currency of both accounts.
    pub currency: Currency,
    /// What the caller took it for.
    pub code: u16,
    /// Which accounts it closed.
    pub closing: Sides,
    /// The time-out, as it was asked for.
    pub timeout_s: u32,
    /// When it is let go.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: HoldStatus,
    /// The payment between wallets that it is for.
    pub payment: Option<WalletPaymentId>,
    /// When it was set aside.
    pub at: Timestamp,
}

/// A mark every so many entries of one account, from which the chain is walked to a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose.
    pub account: Address,
    /// Which entry.
    pub position: Position,
    /// Its time.
    pub at: Timestamp,
}

impl Position {
    /// Before the first.
    pub const NOWHERE: Self = Self(0);

    /// The one after it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The one before it.
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl Hash {
    /// Before the first entry.
    pub const OF_NOTHING: Self = Self([0; 32]);
}

/// Written as people write hashes.
pub fn hex(hash: &Hash) -> String {
    hash.0.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl From<Phase> for Act {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Transfer => Self::Transfer,
            Phase::Pending => Self::Pending,
            Phase::Post => Self::Post,
            Phase::Void => Self::Void,
        }
    }
}

impl Entry {
    /// What it did to the columns of one side: set aside, and moved.
    pub fn effect(&self) -> (i64, i64) {
        match self.act {
            Act::Transfer => (0, self.amount),
            Act::Pending => (self.amount, 0),
            Act::Post => (-self.released, self.amount),
            Act::Void | Act::Expire => (-self.released, 0),
        }
    }

    /// The entry before this one that touched an account of its two.
    pub fn previous(&self, account: &Address) -> Position {
        if self.debit == *account { self.debit_previous } else { self.credit_previous }
    }
}

impl Item {
    /// Where it stands.
    pub fn position(&self) -> Position {
        match self {
            Self::Entry(entry) => entry.position,
            Self::Refusal(refusal) => refusal.position,
        }
    }

    /// The transfer's id.
    pub fn id(&self) -> TransactionId {
        match self {
            Self::Entry(entry) => entry.id,
            Self::Refusal(refusal) => refusal.id,
        }
    }

    /// What was done, if anything was.
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Refusal(_) => None,
        }
    }
}
