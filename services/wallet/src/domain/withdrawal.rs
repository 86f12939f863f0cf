//! Money on its way out of a wallet: where a withdrawal stands, and what each word of the ledger, of its owner,
//! of a freeze and of time makes of it.
//!
//! It is called off by asking whoever pays it out, and the ledger says how it ended: nothing here gives it up by itself.
//! The words come late or more than once. A move is `None` where it changes nothing; the first
//! word on the end holds.

use std::time::Duration;

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
    /// How long it may take until it is called off by itself, and until that is asked again.
    pub wait: Duration,
    /// By when that is; none once it is over.
    pub until: Option<Timestamp>,
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
    /// It is not to be paid out, unless the provider has begun to.
    Cancelling {
        /// Why.
        why: Reason,
    },
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
    /// It is being called off.
    Cancelling,
    /// The money has left.
    Completed,
    /// The money could not be set aside.
    Refused,
    /// The money could not be paid out.
    Returned,
}

/// It is too late to call a withdrawal off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the withdrawal is over")]
pub struct TooLate(pub WithdrawalStatus);

/// Why it is called off: its owner wants it no more, its account was frozen, or nobody has ended it in time.
const CANCELLED: &str = "cancelled";
const FROZEN: &str = "frozen";
const TIMED_OUT: &str = "timed_out";

impl Withdrawal {
    /// Its owner does not want it any more. Twice is once.
    pub fn cancel(self, now: Timestamp) -> Result<Option<Self>, TooLate> {
        match &self.state {
            WithdrawalState::Requested | WithdrawalState::Reserved => {
                Ok(Some(self.cancelling(Reason::heard(CANCELLED), now)))
            }
            WithdrawalState::Cancelling { .. } => Ok(None),
            WithdrawalState::Completed { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => Err(TooLate(self.status())),
        }
    }

    /// Its account was frozen: it is called off, unless it is already.
    pub fn freeze(self, now: Timestamp) -> Option<Self> {
        match &self.state {
            WithdrawalState::Requested | WithdrawalState::Reserved => {
                Some(self.cancelling(Reason::heard(FROZEN), now))
            }
            WithdrawalState::Cancelling { .. }
            | WithdrawalState::Completed { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }

    /// Its time is over: it is called off, again and again until it has ended. `None` where there is time left.
    pub fn run_out(self, now: Timestamp) -> Option<Self> {
        if self.until.is_none_or(|until| until > now) {
            return None;
        }
        match &self.state {
            WithdrawalState::Requested | WithdrawalState::Reserved => {
                Some(self.cancelling(Reason::heard(TIMED_OUT), now))
            }
            WithdrawalState::Cancelling { why } => {
                let why = why.clone();
                Some(self.cancelling(why, now))
            }
            WithdrawalState::Completed { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }

    /// The money is set aside.
    pub fn reserve(self) -> Option<Self> {
        match &self.state {
            WithdrawalState::Requested => Some(Self { state: WithdrawalState::Reserved, ..self }),
            WithdrawalState::Reserved
            | WithdrawalState::Cancelling { .. }
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
            WithdrawalState::Cancelling { .. } => WithdrawalStatus::Cancelling,
            WithdrawalState::Completed { .. } => WithdrawalStatus::Completed,
            WithdrawalState::Refused { .. } => WithdrawalStatus::Refused,
            WithdrawalState::Returned { .. } => WithdrawalStatus::Returned,
        }
    }

    /// Why it comes, or came, to nothing.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.state {
            WithdrawalState::Cancelling { why }
            | WithdrawalState::Refused { why, .. }
            | WithdrawalState::Returned { why, .. } => Some(why),
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
            WithdrawalState::Requested | WithdrawalState::Reserved | WithdrawalState::Cancelling { .. } => {
                None
            }
        }
    }

    /// The ledger's transaction with which it left.
    pub fn transaction(&self) -> Option<TransactionId> {
        match &self.state {
            WithdrawalState::Completed { transaction, .. } => Some(*transaction),
            WithdrawalState::Requested
            | WithdrawalState::Reserved
            | WithdrawalState::Cancelling { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }

    /// The word that it is wanted, to there: shown by its end, and sealed for whoever pays it out.
    pub fn requested(&self, destination: &Destination, sealed: String) -> WithdrawalRequested {
        WithdrawalRequested {
            withdrawal_id: self.id,
            account_id: self.account,
            user_id: self.user,
            amount: self.amount.minor(),
            currency: self.amount.currency(),
            destination: destination.masked(),
            sealed_destination: Some(sealed),
        }
    }

    fn cancelling(self, why: Reason, now: Timestamp) -> Self {
        let until = Some(now.saturating_add(self.wait));
        Self { state: WithdrawalState::Cancelling { why }, until, ..self }
    }

    fn end(self, ended: WithdrawalState) -> Option<Self> {
        match &self.state {
            WithdrawalState::Requested | WithdrawalState::Reserved | WithdrawalState::Cancelling { .. } => {
                Some(Self { state: ended, until: None, ..self })
            }
            WithdrawalState::Completed { .. }
            | WithdrawalState::Refused { .. }
            | WithdrawalState::Returned { .. } => None,
        }
    }
}
