//! A text as words, each with its place.

use super::BadRule;

/// One word of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A number.
    Int(i64),
    /// A text between quotes.
    Text(String),
    /// A name or a keyword.
    Name(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

/// A word and where it begins, counted in letters from 1.
pub type Placed = (usize, Word);

/// The longest text that is read; a rule's own limit is the same.
const LETTERS_MAX: usize = 1_000;
/// Longer signs stand before those that they begin with.
const SIGNS: [&str; 17] =
    ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", "&&", "||"];

/// The words of a text.
pub fn words(text: &str) -> Result<Vec<Placed>, BadRule> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() > LETTERS_MAX {
        return Err(BadRule::new(LETTERS_MAX, format!("a rule has at most {LETTERS_MAX} letters")));
    }
    let (mut words, mut at) = (Vec::new(), 0);
    while let Some(&letter) = letters.get(at) {
        let rest = &letters[at..];
        let (length, word) = match letter {
            ' ' => {
                at += 1;
                continue;
            }
            '"' => text_word(rest, at)?,
            '0'..='9' => number(rest, at)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let name = taken(rest, |letter| letter.is_ascii_alphanumeric() || letter == '_');
                (name.len(), Word::Name(name))
            }
            _ => sign(rest, at)?,
        };
        words.push((at + 1, word));
        at += length;
    }
    Ok(words)
}

fn taken(letters: &[char], belongs: impl Fn(char) -> bool) -> String {
    letters.iter().copied().take_while(|letter| belongs(*letter)).collect()
}

fn text_word(rest: &[char], at: usize) -> Result<(usize, Word), BadRule> {
    let text = taken(&rest[1..], |letter| letter != '"');
    let length = text.chars().count() + 2;
    if rest.len() < length {
        return Err(BadRule::new(at + 1, "the text has no end"));
    }
    Ok((length, Word::Text(text)))
}

fn number(rest: &[char], at: usize) -> Result<(usize, Word), BadRule> {
    let written = taken(rest, |letter| letter.is_ascii_alphanumeric() || letter == '_');
    let digits = written.replace('_', "");
    match digits.parse() {
        Ok(number) => Ok((written.len(), Word::Int(number))),
        Err(_) => Err(BadRule::new(at + 1, "expected a whole number of 64 bits")),
    }
}

fn sign(rest: &[char], at: usize) -> Result<(usize, Word), BadRule> {
    let begins = |sign: &&&str| sign.chars().eq(rest.iter().copied().take(sign.len()));
    match SIGNS.iter().find(begins) {
        Some(sign) => Ok((sign.len(), Word::Sign(sign))),
        None => Err(BadRule::new(at + 1, format!("`{}` means nothing here", rest[0].escape_default()))),
    }
}
