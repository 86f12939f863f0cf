//! Headers of a mail or a part: unfolded lines, and values with parameters.

use super::decode;

/// Headers of one part; more are not looked at.
const HEADERS_MAX: usize = 500;
/// Of a value that is folded without end, this much is read.
const VALUE_BYTES_MAX: usize = 64 << 10;
const PARAMETERS_MAX: usize = 50;

/// The headers of one part in order, unfolded and not decoded.
pub struct Headers<'m>(Vec<(&'m [u8], Vec<u8>)>);

/// A value with parameters: `text/plain; charset=utf-8`.
pub struct Value {
    /// What stands before the parameters, in lower case.
    pub word: String,
    parameters: Vec<(String, String)>,
}

impl<'m> Headers<'m> {
    /// Reads the headers up to the empty line; returns what comes after it too.
    pub fn read(raw: &'m [u8]) -> (Self, &'m [u8]) {
        let mut headers: Vec<(&'m [u8], Vec<u8>)> = Vec::new();
        let mut rest = raw;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            let text = line.trim_ascii_end();
            if text.is_empty() {
                return (Self(headers), after);
            }
            let folded = line.starts_with(b" ") || line.starts_with(b"\t");
            let colon = text.iter().position(|byte| *byte == b':');
            match (headers.last_mut(), colon) {
                (Some((_, value)), _) if folded => {
                    if value.len() < VALUE_BYTES_MAX {
                        value.push(b' ');
                        value.extend_from_slice(text.trim_ascii_start());
                    }
                }
                (_, Some(colon)) if is_name(&text[..colon]) => {
                    if headers.len() < HEADERS_MAX {
                        headers.push((&text[..colon], text[colon + 1..].trim_ascii().to_vec()));
                    }
                }
                // A line that is no header: without an empty line the text has begun.
                _ => return (Self(headers), rest),
            }
            rest = after;
        }
        (Self(headers), rest)
    }

    /// All of them: name, and value as text.
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, value)| (decode::text(name, ""), decode::text(value, "")))
    }

    /// The value of the first one of this name.
    pub fn get(&self, wanted: &str) -> Option<String> {
        let found = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        found.map(|(_, value)| decode::text(value, ""))
    }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

impl Value {
    /// Reads a value and its parameters.
    pub fn read(text: &str) -> Self {
        let mut pieces = apart(text).into_iter();
        let word = pieces.next().unwrap_or_default().trim().to_lowercase();
        let parameters = pieces.take(PARAMETERS_MAX).filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_lowercase(), unquoted(value.trim())))
        });
        Self { word, parameters: parameters.collect() }
    }

    /// A parameter, also where it is written in pieces or with its charset (RFC 2231).
    pub fn parameter(&self, wanted: &str) -> Option<String> {
        if let Some(plain) = self.raw(wanted) {
            return Some(plain.to_owned());
        }
        if let Some(extended) = self.raw(&format!("{wanted}*")) {
            return Some(decode::extended(extended));
        }
        let (mut joined, mut is_extended) = (String::new(), false);
        for number in 0..PARAMETERS_MAX {
            let coded = self.raw(&format!("{wanted}*{number}*"));
            is_extended |= coded.is_some();
            match coded.or_else(|| self.raw(&format!("{wanted}*{number}"))) {
                Some(piece) => joined += piece,
                None => break,
            }
        }
        let found = if is_extended { decode::extended(&joined) } else { joined };
        Some(found).filter(|found| !found.is_empty())
    }

    fn raw(&self, wanted: &str) -> Option<&str> {
        self.parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// The pieces between semicolons that stand in no quotes.
fn apart(text: &str) -> Vec<&str> {
    let (mut pieces, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[begin..]);
    pieces
}

fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else { return text.to_owned() };
    let (mut value, mut escaped) = (String::new(), false);
    for letter in inner.chars() {
        match letter {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => break,
            _ => {
                value.push(letter);
                escaped = false;
            }
        }
    }
    value
}
