//! What callers write, parsed at the door: notes, addresses, amounts, days.

use std::str::FromStr;

use contracts::{BadText, Timestamp, WalletAccountId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

contracts::texts! {
    /// What a payment is for.
    Note: is_line, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "Rent of November", "1 to 200 printable characters";
    /// The device that somebody pays with, as it names itself.
    Device: is_line, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "pixel-9-4f1c", "1 to 200 printable characters";
    /// Where a withdrawal goes, as the provider names a bank account or card.
    Destination: is_destination, "^[!-~]{4,200}$", "ba_1QK7m2LkdIwHu7ix", "4 to 200 visible ASCII characters without spaces";
    /// Part of a note that is looked for.
    Search: is_line, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "rent", "1 to 200 printable characters";
    /// A day in UTC.
    Day: is_day, "^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))$", "2026-11-21", "a day like 2026-11-21";
}

/// Whom to pay: an account, or the mail address or telephone number of its owner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Payee {
    /// This account.
    Account(WalletAccountId),
    /// Whoever has this mail address, in small letters.
    Email(String),
    /// Whoever has this number.
    Phone(String),
}

/// So many minor units: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64", into = "i64")]
#[schema(value_type = i64, minimum = 1, maximum = 999_999_999_999_i64, example = 5000)]
pub struct Amount(i64);

/// What of each payment the project keeps, in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schema(value_type = u32, minimum = 0, maximum = 10_000, example = 150)]
pub struct FeeBasisPoints(u32);

const AMOUNT_MAX: i64 = 999_999_999_999;
const FEE_MAX: u32 = 10_000;
const SHOWN_LETTERS: usize = 4;
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 189;

impl Amount {
    /// The minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }
}

impl FeeBasisPoints {
    /// The hundredths of a percent.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Destination {
    /// What may be shown of it: its last letters, where they do not give most of it away.
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(SHOWN_LETTERS);
        let shown = if hidden < SHOWN_LETTERS { "" } else { self.0.get(hidden..).unwrap_or_default() };
        format!("****{shown}")
    }
}

impl Day {
    /// Its first instant.
    pub fn begins(&self) -> Timestamp {
        let midnight = Date::from_str(self.as_str()).ok().and_then(|day| {
            TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok().map(|midnight| midnight.as_microsecond())
        });
        midnight.map_or(Timestamp::MAX, Timestamp::from_micros)
    }

    /// The first instant of the day after.
    pub fn ends(&self) -> Timestamp {
        self.begins().saturating_add(std::time::Duration::from_secs(86_400))
    }
}

impl TryFrom<String> for Payee {
    type Error = BadText;

    fn try_from(text: String) -> Result<Self, BadText> {
        if let Ok(account) = text.parse() {
            return Ok(Self::Account(account));
        }
        if is_phone(&text) {
            return Ok(Self::Phone(text));
        }
        let is_part = |part: &str, letters_max: usize| {
            (1..=letters_max).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
        };
        match text.split_once('@') {
            Some((local, domain)) if is_part(local, LOCAL_MAX) && is_part(domain, DOMAIN_MAX) => {
                Ok(Self::Email(text.to_ascii_lowercase()))
            }
            Some(_) | None => Err(BadText("an account, a mail address, or a number like +919900000000")),
        }
    }
}

impl PartialSchema for Payee {
    fn schema() -> RefOr<Schema> {
        let pattern =
            r"^(acc_[0-7][0-9a-hjkmnp-tv-z]{25}|\+[1-9][0-9]{6,14}|[!-?A-~]{1,64}@[!-?A-~]{1,189})$";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An account, or the mail address or telephone number of its owner."))
            .pattern(Some(pattern))
            .examples([serde_json::Value::String("ben@example.com".to_owned())])
            .into()
    }
}

impl ToSchema for Payee {}

impl TryFrom<i64> for Amount {
    type Error = BadText;

    fn try_from(minor: i64) -> Result<Self, BadText> {
        if (1..=AMOUNT_MAX).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err(BadText("a number from 1 to 999999999999"))
        }
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl TryFrom<u32> for FeeBasisPoints {
    type Error = BadText;

    fn try_from(points: u32) -> Result<Self, BadText> {
        if points <= FEE_MAX { Ok(Self(points)) } else { Err(BadText("a number from 0 to 10000")) }
    }
}

impl From<FeeBasisPoints> for u32 {
    fn from(fee: FeeBasisPoints) -> Self {
        fee.0
    }
}

fn is_line(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_destination(text: &str) -> bool {
    (4..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_day(text: &str) -> bool {
    text.len() == DAY_LETTERS && Date::from_str(text).is_ok_and(|day| day.year() >= 0)
}

const DAY_LETTERS: usize = 10;

fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}
