//! Money on its way into a wallet: where a top-up stands, and what each word of payments, of the ledger and of time
//! makes of it.
//!
//! A move is `None` where it changes nothing. Money that a provider has taken counts, also when the top-up was given up
//! before; what payment it was and how much it brought never changes after that, so nothing is credited twice.

use std::time::Duration;

use contracts::events::funding::{TopUpPaid, TopUpRequested};
use contracts::{Money, Timestamp, TopUpId, TransactionId, UserId, WalletAccountId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Reason;

/// Money on its way into a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// Its id.
    pub id: TopUpId,
    /// Into which account.
    pub account: WalletAccountId,
    /// Whose account it is.
    pub user: UserId,
    /// How much was asked for.
    pub asked: Money,
    /// When.
    pub requested_at: Timestamp,
    /// How long the ledger's answer is waited for.
    pub answer: Duration,
    /// Where it stands.
    pub state: TopUpState,
    /// How often it was changed.
    pub version: u64,
}

/// What a provider took for a top-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The provider's name for the payment.
    pub reference: String,
    /// How much, in minor units of the account's currency.
    pub amount: i64,
    /// When.
    pub at: Timestamp,
}

/// Where a top-up stands; while it lives it has a time by which something has to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopUpState {
    /// It is yet to be paid.
    Pending {
        /// Then it is given up.
        until: Timestamp,
    },
    /// A provider has the money; the ledger is to credit it.
    Paid {
        /// What was taken.
        taken: Taken,
        /// Then the ledger is told again.
        until: Timestamp,
    },
    /// The account does not take the money now; the ledger keeps it.
    Held {
        /// What was taken.
        taken: Taken,
        /// Why.
        why: Reason,
        /// Then the account is looked at again.
        until: Timestamp,
    },
    /// The money is in the account.
    Completed {
        /// What was taken.
        taken: Taken,
        /// Since when.
        at: Timestamp,
        /// In which transaction of the ledger.
        transaction: TransactionId,
    },
    /// It came to nothing, as far as is known: money that arrives all the same is taken.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        why: Reason,
    },
}

/// Where a top-up stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WalletTopUpStatus)]
pub enum TopUpStatus {
    /// It is yet to be paid.
    Pending,
    /// A provider has the money.
    Paid,
    /// The money is kept until the account takes it.
    Held,
    /// The money is in the account.
    Completed,
    /// It came to nothing.
    Failed,
}

/// What a project has set for top-ups that begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopUpTerms {
    /// The least, in minor units.
    pub min: i64,
    /// The most, in minor units.
    pub max: i64,
    /// How long it may take until it is paid.
    pub timeout: Duration,
}

/// A top-up is to be of another amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a top-up is not of this amount")]
pub struct OutOfRange {
    /// The least, in minor units.
    pub min: i64,
    /// The most, in minor units.
    pub max: i64,
}

/// A second payment was taken for the same top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidAlready;

/// An account that does not take money is looked at again after this: its thaw may have been overtaken.
const HELD_FOR: Duration = Duration::from_secs(900);

/// Nobody has paid it in time.
const EXPIRED: &str = "expired";

impl TopUpTerms {
    /// Whether a top-up may be of this amount.
    pub fn allow(&self, amount: i64) -> Result<(), OutOfRange> {
        if (self.min..=self.max).contains(&amount) {
            Ok(())
        } else {
            Err(OutOfRange { min: self.min, max: self.max })
        }
    }
}

impl TopUp {
    /// A provider has the money. Twice is once; another payment than the one that counts is told apart.
    pub fn pay(self, taken: Taken, now: Timestamp) -> Result<Option<Self>, PaidAlready> {
        match &self.state {
            TopUpState::Pending { .. } | TopUpState::Failed { .. } => Ok(Some(self.paid(taken, now))),
            TopUpState::Paid { taken: first, .. }
            | TopUpState::Held { taken: first, .. }
            | TopUpState::Completed { taken: first, .. } => {
                if first.reference == taken.reference {
                    Ok(None)
                } else {
                    Err(PaidAlready)
                }
            }
        }
    }

    /// The payment was called off.
    pub fn cancel(self, at: Timestamp) -> Option<Self> {
        match &self.state {
            TopUpState::Pending { .. } => Some(self.failed("cancelled", at)),
            TopUpState::Paid { .. }
            | TopUpState::Held { .. }
            | TopUpState::Completed { .. }
            | TopUpState::Failed { .. } => None,
        }
    }

    /// The account does not take the money now.
    pub fn hold(self, why: Reason, now: Timestamp) -> Option<Self> {
        match self.state.clone() {
            TopUpState::Paid { taken, .. } => Some(self.held(taken, why, now)),
            TopUpState::Pending { .. }
            | TopUpState::Held { .. }
            | TopUpState::Completed { .. }
            | TopUpState::Failed { .. } => None,
        }
    }

