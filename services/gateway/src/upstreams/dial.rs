//! New connections: TCP, TLS where the address says so, and what both sides agree to speak.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use hyper::client::conn::{http1, http2};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::address::{InstanceAddress, Speaks};
use super::outgoing::Outgoing;
use super::wire::Wire;

/// Bytes to an instance and back.
pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection that is ready for a request.
pub(super) enum Line {
    /// For one request at a time.
    Http1(Box<Wire>),
    /// For many at once.
    Http2(http2::SendRequest<Outgoing>),
}

/// Opens connections.
pub(super) struct Dialer {
    plain: HttpConnector,
    secure: Option<Secure>,
    timeout: Duration,
}

struct Secure {
    any: HttpsConnector<HttpConnector>,
    http1: HttpsConnector<HttpConnector>,
}

type Failure = Box<dyn Error + Send + Sync>;

/// A peer that is gone without a word is noticed after about this long, also below a stream that is silent.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const PING_EVERY: Duration = Duration::from_secs(10);

impl Dialer {
    /// `tls` is what the installation trusts, and its own certificate where one is asked for.
    pub fn new(timeout: Duration, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        let mut plain = HttpConnector::new();
        plain.set_nodelay(true);
        plain.set_keepalive(Some(SILENCE_MAX));
        plain.enforce_http(false);
        let secure = tls.map(|tls| {
            let mut config = (*tls).clone();
            // What is spoken is agreed on by us.
            config.alpn_protocols.clear();
            let builder = || HttpsConnectorBuilder::new().with_tls_config(config.clone()).https_or_http();
            Secure {
                any: builder().enable_http1().enable_http2().wrap_connector(plain.clone()),
                http1: builder().enable_http1().wrap_connector(plain.clone()),
            }
        });
        Self { plain, secure, timeout }
    }

    /// A new connection, in time.
    pub async fn dial(&self, address: &InstanceAddress) -> Result<Line, Failure> {
        tokio::time::timeout(self.timeout, async {
            let connector = self.secure.as_ref().map(|secure| &secure.any);
            let stream = self.stream(address, connector).await?;
            let http2 = match address.speaks() {
                Speaks::Http => false,
                Speaks::H2c => true,
                Speaks::Https => stream.connected().is_negotiated_h2(),
            };
            if http2 {
                return Ok(Line::Http2(share(stream).await?));
            }
            Ok(Line::Http1(Box::new(Wire::over(stream))))
        })
        .await?
    }

    /// A new connection that may become something else after its first answer: only HTTP/1.1 can.
    pub async fn dial_for_upgrade(
        &self,
        address: &InstanceAddress,
    ) -> Result<http1::SendRequest<Outgoing>, Failure> {
        tokio::time::timeout(self.timeout, async {
            let connector = self.secure.as_ref().map(|secure| &secure.http1);
            let stream = self.stream(address, connector).await?;
            let (sender, connection) = http1::handshake(stream).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.with_upgrades().await {
                    tracing::debug!(%error, "a connection to an instance broke");
                }
            });
            Ok(sender)
        })
        .await?
    }

    async fn stream(
        &self,
        address: &InstanceAddress,
        secure: Option<&HttpsConnector<HttpConnector>>,
    ) -> Result<Stream, Failure> {
        let uri = address.uri(PathAndQuery::from_static("/"));
        if address.speaks() != Speaks::Https {
            return Ok(MaybeHttpsStream::Http(self.plain.clone().oneshot(uri).await?));
        }
        let secure = secure.ok_or("TLS is not set up for calls to other processes")?;
        secure.clone().oneshot(uri).await
    }
}

async fn share(stream: Stream) -> hyper::Result<http2::SendRequest<Outgoing>> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .adaptive_window(true)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(SILENCE_MAX)
        .handshake(stream)
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to an instance broke");
        }
    });
    Ok(sender)
}
