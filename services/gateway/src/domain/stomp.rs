//! STOMP 1.0 to 1.2 as bytes and as frames: what a peer says, and what it is told.
//!
//! It leaves out what frames mean: who may say what, and when, is decided where a conversation is held.

use bytes::{Buf, BytesMut};

/// A version of the protocol; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// No escapes, no heart-beats.
    V10,
    /// Escapes of backslash, line feed and colon; heart-beats.
    V11,
    /// An escape of carriage return as well.
    V12,
}

/// What a peer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// To begin; `STOMP` says the same.
    Connect,
    /// To publish.
    Send,
    /// To follow a destination.
    Subscribe,
    /// To follow it no more.
    Unsubscribe,
    /// To say that messages were taken, or were not.
    Ack,
    /// To do several things at once.
    Transaction,
    /// To end.
    Disconnect,
}

/// What a peer said in one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it asks for.
    pub command: Command,
    headers: Vec<(String, String)>,
    /// What it sends along.
    pub body: Vec<u8>,
}

/// What a peer lets us hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is still there.
    Beat,
    /// It wants something.
    Frame(Frame),
}

/// What was sent is no frame that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// The head or the body is larger than anybody needs here.
    #[error("a frame may have {HEAD_BYTES_MAX} bytes of headers and {BODY_BYTES_MAX} of body")]
    TooLarge,
    /// There is no such command for clients.
    #[error("there is no such command")]
    UnknownCommand,
    /// A line of the head is no header.
    #[error("a header is a name, a colon and a value, in UTF-8, with the escapes of its version")]
    Header,
    /// `content-length` is no number, or no NUL stands where it says.
    #[error("the body is not as long as content-length says")]
    Length,
}

/// Puts frames together from bytes that come in any pieces.
#[derive(Debug)]
pub struct Reader {
    version: Version,
    input: BytesMut,
    /// So much of the input holds no end of a head, or of a body.
    looked_at: usize,
    line_start: usize,
    head: Option<Head>,
}

/// A frame of which the body is still to come.
#[derive(Debug)]
struct Head {
    command: Command,
    headers: Vec<(String, String)>,
    length: Option<usize>,
}

/// A credential has at most 8 KiB, and two of them fit.
const HEAD_BYTES_MAX: usize = 20 * 1024;
const HEADERS_MAX: usize = 32;
/// Nothing that is taken here has a body; what is refused need not be large.
const BODY_BYTES_MAX: usize = 64 * 1024;

impl Version {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V10 => "1.0",
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    /// The latest version of those that a peer accepts; one that names none speaks the first.
    pub fn accepted(named: Option<&str>) -> Option<Self> {
        let Some(named) = named else { return Some(Self::V10) };
        let each = named.split(',').filter_map(|name| match name.trim() {
            "1.0" => Some(Self::V10),
            "1.1" => Some(Self::V11),
            "1.2" => Some(Self::V12),
            _ => None,
        });
        each.max()
    }
}

impl Command {
    fn parse(text: &[u8]) -> Result<Self, BadFrame> {
        Ok(match text {
            b"CONNECT" | b"STOMP" => Self::Connect,
            b"SEND" => Self::Send,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UNSUBSCRIBE" => Self::Unsubscribe,
            b"ACK" | b"NACK" => Self::Ack,
            b"BEGIN" | b"COMMIT" | b"ABORT" => Self::Transaction,
            b"DISCONNECT" => Self::Disconnect,
            _ => return Err(BadFrame::UnknownCommand),
        })
    }
}

