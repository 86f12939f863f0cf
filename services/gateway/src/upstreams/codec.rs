//! HTTP/1.1 as bytes: the head of a request, the head of an answer, and where its body ends.
//!
//! It is strict: what is said in two ways, or in a way that two readers could read differently, is no answer. What our
//! own services send is written by hyper and passes; what does not pass is not handed on.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, StatusCode};

use super::headers::DEADLINE;

/// How the end of a request's body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body, and nothing is said of it.
    None,
    /// So many bytes.
    Length(u64),
    /// In chunks, until an empty one.
    Chunked,
}

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, as they came.
    pub headers: HeaderMap,
    /// Whether the connection may be used again.
    pub keeps: bool,
    /// What is to be read after it.
    pub body: Decoder,
}

/// What is left to be read of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoder {
    /// Nothing.
    Done,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// All that comes until the other side closes.
    UntilClosed,
}

/// Where in the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Before a size.
    Size,
    /// Within one, with so many bytes to come.
    Within(u64),
    /// Behind one, before the end of its line.
    End,
    /// Behind the last, among the trailers.
    Trailers,
}

/// What came is not HTTP/1.1, or says two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what came is no answer: {0}")]
pub struct NoAnswer(&'static str);

const HEAD_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 100;
/// Of a size with its extensions, and of a trailer.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Parts up to here are copied, so that the buffer stays ours; larger ones are handed out with their memory.
const COPIED_BYTES_MAX: usize = 4 * 1024;

/// Writes the head of a request; its length is told by `framing` alone, whatever its headers say.
pub fn write_head<B>(
    out: &mut BytesMut,
    request: &Request<B>,
    host: Option<&HeaderValue>,
    left_ms: u64,
    framing: Framing,
) {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let parts = [request.method().as_str(), " ", path, " HTTP/1.1\r\n"];
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    if let Some(host) = host.or_else(|| request.headers().get(HOST)) {
        write_line(out, &HOST, host.as_bytes());
    }
    for (name, value) in request.headers() {
        if name != HOST && name != CONTENT_LENGTH && name != TRANSFER_ENCODING && name != DEADLINE {
            write_line(out, name, value.as_bytes());
        }
    }
    write_line(out, &DEADLINE, digits(left_ms, &mut [0; 20]));
    match framing {
        Framing::None => {}
        Framing::Length(length) => write_line(out, &CONTENT_LENGTH, digits(length, &mut [0; 20])),
        Framing::Chunked => write_line(out, &TRANSFER_ENCODING, b"chunked"),
    }
    out.extend_from_slice(b"\r\n");
}

fn write_line(out: &mut BytesMut, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn digits(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut at = room.len();
    loop {
        at -= 1;
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &room[at..];
        }
    }
}

/// Writes a chunk; an empty one is the end.
pub fn write_chunk(out: &mut BytesMut, data: &[u8]) {
    out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Takes the head of an answer from what has come; `None` while it is not whole. What was announced before it (`100
/// Continue`) is skipped.
pub fn take_head(input: &mut BytesMut, method: &Method) -> Result<Option<Head>, NoAnswer> {
    loop {
        let Some(end) = input.windows(4).position(|end| end == b"\r\n\r\n") else {
            return match input.len() {
                ..HEAD_BYTES_MAX => Ok(None),
                _ => Err(NoAnswer("its head is too large")),
            };
        };
        if end > HEAD_BYTES_MAX {
            return Err(NoAnswer("its head is too large"));
        }
        // A copy, so that the buffer stays ours while the headers live on.
        let text = Bytes::copy_from_slice(&input[..end + 2]);
        input.advance(end + 4);
        let head = parse_head(&text, method)?;
        if !head.status.is_informational() {
            return Ok(Some(head));
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(NoAnswer("nobody asked for another protocol"));
        }
    }
}

/// Each line of `text` ends with CRLF.
fn parse_head(text: &Bytes, method: &Method) -> Result<Head, NoAnswer> {
    let first = line_end(text, 0).ok_or(NoAnswer("it has no status"))?;
    let (recent, status) = parse_status(&text[..first])?;
    // A large map is dear to make, and one that grows is dearer.
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let mut headers = HeaderMap::with_capacity(lines.min(HEADERS_MAX));
    let mut at = first + 2;
    while at < text.len() {
        let end = line_end(text, at).ok_or(NoAnswer("a header does not end"))?;
        let colon =
            text[at..end].iter().position(|byte| *byte == b':').ok_or(NoAnswer("a header has no name"))?;
        let name =
            HeaderName::from_bytes(&text[at..at + colon]).map_err(|_| NoAnswer("a header has a bad name"))?;
        let (from, to) = trimmed(text, at + colon + 1, end);
        let value = HeaderValue::from_maybe_shared(text.slice(from..to));
        headers.append(name, value.map_err(|_| NoAnswer("a header has a bad value"))?);
        if headers.len() > HEADERS_MAX {
            return Err(NoAnswer("it has too many headers"));
        }
        at = end + 2;
    }
    let body = body_of(status, &headers, method)?;
    if status == StatusCode::NO_CONTENT {
        headers.remove(CONTENT_LENGTH);
    }
    let closes = headers.get_all(CONNECTION).iter().any(|line| {
        line.as_bytes()
            .split(|byte| *byte == b',')
            .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
    });
    Ok(Head { status, headers, keeps: recent && !closes && body != Decoder::UntilClosed, body })
}

/// Whether it is HTTP/1.1 rather than 1.0, and the status.
fn parse_status(line: &[u8]) -> Result<(bool, StatusCode), NoAnswer> {
    let (version, rest) = line.split_at_checked(9).ok_or(NoAnswer("it has no status"))?;
    let recent = match version {
        b"HTTP/1.1 " => true,
        b"HTTP/1.0 " => false,
        _ => return Err(NoAnswer("it is not HTTP/1.1")),
    };
    let (status, reason) = rest.split_at_checked(3).ok_or(NoAnswer("it has no status"))?;
    if !(reason.is_empty() || reason.starts_with(b" ")) {
        return Err(NoAnswer("its status is no number"));
    }
    let status = StatusCode::from_bytes(status).map_err(|_| NoAnswer("its status is no number"))?;
    Ok((recent, status))
}

fn body_of(status: StatusCode, headers: &HeaderMap, method: &Method) -> Result<Decoder, NoAnswer> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(NoAnswer("it has two lengths"));
    }
    let length =
        length.map(|length| parse_digits(length.as_bytes(), 10).ok_or(NoAnswer("its length is no number")));
    let length = length.transpose()?;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let coding = codings.next();
    if coding.is_some() && length.is_some() || codings.next().is_some() {
        return Err(NoAnswer("it has two lengths"));
    }
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err(NoAnswer("it is coded in a way that nobody asked for"));
    }
    let bodiless = status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
        || method == Method::HEAD;
    Ok(match (bodiless, coding, length) {
        (true, ..) | (false, None, Some(0)) => Decoder::Done,
        (false, Some(_), _) => Decoder::Chunked(Chunk::Size),
        (false, None, Some(length)) => Decoder::Length(length),
        (false, None, None) => Decoder::UntilClosed,
    })
}

