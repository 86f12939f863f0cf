//! When something happens every so often. Pure; all in UTC.

use std::time::Duration;

use contracts::Timestamp;
use jiff::civil::Date;

use super::cron::Cron;

/// When something happens again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(When);

/// Why there is no such schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSchedule(pub(super) String);

#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    Cron(Cron),
    Interval { micros: i64 },
    Monthly { every_months: i64, anchor_day: i8, hour: i8, minute: i8 },
}

const MICROS_PER_MINUTE: i64 = 60 * 1_000_000;
const MICROS_PER_DAY: i64 = 24 * 60 * MICROS_PER_MINUTE;
const INTERVAL_MIN: Duration = Duration::from_secs(1);

impl Schedule {
    /// Five fields in UTC: minute, hour, day of the month, month, day of the week. `0 3 * * mon-fri`.
    pub fn cron(text: &str) -> Result<Self, BadSchedule> {
        Cron::parse(text).map(|cron| Self(When::Cron(cron)))
    }

    /// At whole multiples of `every` since 1970, so that all processes and restarts agree: `1 h` is on the hour.
    pub fn interval(every: Duration) -> Result<Self, BadSchedule> {
        let micros = i64::try_from(every.as_micros()).ok().filter(|_| every >= INTERVAL_MIN);
        let micros = micros.ok_or_else(|| BadSchedule("an interval has at least a second".into()))?;
        Ok(Self(When::Interval { micros }))
    }

    /// Every `every_months` months counted from a January, on the anchor day or, where a month is shorter, on its
    /// last day: 31 January, 28 February, 31 March.
    pub fn monthly(every_months: u8, anchor_day: u8, hour: u8, minute: u8) -> Result<Self, BadSchedule> {
        let within =
            (1..=120).contains(&every_months) && (1..=31).contains(&anchor_day) && hour < 24 && minute < 60;
        if !within {
            let why = "a monthly schedule has 1 to 120 months, a day from 1 to 31, and a time of the day";
            return Err(BadSchedule(why.into()));
        }
        // All are below 128 by the check above.
        let [anchor_day, hour, minute] = [anchor_day, hour, minute].map(|small| small as i8);
        Ok(Self(When::Monthly { every_months: every_months.into(), anchor_day, hour, minute }))
    }

    /// The first time after `after`; the end of time when there is none.
    pub fn next_after(&self, after: Timestamp) -> Timestamp {
        let next = match &self.0 {
            When::Cron(cron) => cron.next_after(after),
            When::Interval { micros } => after
                .as_micros()
                .div_euclid(*micros)
                .checked_add(1)
                .and_then(|count| count.checked_mul(*micros))
                .map(Timestamp::from_micros),
            When::Monthly { every_months, anchor_day, hour, minute } => {
                next_month(after, *every_months, *anchor_day, *hour, *minute)
            }
        };
        next.unwrap_or(Timestamp::MAX)
    }
}

fn next_month(after: Timestamp, every: i64, anchor_day: i8, hour: i8, minute: i8) -> Option<Timestamp> {
    let today = date_of(after)?;
    let month = i64::from(today.year()) * 12 + i64::from(today.month()) - 1;
    let first = month.div_euclid(every) * every;
    // This month's firing may be over; then it is the next one's.
    [first, first + every].into_iter().find_map(|month| {
        let year = i16::try_from(month.div_euclid(12)).ok()?;
        let start = Date::new(year, month.rem_euclid(12) as i8 + 1, 1).ok()?;
        let day = Date::new(year, start.month(), anchor_day.min(start.days_in_month())).ok()?;
        instant(day, hour, minute).filter(|at| *at > after)
    })
}

/// The day in UTC.
pub(super) fn date_of(at: Timestamp) -> Option<Date> {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    Some(instant.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// A minute of a day in UTC.
pub(super) fn instant(day: Date, hour: i8, minute: i8) -> Option<Timestamp> {
    let midnight = jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?.as_microsecond();
    let minutes = i64::from(hour) * 60 + i64::from(minute);
    let micros = midnight + minutes * MICROS_PER_MINUTE;
    (Timestamp::from_micros(micros).as_micros() == micros).then_some(Timestamp::from_micros(micros))
}

/// The minute of the day in UTC.
pub(super) fn minute_of_day(at: Timestamp) -> i64 {
    at.as_micros().rem_euclid(MICROS_PER_DAY) / MICROS_PER_MINUTE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn any_time() -> impl Strategy<Value = Timestamp> {
        (at("1969-01-01T00:00:00Z").as_micros()..at("2150-01-01T00:00:00Z").as_micros())
            .prop_map(Timestamp::from_micros)
    }

    #[test]
    fn a_monthly_schedule_is_clamped_to_short_months_and_comes_back_to_its_anchor() {
        let monthly = Schedule::monthly(1, 31, 9, 30).unwrap();
        let mut times = vec![at("2026-01-01T00:00:00Z")];
        for _ in 0..4 {
            times.push(monthly.next_after(*times.last().unwrap()));
        }
        let expected =
            ["2026-01-31T09:30:00Z", "2026-02-28T09:30:00Z", "2026-03-31T09:30:00Z", "2026-04-30T09:30:00Z"];
        assert_eq!(times[1..], expected.map(at));
    }

    #[test]
    fn a_quarter_begins_with_january() {
        let quarterly = Schedule::monthly(3, 1, 0, 0).unwrap();
        assert_eq!(quarterly.next_after(at("2026-02-10T00:00:00Z")), at("2026-04-01T00:00:00Z"));
        assert_eq!(quarterly.next_after(at("2026-10-01T00:00:00Z")), at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn an_impossible_schedule_is_refused() {
        assert!(Schedule::interval(Duration::ZERO).is_err());
        assert!(Schedule::interval(Duration::MAX).is_err());
        for (months, day, hour, minute) in
            [(0, 1, 0, 0), (1, 0, 0, 0), (1, 32, 0, 0), (1, 1, 24, 0), (1, 1, 0, 60)]
        {
            assert!(Schedule::monthly(months, day, hour, minute).is_err());
        }
    }

    proptest! {
        #[test]
        fn the_next_time_is_strictly_later_and_nothing_is_skipped(
            after in any_time(), every_s in 1_u64..10_000_000, months in 1_u8..=24, day in 1_u8..=31,
        ) {
            let interval = Schedule::interval(Duration::from_secs(every_s)).unwrap();
            let monthly = Schedule::monthly(months, day, 6, 15).unwrap();
            for schedule in [interval, monthly] {
                let next = schedule.next_after(after);
                prop_assert!(next > after);
                // From anywhere between, the next time is the same.
                let between = Timestamp::from_micros(after.as_micros() + (next.as_micros() - after.as_micros()) / 2);
                prop_assert_eq!(schedule.next_after(between), next);
            }
        }

        #[test]
        fn a_monthly_schedule_never_drifts(after in any_time(), months in 1_u8..=24, day in 1_u8..=31) {
            let schedule = Schedule::monthly(months, day, 6, 15).unwrap();
            let mut time = after;
            for _ in 0..30 {
                time = schedule.next_after(time);
                let date = date_of(time).unwrap();
                let month = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
                prop_assert_eq!(month % i64::from(months), 0);
                prop_assert_eq!(date.day(), (day as i8).min(date.days_in_month()));
                prop_assert_eq!(minute_of_day(time), 6 * 60 + 15);
            }
        }
    }
}
