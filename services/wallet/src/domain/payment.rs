//! A payment between wallets: where it stands, and what each word of the ledger, of fraud detection, of its people and
//! of time makes of it.
//!
//! The words come from two services, in any order and more than once. A move is `None` where it changes nothing; what
//! the ledger says of the end holds, and an end is never left.

use std::time::Duration;

use contracts::events::wallet::{RiskDecision, WalletPaymentFacts};
use contracts::{
    BasisPoints, Money, MoneyError, Rounding, Timestamp, TransactionId, UserId, WalletAccountId,
    WalletPaymentId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Device, MoneyRequestId, Note, PayScheduleId};

/// A payment between wallets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: WalletPaymentId,
    /// From which account.
    pub from: WalletAccountId,
    /// To which account.
    pub to: WalletAccountId,
    /// Who pays.
    pub payer: UserId,
    /// Who is paid.
    pub payee: UserId,
    /// How much leaves the first account.
    pub amount: Money,
    /// How much of it the project keeps, in minor units.
    pub fee: i64,
    /// What it is for.
    pub note: Option<Note>,
    /// From where it was asked for.
    pub client_address: Option<String>,
    /// With which device.
    pub device: Option<Device>,
    /// What brought it about.
    pub cause: Cause,
    /// When it began.
    pub initiated_at: Timestamp,
    /// How long answers are waited for.
    pub patience: Patience,
    /// How much of it went back or is on its way back, in minor units.
    pub refunded: i64,
    /// Where it stands.
    pub state: State,
    /// How often it was changed.
    pub version: u64,
}

/// What brought a payment about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody wanted it.
    Direct,
    /// It gives back what another payment brought.
    Refund(WalletPaymentId),
    /// It answers a request for money.
    Asked(MoneyRequestId),
    /// It is one firing of a schedule.
    Schedule(PayScheduleId, Timestamp),
}

/// Where a payment stands; while it lives it has a time by which something has to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The ledger is to set the money aside.
    Initiated {
        /// Then it is given up.
        until: Timestamp,
    },
    /// The money is set aside; fraud detection is to judge.
    Reserved {
        /// Then it is given up.
        until: Timestamp,
    },
    /// A person has to look at it.
    InReview {
        /// Then it is given up.
        until: Timestamp,
    },
    /// The ledger is to move the money.
    Processing {
        /// Then it is given up, unless the money has moved.
        until: Timestamp,
    },
    /// The ledger is to let the money go, unless it has moved.
    Releasing {
        /// Why.
        why: Reason,
        /// Then it is asked again.
        until: Timestamp,
    },
    /// It has ended.
    Ended(Ended),
}

/// How a payment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The money has moved.
    Completed {
        /// When.
        at: Timestamp,
        /// In which transaction of the ledger.
        transaction: TransactionId,
    },
    /// It has not and will not.
    Failed {
        /// When that was certain.
        at: Timestamp,
        /// Why.
        why: Reason,
    },
}

/// Where a payment stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has begun.
    Initiated,
    /// The money is set aside.
    Reserved,
    /// A person has to look at it.
    InReview,
    /// The money is to move.
    Processing,
    /// What was set aside is to be let go.
    Releasing,
    /// The money has moved.
    Completed,
    /// It has not and will not.
    Failed,
}

/// Why a payment came to nothing, as a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(String);

/// The reasons of wallets themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Fraud detection does not let it pass.
    Blocked,
    /// A person has looked at it and said no.
    Rejected,
    /// One of its accounts is frozen.
    Frozen,
    /// Nobody answered in time.
    TimedOut,
    /// Nobody looked at it in time.
    ReviewTimedOut,
    /// Its payer does not want it any more.
    Cancelled,
}

/// What a person makes of a payment in review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may go on.
    Approve,
    /// It may not.
    Reject,
}

/// How long answers are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Those of other services.
    pub answer: Duration,
    /// Those of people.
    pub review: Duration,
}

/// A move that the payment's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment's state does not allow it")]
pub struct BadMove(pub Status);

const REASON_LETTERS_MAX: usize = 100;

