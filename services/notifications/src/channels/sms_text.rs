//! The text of a short message as it is sent: one curly quote costs a message more than half of its room.
//!
//! Signs that look alike in the alphabet of short messages (GSM 03.38) take their place where the whole text then fits
//! into it. A text in another script stays as it was written, since there the joiners carry meaning.

use crate::domain::segments::{self, Alphabet};

/// The text as it should be sent.
pub(super) fn sendable(text: &str) -> String {
    let clean = text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r'));
    let clean: String = clean.collect();
    let mut plain = String::with_capacity(clean.len());
    for letter in clean.chars() {
        match alike(letter) {
            Some(sign) => plain.push_str(sign),
            None => plain.push(letter),
        }
    }
    if segments::count(&plain).alphabet == Alphabet::Gsm7 { plain } else { clean }
}

/// What stands for a sign that the alphabet does not have.
fn alike(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '`' | '\u{b4}' => "'",
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2026}' => "...",
        '\u{2022}' => "*",
        '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => " ",
        // Not seen, and only in the way: spaces and joiners without width, soft hyphens, byte order marks.
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_that_look_alike_take_the_place_of_those_that_cost_double() {
        assert_eq!(
            sendable("It\u{2019}s \u{201c}paid\u{201d} \u{2013} thanks\u{2026}"),
            "It's \"paid\" - thanks..."
        );
        assert_eq!(sendable("a\u{200b}b\tc\u{a0}d"), "ab c d");
        assert_eq!(sendable("10 € für Öl"), "10 € für Öl");
    }

    #[test]
    fn a_text_that_needs_the_large_alphabet_anyway_is_left_as_it_was_written() {
        for text in ["आपका ऑर्डर \u{2013} क\u{94d}\u{200d}ष", "👩\u{200d}🚀 it\u{2019}s off", "ça va\u{2026}"]
        {
            assert_eq!(sendable(text), text);
        }
    }

    #[test]
    fn what_a_telephone_cannot_show_is_left_out() {
        assert_eq!(sendable("a\u{0}b\u{1b}c\u{7f}\nd"), "abc\nd");
    }
}
