//! An answer on its way back: small ones are whole at once, others flow as fast as they are read.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http::{Response, StatusCode, Version};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::codec::Head;
use super::headers::{set_upgrade, strip_hop_by_hop, upgrade_of};
use super::instance::Instance;
use super::lane::{Place, Tried};
use super::wire::Wire;

/// The body of an answer.
pub(super) enum Received {
    /// All of it; its connection rests already.
    Whole(Bytes),
    /// What there is of it, and where the rest comes from.
    Flowing { first: Bytes, rest: Rest },
}

/// Where the rest of a body comes from.
pub(super) enum Rest {
    /// A connection that is ours to move.
    Wire(Box<Wire>),
    /// One that others share, or that a task of its own moves.
    Shared(Incoming),
    /// Nowhere: it is whole.
    Nowhere,
}

/// A body that is still coming. It counts as in flight until it has ended or nobody reads it any more.
struct Flowing {
    first: Bytes,
    rest: Rest,
    tried: Tried,
    _place: Option<Place>,
}

type Failure = Box<dyn Error + Send + Sync>;

/// Takes an answer over a connection of our own, with what has come of its body.
pub(super) fn receive(head: Head, mut wire: Box<Wire>, instance: &Instance) -> Response<Received> {
    let mut response = Response::new(Received::Whole(Bytes::new()));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    strip_hop_by_hop(response.headers_mut());
    // What cannot be read is told when it is read.
    let first = if wire.decoder.is_done() { None } else { wire.take_body().ok().flatten() };
    let first = first.unwrap_or_default();
    *response.body_mut() = if wire.decoder.is_done() {
        instance.rest(wire);
        Received::Whole(first)
    } else {
        Received::Flowing { first, rest: Rest::Wire(wire) }
    };
    response
}

/// Takes an answer over a connection that hyper moves.
pub(super) fn receive_shared(response: Response<Incoming>) -> Response<Received> {
    let (mut parts, rest) = response.into_parts();
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let switches = parts.status == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = if switches { upgrade_of(&parts.headers) } else { None };
    strip_hop_by_hop(&mut parts.headers);
    if let Some(protocol) = protocol {
        set_upgrade(&mut parts.headers, protocol);
    }
    let body = if rest.is_end_stream() {
        Received::Whole(Bytes::new())
    } else {
        Received::Flowing { first: Bytes::new(), rest: Rest::Shared(rest) }
    };
    Response::from_parts(parts, body)
}

impl Received {
    /// The body as it is handed on.
    pub fn into_body(self, tried: Tried, place: Option<Place>) -> Body {
        match self {
            Self::Whole(bytes) if bytes.is_empty() => Body::empty(),
            Self::Whole(bytes) => Body::from(bytes),
            Self::Flowing { first, rest } => Body::new(Flowing { first, rest, tried, _place: place }),
        }
    }
}

impl http_body::Body for Flowing {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = self.get_mut();
        if !this.first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.first)))));
        }
        let frame = match &mut this.rest {
            Rest::Nowhere => Poll::Ready(None),
            Rest::Wire(wire) => wire
                .poll_body(context)
                .map(|part| part.map(|part| part.map(Frame::data).map_err(Failure::from))),
            Rest::Shared(body) => Pin::new(body)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(Failure::from))),
        };
        if let Poll::Ready(frame) = &frame {
            if matches!(frame, Some(Err(_))) {
                this.rest = Rest::Nowhere;
                this.tried.broke_off();
            } else if frame.is_none() || this.rest.is_over() {
                this.end();
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.rest.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.len() as u64;
        match &self.rest {
            Rest::Nowhere => SizeHint::with_exact(first),
            Rest::Wire(wire) => wire
                .decoder
                .left()
                .map_or_else(SizeHint::new, |left| SizeHint::with_exact(left.saturating_add(first))),
            Rest::Shared(body) => body.size_hint(),
        }
    }
}

impl Rest {
    fn is_over(&self) -> bool {
        match self {
            Self::Nowhere => true,
            Self::Wire(wire) => wire.decoder.is_done(),
            Self::Shared(body) => body.is_end_stream(),
        }
    }
}

impl Flowing {
    fn end(&mut self) {
        if let Rest::Wire(wire) = std::mem::replace(&mut self.rest, Rest::Nowhere) {
            self.tried.instance.rest(wire);
        }
    }
}
