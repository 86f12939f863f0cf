//! A stream lasts as long as the proof that it was asked for with: a token, its session, a key, their project.
//!
//! What it tells is the service's; here it is only ended. The client asks again with a fresh proof, or hears why not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use http_body::{Body as HttpBody, Frame};

use super::super::Front;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A body that ends when its caller may be told no more.
struct Lasting {
    body: Body,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Front {
    /// The same answer, as long as this proof is good.
    pub(in super::super) fn while_proven(&self, proof: HeaderMap, answer: Response<Body>) -> Response<Body> {
        let door = self.clone();
        answer.map(|body| {
            let over = Box::pin(async move {
                while door.still_admits(&proof).await {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            });
            Body::new(Lasting { body, over })
        })
    }

    /// Whoever cannot be asked at this moment changes nothing.
    async fn still_admits(&self, proof: &HeaderMap) -> bool {
        let now = self.0.service.store().clock().wall();
        match self.0.admission.admit(&Method::GET, proof, now).await {
            Ok(_) => true,
            Err(problem) => problem.status().is_server_error(),
        }
    }
}

impl HttpBody for Lasting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
