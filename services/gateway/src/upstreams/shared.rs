//! Asking over connections that hyper moves: HTTP/2, which many share, and HTTP/1.1 that may become something else.

use std::future::Future;

use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use tokio::time::timeout_at;

use super::headers::DEADLINE;
use super::outgoing::{Outgoing, again};
use super::wire::{Lost, Terms, Why};

/// What takes a request.
pub(super) trait Sender {
    /// Which version it speaks.
    const VERSION: Version;

    /// Takes a request, or gives it back when nothing of it has left.
    fn take(self, request: Request<Outgoing>) -> impl Future<Output = Sent> + Send;
}

type Sent = Result<Response<Incoming>, TrySendError<Request<Outgoing>>>;

impl Sender for http1::SendRequest<Outgoing> {
    const VERSION: Version = Version::HTTP_11;

    async fn take(mut self, request: Request<Outgoing>) -> Sent {
        self.try_send_request(request).await
    }
}

impl Sender for http2::SendRequest<Outgoing> {
    const VERSION: Version = Version::HTTP_2;

    async fn take(mut self, request: Request<Outgoing>) -> Sent {
        self.try_send_request(request).await
    }
}

/// Sends a request and waits for the head of its answer. Of the request only a body that flows is taken, and that is
/// given back when nothing has left. `uri` is what is asked for instead of a path.
pub(super) async fn ask_shared<S: Sender>(
    sender: S,
    request: &mut Request<Outgoing>,
    uri: Option<Uri>,
    terms: Terms<'_>,
) -> Result<Response<Incoming>, Lost> {
    let repeatable = matches!(request.body(), Outgoing::Whole(_));
    let mut copy = again(request);
    let names_host = uri.is_some();
    if let Some(uri) = uri {
        *copy.uri_mut() = uri;
    }
    *copy.version_mut() = S::VERSION;
    let headers = copy.headers_mut();
    headers.insert(DEADLINE, HeaderValue::from(terms.left_ms));
    match terms.host.filter(|_| !names_host) {
        Some(host) => drop(headers.insert(HOST, host.clone())),
        None => drop(headers.remove(HOST)),
    }
    let lost = match timeout_at(terms.until.into(), sender.take(copy)).await {
        Ok(Ok(response)) => return Ok(response),
        Ok(Err(lost)) => lost,
        Err(_) => return Err(Lost { why: Why::TimedOut, whole: repeatable }),
    };
    Err(lost_of(lost, request, repeatable))
}

fn lost_of(
    mut lost: TrySendError<Request<Outgoing>>,
    request: &mut Request<Outgoing>,
    repeatable: bool,
) -> Lost {
    if let Some(unsent) = lost.take_message() {
        *request.body_mut() = unsent.into_body();
        return Lost { why: Why::NotSent, whole: true };
    }
    let error = lost.into_error();
    tracing::debug!(%error, "a call to an instance broke");
    let why = match () {
        () if error.is_user() => Why::CallerBrokeOff,
        () if error.is_incomplete_message() || error.is_closed() => Why::CutOff,
        () => Why::Broken,
    };
    Lost { why, whole: repeatable }
}
