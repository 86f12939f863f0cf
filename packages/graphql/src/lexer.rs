//! Text to words and signs, each with its place.

use crate::error::{Error, Place};
use crate::{QUERY_BYTES_MAX, TOKENS_MAX};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'q> {
    /// One of `! $ & ( ) : = @ [ ] { | }`.
    Sign(char),
    /// `...`
    Spread,
    Name(&'q str),
    Int(&'q str),
    Float(&'q str),
    Text(String),
    End,
}

struct Lexer<'q> {
    text: &'q str,
    next: usize,
    place: Place,
}

/// All words and signs, the end included.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Place)>, Error> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(Error::too_large(format!("a query may have at most {QUERY_BYTES_MAX} bytes")));
    }
    let mut lexer = Lexer { text, next: 0, place: Place { line: 1, column: 1 } };
    let mut found = Vec::new();
    loop {
        lexer.skip_blank();
        let place = lexer.place;
        let token = lexer.token()?;
        if found.len() >= TOKENS_MAX {
            return Err(Error::too_large(format!("a query may have at most {TOKENS_MAX} words and signs")));
        }
        let is_end = token == Token::End;
        found.push((token, place));
        if is_end {
            return Ok(found);
        }
    }
}

impl<'q> Lexer<'q> {
    fn rest(&self) -> &'q str {
        self.text.get(self.next..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.next += char.len_utf8();
        if char == '\n' || char == '\r' && self.peek() != Some('\n') {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(char)
    }

    fn skip_while(&mut self, fits: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&fits) {
            self.bump();
        }
    }

    /// Takes this text if it stands here.
    fn take(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            for _ in text.chars() {
                self.bump();
            }
        }
        is_here
    }

    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|char| matches!(char, ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}'));
            if self.peek() != Some('#') {
                return;
            }
            self.skip_while(|char| !matches!(char, '\n' | '\r'));
        }
    }

    fn token(&mut self) -> Result<Token<'q>, Error> {
        let start = self.next;
        match self.peek() {
            None => Ok(Token::End),
            Some(sign @ ('!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}')) => {
                self.bump();
                Ok(Token::Sign(sign))
            }
            Some('.') if self.take("...") => Ok(Token::Spread),
            Some('"') if self.take("\"\"\"") => self.block(),
            Some('"') => self.string(),
            Some(char) if is_name_start(char) => {
                self.skip_while(|char| is_name_start(char) || char.is_ascii_digit());
                Ok(Token::Name(self.text.get(start..self.next).unwrap_or_default()))
            }
            Some(char) if char == '-' || char.is_ascii_digit() => self.number(start),
            Some(char) => Err(self.wrong(&format!("no query has {char:?} here"))),
        }
    }

    fn number(&mut self, start: usize) -> Result<Token<'q>, Error> {
        self.take("-");
        if self.take("0") {
            if self.peek().is_some_and(|char| char.is_ascii_digit()) {
                return Err(self.wrong("a number does not begin with 0"));
            }
        } else {
            self.digits()?;
        }
        let mut is_whole = true;
        if self.take(".") {
            is_whole = false;
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            is_whole = false;
            if !self.take("+") {
                self.take("-");
            }
            self.digits()?;
        }
        if self.peek().is_some_and(|char| is_name_start(char) || char == '.') {
            return Err(self.wrong("a number ends before a letter or a dot"));
        }
        let text = self.text.get(start..self.next).unwrap_or_default();
        Ok(if is_whole { Token::Int(text) } else { Token::Float(text) })
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.next;
        self.skip_while(|char| char.is_ascii_digit());
        if self.next == start { Err(self.wrong("a digit is missing")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Token<'q>, Error> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n' | '\r') => return Err(self.wrong("a text does not end")),
                Some('"') => {
                    self.bump();
                    return Ok(Token::Text(text));
                }
                Some('\\') => text.push(self.escaped()?),
                Some(char) if is_readable(char) => {
                    self.bump();
                    text.push(char);
                }
                Some(char) => return Err(self.wrong(&format!("no text has {char:?} in it"))),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Error> {
        let wrong = self.wrong("there is no such escape");
        self.bump();
        let plain = match self.bump().ok_or_else(|| wrong.clone())? {
            char @ ('"' | '\\' | '/') => char,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode().ok_or(wrong),
            _ => return Err(wrong),
        };
        Ok(plain)
    }

    fn unicode(&mut self) -> Option<char> {
        if self.take("{") {
            let end = self.rest().find('}')?;
            let code = self.hex(end)?;
            return self.take("}").then(|| char::from_u32(code))?;
        }
        let code = self.hex(4)?;
        if !(0xd800..0xdc00).contains(&code) {
            return char::from_u32(code);
        }
        // The second half of a character beyond the first 65,536 follows.
        let low = self.take("\\u").then(|| self.hex(4))??;
        (0xdc00..0xe000)
            .contains(&low)
            .then(|| char::from_u32(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)))?
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text =
            self.rest().get(..digits).filter(|text| text.chars().all(|char| char.is_ascii_hexdigit()))?;
        let code = u32::from_str_radix(text, 16).ok()?;
        self.take(text);
        Some(code)
    }

    fn block(&mut self) -> Result<Token<'q>, Error> {
        let mut raw = String::new();
        loop {
            if self.take("\"\"\"") {
                return Ok(Token::Text(dedented(&raw)));
            }
            if self.take("\\\"\"\"") {
                raw.push_str("\"\"\"");
                continue;
            }
            match self.bump() {
                Some(char) if is_readable(char) || matches!(char, '\n' | '\r') => raw.push(char),
                Some(_) => return Err(self.wrong("no text has that sign in it")),
                None => return Err(self.wrong("a text does not end")),
            }
        }
    }

    fn wrong(&self, message: &str) -> Error {
        Error::syntax(message, self.place)
    }
}

fn is_name_start(char: char) -> bool {
    char == '_' || char.is_ascii_alphabetic()
}

fn is_readable(char: char) -> bool {
    char == '\t' || char >= ' '
}

/// A block of text without the indentation that all of its lines but the first share, and without blank lines around.
fn dedented(raw: &str) -> String {
    let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
    let is_blank = |line: &&str| line.trim_matches([' ', '\t']).is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = raw.split('\n').skip(1).filter(|line| !is_blank(line)).map(indent).min().unwrap_or(0);
    let lines = raw.split('\n').enumerate();
    let lines = lines.map(|(at, line)| if at == 0 { line } else { line.get(common..).unwrap_or_default() });
    let mut lines: Vec<&str> = lines.skip_while(is_blank).collect();
    while lines.last().is_some_and(is_blank) {
        lines.pop();
    }
    lines.join("\n")
}