impl Payment {
    /// The money is set aside.
    pub fn reserve(self) -> Option<Self> {
        match self.state {
            State::Initiated { until } => Some(self.into_state(State::Reserved { until })),
            State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. }
            | State::Releasing { .. }
            | State::Ended(_) => None,
        }
    }

    /// Fraud detection has judged. It judges only what is reserved, so its word may be the first of that; of what is in
    /// review it tells what its people made of it.
    pub fn assess(self, decision: RiskDecision, frozen: bool, now: Timestamp) -> Option<Self> {
        match &self.state {
            State::Initiated { .. } | State::Reserved { .. } => Some(match decision {
                RiskDecision::Approve if frozen => self.releasing(Own::Frozen.into(), now),
                RiskDecision::Approve => self.processing(now),
                RiskDecision::Review => {
                    let until = now.saturating_add(self.patience.review);
                    self.into_state(State::InReview { until })
                }
                RiskDecision::Block => self.releasing(Own::Blocked.into(), now),
            }),
            State::InReview { .. } => match decision {
                RiskDecision::Approve if frozen => Some(self.releasing(Own::Frozen.into(), now)),
                RiskDecision::Approve => Some(self.processing(now)),
                RiskDecision::Review => None,
                RiskDecision::Block => Some(self.releasing(Own::Rejected.into(), now)),
            },
            State::Processing { .. } | State::Releasing { .. } | State::Ended(_) => None,
        }
    }

    /// A person has looked at it.
    pub fn review(self, verdict: Verdict, frozen: bool, now: Timestamp) -> Result<Self, BadMove> {
        match &self.state {
            State::InReview { .. } => Ok(match verdict {
                Verdict::Approve if frozen => self.releasing(Own::Frozen.into(), now),
                Verdict::Approve => self.processing(now),
                Verdict::Reject => self.releasing(Own::Rejected.into(), now),
            }),
            State::Initiated { .. }
            | State::Reserved { .. }
            | State::Processing { .. }
            | State::Releasing { .. }
            | State::Ended(_) => Err(BadMove(self.status())),
        }
    }

    /// Its payer does not want it any more; it is too late once the money is to move.
    pub fn cancel(self, now: Timestamp) -> Result<Self, BadMove> {
        match &self.state {
            State::Initiated { .. } | State::Reserved { .. } | State::InReview { .. } => {
                Ok(self.releasing(Own::Cancelled.into(), now))
            }
            State::Processing { .. } | State::Releasing { .. } | State::Ended(_) => {
                Err(BadMove(self.status()))
            }
        }
    }

    /// One of its accounts was frozen. If its money is moving already, the ledger's word decides.
    pub fn freeze(self, now: Timestamp) -> Option<Self> {
        match &self.state {
            State::Initiated { .. }
            | State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. } => Some(self.releasing(Own::Frozen.into(), now)),
            State::Releasing { .. } | State::Ended(_) => None,
        }
    }

    /// Its time is over: it is given up, and the ledger asked until it answers. `None` where there is time left.
    pub fn run_out(self, now: Timestamp) -> Option<Self> {
        match &self.state {
            State::Initiated { until } | State::Reserved { until } | State::Processing { until }
                if *until <= now =>
            {
                Some(self.releasing(Own::TimedOut.into(), now))
            }
            State::InReview { until } if *until <= now => {
                Some(self.releasing(Own::ReviewTimedOut.into(), now))
            }
            State::Releasing { why, until } if *until <= now => {
                let why = why.clone();
                Some(self.releasing(why, now))
            }
            State::Initiated { .. }
            | State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. }
            | State::Releasing { .. }
            | State::Ended(_) => None,
        }
    }

    /// The ledger has moved the money.
    pub fn settle(self, transaction: TransactionId, at: Timestamp) -> Option<Self> {
        self.end(Ended::Completed { at, transaction })
    }

    /// Nothing is set aside, and nothing will be.
    pub fn fail(self, why: Reason, at: Timestamp) -> Option<Self> {
        self.end(Ended::Failed { at, why })
    }

    /// Where it stands, in one word.
    pub fn status(&self) -> Status {
        match &self.state {
            State::Initiated { .. } => Status::Initiated,
            State::Reserved { .. } => Status::Reserved,
            State::InReview { .. } => Status::InReview,
            State::Processing { .. } => Status::Processing,
            State::Releasing { .. } => Status::Releasing,
            State::Ended(Ended::Completed { .. }) => Status::Completed,
            State::Ended(Ended::Failed { .. }) => Status::Failed,
        }
    }

    /// By when something has to happen, as long as it lives.
    pub fn until(&self) -> Option<Timestamp> {
        match &self.state {
            State::Initiated { until }
            | State::Reserved { until }
            | State::InReview { until }
            | State::Processing { until }
            | State::Releasing { until, .. } => Some(*until),
            State::Ended(_) => None,
        }
    }

    /// Why it comes, or came, to nothing.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.state {
            State::Releasing { why, .. } | State::Ended(Ended::Failed { why, .. }) => Some(why),
            State::Initiated { .. }
            | State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. }
            | State::Ended(Ended::Completed { .. }) => None,
        }
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Ended(Ended::Completed { at, .. } | Ended::Failed { at, .. }) => Some(*at),
            State::Initiated { .. }
            | State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. }
            | State::Releasing { .. } => None,
        }
    }

    /// Whether its money has reached the payee.
    pub fn has_arrived(&self) -> bool {
        self.status() == Status::Completed
    }

    /// Whether it counts against the limits of its account: giving money back does not.
    pub fn counts(&self) -> bool {
        match self.cause {
            Cause::Direct | Cause::Asked(_) | Cause::Schedule(..) => true,
            Cause::Refund(_) => false,
        }
    }

    /// What everybody on the way needs to know.
    pub fn facts(&self) -> WalletPaymentFacts {
        WalletPaymentFacts {
            payment_id: self.id,
            from_account: self.from,
            to_account: self.to,
            amount: self.amount.minor(),
            fee: self.fee,
            currency: self.amount.currency(),
            payer: self.payer,
            payee: Some(self.payee),
            client_address: self.client_address.clone(),
            device: self.device.as_ref().map(|device| device.as_str().to_owned()),
        }
    }

    fn end(self, ended: Ended) -> Option<Self> {
        match &self.state {
            State::Initiated { .. }
            | State::Reserved { .. }
            | State::InReview { .. }
            | State::Processing { .. }
            | State::Releasing { .. } => Some(self.into_state(State::Ended(ended))),
            State::Ended(_) => None,
        }
    }

    fn processing(self, now: Timestamp) -> Self {
        let until = now.saturating_add(self.patience.answer);
        self.into_state(State::Processing { until })
    }

    fn releasing(self, why: Reason, now: Timestamp) -> Self {
        let until = now.saturating_add(self.patience.answer);
        self.into_state(State::Releasing { why, until })
    }

    fn into_state(self, state: State) -> Self {
        Self { state, ..self }
    }
}