/// Only digits, and not more than fit.
fn parse_digits(text: &[u8], radix: u32) -> Option<u64> {
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u64::from_str_radix(text, radix).ok()
}

fn line_end(text: &[u8], from: usize) -> Option<usize> {
    text[from..].windows(2).position(|end| end == b"\r\n").map(|at| from + at)
}

fn trimmed(text: &[u8], from: usize, to: usize) -> (usize, usize) {
    let blank = |byte: &u8| matches!(*byte, b' ' | b'\t');
    let from = from + text[from..to].iter().take_while(|byte| blank(byte)).count();
    (from, to - text[from..to].iter().rev().take_while(|byte| blank(byte)).count())
}

impl Decoder {
    /// Whether nothing is left.
    pub fn is_done(self) -> bool {
        self == Self::Done
    }

    /// How much is left, where that is known.
    pub fn left(self) -> Option<u64> {
        match self {
            Self::Done => Some(0),
            Self::Length(left) => Some(left),
            Self::Chunked(_) | Self::UntilClosed => None,
        }
    }

    /// Takes the next part of the body from what has come; `None` when there is no more of it yet, or at all.
    pub fn take(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, NoAnswer> {
        loop {
            match self {
                Self::Done => return Ok(None),
                Self::UntilClosed => return Ok(part(input, u64::MAX)),
                Self::Length(left) => {
                    let part = part(input, *left);
                    *left -= part.as_ref().map_or(0, |part| part.len() as u64);
                    if *left == 0 {
                        *self = Self::Done;
                    }
                    return Ok(part);
                }
                Self::Chunked(Chunk::Within(left)) => {
                    let part = part(input, *left);
                    *left -= part.as_ref().map_or(0, |part| part.len() as u64);
                    if *left == 0 {
                        *self = Self::Chunked(Chunk::End);
                        // The end may have come with it: then nobody has to ask once more.
                        self.pass_lines(input)?;
                    }
                    return Ok(part);
                }
                Self::Chunked(_) => {
                    if !self.pass_lines(input)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The other side has closed; whether that was the end.
    pub fn closed(&mut self) -> Result<(), NoAnswer> {
        match self {
            Self::Done | Self::UntilClosed => {
                *self = Self::Done;
                Ok(())
            }
            Self::Length(_) | Self::Chunked(_) => Err(NoAnswer("it broke off")),
        }
    }

    /// Passes what stands between chunks; whether there may be something behind it already.
    fn pass_lines(&mut self, input: &mut BytesMut) -> Result<bool, NoAnswer> {
        while let Self::Chunked(chunk) = self {
            if let Chunk::Within(_) = chunk {
                return Ok(true);
            }
            let Some(end) = line_end(input, 0) else {
                let waits = input.len() < LINE_BYTES_MAX;
                return if waits { Ok(false) } else { Err(NoAnswer("a line of its chunks is too long")) };
            };
            let next = match (*chunk, &input[..end]) {
                (Chunk::End, b"") => Self::Chunked(Chunk::Size),
                (Chunk::End, _) => return Err(NoAnswer("a chunk is longer than it says")),
                (Chunk::Trailers, b"") => Self::Done,
                // What is told behind the body is for who spoke last to its sender.
                (Chunk::Trailers, _) => Self::Chunked(Chunk::Trailers),
                (_, line) => match chunk_size(line)? {
                    0 => Self::Chunked(Chunk::Trailers),
                    size => Self::Chunked(Chunk::Within(size)),
                },
            };
            input.advance(end + 2);
            *self = next;
        }
        Ok(true)
    }
}

fn chunk_size(line: &[u8]) -> Result<u64, NoAnswer> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
    // Lines that end in another way are read differently by others.
    if line.contains(&b'\n') || line.contains(&b'\r') {
        return Err(NoAnswer("a chunk has a bad size"));
    }
    parse_digits(size, 16).ok_or(NoAnswer("a chunk has a bad size"))
}

fn part(input: &mut BytesMut, most: u64) -> Option<Bytes> {
    let length = usize::try_from(most).unwrap_or(usize::MAX).min(input.len());
    if length == 0 {
        return None;
    }
    if length > COPIED_BYTES_MAX {
        return Some(input.split_to(length).freeze());
    }
    let copied = Bytes::copy_from_slice(&input[..length]);
    input.advance(length);
    Some(copied)
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
