//! Amounts as people of a currency write them: sign, symbol, groups of digits. The text is exact; no float is near.

use contracts::{Currency, Money};
use maud::{Markup, html};

/// An amount as text: `₹1,20,000.00`, `$1,200.00`, `CHF 1,200.00`.
pub fn price(amount: Money) -> String {
    let text = amount.to_decimal();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("\u{2212}", digits),
        None => ("", text.as_str()),
    };
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = format!("{sign}{}{}", symbol(amount.currency()), grouped(whole, amount.currency()));
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// An amount that stays on one line, its digits in columns.
pub fn shown(amount: Money) -> Markup {
    html! { span.num { (price(amount)) } }
}

fn symbol(currency: Currency) -> String {
    let symbol = match currency {
        Currency::INR => "₹",
        Currency::USD => "$",
        Currency::EUR => "€",
        Currency::GBP => "£",
        Currency::JPY => "¥",
        // A no-break space, so that the code stays with its number.
        other => return format!("{}\u{a0}", other.code()),
    };
    symbol.to_owned()
}

/// Rupees are grouped by thousand and then by hundreds, all others by thousands.
fn grouped(whole: &str, currency: Currency) -> String {
    let step = if currency == Currency::INR { 2 } else { 3 };
    let mut out = String::with_capacity(whole.len() * 2);
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left >= 3 && (left - 3).is_multiple_of(step) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (minor, currency, text) in [
            (0, Currency::INR, "₹0.00"),
            (129_900, Currency::INR, "₹1,299.00"),
            (12_000_000, Currency::INR, "₹1,20,000.00"),
            (1_234_567_890, Currency::INR, "₹1,23,45,678.90"),
            (1_234_567_890, Currency::USD, "$12,345,678.90"),
            (-5, Currency::EUR, "\u{2212}€0.05"),
            (1_500, Currency::JPY, "¥1,500"),
            (1_500, Currency::KWD, "KWD\u{a0}1.500"),
            (i64::MIN, Currency::USD, "\u{2212}$92,233,720,368,547,758.08"),
        ] {
            assert_eq!(price(Money::new(minor, currency)), text);
        }
    }
}
