//! What a setting may hold, read from text and shown as text.
//!
//! `parse(show(v)) == v` for every value but a secret, which is never shown.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::secrets::Secret;

/// A type that a setting may have.
pub trait SettingValue: Sized {
    /// What it is, in a word or two.
    const KIND: &'static str;
    /// Whether its values are hidden by their nature.
    const SECRET: bool = false;

    /// The value of a text, or what the text should have been ("an address like 127.0.0.1:8000").
    fn parse(text: &str) -> Result<Self, String>;

    /// The text that gives this value; a secret shows nothing.
    fn show(&self) -> String;
}

/// A number of bytes, written `512KiB` or `10MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(
    /// How many bytes.
    pub u64,
);

/// Whether this is a trial or the real thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Providers are simulated, the clock can be moved, demo data is there.
    Sandbox,
    /// Money and messages are real.
    Production,
}

/// Makes an enum a setting's type: `choices!(Mode { Sandbox => "sandbox", Production => "production" });`.
#[macro_export]
macro_rules! choices {
    ($type:ident { $first:ident => $first_text:literal $(, $more:ident => $more_text:literal)* $(,)? }) => {
        impl $crate::config::SettingValue for $type {
            const KIND: &'static str = concat!($first_text $(, " or ", $more_text)*);

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $first_text => Ok(Self::$first),
                    $($more_text => Ok(Self::$more),)*
                    _ => Err(<Self as $crate::config::SettingValue>::KIND.to_owned()),
                }
            }

            fn show(&self) -> String {
                match self {
                    Self::$first => $first_text.to_owned(),
                    $(Self::$more => $more_text.to_owned(),)*
                }
            }
        }
    };
}

choices!(Mode { Sandbox => "sandbox", Production => "production" });

macro_rules! whole_numbers {
    ($($type:ident),+) => {$(
        impl SettingValue for $type {
            const KIND: &'static str = "whole number";

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| format!("a whole number from 0 to {}", $type::MAX))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole_numbers!(u16, u32, u64, usize);

impl SettingValue for String {
    const KIND: &'static str = "text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl SettingValue for bool {
    const KIND: &'static str = "true or false";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| Self::KIND.to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for SocketAddr {
    const KIND: &'static str = "address";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "an address like 127.0.0.1:8000".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl SettingValue for PathBuf {
    const KIND: &'static str = "path";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a path like ./data".to_owned()) } else { Ok(Self::from(text)) }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl SettingValue for Duration {
    const KIND: &'static str = "duration";

    fn parse(text: &str) -> Result<Self, String> {
        units(text, &DURATION_UNITS_MS)
            .map(Self::from_millis)
            .ok_or_else(|| "a duration like 250ms, 30s, 5m, 2h or 90d".to_owned())
    }

    fn show(&self) -> String {
        show_units(u64::try_from(self.as_millis()).unwrap_or(u64::MAX), &DURATION_UNITS_MS)
    }
}

impl SettingValue for ByteSize {
    const KIND: &'static str = "size";

    fn parse(text: &str) -> Result<Self, String> {
        units(text, &BYTE_UNITS)
            .map(Self)
            .ok_or_else(|| "a size like 4096B, 512KiB, 10MiB or 2GiB".to_owned())
    }

    fn show(&self) -> String {
        show_units(self.0, &BYTE_UNITS)
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: &'static str = T::KIND;
    const SECRET: bool = T::SECRET;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }
}

impl SettingValue for Secret<String> {
    const KIND: &'static str = "secret text";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(text.to_owned()))
    }

    fn show(&self) -> String {
        String::new()
    }
}

/// Smallest unit first; each divides the next.
const DURATION_UNITS_MS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const BYTE_UNITS: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

fn units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, each) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*each)
}

fn show_units(amount: u64, units: &[(&str, u64)]) -> String {
    let fitting = units.iter().rev().find(|(_, each)| amount != 0 && amount.is_multiple_of(*each));
    let (unit, each) = fitting.unwrap_or(&units[0]);
    format!("{}{unit}", amount / each)
}
