//! A statement: what was in an account at first, what moved with the balance after it, and what was in it at last.
//!
//! The balances are the ledger's, known for the morning of each day on which one changed. What they say beyond our own
//! payments, top-ups and withdrawals is a line of its own, an adjustment: the ledger booked it for another reason.

use std::time::Duration;

use contracts::{Timestamp, WalletAccountId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ShortName;

/// What moved the money of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WalletStatementKind)]
pub enum Kind {
    /// A payment between wallets.
    Payment,
    /// A payment that gave another one back.
    Refund,
    /// Money from outside.
    TopUp,
    /// Money that went outside.
    Withdrawal,
    /// Something else that the ledger booked.
    Adjustment,
}

/// Something that moved an account's money.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Movement {
    /// When it moved; of an adjustment only the day is known.
    pub moved_at: Timestamp,
    /// What it was.
    pub kind: Kind,
    /// Its id; an adjustment has none.
    pub id: Option<String>,
    /// The wallet at the other end, where there is one.
    pub other_account: Option<WalletAccountId>,
    /// What its owner is called.
    pub other_name: Option<ShortName>,
    /// How much was moved, in minor units.
    pub amount: i64,
    /// How much of it the project kept.
    pub fee: i64,
    /// How much more is in the account after it, or less where it is negative.
    pub net: i64,
    /// What it was for.
    pub note: Option<String>,
}

/// What was in an account on the morning of a day on which that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Morning {
    /// The first instant of the day, in UTC.
    pub day_at: Timestamp,
    /// What was in it, in minor units.
    pub balance: i64,
}

/// A line with the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What moved.
    pub movement: Movement,
    /// What was in the account then, in minor units.
    pub balance: i64,
}

/// A statement of some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What was in the account before them, in minor units.
    pub opening: i64,
    /// What moved, oldest first.
    pub lines: Vec<Line>,
    /// What was in the account after them.
    pub closing: i64,
}

const DAY_MICROS: i64 = 86_400_000_000;
/// Times are shown to the millisecond.
const LAST_OF_DAY: Duration = Duration::from_millis(86_399_999);

impl Kind {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::TopUp => "top_up",
            Self::Withdrawal => "withdrawal",
            Self::Adjustment => "adjustment",
        }
    }
}

impl Morning {
    /// The first instant of the day of `at`, in UTC.
    pub fn before(at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.as_micros().saturating_sub(at.as_micros().rem_euclid(DAY_MICROS)))
    }
}

impl Statement {
    /// The statement of days in which this moved, with the mornings in them; after them there is `closing`. Both come
    /// in the order of time.
    pub fn of(movements: Vec<Movement>, mornings: &[Morning], closing: i64) -> Self {
        let mut rest = movements.into_iter().peekable();
        let mut until = |end: Option<Timestamp>| -> Vec<Movement> {
            let mut day = Vec::new();
            while let Some(next) = rest.next_if(|next| end.is_none_or(|end| next.moved_at < end)) {
                day.push(next);
            }
            day
        };
        // Before the first morning that is known, our own movements are all that is known.
        let early = until(mornings.first().map(|morning| morning.day_at));
        let known = mornings.first().map_or(closing, |morning| morning.balance);
        let opening = known.saturating_sub(total(&early));
        let mut statement = Self { opening, lines: Vec::new(), closing };
        statement.add(early);
        for (at, morning) in mornings.iter().enumerate() {
            let next = mornings.get(at + 1);
            let day = until(next.map(|next| next.day_at));
            let evening = next.map_or(closing, |next| next.balance);
            statement.add_day(morning, day, evening);
        }
        statement
    }

    /// What came is taken as there from the morning on, what went as gone in the evening: only the day is known.
    fn add_day(&mut self, morning: &Morning, day: Vec<Movement>, evening: i64) {
        let unexplained = evening.saturating_sub(morning.balance).saturating_sub(total(&day));
        let last = day.last().map_or(morning.day_at, |last| last.moved_at);
        if unexplained > 0 {
            self.add(vec![adjustment(morning.day_at, unexplained)]);
        }
        self.add(day);
        if unexplained < 0 {
            self.add(vec![adjustment(last.max(morning.day_at.saturating_add(LAST_OF_DAY)), unexplained)]);
        }
    }

    fn add(&mut self, movements: Vec<Movement>) {
        for movement in movements {
            let before = self.lines.last().map_or(self.opening, |line| line.balance);
            let balance = before.saturating_add(movement.net);
            self.lines.push(Line { movement, balance });
        }
    }
}

fn total(movements: &[Movement]) -> i64 {
    movements.iter().fold(0, |sum: i64, movement| sum.saturating_add(movement.net))
}

fn adjustment(moved_at: Timestamp, net: i64) -> Movement {
    Movement {
        moved_at,
        kind: Kind::Adjustment,
        id: None,
        other_account: None,
        other_name: None,
        amount: net.saturating_abs(),
        fee: 0,
        net,
        note: None,
    }
}
