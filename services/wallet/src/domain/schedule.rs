//! When to pay: once, or again and again. All in UTC; a month that is shorter pays on its last day.

use contracts::{Money, Timestamp, UserId, WalletAccountId, WalletPaymentId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Note, PayScheduleId};

/// A payment at a time, once or again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaySchedule {
    /// Its id.
    pub id: PayScheduleId,
    /// Who pays.
    pub user: UserId,
    /// From which account.
    pub from: WalletAccountId,
    /// To which account.
    pub to: WalletAccountId,
    /// Whose account that is.
    pub payee: UserId,
    /// How much each time.
    pub amount: Money,
    /// What for.
    pub note: Option<Note>,
    /// How often.
    pub every: Every,
    /// The first time; its day and time of day are those of all times.
    pub starts_at: Timestamp,
    /// Nothing is paid after this.
    pub until: Option<Timestamp>,
    /// Whether it goes on.
    pub state: ScheduleState,
    /// The next time, as long as it goes on.
    pub next_at: Option<Timestamp>,
    /// How often it has paid or tried to.
    pub runs: u64,
    /// The last payment that it began.
    pub last_payment: Option<WalletPaymentId>,
    /// Why the last time began none, as a code.
    pub last_problem: Option<String>,
    /// How often it was changed.
    pub version: u64,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// One time.
    Once,
    /// Each day.
    Day,
    /// Each week.
    Week,
    /// Each month, on the day of the first time or the last that the month has.
    Month,
}

/// Whether a schedule goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    /// It goes on.
    Active,
    /// It has paid for the last time.
    Ended,
    /// Its owner stopped it.
    Cancelled,
}

const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

impl Every {
    /// The first time after `after`, of those that began with `start`. Times that were missed are not made up for.
    pub fn next(self, start: Timestamp, after: Timestamp) -> Option<Timestamp> {
        if after < start {
            return Some(start);
        }
        match self {
            Self::Once => None,
            Self::Day => stepped(start, after, MICROS_PER_DAY),
            Self::Week => stepped(start, after, 7 * MICROS_PER_DAY),
            Self::Month => monthly(start, after),
        }
    }
}

impl PaySchedule {
    /// The time that is due, if one is.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            ScheduleState::Active => self.next_at.filter(|at| *at <= now),
            ScheduleState::Ended | ScheduleState::Cancelled => None,
        }
    }

    /// A time is over, with a payment or a problem; the next one is after `now`.
    pub fn ran(self, outcome: Result<WalletPaymentId, String>, now: Timestamp) -> Self {
        let next_at = self.every.next(self.starts_at, now);
        let next_at = next_at.filter(|at| self.until.is_none_or(|until| *at <= until));
        let state = if next_at.is_some() { ScheduleState::Active } else { ScheduleState::Ended };
        let (last_payment, last_problem) = match outcome {
            Ok(payment) => (Some(payment), None),
            Err(problem) => (self.last_payment, Some(problem)),
        };
        Self { state, next_at, last_payment, last_problem, runs: self.runs.saturating_add(1), ..self }
    }

    /// Its owner stops it; what has ended stays so.
    pub fn cancel(self) -> Self {
        match self.state {
            ScheduleState::Active => Self { state: ScheduleState::Cancelled, next_at: None, ..self },
            ScheduleState::Ended | ScheduleState::Cancelled => self,
        }
    }
}

/// Whole steps after `start`.
fn stepped(start: Timestamp, after: Timestamp, step: i64) -> Option<Timestamp> {
    let gone = after.as_micros().checked_sub(start.as_micros())?;
    let micros = gone.div_euclid(step).checked_add(1)?.checked_mul(step)?.checked_add(start.as_micros())?;
    kept(micros)
}

fn monthly(start: Timestamp, after: Timestamp) -> Option<Timestamp> {
    let (first, last) = (date_of(start)?, date_of(after)?);
    let of_day = start.as_micros().rem_euclid(MICROS_PER_DAY);
    let month = i64::from(last.year()) * 12 + i64::from(last.month()) - 1;
    // This month's time may be over; then it is the next one's.
    [month, month + 1].into_iter().find_map(|month| {
        let year = i16::try_from(month.div_euclid(12)).ok()?;
        let begin = Date::new(year, i8::try_from(month.rem_euclid(12)).ok()? + 1, 1).ok()?;
        let day = Date::new(year, begin.month(), first.day().min(begin.days_in_month())).ok()?;
        let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?.as_microsecond();
        kept(midnight.checked_add(of_day)?).filter(|at| *at > after)
    })
}

fn date_of(at: Timestamp) -> Option<Date> {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    Some(instant.to_zoned(TimeZone::UTC).date())
}

/// The instant, where it is one that can be kept.
fn kept(micros: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(micros)).filter(|at| at.as_micros() == micros)
}
