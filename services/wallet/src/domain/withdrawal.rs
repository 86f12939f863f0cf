//! Money on its way out of a wallet: where a withdrawal stands, and what each word of the ledger makes of it.
//!
//! The words come from one service, but late or more than once. A move is `None` where it changes nothing; the first
//! word on the end holds.

use contracts::events::funding::WithdrawalRequested;
use contracts::{Money, Timestamp, TransactionId, UserId, WalletAccountId, WithdrawalId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Destination, Reason};

/// Money on its way out of a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// From which account.
    pub account: WalletAccountId,
    /// Whose account it is.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// Where it goes, sealed; none once its owner was forgotten.
    pub destination: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub state: WithdrawalState,
    /// How often it was changed.
    pub version: u64,
}

/// Where a withdrawal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithdrawalState {
    /// The ledger is to set the money aside.
    Requested,
    /// The money is set aside; a provider is to pay it out.
    Reserved,
    /// The money has left.
    Completed {
        /// When.
        at: Timestamp,
        /// In which transaction of the ledger.
        transaction: TransactionId,
    },
    /// The money could not be set aside.
    Refused {
        /// When that was told.
        at: Timestamp,
        /// Why.
        why: Reason,
    },
    /// The money could not be paid out, and can be spent again.
    Returned {
        /// When that was told.
        at: Timestamp,
        /// Why.
        why: Reason,
    },
}

/// Where a withdrawal stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WalletWithdrawalStatus)]
pub enum WithdrawalStatus {
    /// It has begun.
    Requested,
    /// The money is set aside.
    Reserved,
    /// The money has left.
    Completed,
    /// The money could not be set aside.
    Refused,
    /// The money could not be paid out.
    Returned,
}

impl Withdrawal {
    /// The money is set aside.
    pub fn reserve(self) -> Option<Self> {
        match &self.state {
            WithdrawalState::Requested => Some(self.into_state(WithdrawalState::Reserved)),
            WithdrawalState::Reserved
            | WithdrawalState::Completed { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }

    /// The money could not be set aside.
    pub fn refuse(self, why: Reason, at: Timestamp) -> Option<Self> {
        self.end(WithdrawalState::Refused { at, why })
    }

    /// The money has left.
    pub fn complete(self, transaction: TransactionId, at: Timestamp) -> Option<Self> {
        self.end(WithdrawalState::Completed { at, transaction })
    }

    /// The money can be spent again.
    pub fn give_back(self, why: Reason, at: Timestamp) -> Option<Self> {
        self.end(WithdrawalState::Returned { at, why })
    }

    /// Where it stands, in one word.
    pub fn status(&self) -> WithdrawalStatus {
        match &self.state {
            WithdrawalState::Requested => WithdrawalStatus::Requested,
            WithdrawalState::Reserved => WithdrawalStatus::Reserved,
            WithdrawalState::Completed { .. } => WithdrawalStatus::Completed,
            WithdrawalState::Refused { .. } => WithdrawalStatus::Refused,
            WithdrawalState::Returned { .. } => WithdrawalStatus::Returned,
        }
    }

    /// Why it came to nothing.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.state {
            WithdrawalState::Refused { why, .. } | WithdrawalState::Returned { why, .. } => Some(why),
            WithdrawalState::Requested | WithdrawalState::Reserved | WithdrawalState::Completed { .. } => {
                None
            }
        }
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.state {
            WithdrawalState::Completed { at, .. }
            | WithdrawalState::Refused { at, .. }
            | WithdrawalState::Returned { at, .. } => Some(*at),
            WithdrawalState::Requested | WithdrawalState::Reserved => None,
        }
    }

    /// The ledger's transaction with which it left.
    pub fn transaction(&self) -> Option<TransactionId> {
        match &self.state {
            WithdrawalState::Completed { transaction, .. } => Some(*transaction),
            WithdrawalState::Requested
            | WithdrawalState::Reserved
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }

    /// The word that it is wanted, to there.
    pub fn requested(&self, destination: &Destination) -> WithdrawalRequested {
        WithdrawalRequested {
            withdrawal_id: self.id,
            account_id: self.account,
            user_id: self.user,
            amount: self.amount.minor(),
            currency: self.amount.currency(),
            destination: destination.as_str().to_owned(),
        }
    }

    fn end(self, ended: WithdrawalState) -> Option<Self> {
        match &self.state {
            WithdrawalState::Requested | WithdrawalState::Reserved => Some(self.into_state(ended)),
            WithdrawalState::Completed { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }

    fn into_state(self, state: WithdrawalState) -> Self {
        Self { state, ..self }
    }
}
