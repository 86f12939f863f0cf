//! One HTTP/1.1 connection, moved forward by whoever uses it.
//!
//! No task of its own stands between a request and its connection: the request's task writes and reads, and only what
//! comes over the network wakes it. Buffers stay with the connection, and a request stays whole until it has left, so
//! that it can be sent over another.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use bytes::{Buf, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request};
use http_body::Body as _;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::Sleep;

use super::codec::{Decoder, Framing, Head, take_head, write_chunk, write_head};
use super::dial::Stream;
use super::outgoing::Outgoing;

/// An HTTP/1.1 connection; dropped it is closed.
pub(super) struct Wire {
    stream: TokioIo<Stream>,
    input: BytesMut,
    /// To be written before `part`.
    output: BytesMut,
    part: Bytes,
    unflushed: bool,
    /// What of a request's body is still to come.
    body: Option<(Body, Framing)>,
    /// Whether a byte of the request has left.
    left: bool,
    /// Stays with the connection: to put a time off costs less than to set a new one.
    late: Pin<Box<Sleep>>,
    /// What of an answer's body is still to come.
    pub decoder: Decoder,
    /// Whether it may be used again.
    keeps: bool,
}

/// What a request needs to know of where it goes.
#[derive(Clone, Copy)]
pub(super) struct Terms<'t> {
    /// What it names as its host.
    pub host: Option<&'t HeaderValue>,
    /// How long it may take.
    pub left_ms: u64,
    /// When this try is given up.
    pub until: Instant,
}

/// There is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// Why.
    pub why: Why,
    /// Whether the request is still whole, so that it could be sent again.
    pub whole: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Not a byte has left.
    NotSent,
    /// The other side closed without a word.
    CutOff,
    /// It broke, or what came over it was no answer.
    Broken,
    /// No answer in its time.
    TimedOut,
    /// The caller's own body ended before it was whole.
    CallerBrokeOff,
}

/// Why a request, or the rest of it, did not leave.
enum Unsent {
    /// The other side does not take it.
    Wire,
    /// The caller's body broke off, or is longer or shorter than it said.
    Caller,
}

/// Room for what comes: most answers fit.
const INPUT_BYTES_MIN: usize = 8 * 1024;
/// Of a large answer so much is read at once.
const INPUT_BYTES_MAX: usize = 64 * 1024;

impl Lost {
    /// Whether that is what happens on a connection that had been closed before.
    pub fn is_stale(self) -> bool {
        matches!(self.why, Why::NotSent | Why::CutOff)
    }
}

impl Wire {
    /// HTTP/1.1 over a new connection.
    pub fn over(stream: Stream) -> Self {
        Self {
            stream: TokioIo::new(stream),
            input: BytesMut::new(),
            output: BytesMut::new(),
            part: Bytes::new(),
            unflushed: false,
            body: None,
            left: false,
            late: Box::pin(tokio::time::sleep(Duration::ZERO)),
            decoder: Decoder::Done,
            keeps: true,
        }
    }

    /// Whether the last exchange is over on both sides and the other one has not closed.
    pub fn is_ready(&mut self) -> bool {
        if !self.is_at_rest() {
            return false;
        }
        // Whoever used it before must not be woken by what comes now. Whatever came unasked ends it too.
        let mut nobody = Context::from_waker(Waker::noop());
        self.poll_read(&mut nobody).is_pending()
    }

    /// Whether the last exchange is over on both sides.
    pub fn is_at_rest(&self) -> bool {
        self.keeps && self.decoder.is_done() && self.is_all_sent() && self.input.is_empty()
    }

    fn is_all_sent(&self) -> bool {
        self.body.is_none() && self.output.is_empty() && self.part.is_empty() && !self.unflushed
    }

    /// Sends a request and waits for the head of its answer; the body is read with `poll_body` afterwards. Of the
    /// request only a body that flows is taken, and that is given back when nothing has left.
    pub async fn ask(
        mut self: Box<Self>,
        request: &mut Request<Outgoing>,
        terms: Terms<'_>,
    ) -> Result<(Head, Box<Self>), Lost> {
        let flows = matches!(request.body(), Outgoing::Flowing(_));
        self.begin(request, terms);
        let method = request.method().clone();
        let (mut sending, mut heard) = (true, false);
        let ended = poll_fn(|context| {
            if sending {
                match self.poll_send(context) {
                    Poll::Pending => {}
                    Poll::Ready(Ok(())) => sending = false,
                    Poll::Ready(Err(Unsent::Caller)) => return Poll::Ready(Err(Why::CallerBrokeOff)),
                    Poll::Ready(Err(Unsent::Wire)) if !self.left => return Poll::Ready(Err(Why::NotSent)),
                    // Whoever has closed may have said why.
                    Poll::Ready(Err(Unsent::Wire)) => (sending, self.keeps) = (false, false),
                }
            }
            match self.poll_head(context, &method, &mut heard) {
                Poll::Ready(head) => Poll::Ready(head),
                Poll::Pending => self.late.as_mut().poll(context).map(|()| Err(Why::TimedOut)),
            }
        })
        .await;
        match ended {
            Ok(head) => {
                self.keeps &= head.keeps;
                self.decoder = head.body;
                Ok((head, self))
            }
            Err(why) => {
                let flowed = self.body.take();
                if let (Why::NotSent, Some((body, _))) = (why, flowed) {
                    *request.body_mut() = Outgoing::Flowing(body);
                }
                Err(Lost { why, whole: why == Why::NotSent || !flows })
            }
        }
    }

