//! Cron's five fields, in UTC: numbers, names, lists, ranges and steps.

use contracts::Timestamp;
use jiff::civil::Date;

use super::schedule::{BadSchedule, date_of, instant, minute_of_day};

/// The allowed values of each field, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// As cron has always had it: where both kinds of day are named, either will do.
    either_day: bool,
}

struct Field {
    name: &'static str,
    min: u8,
    max: u8,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
}

const MINUTE: Field = Field { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Field = Field { name: "hour", min: 0, max: 23, names: &[] };
const DAY: Field = Field { name: "day", min: 1, max: 31, names: &[] };
const MONTH: Field = Field {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
/// Sunday is 0 and also 7.
const WEEKDAY: Field =
    Field { name: "weekday", min: 0, max: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// The longest time without a 29 February is eight years.
const DAYS_MAX: usize = 366 * 8 + 31;

impl Cron {
    pub fn parse(text: &str) -> Result<Self, BadSchedule> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(BadSchedule(format!("`{text}` does not have the five fields of cron")));
        };
        let weekdays = WEEKDAY.parse(weekday)?;
        let cron = Self {
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            days: DAY.parse(day)?,
            months: MONTH.parse(month)?,
            weekdays: weekdays | weekdays >> 7 & 1,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        match cron.next_after(Timestamp::from_micros(0)) {
            Some(_) => Ok(cron),
            None => Err(BadSchedule(format!("no calendar has the day of `{text}`"))),
        }
    }

    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut day = date_of(after)?;
        // From tomorrow on every minute of the day is after `after`.
        let mut from_minute = minute_of_day(after) + 1;
        for _ in 0..DAYS_MAX {
            if self.has_day(day)
                && let Some((hour, minute)) = self.minute_from(from_minute)
            {
                return instant(day, hour, minute);
            }
            day = if has(self.months, day.month()) { day } else { day.last_of_month() };
            day = day.tomorrow().ok()?;
            from_minute = 0;
        }
        None
    }

    fn has_day(&self, day: Date) -> bool {
        let by_month = has(self.days, day.day());
        let by_week = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        has(self.months, day.month())
            && if self.either_day { by_month || by_week } else { by_month && by_week }
    }

    /// The first allowed minute of a day that is not before minute `from` of the day.
    fn minute_from(&self, from: i64) -> Option<(i8, i8)> {
        (0..24_i8).filter(|hour| has(self.hours, *hour)).find_map(|hour| {
            let within = |minute: &i8| i64::from(hour) * 60 + i64::from(*minute) >= from;
            (0..60_i8).filter(|minute| has(self.minutes, *minute)).find(within).map(|minute| (hour, minute))
        })
    }
}

fn has(bits: u64, value: i8) -> bool {
    bits >> value & 1 == 1
}

impl Field {
    fn parse(&self, text: &str) -> Result<u64, BadSchedule> {
        let bad =
            || BadSchedule(format!("`{text}` is not a {} from {} to {}", self.name, self.min, self.max));
        text.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part).ok_or_else(bad)?))
    }

    /// `*`, `5`, `1-5`, `*/15`, `8-18/2`, `10/5` (from 10 on).
    fn part(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step.parse().ok().filter(|step| *step > 0)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if range == "*" => (self.min, self.max),
            None if step.is_some() => (self.value(range)?, self.max),
            None => (self.value(range)?, self.value(range)?),
        };
        (first <= last)
            .then(|| (first..=last).step_by(step.unwrap_or(1)).fold(0, |bits, value| bits | 1 << value))
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(place) => self.min + place as u8,
            None if text.bytes().all(|letter| letter.is_ascii_digit()) => text.parse().ok()?,
            None => return None,
        };
        (self.min..=self.max).contains(&value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(cron: &str, after: &str) -> String {
        Cron::parse(cron).unwrap().next_after(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn cron_knows_lists_ranges_steps_and_names() {
        let friday = "2026-11-20T23:10:00.5Z";
        assert_eq!(next("0 3 * * *", friday), "2026-11-21T03:00:00.000Z");
        assert_eq!(next("*/15 * * * *", friday), "2026-11-20T23:15:00.000Z");
        assert_eq!(next("10 23 * * *", friday), "2026-11-21T23:10:00.000Z");
        assert_eq!(next("5,40 8-18/5 * * MON-fri", friday), "2026-11-23T08:05:00.000Z");
        assert_eq!(next("0 0 1 jan,Jul *", friday), "2027-01-01T00:00:00.000Z");
        assert_eq!(next("0 12 * * 7", friday), "2026-11-22T12:00:00.000Z");
        assert_eq!(next("0 0 29 2 *", friday), "2028-02-29T00:00:00.000Z");
        assert_eq!(next("0 0 29 2 *", "2096-03-01T00:00:00Z"), "2104-02-29T00:00:00.000Z");
    }

    #[test]
    fn a_day_of_the_month_or_of_the_week_will_do_where_both_are_named() {
        assert_eq!(next("0 0 13 * fri", "2026-11-21T00:00:00Z"), "2026-11-27T00:00:00.000Z");
        assert_eq!(next("0 0 13 * fri", "2026-12-12T00:00:00Z"), "2026-12-13T00:00:00.000Z");
    }

    #[test]
    fn what_is_not_cron_is_refused() {
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "+5 * * * *",
            "-5 * * * *",
            "1,,2 * * * *",
            "0 0 30 feb *",
            "* * * * fri-mon",
            "1/2/3 * * * *",
            "é * * * *",
        ] {
            assert!(Cron::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_matches_its_own_fields_and_is_the_first(
            minute in 0_i8..60, hour in 0_i8..24, step in 1_u8..30, weekday in 0_i8..7,
            after_s in 0_i64..4_000_000_000,
        ) {
            let after = Timestamp::from_millis(after_s * 1_000);
            for text in [
                format!("{minute} {hour} * * *"),
                format!("{minute} */{step} * * {weekday}"),
                format!("*/{step} {hour} 1-15 * *"),
            ] {
                let cron = Cron::parse(&text).unwrap();
                let next = cron.next_after(after).unwrap();
                prop_assert!(next > after);
                let (day, of_day) = (date_of(next).unwrap(), minute_of_day(next));
                prop_assert_eq!(next.as_micros() % 60_000_000, 0);
                prop_assert!(cron.has_day(day) && has(cron.hours, (of_day / 60) as i8) && has(cron.minutes, (of_day % 60) as i8));
                prop_assert_eq!(cron.next_after(Timestamp::from_micros(next.as_micros() - 1)), Some(next));
                let between = Timestamp::from_micros((after.as_micros() + next.as_micros()) / 2);
                prop_assert_eq!(cron.next_after(between), Some(next));
            }
        }
    }
}
