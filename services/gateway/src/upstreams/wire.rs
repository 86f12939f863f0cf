//! One HTTP/1.1 connection, moved forward by whoever uses it.
//!
//! No task of its own stands between a request and its connection: the request's task reads and writes, and only what
//! comes over the network wakes it. What hyper's two halves tell each other is looked at in the same turn, so nobody
//! needs to be woken for it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};

use super::dial::{Stream, handshake};
use super::outgoing::Outgoing;

/// An HTTP/1.1 connection; dropped it is closed.
pub(super) struct Wire {
    sender: http1::SendRequest<Outgoing>,
    connection: http1::Connection<Stream, Outgoing>,
}

/// Why there is no answer.
pub(super) struct Lost {
    /// What the connection says of it.
    pub error: Option<hyper::Error>,
    /// The request, when not a byte of it has left.
    pub unsent: Option<Box<Request<Outgoing>>>,
}

impl Wire {
    /// HTTP/1.1 over a new connection.
    pub async fn over(stream: Stream) -> hyper::Result<Self> {
        let (sender, connection) = handshake(stream).await?;
        Ok(Self { sender, connection })
    }

    /// Whether the last exchange is over on both sides and the other one has not closed.
    pub fn is_ready(&mut self) -> bool {
        // Whoever used it before must not be woken by what comes now.
        let mut nobody = Context::from_waker(Waker::noop());
        self.poll(&mut nobody).is_pending() && self.sender.is_ready()
    }

    /// Moves what is to be written and read; ready when the connection has ended.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.connection).poll(context).map(|ended| {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection to an instance broke");
            }
        })
    }

    /// Sends a request and waits for the head of the answer. The connection comes back while the body is to be read
    /// over it.
    pub async fn ask(
        mut self: Box<Self>,
        request: Request<Outgoing>,
    ) -> Result<(Response<Incoming>, Option<Box<Self>>), Lost> {
        let answer = self.sender.try_send_request(request);
        // Without the budget that tokio gives each task: a look that it refuses would wake nobody.
        let mut answer = pin!(tokio::task::unconstrained(answer));
        let mut ended = false;
        let answered = poll_fn(|context| {
            ended = ended || self.poll(context).is_ready();
            match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(answered) => Poll::Ready(Some(answered)),
                Poll::Pending if ended => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match answered {
            Some(Ok(response)) => Ok((response, (!ended).then_some(self))),
            Some(Err(lost)) => Err(lost.into()),
            None => Err(Lost { error: None, unsent: None }),
        }
    }
}

impl Lost {
    /// Whether the other side closed before it said anything.
    pub fn is_cut_off(&self) -> bool {
        self.error.as_ref().is_none_or(|error| !error.is_parse() && !error.is_user() && !error.is_timeout())
    }
}

impl From<TrySendError<Request<Outgoing>>> for Lost {
    fn from(mut lost: TrySendError<Request<Outgoing>>) -> Self {
        let unsent = lost.take_message().map(Box::new);
        Self { error: Some(lost.into_error()), unsent }
    }
}
