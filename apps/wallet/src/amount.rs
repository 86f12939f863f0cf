//! Amounts as people type them. What could mean two things is asked again: nobody pays a thousand for a one.

use contracts::{Currency, Money};

/// What was typed is no amount, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAmount {
    /// It cannot be read, or not in one way only.
    Unclear,
    /// It is nothing, or less.
    TooSmall,
    /// It has more decimals than the currency.
    TooFine,
}

/// Reads `12`, `12.5` and `12,50`; spaces are passed over.
pub fn read(typed: &str, currency: Currency) -> Result<Money, BadAmount> {
    let plain: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let decimals = currency.exponent() as usize;
    let (whole, fraction) = plain.split_once(['.', ',']).unwrap_or((&plain, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(BadAmount::Unclear);
    }
    if fraction.len() > decimals {
        // Three digits after a separator may as well be thousands.
        return Err(if fraction.len() == 3 { BadAmount::Unclear } else { BadAmount::TooFine });
    }
    let decimal = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    let money = Money::from_decimal(&decimal, currency).map_err(|_| BadAmount::Unclear)?;
    if money.minor() > 0 { Ok(money) } else { Err(BadAmount::TooSmall) }
}

impl BadAmount {
    /// What is said at the field.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Unclear => "Type the amount like 12.50, without commas between thousands",
            Self::TooSmall => "The amount has to be more than nothing",
            Self::TooFine => "The amount has too many decimals",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (typed, minor) in [
            ("12", 1_200),
            ("12.5", 1_250),
            ("12,50", 1_250),
            (" 1 200.00 ", 120_000),
            ("0.01", 1),
            ("7.", 700),
        ] {
            assert_eq!(read(typed, Currency::EUR).map(|money| money.minor()), Ok(minor), "{typed}");
        }
        assert_eq!(read("1500", Currency::JPY).map(|money| money.minor()), Ok(1_500));
    }

    #[test]
    fn what_could_mean_two_things_is_asked_again() {
        for (typed, why) in [
            ("1,200", BadAmount::Unclear),
            ("1.200", BadAmount::Unclear),
            ("1,20,000", BadAmount::Unclear),
            ("-5", BadAmount::Unclear),
            ("", BadAmount::Unclear),
            (".5", BadAmount::Unclear),
            ("5e3", BadAmount::Unclear),
            ("0", BadAmount::TooSmall),
            ("0.00", BadAmount::TooSmall),
            ("1.2345", BadAmount::TooFine),
            ("99999999999999999999", BadAmount::Unclear),
        ] {
            assert_eq!(read(typed, Currency::EUR), Err(why), "{typed}");
        }
    }
}
