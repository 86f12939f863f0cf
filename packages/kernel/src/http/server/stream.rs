//! What a connection runs on: TCP, or TLS over it. It keeps the connection's place for as long as bytes may flow,
//! also when a WebSocket has taken it over.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::connection::Seen;
use super::room::Place;

/// An open connection and its place.
pub(super) struct Stream {
    pub wire: Wire,
    pub seen: Arc<Seen>,
    pub _place: Place,
}

/// With TLS or without.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! on_wire {
    ($self:ident, $wire:ident => $call:expr) => {
        match &mut $self.wire {
            Wire::Plain(stream) => {
                let $wire = Pin::new(stream);
                $call
            }
            Wire::Tls(stream) => {
                let $wire = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl Stream {
    fn note(&self, bytes: usize) {
        self.seen.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn noted(&self, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.note(*bytes);
        }
        written
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = into.filled().len();
        let read = on_wire!(self, wire => wire.poll_read(context, into));
        self.note(into.filled().len() - before);
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = on_wire!(self, wire => wire.poll_write(context, bytes));
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = on_wire!(self, wire => wire.poll_write_vectored(context, parts));
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        on_wire!(self, wire => wire.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        on_wire!(self, wire => wire.poll_shutdown(context))
    }
}