/// How much of a payment may still go back; only what has arrived may.
pub fn still_refundable(payment: &Payment) -> Result<i64, BadMove> {
    match &payment.state {
        State::Ended(Ended::Completed { .. }) => {
            Ok(payment.amount.minor().saturating_sub(payment.refunded).max(0))
        }
        State::Initiated { .. }
        | State::Reserved { .. }
        | State::InReview { .. }
        | State::Processing { .. }
        | State::Releasing { .. }
        | State::Ended(Ended::Failed { .. }) => Err(BadMove(payment.status())),
    }
}

/// What the project keeps of a payment to a merchant, in minor units; the merchant never pays for a rounding.
pub fn fee_of(amount: Money, basis_points: Option<u32>) -> Result<i64, MoneyError> {
    let rate = basis_points.and_then(|points| i32::try_from(points).ok()).unwrap_or(0);
    amount.scale(BasisPoints(rate), Rounding::Down).map(|fee| fee.minor())
}

impl Reason {
    /// A reason as another service told it, as it may be kept and shown.
    pub fn heard(text: &str) -> Self {
        let reason: String =
            text.chars().filter(|letter| !letter.is_control()).take(REASON_LETTERS_MAX).collect();
        if reason.is_empty() { Self("unknown".to_owned()) } else { Self(reason) }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Own> for Reason {
    fn from(own: Own) -> Self {
        let code = match own {
            Own::Blocked => "blocked",
            Own::Rejected => "rejected",
            Own::Frozen => "frozen",
            Own::TimedOut => "timed_out",
            Own::ReviewTimedOut => "review_timed_out",
            Own::Cancelled => "cancelled",
        };
        Self(code.to_owned())
    }
}
