//! Time: an instant in UTC, to the microsecond.
//!
//! As text it has milliseconds, so that `from_micros(1_999)` is read back as `from_micros(1_000)`;
//! in memory and in the database it keeps its microseconds.
//!
//! It tells no time (the kernel's clock does) and knows no calendar or time zone.

use std::fmt::{self, Debug, Display};
use std::str::{FromStr, from_utf8};
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// An instant in UTC, of the years 0 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-21T09:47:35.123Z"))]
pub struct Timestamp(i64);

/// The text or number is not an instant that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time like 2026-11-21T09:47:35.123Z")]
pub struct BadTimestamp;

const MICROS_PER_MS: i64 = 1_000;
const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

impl Timestamp {
    /// The first instant that can be kept: `0000-01-01T00:00:00Z`.
    pub const MIN: Self = Self(-719_528 * MICROS_PER_DAY);
    /// The last: `9999-12-30T21:59:59.999999Z`, the latest that can also be read back in any zone.
    pub const MAX: Self = Self(2_932_895 * MICROS_PER_DAY + 22 * 60 * 60 * 1_000_000 - 1);

    /// The instant so many microseconds after 1970; past the ends, the end.
    pub const fn from_micros(micros: i64) -> Self {
        match Self::checked(micros) {
            Some(instant) => instant,
            None if micros < 0 => Self::MIN,
            None => Self::MAX,
        }
    }

    /// The microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant so many milliseconds after 1970; past the ends, the end.
    pub const fn from_millis(ms: i64) -> Self {
        Self::from_micros(ms.saturating_mul(MICROS_PER_MS))
    }

    /// The whole milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(MICROS_PER_MS)
    }

    /// The instant this much later, if it can be kept.
    pub fn checked_add(self, by: Duration) -> Option<Self> {
        i64::try_from(by.as_micros()).ok().and_then(|by| self.0.checked_add(by)).and_then(Self::checked)
    }

    /// The instant this much later, at most [`Timestamp::MAX`].
    pub fn saturating_add(self, by: Duration) -> Self {
        self.checked_add(by).unwrap_or(Self::MAX)
    }

    /// The instant this much earlier, at least [`Timestamp::MIN`].
    pub fn saturating_sub(self, by: Duration) -> Self {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(by))
    }

    /// How long after `earlier` this is; nothing when it is before.
    pub fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }

    const fn checked(micros: i64) -> Option<Self> {
        if Self::MIN.0 <= micros && micros <= Self::MAX.0 { Some(Self(micros)) } else { None }
    }

    fn text(self) -> [u8; 24] {
        let (year, month, day) = civil(self.0.div_euclid(MICROS_PER_DAY));
        let ms = (self.0.rem_euclid(MICROS_PER_DAY) / MICROS_PER_MS) as u32;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put(&mut text[0..4], year as u32);
        put(&mut text[5..7], month as u32);
        put(&mut text[8..10], day as u32);
        put(&mut text[11..13], ms / 3_600_000);
        put(&mut text[14..16], ms / 60_000 % 60);
        put(&mut text[17..19], ms / 1_000 % 60);
        put(&mut text[20..23], ms % 1_000);
        text
    }
}

/// Year, month and day of the day so many days after 1970, by counting years from March so that
/// the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 400 * 365 + 97;
    let since_march_0 = days + 719_468;
    let era = since_march_0.div_euclid(DAYS_PER_ERA);
    let day_of_era = since_march_0.rem_euclid(DAYS_PER_ERA);
    // Taking the leap days out makes every year 365 days long.
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / (DAYS_PER_ERA - 1);
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, every five months have 153 days.
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Writes a number into all of `out`.
#[inline]
fn put(out: &mut [u8], mut number: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// What [`Timestamp::text`] wrote; it is ASCII, so the default is never taken.
fn ascii(text: &[u8]) -> &str {
    from_utf8(text).unwrap_or_default()
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(ascii(&self.text()))
    }
}

impl Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{self}+{}us", self.0.rem_euclid(MICROS_PER_MS))
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| BadTimestamp)?;
        Self::checked(instant.as_microsecond()).ok_or(BadTimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.serialize_str(ascii(&self.text())) } else { to.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() { crate::text::deserialize(from) } else { from.deserialize_i64(Micros) }
    }
}

struct Micros;

impl Visitor<'_> for Micros {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("microseconds since 1970")
    }

    fn visit_i64<E: Error>(self, micros: i64) -> Result<Timestamp, E> {
        Timestamp::checked(micros).ok_or_else(|| E::custom(BadTimestamp))
    }

    fn visit_u64<E: Error>(self, micros: u64) -> Result<Timestamp, E> {
        i64::try_from(micros).map_err(E::custom).and_then(|micros| self.visit_i64(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as ValueError, I64Deserializer};

    fn any_instant() -> impl Strategy<Value = Timestamp> {
        (Timestamp::MIN.0..=Timestamp::MAX.0).prop_map(Timestamp)
    }

    proptest! {
        #[test]
        fn an_instant_is_written_as_the_calendar_has_it(at in any_instant()) {
            let calendar = jiff::Timestamp::from_microsecond(at.0).unwrap();
            let (zoned, ms) = (calendar.to_zoned(jiff::tz::TimeZone::UTC), at.as_millis().rem_euclid(1_000));
            let expected = format!("{}.{ms:03}Z", zoned.strftime("%Y-%m-%dT%H:%M:%S"));
            prop_assert_eq!(at.to_string(), expected);
        }

        #[test]
        fn a_text_is_read_back_to_the_millisecond(at in any_instant()) {
            prop_assert_eq!(at.to_string().parse(), Ok(Timestamp::from_millis(at.as_millis())));
        }

        #[test]
        fn later_is_longer_ago_undone(at in any_instant(), micros in 0u64..1 << 60) {
            let by = Duration::from_micros(micros);
            if let Some(later) = at.checked_add(by) {
                prop_assert_eq!(later.duration_since(at), by);
                prop_assert_eq!(later.saturating_sub(by), at);
                prop_assert_eq!(later, at.saturating_add(by));
            } else {
                prop_assert_eq!(at.saturating_add(by), Timestamp::MAX);
            }
        }
    }

    #[test]
    fn offsets_and_micros_are_understood_and_finer_is_dropped() {
        let at = Timestamp::from_micros(1_795_254_455_123_456);
        assert_eq!(at.to_string(), "2026-11-21T09:47:35.123Z");
        assert_eq!("2026-11-21T09:47:35.123456789Z".parse(), Ok(at));
        assert_eq!("2026-11-21T15:17:35.123456+05:30".parse(), Ok(at));
    }

    #[test]
    fn what_is_not_an_instant_is_refused() {
        for bad in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T09:47:35",
            "2026-02-30T00:00:00Z",
            "-000001-01-01T00:00:00Z",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(BadTimestamp), "{bad}");
        }
    }

    #[test]
    fn the_ends_hold() {
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T21:59:59.999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.saturating_sub(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.duration_since(Timestamp::MAX), Duration::ZERO);
    }

    #[test]
    fn a_person_reads_text_and_a_database_reads_micros() {
        let at = Timestamp::from_micros(1_999);
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"1970-01-01T00:00:00.001Z\"");
        assert!(serde_json::from_str::<Timestamp>("1999").is_err());

        let row: I64Deserializer<ValueError> = 1_999i64.into_deserializer();
        assert_eq!(row.deserialize_i64(Micros), Ok(at));
        let past_the_end: I64Deserializer<ValueError> = i64::MAX.into_deserializer();
        assert!(past_the_end.deserialize_i64(Micros).is_err());
    }
}
