//! An answer on its way back: small ones are whole at once, others flow as fast as they are read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::body::{Body, Bytes};
use http::{Response, StatusCode, Version};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::headers::{set_upgrade, strip_hop_by_hop, upgrade_of};
use super::instance::Instance;
use super::lane::{Place, Tried};
use super::wire::Wire;

/// The body of an answer.
pub(super) enum Received {
    /// All of it; its connection rests already.
    Whole(Bytes),
    /// What there is of it, and where the rest comes from.
    Flowing { first: First, rest: Incoming, wire: Option<Box<Wire>> },
}

/// What came with the head, to be handed on before the rest.
type First = Option<hyper::Result<Bytes>>;

/// A body that is still coming. It counts as in flight until it has ended or nobody reads it any more.
struct Flowing {
    first: First,
    rest: Incoming,
    wire: Option<Box<Wire>>,
    tried: Tried,
    _place: Place,
}

/// Takes what has come with the head. `wire` is the connection that has to be moved for more, if one has.
pub(super) fn receive(
    response: Response<Incoming>,
    wire: Option<Box<Wire>>,
    instance: &Arc<Instance>,
) -> Response<Received> {
    let (mut parts, mut rest) = response.into_parts();
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let protocol = (parts.status == StatusCode::SWITCHING_PROTOCOLS).then(|| upgrade_of(&parts.headers)).flatten();
    strip_hop_by_hop(&mut parts.headers);
    if let Some(protocol) = protocol {
        set_upgrade(&mut parts.headers, protocol);
    }
    let first = if wire.is_some() { first_of(&mut rest) } else { None };
    let body = match first {
        None | Some(Ok(_)) if rest.is_end_stream() => {
            instance.rest(wire);
            Received::Whole(first.and_then(Result::ok).unwrap_or_default())
        }
        first => Received::Flowing { first, rest, wire },
    };
    Response::from_parts(parts, body)
}

/// What is there already; a connection of our own brings more only when it is moved, so nobody need be woken.
fn first_of(rest: &mut Incoming) -> First {
    if rest.is_end_stream() || rest.size_hint().exact().is_none() {
        return None;
    }
    let mut nobody = Context::from_waker(Waker::noop());
    match Pin::new(rest).poll_frame(&mut nobody) {
        // Of a known length, so there are no trailers.
        Poll::Ready(Some(frame)) => Some(frame.map(|frame| frame.into_data().unwrap_or_default())),
        Poll::Ready(None) | Poll::Pending => None,
    }
}

impl Received {
    /// The body as it is handed on.
    pub fn into_body(self, tried: Tried, place: Place) -> Body {
        match self {
            Self::Whole(bytes) if bytes.is_empty() => Body::empty(),
            Self::Whole(bytes) => Body::from(bytes),
            Self::Flowing { first, rest, wire } => Body::new(Flowing { first, rest, wire, tried, _place: place }),
        }
    }
}

impl http_body::Body for Flowing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = match this.first.take() {
            Some(first) => Some(first.map(Frame::data)),
            None => match this.poll_rest(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => return Poll::Pending,
            },
        };
        match &frame {
            Some(Ok(_)) if !this.rest.is_end_stream() => {}
            Some(Ok(_)) | None => this.tried.instance.rest(this.wire.take()),
            Some(Err(_)) => {
                this.wire = None;
                this.tried.broke_off();
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.size_hint();
        let first = self.first.as_ref().and_then(|first| first.as_ref().ok()).map_or(0, |first| first.len() as u64);
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint.set_lower(rest.lower().saturating_add(first));
        hint
    }
}

impl Flowing {
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        loop {
            let Some(wire) = &mut self.wire else { return Pin::new(&mut self.rest).poll_frame(context) };
            // Only the connection can bring more, and that is ours to move: nobody else need wake us.
            let mut nobody = Context::from_waker(Waker::noop());
            if let Poll::Ready(frame) = Pin::new(&mut self.rest).poll_frame(&mut nobody) {
                return Poll::Ready(frame);
            }
            if wire.poll(context).is_ready() {
                self.wire = None;
            } else if let Poll::Ready(frame) = Pin::new(&mut self.rest).poll_frame(&mut nobody) {
                return Poll::Ready(frame);
            } else {
                return Poll::Pending;
            }
        }
    }
}
