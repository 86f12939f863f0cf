//! What can be wrong with settings, said in one line a problem.
//!
//! A line names the place and never shows a secret; the nearest known name is suggested for an unknown one.

use super::setting::Declaration;
use crate::secrets;

/// Why the settings were refused: one line for each problem.
#[derive(Debug, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct ConfigError {
    /// The problems, in the order they were found.
    pub problems: Vec<String>,
}

/// As much of a wrong value as is worth showing.
const SHOWN_CHARS_MAX: usize = 80;
/// Names longer than this get no suggestion.
const NAME_CHARS_MAX: usize = 64;

pub(super) fn wrong_value(place: &str, declaration: &Declaration, text: &str, expected: &str) -> String {
    if declaration.secret {
        // What `expected` says came from the value's parser, which may quote the value.
        return format!("{place}: the value (a secret, not shown) is not {}", declaration.kind);
    }
    let shown: String = secrets::mask(text).chars().take(SHOWN_CHARS_MAX).collect();
    format!("{place}: `{}` is not {expected}", shown.escape_debug())
}

pub(super) fn unknown<'a>(name: &str, place: &str, known: impl Iterator<Item = &'a str>) -> String {
    let shown: String = name.chars().take(SHOWN_CHARS_MAX).collect();
    let mut line = format!("unknown setting `{}` in {place}", shown.escape_debug());
    if let Some(near) = nearest(name, known) {
        line.push_str(&format!("; did you mean `{near}`?"));
    }
    line
}

/// The known name that a person who wrote `name` most likely meant.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = name.chars().take(NAME_CHARS_MAX + 1).collect();
    if written.len() > NAME_CHARS_MAX {
        return None;
    }
    let allowed = 1 + written.len() / 4;
    known
        .map(|candidate| {
            // A service's setting written without its service is one slip, not many.
            let bare = candidate.split_once('.').is_some_and(|(_, rest)| rest == name);
            (if bare { 1 } else { distance(&written, candidate) }, candidate)
        })
        .filter(|(edits, _)| *edits <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, dropped or changed to turn one name into the other.
fn distance(from: &[char], to: &str) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for letter in to.chars() {
        let mut diagonal = row[0];
        row[0] += 1;
        for (i, written) in from.iter().enumerate() {
            let changed = diagonal + usize::from(*written != letter);
            diagonal = row[i + 1];
            row[i + 1] = changed.min(diagonal + 1).min(row[i] + 1);
        }
    }
    row[from.len()]
}
