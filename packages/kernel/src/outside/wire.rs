//! The wire itself: connect, send, read, and say what is certain when that fails.
//!
//! Limits and retries stand above; this file makes exactly one attempt.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::guard::Resolver;
use super::{CallError, Forbidden, Guard, NotSent, Unknown};

/// Idle connections kept to one host.
const IDLE_MAX: usize = 16;
/// Most providers close idle connections after a minute or more; we are first.
const IDLE_TIME: Duration = Duration::from_secs(30);

type BoxError = Box<dyn Error + Send + Sync>;

/// A pool of connections.
pub(super) type Wire = Client<InTime<HttpsConnector<HttpConnector<Resolver>>>, Full<Bytes>>;

/// A connector that must finish in time, name and TLS included.
#[derive(Debug, Clone)]
pub(super) struct InTime<C> {
    connector: C,
    limit: Duration,
}

/// A pool that dials only where the guard lets it.
pub(super) fn connect(connect_timeout: Duration, guard: Option<Guard>) -> Result<Wire, rustls::Error> {
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_webpki_roots()
        .with_no_client_auth();
    let mut tcp = HttpConnector::new_with_resolver(Resolver(guard));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(IDLE_MAX)
        .build(InTime { connector: https, limit: connect_timeout }))
}

/// Sends one request and reads its answer to the end.
pub(super) async fn exchange(
    wire: &Wire,
    request: Request<Bytes>,
    limit: Duration,
    answer_bytes_max: usize,
) -> Result<Response<Bytes>, CallError> {
    let mut request = request.map(Full::new);
    // The connection is noted just before the request is handed to it: before that, nothing was sent.
    let connection = capture_connection(&mut request);
    let connected = || connection.connection_metadata().is_some();
    let whole = async {
        let answer = wire.request(request).await.map_err(|failure| {
            if failure.is_connect() || !connected() {
                not_sent(failure)
            } else {
                Unknown::Broken(failure.into()).into()
            }
        })?;
        let (head, body) = answer.into_parts();
        if body.size_hint().lower() > answer_bytes_max as u64 {
            return Err(Unknown::TooLarge.into());
        }
        let body = Limited::new(body, answer_bytes_max).collect().await.map_err(|failure| {
            let too_large = failure.is::<LengthLimitError>();
            if too_large { Unknown::TooLarge } else { Unknown::Broken(failure) }
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    match timeout(limit, whole).await {
        Ok(result) => result,
        Err(_) if connected() => Err(Unknown::TimedOut.into()),
        Err(elapsed) => Err(NotSent::Unreachable(elapsed.into()).into()),
    }
}

/// No connection; the guard's refusal is found at the bottom of the chain.
fn not_sent(failure: hyper_util::client::legacy::Error) -> CallError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&failure);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let forbidden = inner.and_then(|inner| inner.downcast_ref::<Forbidden>());
        if let Some(forbidden) = forbidden.or_else(|| error.downcast_ref::<Forbidden>()) {
            return NotSent::Forbidden(*forbidden).into();
        }
        cause = error.source();
    }
    NotSent::Unreachable(failure.into()).into()
}

impl<C> tower::Service<Uri> for InTime<C>
where
    C: tower::Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let dialing = timeout(self.limit, self.connector.call(url));
        Box::pin(async move { dialing.await?.map_err(Into::into) })
    }
}
