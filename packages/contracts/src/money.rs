//! Money: whole minor units of one currency, and arithmetic that cannot be wrong in silence.
//!
//! There is no `+`, no float and no implied rounding: each sum can fail and says so, and whoever
//! divides names the rounding. Exchange between currencies is left to those who know a rate.

use std::cmp::{Ordering, Reverse};
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Currency;

/// An amount in a currency, in its minor units (paise, cents).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// The amount in minor units.
    minor: i64,
    /// The currency, which says how many decimals those are.
    currency: Currency,
}

/// Hundredths of a percent: 18 % is 1800.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct BasisPoints(pub i32);

/// What becomes of a fraction of a minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest; a half goes away from zero, as merchants and tax offices do.
    HalfUp,
    /// To the nearest; a half goes towards zero.
    HalfDown,
    /// To the nearest; a half goes to the even one, so that many halves cancel out.
    HalfEven,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
}

/// Why an amount could not be computed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met.
    #[error("{left} and {right} cannot be reckoned together")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// The result is beyond what can be kept.
    #[error("the amount is too large")]
    Overflow,
    /// A division into no parts.
    #[error("an amount cannot be divided into nothing")]
    NoParts,
    /// The text is not a decimal number.
    #[error("expected an amount like 12.34")]
    BadDecimal,
    /// The text is finer than the currency.
    #[error("an amount in {currency} has at most {} decimals", currency.exponent())]
    TooManyDecimals {
        /// The currency in question.
        currency: Currency,
    },
}

const BASIS_POINTS_PER_WHOLE: i128 = 10_000;

impl Money {
    /// So many minor units of a currency.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads `12.34`: digits, at most as many decimals as the currency has, a minus or not.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::BadDecimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::BadDecimal);
        }
        let missing = (currency.exponent() as usize)
            .checked_sub(fraction.len())
            .ok_or(MoneyError::TooManyDecimals { currency })?;
        let zeros = std::iter::repeat_n(b'0', missing);
        let size = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(zeros)
            .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        let size = i128::from(size.ok_or(MoneyError::Overflow)?);
        Self::fit(if digits.len() < text.len() { -size } else { size }, currency)
    }

    /// The amount as `12.34`, without its currency.
    pub fn to_decimal(self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let (size, decimals) = (self.minor.unsigned_abs(), self.currency.exponent() as usize);
        if decimals == 0 {
            return format!("{sign}{size}");
        }
        let unit = 10u64.pow(self.currency.exponent());
        format!("{sign}{}.{:0decimals$}", size / unit, size % unit)
    }

    /// The amount in minor units.
    pub const fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// Whether it is less than nothing.
    pub const fn is_negative(&self) -> bool {
        self.minor < 0
    }

    /// Which of two amounts is more.
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// The amount the other way round.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// The amount so many times.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(times))
    }

    /// The rate's share of the amount.
    pub fn scale(self, rate: BasisPoints, rounding: Rounding) -> Result<Self, MoneyError> {
        let share = i128::from(self.minor) * i128::from(rate.0);
        Self::fit(rounding.divide(share, BASIS_POINTS_PER_WHOLE), self.currency)
    }

    /// The amount times `part` / `whole`, as for 12 days of a month of 30.
    pub fn prorate(self, part: u64, whole: u64, rounding: Rounding) -> Result<Self, MoneyError> {
        if whole == 0 {
            return Err(MoneyError::NoParts);
        }
        // 63 bits times 64 bits fit in 127.
        Self::fit(
            rounding.divide(i128::from(self.minor) * i128::from(part), i128::from(whole)),
            self.currency,
        )
    }

    /// Divides the amount by weight so that the parts add up to it exactly.
    ///
    /// Each part is its share rounded towards zero; the units left over go, one each, to those who
    /// lost the largest fraction, and among equals to the first.
    pub fn allocate(&self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
        if total == 0 {
            return Err(MoneyError::NoParts);
        }
        let size = u128::from(self.minor.unsigned_abs());
        let mut left = size;
        let mut parts = Vec::with_capacity(weights.len());
        let mut lost = Vec::with_capacity(weights.len());
        for (at, &weight) in weights.iter().enumerate() {
            // 64 bits times 64 bits fit in 128.
            let share = size * u128::from(weight);
            left -= share / total;
            parts.push(share / total);
            lost.push((Reverse(share % total), at));
        }
        lost.sort_unstable();
        // Fewer units are left than there are parts, so that the conversion cannot truncate.
        for &(_, at) in &lost[..left as usize] {
            parts[at] += 1;
        }
        let sign = if self.minor < 0 { -1 } else { 1 };
        parts.into_iter().map(|part| Self::fit(part as i128 * sign, self.currency)).collect()
    }

    /// Divides the amount into equal parts; the first ones have a unit more where it does not come out even.
    pub fn split(&self, parts: usize) -> Result<Vec<Self>, MoneyError> {
        self.allocate(&vec![1; parts])
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        minor.map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    fn fit(minor: i128, currency: Currency) -> Result<Self, MoneyError> {
        i64::try_from(minor).map(|minor| Self::new(minor, currency)).map_err(|_| MoneyError::Overflow)
    }
}

impl Rounding {
    /// The quotient as a whole number; `by` is positive.
    fn divide(self, amount: i128, by: i128) -> i128 {
        let (floor, rest) = (amount.div_euclid(by), amount.rem_euclid(by));
        if rest == 0 {
            return floor;
        }
        let negative = amount < 0;
        let up = match self {
            Self::Floor => false,
            Self::Ceiling => true,
            Self::Down => negative,
            Self::Up => !negative,
            Self::HalfUp | Self::HalfDown | Self::HalfEven => match rest.cmp(&(by - rest)) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => match self {
                    Self::HalfUp => !negative,
                    Self::HalfDown => negative,
                    _ => floor % 2 != 0,
                },
            },
        };
        floor + i128::from(up)
    }
}

impl Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests;
