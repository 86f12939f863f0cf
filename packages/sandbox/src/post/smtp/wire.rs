//! The wire of one conversation: lines with limits, the content of a mail, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What bytes travel on, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One connection.
pub struct Wire {
    stream: Box<dyn Stream>,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line feed.
    looked_at: usize,
    idle: Duration,
    stop: watch::Receiver<bool>,
}

/// Why a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The client hung up, or the connection broke.
    Closed,
    /// The client was silent for too long.
    Idle,
    /// The client sends without end.
    Flood,
    /// This server stops.
    Stopping,
}

/// A line of a conversation, without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// As it was said.
    Whole(Vec<u8>),
    /// Longer than lines may be.
    TooLong,
}

/// The content of a mail.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// As it was before dots were stuffed.
    Whole(Vec<u8>),
    /// Larger than mails may be.
    TooLarge,
    /// It has a line longer than lines may be.
    LongLine,
}

const READ_BYTES: usize = 16 << 10;
/// Pieces of one overlong command that are passed over before the client is left.
const PASSED_OVER_MAX: usize = 100;
/// How often the largest mail may be exceeded before the client is left.
const EXCESS_MAX: usize = 4;

impl Wire {
    /// The wire of a new connection.
    pub fn new(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        idle: Duration,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { stream: Box::new(stream), buffer: BytesMut::new(), looked_at: 0, idle, stop }
    }

    /// Answers; the text has its line ends.
    pub async fn say(&mut self, text: &str) -> Result<(), Gone> {
        let saying = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(self.idle, saying).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone::Closed),
            Err(_) => Err(Gone::Idle),
        }
    }

    /// The next line. People who type end lines with a bare line feed, which harms nobody between mails.
    pub async fn line(&mut self, bytes_max: usize) -> Result<Line, Gone> {
        let piece = self.piece(bytes_max).await?;
        if let Some(line) = piece.strip_suffix(b"\n") {
            return Ok(Line::Whole(line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
        }
        for _ in 0..PASSED_OVER_MAX {
            if self.piece(bytes_max).await?.ends_with(b"\n") {
                return Ok(Line::TooLong);
            }
        }
        Err(Gone::Flood)
    }

    /// The content of a mail, up to the line with one dot; only whole line ends count, so that nothing is smuggled.
    pub async fn content(&mut self, mail_max: usize, line_max: usize) -> Result<Content, Gone> {
        let (mut content, mut length) = (Vec::new(), 0_usize);
        let (mut begins_line, mut ends_with_return) = (true, false);
        let (mut line_length, mut has_long_line) = (0, false);
        loop {
            let piece = self.piece(line_max).await?;
            if begins_line && &piece[..] == b".\r\n" {
                break;
            }
            let stuffed = begins_line && piece.starts_with(b".");
            let kept = &piece[usize::from(stuffed)..];
            // The two letters of a line end may come in two pieces, when a line is too long.
            let ends_whole = piece.ends_with(b"\r\n") || (ends_with_return && &piece[..] == b"\n");
            length += kept.len();
            if length > mail_max.saturating_mul(EXCESS_MAX) {
                return Err(Gone::Flood);
            }
            if length <= mail_max {
                content.extend_from_slice(kept);
            }
            line_length += kept.len();
            has_long_line |= line_length > line_max;
            (begins_line, ends_with_return) = (ends_whole, piece.ends_with(b"\r"));
            if ends_whole {
                line_length = 0;
            }
        }
        Ok(match length {
            length if length > mail_max => Content::TooLarge,
            _ if has_long_line => Content::LongLine,
            _ => Content::Whole(content),
        })
    }

    /// Goes on with TLS. What was said before is forgotten, since anybody may have said it.
    pub async fn secure(&mut self, tls: Arc<ServerConfig>) -> Result<(), Gone> {
        self.buffer.clear();
        self.looked_at = 0;
        let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let shaking = TlsAcceptor::from(tls).accept(plain);
        match tokio::time::timeout(self.idle, shaking).await {
            Ok(Ok(secured)) => {
                self.stream = Box::new(secured);
                Ok(())
            }
            Ok(Err(_)) => Err(Gone::Closed),
            Err(_) => Err(Gone::Idle),
        }
    }

    /// Hangs up; with TLS, politely.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(self.idle, self.stream.shutdown()).await;
    }

    /// Bytes up to the next line feed and with it, or the first ones of a line longer than `bytes_max`.
    async fn piece(&mut self, bytes_max: usize) -> Result<BytesMut, Gone> {
        loop {
            let end = self.buffer.len().min(bytes_max);
            let found = self.buffer[self.looked_at.min(end)..end].iter().position(|byte| *byte == b'\n');
            if let Some(at) = found {
                let length = self.looked_at + at + 1;
                self.looked_at = 0;
                return Ok(self.buffer.split_to(length));
            }
            if end == bytes_max {
                self.looked_at = 0;
                return Ok(self.buffer.split_to(bytes_max));
            }
            self.looked_at = end;
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), Gone> {
        self.buffer.reserve(READ_BYTES);
        let reading = tokio::time::timeout(self.idle, self.stream.read_buf(&mut self.buffer));
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => Err(Gone::Stopping),
            read = reading => match read {
                Ok(Ok(0) | Err(_)) => Err(Gone::Closed),
                Ok(Ok(_)) => Ok(()),
                Err(_) => Err(Gone::Idle),
            },
        }
    }
}
