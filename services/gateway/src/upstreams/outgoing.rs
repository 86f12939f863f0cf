//! A request on its way: what of it can be sent a second time.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http::{Request, Uri, Version};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

use super::headers::strip_hop_by_hop;

/// The body of a request: kept whole where it is small, so that it can be sent again, else handed on as it comes.
pub(super) enum Outgoing {
    /// All of it.
    Whole(Bytes),
    /// As it comes, once.
    Flowing(Body),
}

/// The caller's body broke off before it was whole.
#[derive(Debug)]
pub(super) struct BrokenOff;

/// A larger body is handed on as it comes, and so is one that does not say how long it is.
const KEPT_BYTES_MAX: u64 = 64 * 1024;

/// Makes a request fit for another connection.
pub(super) fn prepare(request: Request<Body>) -> Request<Outgoing> {
    let (mut parts, body) = request.into_parts();
    // What middlewares noted is theirs.
    parts.extensions.clear();
    parts.version = Version::HTTP_11;
    strip_hop_by_hop(&mut parts.headers);
    if parts.uri.authority().is_some() {
        let path = parts.uri.path_and_query().cloned();
        parts.uri = path.map_or_else(Uri::default, Uri::from);
    }
    let body = if body.is_end_stream() { Outgoing::Whole(Bytes::new()) } else { Outgoing::Flowing(body) };
    Request::from_parts(parts, body)
}

impl Outgoing {
    /// Whether it is worth waiting for all of it.
    pub fn is_small(&self) -> bool {
        match self {
            Self::Whole(_) => false,
            Self::Flowing(body) => body.size_hint().exact().is_some_and(|length| length <= KEPT_BYTES_MAX),
        }
    }

    /// Waits for all of it.
    pub async fn collect(&mut self) -> Result<(), BrokenOff> {
        if let Self::Flowing(body) = self {
            *self = Self::Whole(body.collect().await.map_err(|_| BrokenOff)?.to_bytes());
        }
        Ok(())
    }
}

/// The same request once more; of a body that flows it has all, and the first one nothing.
pub(super) fn again(request: &mut Request<Outgoing>) -> Request<Outgoing> {
    let body = match request.body_mut() {
        Outgoing::Whole(bytes) => Outgoing::Whole(bytes.clone()),
        flowing @ Outgoing::Flowing(_) => std::mem::replace(flowing, Outgoing::Whole(Bytes::new())),
    };
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Flowing(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Flowing(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Flowing(body) => body.size_hint(),
        }
    }
}
