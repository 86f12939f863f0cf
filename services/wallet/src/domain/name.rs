//! What others are shown of somebody's name: enough to know whom one pays, and no more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A first name and the initial of the last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "Ben K.")]
pub struct ShortName(String);

/// What stands for whoever was forgotten.
const FORGOTTEN: &str = "Former customer";
const LETTERS_MAX: usize = 40;
/// Letters that are not seen, or turn the order of others around.
const UNSEEN: [char; 13] = [
    '\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{feff}',
];

impl ShortName {
    /// What is shown of a whole name; nothing of what is an address or a number.
    pub fn of(whole: &str) -> Option<Self> {
        let plain: String =
            whole.chars().filter(|letter| !letter.is_control() && !UNSEEN.contains(letter)).collect();
        let is_name = |word: &&str| !word.contains('@') && word.chars().any(char::is_alphabetic);
        let mut words = plain.split_whitespace().filter(is_name);
        let first: String = words.next()?.chars().take(LETTERS_MAX).collect();
        let initial = words.next_back().and_then(|last| last.chars().find(|letter| letter.is_alphabetic()));
        Some(Self(match initial {
            Some(initial) => format!("{first} {}.", initial.to_uppercase()),
            None => first,
        }))
    }

    /// What stands for whoever was forgotten.
    pub fn forgotten() -> Self {
        Self(FORGOTTEN.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_name_and_an_initial_are_shown_and_never_an_address_or_a_number() {
        for (whole, shown) in [
            ("Ann Lee", Some("Ann L.")),
            ("Ann", Some("Ann")),
            ("Ann Mary van der berg", Some("Ann B.")),
            ("  Ann \u{202e}Lee", Some("Ann L.")),
            ("\u{130}pek \u{df}tein", Some("\u{130}pek SS.")),
            ("Ann (aunt)", Some("Ann A.")),
            ("ann@example.com", None),
            ("Ann ann@example.com", Some("Ann")),
            ("+49 151 1234567", None),
            ("Ann 151 1234567", Some("Ann")),
            ("", None),
        ] {
            assert_eq!(ShortName::of(whole).as_ref().map(ShortName::as_str), shown, "{whole}");
        }
        assert_eq!(ShortName::of(&"x".repeat(100)).unwrap().as_str().len(), LETTERS_MAX);
    }
}
