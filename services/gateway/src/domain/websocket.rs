//! WebSocket (RFC 6455) as bytes and as messages, from the server's side.
//!
//! It leaves out the handshake, which is HTTP, and extensions, of which none is offered. Messages are short here, so
//! each is kept until it is whole.

use bytes::{Buf, Bytes, BytesMut};

/// What a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A whole message, of text or not.
    Message(Bytes),
    /// It asks whether we are there; the answer has the same payload.
    Ping(Bytes),
    /// It is there.
    Pong,
    /// It says goodbye, by this code.
    Close(u16),
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message of text.
    Text,
    /// A goodbye.
    Close,
    /// A question whether the other is there.
    Ping,
    /// The answer to it.
    Pong,
}

/// What was sent is no WebSocket, or too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The rules of the protocol were not kept.
    #[error("the WebSocket protocol was not kept")]
    Protocol,
    /// Text was no UTF-8.
    #[error("text must be UTF-8")]
    NotText,
    /// A message is larger than any that is taken.
    #[error("a message may have {MESSAGE_BYTES_MAX} bytes")]
    TooLarge,
}

/// Puts messages together from bytes that come in any pieces.
#[derive(Debug, Default)]
pub struct Reader {
    /// What has come of a message in parts.
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    is_text: bool,
    so_far: BytesMut,
}

/// One frame's head.
struct Head {
    is_last: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Of the head itself.
    bytes: usize,
    length: usize,
}

/// As much as a frame of STOMP may have, with its headers.
pub const MESSAGE_BYTES_MAX: usize = 96 * 1024;
const CONTROL_BYTES_MAX: usize = 125;
/// Which codes a close may have: those of the protocol that travel, and those of applications.
const CODES: [std::ops::RangeInclusive<u16>; 3] = [1000..=1003, 1007..=1014, 3000..=4999];
/// A close without a code.
const NO_CODE: u16 = 1005;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl Broken {
    /// The code to say goodbye with.
    pub fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::TooLarge => 1009,
        }
    }
}

impl Reader {
    /// The next thing that was said, once all of it is there; what was read is taken off `input`.
    pub fn take(&mut self, input: &mut BytesMut) -> Result<Option<Heard>, Broken> {
        loop {
            let Some(head) = Head::read(input)? else { return Ok(None) };
            let so_far = self.begun.as_ref().map_or(0, |begun| begun.so_far.len());
            if head.opcode < CLOSE && so_far + head.length > MESSAGE_BYTES_MAX {
                return Err(Broken::TooLarge);
            }
            if input.len() < head.bytes + head.length {
                return Ok(None);
            }
            input.advance(head.bytes);
            let mut payload = input.split_to(head.length);
            for (byte, mask) in payload.iter_mut().zip(head.mask.iter().cycle()) {
                *byte ^= mask;
            }
            if let Some(heard) = self.heard(&head, payload)? {
                return Ok(Some(heard));
            }
        }
    }

    fn heard(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Heard>, Broken> {
        let begun = match (head.opcode, self.begun.take()) {
            (TEXT | BINARY, None) => Begun { is_text: head.opcode == TEXT, so_far: payload },
            (CONTINUATION, Some(mut begun)) => {
                begun.so_far.extend_from_slice(&payload);
                begun
            }
            (TEXT | BINARY, Some(_)) | (CONTINUATION, None) => return Err(Broken::Protocol),
            (control, begun) => {
                self.begun = begun;
                return control_heard(control, payload.freeze()).map(Some);
            }
        };
        if !head.is_last {
            self.begun = Some(begun);
            return Ok(None);
        }
        if begun.is_text && std::str::from_utf8(&begun.so_far).is_err() {
            return Err(Broken::NotText);
        }
        Ok(Some(Heard::Message(begun.so_far.freeze())))
    }
}

fn control_heard(opcode: u8, payload: Bytes) -> Result<Heard, Broken> {
    match (opcode, payload.as_ref()) {
        (PING, _) => Ok(Heard::Ping(payload)),
        (PONG, _) => Ok(Heard::Pong),
        (CLOSE, []) => Ok(Heard::Close(NO_CODE)),
        (CLOSE, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            if !CODES.iter().any(|codes| codes.contains(&code)) {
                return Err(Broken::Protocol);
            }
            if std::str::from_utf8(reason).is_err() {
                return Err(Broken::NotText);
            }
            Ok(Heard::Close(code))
        }
        _ => Err(Broken::Protocol),
    }
}

impl Head {
    /// The head that the input begins with, once all of it is there.
    fn read(input: &[u8]) -> Result<Option<Self>, Broken> {
        let [first, second, rest @ ..] = input else { return Ok(None) };
        let (is_last, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0f);
        let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
        let is_control = opcode >= CLOSE;
        let is_known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        if reserved != 0 || !is_known || !is_masked {
            return Err(Broken::Protocol);
        }
        if is_control && (!is_last || usize::from(short) > CONTROL_BYTES_MAX) {
            return Err(Broken::Protocol);
        }
        let (length, rest, of_length) = match (short, rest) {
            (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest, 2),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest, 8)
            }
            (126 | 127, _) => return Ok(None),
            (short, rest) => (u64::from(short), rest, 0),
        };
        // The shortest way to write a length is the only one.
        if (short == 126 && length < 126) || (short == 127 && length <= u64::from(u16::MAX)) {
            return Err(Broken::Protocol);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= MESSAGE_BYTES_MAX);
        let length = length.ok_or(Broken::TooLarge)?;
        let [a, b, c, d, ..] = rest else { return Ok(None) };
        Ok(Some(Self { is_last, opcode, mask: [*a, *b, *c, *d], bytes: 2 + of_length + 4, length }))
    }
}

/// A frame as a server sends it: whole, and without a mask.
pub fn written(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let opcode = match kind {
        Kind::Text => TEXT,
        Kind::Close => CLOSE,
        Kind::Ping => PING,
        Kind::Pong => PONG,
    };
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A goodbye with its code, and a reason that fits.
pub fn goodbye(code: u16, reason: &str) -> Vec<u8> {
    let code = if CODES.iter().any(|codes| codes.contains(&code)) { code } else { 1000 };
    let fits = reason.floor_char_boundary(CONTROL_BYTES_MAX - 2);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.get(..fits).unwrap_or_default().as_bytes());
    written(Kind::Close, &payload)
}

#[cfg(test)]
#[path = "websocket_tests.rs"]
mod tests;
