//! The rules of wallets, pure: `payment` (where a payment stands, and its moves), `limits` (how much may be sent),
//! `account`, `name` (what others are shown of somebody), `request` (asking for money), `schedule` (when to pay again), `top_up` and `withdrawal` (money from outside
//! and back), `statement` (what moved, with balances), `activity` (what happened), `words` (texts that callers write).
//!
//! Read `payment` first. There is no database here, no clock and nothing random: those who have them pass values in.

mod account;
mod activity;
mod limits;
mod name;
mod payment;
mod reconciliation;
mod request;
mod schedule;
mod statement;
mod top_up;
mod withdrawal;
mod words;

#[cfg(test)]
mod tests;

pub use account::{Account, Freeze, Purse};
pub use activity::{Activity, ActivityKind, ActivityState, Place};
pub use limits::{CurrencyLimits, Exceeded, Limits, Periods, Spent, Terms};
pub use name::ShortName;
pub use payment::{
    BadMove, Cause, Ended, Patience, Payment, Reason, State, Status, Verdict, fee_of, still_refundable,
};
pub use reconciliation::{DifferingAccount, Known, Reconciliation};
pub use request::{Answered, MoneyRequest, RequestState};
pub use schedule::{Every, PaySchedule, ScheduleState};
pub use statement::{Kind, Line, Morning, Movement, Statement};
pub use top_up::{OutOfRange, PaidAlready, Taken, TopUp, TopUpState, TopUpStatus, TopUpTerms};
pub use withdrawal::{TooLate, Withdrawal, WithdrawalState, WithdrawalStatus};
pub use words::{Amount, Day, Destination, Device, FeeBasisPoints, Note, Payee, Search};

use contracts::UserId;

contracts::ids! {
    /// Somebody asks somebody for money.
    MoneyRequestId = "wreq";
    /// A payment at a time, once or again and again.
    PayScheduleId = "wsch";
}

/// Whose things somebody may see and change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of everybody in the project.
    Everybodys,
    /// Their own.
    Of(UserId),
}

impl Whose {
    /// Whether what belongs to `owner` is among them.
    pub fn covers(self, owner: UserId) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Of(user) => user == owner,
        }
    }
}
