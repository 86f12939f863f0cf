//! How a log line is written: its fields, masked and escaped, as JSON or for people.
//!
//! A value can neither end its line, nor steer a terminal, nor tell a secret.
//! It does not decide what is logged.

use std::error::Error;
use std::fmt::{self, Write};

use jiff::Timestamp;
use tracing::Level;
use tracing::field::{Field, Visit};

use crate::secrets;

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// One object.
    Json,
    /// For people.
    Plain,
    /// For people, with colours.
    Coloured,
}

/// The fields of an event or a span, written once in the form of their line.
pub struct Fields {
    look: Look,
    message: String,
    text: String,
    /// Each field's name, and where in `text` its value stands.
    at: Vec<(&'static str, usize, usize)>,
}

/// As much of one value as a line carries.
const VALUE_BYTES_MAX: usize = 8 * 1024;
const SECRET_ENDINGS: [&str; 6] = ["password", "secret", "token", "authorization", "api_key", "cookie"];

const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// Whether a field's name says that its value is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.as_bytes();
    SECRET_ENDINGS.iter().any(|ending| {
        let start = name.len().checked_sub(ending.len());
        start.is_some_and(|start| name[start..].eq_ignore_ascii_case(ending.as_bytes()))
    })
}

impl Look {
    /// Writes what stands first: when, how grave, where, what.
    pub fn begin(self, line: &mut String, now: Timestamp, level: &Level, target: &str, fields: &Fields) {
        let message = &fields.message;
        let clock = now.strftime("%H:%M:%S%.3f");
        let _ = match self {
            Self::Json => {
                let moment = now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
                let _ = write!(line, "{{\"timestamp\":\"{moment}\",\"level\":\"{level}\",\"target\":\"");
                escape(line, target);
                write!(line, "\",\"message\":\"{message}\"")
            }
            Self::Plain => write!(line, "{clock} {:<5} {target}  {message}", level.as_str()),
            Self::Coloured => {
                let colour = colour(*level);
                let level = level.as_str();
                write!(line, "{DIM}{clock}{PLAIN} {colour}{level:<5}{PLAIN} {DIM}{target}{PLAIN}  {message}")
            }
        };
    }

    /// Writes the fields that were not said already.
    pub fn fields(self, line: &mut String, fields: &Fields, said: &[&str]) {
        let mut gap = "  ";
        for (name, start, end) in &fields.at {
            if said.contains(name) {
                continue;
            }
            let value = &fields.text[*start..*end];
            let _ = match self {
                Self::Json => write!(line, ",\"{name}\":{value}"),
                Self::Plain => write!(line, "{gap}{name}={value}"),
                Self::Coloured => write!(line, "{gap}{DIM}{name}={PLAIN}{value}"),
            };
            gap = " ";
        }
    }

    /// Ends the line.
    pub fn end(self, line: &mut String) {
        line.push_str(if self == Self::Json { "}\n" } else { "\n" });
    }
}

impl Fields {
    /// No fields yet.
    pub fn new(look: Look) -> Self {
        Self { look, message: String::new(), text: String::new(), at: Vec::new() }
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.at.iter().map(|(name, ..)| *name)
    }

    fn put(&mut self, field: &Field, write: impl FnOnce(&mut String, Look)) {
        let start = self.text.len();
        if is_secret(field.name()) {
            self.text.push_str(if self.look == Look::Json { "\"***\"" } else { "***" });
        } else {
            write(&mut self.text, self.look);
        }
        let name = if self.look == Look::Json { json_name(field.name()) } else { field.name() };
        let place = (name, start, self.text.len());
        // A span may record a field again: the last value counts.
        match self.at.iter_mut().find(|(known, ..)| *known == name) {
            Some(known) => *known = place,
            None => self.at.push(place),
        }
    }

    fn put_text(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.clear();
            return escape(&mut self.message, shorten(&secrets::mask(value)));
        }
        self.put(field, |text, look| {
            let masked = secrets::mask(value);
            let value = shorten(&masked);
            let bare = look != Look::Json && !value.is_empty() && !value.contains([' ', '"', '=']);
            let quote = if bare { "" } else { "\"" };
            text.push_str(quote);
            escape(text, value);
            text.push_str(quote);
        });
    }

    fn put_bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.put(field, |text, _| {
            let _ = write!(text, "{value}");
        });
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if is_secret(field.name()) {
            self.put_text(field, "");
        } else {
            self.put_text(field, &format!("{value:?}"));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(chain, ": {error}");
            cause = error.source();
        }
        self.put_text(field, &chain);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put_bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put_bare(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.put_bare(field, value);
        } else {
            // JSON has no such number.
            self.put_text(field, &value.to_string());
        }
    }
}

/// The name in an object whose first four names are taken.
fn json_name(name: &'static str) -> &'static str {
    match name {
        "correlation.id" => "correlation_id",
        "timestamp" => "field.timestamp",
        "level" => "field.level",
        "target" => "field.target",
        other => other,
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}

fn shorten(text: &str) -> &str {
    &text[..text.floor_char_boundary(VALUE_BYTES_MAX)]
}

/// Escapes as JSON does, and besides what moves a cursor or turns the reading direction.
fn escape(line: &mut String, text: &str) {
    let mut done = 0;
    for (at, letter) in text.char_indices() {
        let plain = match letter {
            '"' | '\\' => false,
            ' '..='~' => true,
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
            other => !other.is_control(),
        };
        if plain {
            continue;
        }
        line.push_str(&text[done..at]);
        done = at + letter.len_utf8();
        let _ = match letter {
            '"' => write!(line, "\\\""),
            '\\' => write!(line, "\\\\"),
            '\n' => write!(line, "\\n"),
            '\r' => write!(line, "\\r"),
            '\t' => write!(line, "\\t"),
            other => write!(line, "\\u{:04x}", u32::from(other)),
        };
    }
    line.push_str(&text[done..]);
}