    /// The account can be used again: the ledger is told once more.
    pub fn thaw(self, now: Timestamp) -> Option<Self> {
        match self.state.clone() {
            TopUpState::Held { taken, .. } => Some(self.paid(taken, now)),
            TopUpState::Pending { .. }
            | TopUpState::Paid { .. }
            | TopUpState::Completed { .. }
            | TopUpState::Failed { .. } => None,
        }
    }

    /// The ledger has credited the money.
    pub fn credit(self, transaction: TransactionId, at: Timestamp) -> Option<Self> {
        match self.state.clone() {
            TopUpState::Paid { taken, .. } | TopUpState::Held { taken, .. } => {
                Some(self.into_state(TopUpState::Completed { taken, at, transaction }))
            }
            TopUpState::Pending { .. } | TopUpState::Completed { .. } | TopUpState::Failed { .. } => None,
        }
    }

    /// Its time is over: it is given up, the ledger told again, or the account looked at again.
    pub fn run_out(self, frozen: bool, now: Timestamp) -> Option<Self> {
        if self.until().is_none_or(|until| until > now) {
            return None;
        }
        match self.state.clone() {
            TopUpState::Pending { .. } => Some(self.failed(EXPIRED, now)),
            TopUpState::Held { taken, why, .. } if frozen => Some(self.held(taken, why, now)),
            TopUpState::Paid { taken, .. } | TopUpState::Held { taken, .. } => Some(self.paid(taken, now)),
            TopUpState::Completed { .. } | TopUpState::Failed { .. } => None,
        }
    }

    /// Where it stands, in one word.
    pub fn status(&self) -> TopUpStatus {
        match &self.state {
            TopUpState::Pending { .. } => TopUpStatus::Pending,
            TopUpState::Paid { .. } => TopUpStatus::Paid,
            TopUpState::Held { .. } => TopUpStatus::Held,
            TopUpState::Completed { .. } => TopUpStatus::Completed,
            TopUpState::Failed { .. } => TopUpStatus::Failed,
        }
    }

    /// By when something has to happen, as long as it lives.
    pub fn until(&self) -> Option<Timestamp> {
        match &self.state {
            TopUpState::Pending { until }
            | TopUpState::Paid { until, .. }
            | TopUpState::Held { until, .. } => Some(*until),
            TopUpState::Completed { .. } | TopUpState::Failed { .. } => None,
        }
    }

    /// What was taken for it, once it was paid.
    pub fn taken(&self) -> Option<&Taken> {
        match &self.state {
            TopUpState::Paid { taken, .. }
            | TopUpState::Held { taken, .. }
            | TopUpState::Completed { taken, .. } => Some(taken),
            TopUpState::Pending { .. } | TopUpState::Failed { .. } => None,
        }
    }

    /// Why it is held, or came to nothing.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.state {
            TopUpState::Held { why, .. } | TopUpState::Failed { why, .. } => Some(why),
            TopUpState::Pending { .. } | TopUpState::Paid { .. } | TopUpState::Completed { .. } => None,
        }
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.state {
            TopUpState::Completed { at, .. } | TopUpState::Failed { at, .. } => Some(*at),
            TopUpState::Pending { .. } | TopUpState::Paid { .. } | TopUpState::Held { .. } => None,
        }
    }

    /// The ledger's transaction that credited it.
    pub fn transaction(&self) -> Option<TransactionId> {
        match &self.state {
            TopUpState::Completed { transaction, .. } => Some(*transaction),
            TopUpState::Pending { .. }
            | TopUpState::Paid { .. }
            | TopUpState::Held { .. }
            | TopUpState::Failed { .. } => None,
        }
    }

    /// Whether nobody has paid it in time.
    pub fn has_expired(&self) -> bool {
        self.ended_at().is_some() && self.reason().is_some_and(|why| why.as_str() == EXPIRED)
    }

    /// The word that it is wanted.
    pub fn requested(&self) -> TopUpRequested {
        TopUpRequested {
            top_up_id: self.id,
            account_id: self.account,
            user_id: self.user,
            amount: self.asked.minor(),
            currency: self.asked.currency(),
        }
    }

    /// The word that so much was taken for it.
    pub fn told_as_paid(&self, taken: &Taken) -> TopUpPaid {
        TopUpPaid {
            top_up_id: self.id,
            account_id: self.account,
            amount: taken.amount,
            currency: self.asked.currency(),
        }
    }

    fn paid(self, taken: Taken, now: Timestamp) -> Self {
        let until = now.saturating_add(self.answer);
        self.into_state(TopUpState::Paid { taken, until })
    }

    fn held(self, taken: Taken, why: Reason, now: Timestamp) -> Self {
        self.into_state(TopUpState::Held { taken, why, until: now.saturating_add(HELD_FOR) })
    }

    fn failed(self, why: &str, at: Timestamp) -> Self {
        self.into_state(TopUpState::Failed { at, why: Reason::heard(why) })
    }

    fn into_state(self, state: TopUpState) -> Self {
        Self { state, ..self }
    }
}
