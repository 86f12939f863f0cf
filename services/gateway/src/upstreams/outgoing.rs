//! A request on its way: what of it can be sent a second time.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http::{Request, Uri, Version};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

use super::headers::strip_hop_by_hop;

/// The body of a request: kept whole where it may be sent again, else handed on as it comes.
pub(super) enum Outgoing {
    /// All of it; nothing is left once it is sent.
    Whole(Bytes),
    /// As it comes, once.
    Flowing(Body),
}

/// The caller's body broke off before it was whole.
#[derive(Debug)]
pub(super) struct BrokenOff;

/// A larger body is never kept.
const KEPT_BYTES_MAX: u64 = 64 * 1024;

/// Makes a request fit for another connection; `keep` asks for a body that can be sent again, where it is small.
pub(super) async fn prepare(request: Request<Body>, keep: bool) -> Result<Request<Outgoing>, BrokenOff> {
    let (mut parts, body) = request.into_parts();
    // What middlewares noted is theirs.
    parts.extensions.clear();
    parts.version = Version::HTTP_11;
    strip_hop_by_hop(&mut parts.headers);
    if parts.uri.authority().is_some() {
        let path = parts.uri.path_and_query().cloned();
        parts.uri = path.map_or_else(Uri::default, Uri::from);
    }
    let body = if body.is_end_stream() {
        Outgoing::Whole(Bytes::new())
    } else if keep && body.size_hint().exact().is_some_and(|length| length <= KEPT_BYTES_MAX) {
        Outgoing::Whole(body.collect().await.map_err(|_| BrokenOff)?.to_bytes())
    } else {
        Outgoing::Flowing(body)
    };
    Ok(Request::from_parts(parts, body))
}

/// The same request once more, where its body was kept.
pub(super) fn again(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let Outgoing::Whole(body) = request.body() else { return None };
    let mut copy = Request::new(Outgoing::Whole(body.clone()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
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