impl Frame {
    /// A header's value; of several the first, as the protocol has it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same for names that are written in any case elsewhere.
    pub fn header_in_any_case(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

impl Default for Reader {
    /// Reads what comes before a version is agreed on.
    fn default() -> Self {
        Self { version: Version::V10, input: BytesMut::new(), looked_at: 0, line_start: 0, head: None }
    }
}

impl Reader {
    /// From now on frames are of this version.
    pub fn agree_on(&mut self, version: Version) {
        self.version = version;
    }

    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next thing that was said, once all of it is there.
    pub fn take(&mut self) -> Result<Option<Heard>, BadFrame> {
        let head = match self.head.take() {
            Some(head) => head,
            None => match self.input.as_ref() {
                [] | [b'\r'] => return Ok(None),
                [b'\n', ..] => return Ok(Some(self.beat(1))),
                [b'\r', b'\n', ..] => return Ok(Some(self.beat(2))),
                _ => match self.take_head()? {
                    Some(head) => head,
                    None => return Ok(None),
                },
            },
        };
        match self.take_body(head.length)? {
            Some(body) => {
                let Head { command, headers, .. } = head;
                Ok(Some(Heard::Frame(Frame { command, headers, body })))
            }
            None => {
                self.head = Some(head);
                Ok(None)
            }
        }
    }

    fn beat(&mut self, bytes: usize) -> Heard {
        self.input.advance(bytes);
        Heard::Beat
    }

    /// All up to the empty line.
    fn take_head(&mut self) -> Result<Option<Head>, BadFrame> {
        loop {
            let rest = self.input.get(self.looked_at..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == b'\n').map(|at| self.looked_at + at);
            let seen = end.unwrap_or(self.input.len());
            if seen > HEAD_BYTES_MAX {
                return Err(BadFrame::TooLarge);
            }
            let Some(end) = end else {
                self.looked_at = self.input.len();
                return Ok(None);
            };
            let is_empty = matches!(self.input.get(self.line_start..end), Some([] | [b'\r']));
            (self.looked_at, self.line_start) = (end + 1, end + 1);
            if is_empty {
                let head = self.input.split_to(end + 1);
                (self.looked_at, self.line_start) = (0, 0);
                return Head::parse(&head, self.version).map(Some);
            }
        }
    }

    /// All up to the NUL.
    fn take_body(&mut self, length: Option<usize>) -> Result<Option<Vec<u8>>, BadFrame> {
        let end = match length {
            Some(length) if length > BODY_BYTES_MAX => return Err(BadFrame::TooLarge),
            Some(length) => match self.input.get(length) {
                None => return Ok(None),
                Some(0) => length,
                Some(_) => return Err(BadFrame::Length),
            },
            None => {
                let rest = self.input.get(self.looked_at..).unwrap_or_default();
                let end = rest.iter().position(|byte| *byte == 0).map(|at| self.looked_at + at);
                if end.unwrap_or(self.input.len()) > BODY_BYTES_MAX {
                    return Err(BadFrame::TooLarge);
                }
                let Some(end) = end else {
                    self.looked_at = self.input.len();
                    return Ok(None);
                };
                end
            }
        };
        self.looked_at = 0;
        let body = self.input.split_to(end).to_vec();
        self.input.advance(1);
        Ok(Some(body))
    }
}

impl Head {
    fn parse(text: &[u8], version: Version) -> Result<Self, BadFrame> {
        let mut lines =
            text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let command = Command::parse(lines.next().unwrap_or_default())?;
        // The frame that agrees on a version is written without escapes in all of them.
        let version = if command == Command::Connect { Version::V10 } else { version };
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            if headers.len() >= HEADERS_MAX {
                return Err(BadFrame::TooLarge);
            }
            let line = std::str::from_utf8(line).map_err(|_| BadFrame::Header)?;
            let (name, value) = line.split_once(':').ok_or(BadFrame::Header)?;
            if name.is_empty() || line.contains('\0') {
                return Err(BadFrame::Header);
            }
            headers.push((unescaped(name, version)?, unescaped(value, version)?));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map(|(_, value)| value.trim().parse()).transpose();
        Ok(Self { command, length: length.map_err(|_| BadFrame::Length)?, headers })
    }
}

fn unescaped(text: &str, version: Version) -> Result<String, BadFrame> {
    if version == Version::V10 || !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => match letters.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('c') => ':',
                Some('r') if version == Version::V12 => '\r',
                _ => return Err(BadFrame::Header),
            },
            letter => letter,
        };
        plain.push(letter);
    }
    Ok(plain)
}

/// A frame as it is sent; what a version cannot write becomes a space.
pub fn written(version: Version, command: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 256);
    frame.extend_from_slice(command.as_bytes());
    frame.push(b'\n');
    // Nobody knows the version of an answer that agrees on one.
    let version = if command == "CONNECTED" { Version::V10 } else { version };
    for (name, value) in headers {
        escape(name, version, &mut frame);
        frame.push(b':');
        escape(value, version, &mut frame);
        frame.push(b'\n');
    }
    if !body.is_empty() {
        frame.extend_from_slice(format!("content-length:{}\n", body.len()).as_bytes());
    }
    frame.push(b'\n');
    frame.extend_from_slice(body);
    frame.push(0);
    frame
}

fn escape(text: &str, version: Version, into: &mut Vec<u8>) {
    for byte in text.bytes() {
        let escaped: &[u8] = match (byte, version) {
            (b'\\', Version::V11 | Version::V12) => b"\\\\",
            (b'\n', Version::V11 | Version::V12) => b"\\n",
            (b':', Version::V11 | Version::V12) => b"\\c",
            (b'\r', Version::V12) => b"\\r",
            (b'\n' | b'\r' | 0, _) => b" ",
            _ => {
                into.push(byte);
                continue;
            }
        };
        into.extend_from_slice(escaped);
    }
}

/// How often each side is heard at least, in milliseconds, where the other asked for it: ours, then theirs.
///
/// `offered` is what the peer can do and what it wants; `every_ms` is what we can do and want.
pub fn beats(offered: Option<&str>, every_ms: u32) -> Option<(Option<u32>, Option<u32>)> {
    let Some(offered) = offered else { return Some((None, None)) };
    let (can, wants) = offered.split_once(',')?;
    let (can, wants): (u32, u32) = (can.trim().parse().ok()?, wants.trim().parse().ok()?);
    let agreed = |theirs: u32| (theirs > 0).then(|| theirs.max(every_ms));
    Some((agreed(wants), agreed(can)))
}

#[cfg(test)]
#[path = "stomp_tests.rs"]
mod tests;
