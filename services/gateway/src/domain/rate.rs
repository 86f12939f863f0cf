//! Rates as a setting says them: `100/s`, `30/m burst 10`, `off`.

use std::time::Duration;

use kernel::config::SettingValue;
use kernel::limits::Quota;

/// So many in a period and so many at once, or no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// No limit.
    Off,
    /// A limit.
    At {
        /// How many in each period.
        count: u32,
        /// `s`, `m` or `h`.
        per: Period,
        /// How many may come at once.
        burst: u32,
    },
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Rate {
    /// So many a second, and twice as many at once.
    pub const fn a_second(count: u32) -> Self {
        Self::At { count, per: Period::Second, burst: count * 2 }
    }

    /// So many a minute, of which `burst` at once.
    pub const fn a_minute(count: u32, burst: u32) -> Self {
        Self::At { count, per: Period::Minute, burst }
    }

    /// The quota to keep, if there is a limit.
    pub fn quota(self) -> Option<Quota> {
        match self {
            Self::Off => None,
            Self::At { count, per, burst } => Some(Quota::new(count, per.duration(), burst)),
        }
    }
}

impl Period {
    /// How long it is.
    pub fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
        })
    }

    fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Minute => 'm',
            Self::Hour => 'h',
        }
    }
}

impl SettingValue for Rate {
    const KIND: &'static str = "rate";

    fn parse(text: &str) -> Result<Self, String> {
        const WANTED: &str = "a rate like 100/s, 30/m burst 10, or off";
        let wrong = || WANTED.to_owned();
        if text == "off" {
            return Ok(Self::Off);
        }
        let (rate, burst) = match text.split_once(" burst ") {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (text, None),
        };
        let (count, per) = rate.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.parse().map_err(|_| wrong())?;
        let per = match per {
            "s" => Period::Second,
            "m" => Period::Minute,
            "h" => Period::Hour,
            _ => return Err(wrong()),
        };
        let burst = burst.map_or(Ok(count), str::parse).map_err(|_| wrong())?;
        if count == 0 || burst == 0 {
            return Err(wrong());
        }
        Ok(Self::At { count, per, burst })
    }

    fn show(&self) -> String {
        match self {
            Self::Off => "off".to_owned(),
            Self::At { count, per, burst } if burst == count => format!("{count}/{}", per.letter()),
            Self::At { count, per, burst } => format!("{count}/{} burst {burst}", per.letter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_shown_as_it_is_said() {
        for text in ["off", "100/s", "30/m burst 10", "5/h"] {
            assert_eq!(Rate::parse(text).unwrap().show(), text);
        }
        for bad in ["", "100", "0/s", "1/d", "1/s burst 0", "1/s burst", "-1/s", "1 /s"] {
            assert!(Rate::parse(bad).is_err(), "{bad}");
        }
    }
}