    /// The next part of the answer's body; `None` when it is whole. An unfinished request is sent on meanwhile.
    pub fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match self.decoder.take(&mut self.input) {
                Ok(Some(part)) => return Poll::Ready(Some(Ok(part))),
                Ok(None) if self.decoder.is_done() => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(io::Error::other(error)))),
            }
            if !self.is_all_sent() && matches!(self.poll_send(context), Poll::Ready(Err(_))) {
                self.stop_sending();
            }
            match self.poll_read(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(Ok(0)) => {
                    if let Err(error) = self.decoder.closed() {
                        return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, error))));
                    }
                    self.keeps = false;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// What of the body has come already.
    pub fn take_body(&mut self) -> io::Result<Option<Bytes>> {
        self.decoder.take(&mut self.input).map_err(io::Error::other)
    }

    fn begin(&mut self, request: &mut Request<Outgoing>, terms: Terms<'_>) {
        let framing = match request.body() {
            Outgoing::Whole(bytes) if bytes.is_empty() && !request.headers().contains_key(CONTENT_LENGTH) => {
                Framing::None
            }
            Outgoing::Whole(bytes) => Framing::Length(bytes.len() as u64),
            Outgoing::Flowing(body) => body.size_hint().exact().map_or(Framing::Chunked, Framing::Length),
        };
        self.left = false;
        self.late.as_mut().reset(terms.until.into());
        write_head(&mut self.output, request, terms.host, terms.left_ms, framing);
        match std::mem::replace(request.body_mut(), Outgoing::Whole(Bytes::new())) {
            Outgoing::Whole(bytes) => {
                // Small enough to be kept, so small enough to go with the head.
                self.output.extend_from_slice(&bytes);
                *request.body_mut() = Outgoing::Whole(bytes);
            }
            Outgoing::Flowing(body) => self.body = Some((body, framing)),
        }
    }

    fn stop_sending(&mut self) {
        self.keeps = false;
        self.body = None;
        self.output.clear();
        self.part.clear();
        self.unflushed = false;
    }

    /// Writes what is there, and takes more of the body as fast as it can be written.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        loop {
            while !(self.output.is_empty() && self.part.is_empty()) {
                let stream = Pin::new(&mut self.stream);
                // One piece is cheaper to hand over than a list of one.
                let written = if self.part.is_empty() {
                    stream.poll_write(context, &self.output)
                } else {
                    let slices = [IoSlice::new(&self.output), IoSlice::new(&self.part)];
                    stream.poll_write_vectored(context, &slices)
                };
                let written = match written {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Unsent::Wire)),
                    Poll::Ready(Ok(written)) => written,
                };
                (self.left, self.unflushed) = (true, true);
                let first = written.min(self.output.len());
                self.output.advance(first);
                self.part.advance(written - first);
            }
            let part = match self.body.as_mut().map(|(body, _)| Pin::new(body).poll_frame(context)) {
                None => return self.poll_flush(context),
                Some(Poll::Pending) => {
                    // What there is is wanted over there, however long the rest takes.
                    return match self.poll_flush(context) {
                        Poll::Ready(Err(unsent)) => Poll::Ready(Err(unsent)),
                        _ => Poll::Pending,
                    };
                }
                Some(Poll::Ready(Some(Err(_)))) => return Poll::Ready(Err(Unsent::Caller)),
                // What is told behind the body is for who spoke last to its sender.
                Some(Poll::Ready(Some(Ok(frame)))) => frame.into_data().unwrap_or_default(),
                Some(Poll::Ready(None)) => {
                    self.end_body()?;
                    continue;
                }
            };
            self.add(part)?;
        }
    }

    fn add(&mut self, part: Bytes) -> Result<(), Unsent> {
        match &mut self.body {
            Some((_, Framing::Length(left))) => {
                *left = left.checked_sub(part.len() as u64).ok_or(Unsent::Caller)?;
                self.part = part;
            }
            // An empty chunk would be the end.
            Some(_) if !part.is_empty() => write_chunk(&mut self.output, &part),
            Some(_) | None => {}
        }
        Ok(())
    }

    fn end_body(&mut self) -> Result<(), Unsent> {
        match self.body.take() {
            Some((_, Framing::Length(1..))) => Err(Unsent::Caller),
            Some((_, Framing::Chunked)) => {
                write_chunk(&mut self.output, &[]);
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_flush(context).map(|flushed| {
            self.unflushed = false;
            flushed.map_err(|_| Unsent::Wire)
        })
    }

    fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        method: &Method,
        heard: &mut bool,
    ) -> Poll<Result<Head, Why>> {
        loop {
            if !self.input.is_empty() {
                match take_head(&mut self.input, method) {
                    Ok(Some(head)) => return Poll::Ready(Ok(head)),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::debug!(%error, "an instance talks nonsense");
                        return Poll::Ready(Err(Why::Broken));
                    }
                }
            }
            match self.poll_read(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(1..)) => *heard = true,
                Poll::Ready(Ok(0) | Err(_)) if *heard => return Poll::Ready(Err(Why::Broken)),
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Why::CutOff)),
            }
        }
    }

    /// Before it rests: what a large answer needed is not kept.
    pub fn slim(&mut self) {
        if self.input.capacity() > INPUT_BYTES_MIN {
            self.input = BytesMut::new();
        }
        if self.output.capacity() > INPUT_BYTES_MIN {
            self.output = BytesMut::new();
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let room = match self.decoder {
            Decoder::Done => INPUT_BYTES_MIN,
            Decoder::Length(left) => {
                usize::try_from(left).unwrap_or(INPUT_BYTES_MAX).clamp(INPUT_BYTES_MIN, INPUT_BYTES_MAX)
            }
            Decoder::Chunked(_) | Decoder::UntilClosed => INPUT_BYTES_MAX,
        };
        self.input.reserve(room);
        // It keeps nothing from one look to the next, so each look is a new one.
        pin!(self.stream.read_buf(&mut self.input)).poll(context)
    }
}
