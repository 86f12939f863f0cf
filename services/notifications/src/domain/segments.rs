//! How many parts a short message has: GSM 03.38 with its extension table, or UCS-2 for everything else.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The alphabet of a short message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// Seven bits a letter.
    Gsm7,
    /// Sixteen bits a letter: one letter outside of the other alphabet turns the whole message.
    Ucs2,
}

/// What a short message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Segments {
    /// Its alphabet.
    pub alphabet: Alphabet,
    /// Its parts.
    #[schema(minimum = 0)]
    pub count: u32,
}

/// The letters of one septet beside ASCII, and what of ASCII is among them.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The letters of two septets, which must not be parted.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// Counts the parts of a text.
pub fn count(text: &str) -> Segments {
    let septets: Option<Vec<u32>> = text.chars().map(septets_of).collect();
    match septets {
        Some(widths) => Segments { alphabet: Alphabet::Gsm7, count: parts(&widths, 160, 153) },
        None => {
            let widths: Vec<u32> = text.chars().map(|letter| letter.len_utf16() as u32).collect();
            Segments { alphabet: Alphabet::Ucs2, count: parts(&widths, 70, 67) }
        }
    }
}

fn septets_of(letter: char) -> Option<u32> {
    if BASIC.contains(letter) { Some(1) } else { EXTENDED.contains(letter).then_some(2) }
}

/// Fills parts of `each` in order, where all do not fit into one of `single`; no letter is split.
fn parts(widths: &[u32], single: u32, each: u32) -> u32 {
    let whole: u32 = widths.iter().sum();
    if whole <= single {
        return u32::from(whole > 0);
    }
    let (count, _) = widths.iter().fold((1, 0), |(count, filled), width| {
        if filled + width <= each { (count, filled + width) } else { (count + 1, *width) }
    });
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_counted_as_networks_do() {
        let gsm = |text: &str, expected: u32| {
            assert_eq!(count(text), Segments { alphabet: Alphabet::Gsm7, count: expected }, "{text}");
        };
        let ucs = |text: &str, expected: u32| {
            assert_eq!(count(text), Segments { alphabet: Alphabet::Ucs2, count: expected }, "{text}");
        };
        gsm("", 0);
        gsm(&"a".repeat(160), 1);
        gsm(&"a".repeat(161), 2);
        gsm(&"a".repeat(306), 2);
        gsm(&"a".repeat(307), 3);
        gsm(&"€".repeat(80), 1);
        gsm(&"€".repeat(81), 2);
        gsm(&"€".repeat(153), 3);
        ucs(&"अ".repeat(70), 1);
        ucs(&"अ".repeat(71), 2);
        ucs(&"😀".repeat(35), 1);
        ucs(&"😀".repeat(36), 2);
        ucs(&"😀".repeat(67), 3);
        ucs(&format!("{}’", "a".repeat(159)), 3);
        gsm(&format!("{}€{}", "a".repeat(152), "a".repeat(153)), 3);
        ucs("ç", 1);
        gsm("Ç", 1);
    }

    proptest! {
        #[test]
        fn a_longer_text_never_has_fewer_parts(text in "[a-z€अ😀]{0,400}", more in "[a-z€]{0,20}") {
            let longer = format!("{text}{more}");
            prop_assert!(count(&text).count <= count(&longer).count);
        }
    }
}
