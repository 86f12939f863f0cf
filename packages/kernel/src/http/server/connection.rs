//! One connection from its first byte to its last: handshake, requests, silence, the end.
//!
//! Nobody keeps a connection by silence: the handshake, the first request and each header section have their time,
//! and over HTTP/2 so has the pause between two requests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{StatusCode, header};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::room::Place;
use super::stream::{Stream, Wire};
use super::{Arrived, ClientAddress, Entrance, Patience};

const HEADER_BYTES_MAX: usize = 32 * 1024;
const STREAMS_MAX: u32 = 256;
/// A peer that went away without a word is noticed by a ping that it does not answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Who moves less than this between two looks, pings included, is silent.
const BYTES_MIN: u64 = 1024;

/// What all connections of one port share.
pub(super) struct Door<E> {
    protocol: Builder<TokioExecutor>,
    entrance: E,
    arrived: Arrived,
    patience: Patience,
    stop: watch::Receiver<bool>,
}

/// What a connection has done so far.
#[derive(Default)]
pub(super) struct Seen {
    /// Bytes that went either way.
    pub moved: AtomicU64,
    asked: AtomicU64,
    answered: AtomicU64,
}

/// The same at one moment.
#[derive(Default)]
struct Account {
    moved: u64,
    asked: u64,
    answered: u64,
}

/// A request from its arrival to the last byte of its answer.
struct Running(Arc<Seen>);

/// An answer's body; its request is running until it is gone.
struct Answer {
    body: Body,
    _running: Running,
}

/// Ends when a stop was asked, or when nobody is left to ask for one.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

impl<E: Entrance> Door<E> {
    pub fn new(entrance: E, arrived: Arrived, patience: Patience, stop: watch::Receiver<bool>) -> Self {
        let mut protocol = Builder::new(TokioExecutor::new());
        protocol
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.headers)
            .max_buf_size(HEADER_BYTES_MAX);
        // A hundred headers are the most as it is; to say so would cost a copy of all their places each time.
        protocol
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .max_header_list_size(HEADER_BYTES_MAX as u32)
            .max_concurrent_streams(STREAMS_MAX);
        Self { protocol, entrance, arrived, patience, stop }
    }

    /// Serves a connection to its end.
    pub async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        place: Place,
        peer: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
    ) {
        let opened = async {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
            let wire = match tls {
                None => Wire::Plain(stream),
                Some(config) => Wire::Tls(Box::new(self.shake_hands(stream, config).await?)),
            };
            Some(wire)
        };
        // What has asked nothing yet does not hold up a stop.
        let wire = tokio::select! {
            biased;
            opened = opened => opened,
            () = stopped(self.stop.clone()) => None,
        };
        if let Some(wire) = wire {
            self.converse(wire, place, peer).await;
        }
    }

    async fn shake_hands(
        &self,
        stream: TcpStream,
        config: Arc<ServerConfig>,
    ) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
        match tokio::time::timeout(self.patience.handshake, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake took too long");
                None
            }
        }
    }

    async fn converse(&self, wire: Wire, place: Place, peer: SocketAddr) {
        let seen = Arc::new(Seen::default());
        let stream = Stream { wire, seen: Arc::clone(&seen), _place: place };
        let client = ClientAddress(peer.ip().to_canonical());
        let service = hyper::service::service_fn(|mut request: hyper::Request<Incoming>| {
            let running = Running::new(&seen);
            request.extensions_mut().insert(client);
            request.extensions_mut().insert(self.arrived);
            // Two readers could each believe another of them.
            let ambiguous = request.headers().get_all(header::HOST).iter().nth(1).is_some();
            let answering = (!ambiguous).then(|| self.entrance.clone().answer(request.map(Body::new)));
            async move {
                let answer = match answering {
                    Some(answering) => answering.await,
                    None => StatusCode::BAD_REQUEST.into_response(),
                };
                Ok::<_, Infallible>(answer.map(|body| Answer { body, _running: running }))
            }
        });
        let connection = self.protocol.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut stopping = pin!(stopped(self.stop.clone()));
        let mut look = pin!(tokio::time::sleep(self.patience.headers));
        let (mut leaving, mut before) = (false, Account::default());
        loop {
            tokio::select! {
                biased;
                () = &mut stopping, if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                    before = seen.account();
                    look.set(tokio::time::sleep(self.patience.headers));
                }
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke");
                    }
                    return;
                }
                () = &mut look => {
                    let now = seen.account();
                    let silent = now.is_silent_since(&before);
                    if now.asked == 0 || (silent && leaving) {
                        tracing::debug!("a silent connection was let go");
                        return;
                    }
                    if silent {
                        leaving = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    before = now;
                    look.set(tokio::time::sleep(if leaving { self.patience.headers } else { self.patience.idle }));
                }
            }
        }
    }
}

impl Seen {
    fn account(&self) -> Account {
        Account {
            moved: self.moved.load(Ordering::Relaxed),
            asked: self.asked.load(Ordering::Relaxed),
            answered: self.answered.load(Ordering::Relaxed),
        }
    }
}

impl Account {
    /// Nothing runs, nothing began or ended since, and hardly a byte moved.
    fn is_silent_since(&self, before: &Self) -> bool {
        self.asked == self.answered
            && (self.asked, self.answered) == (before.asked, before.answered)
            && self.moved - before.moved < BYTES_MIN
    }
}

impl Running {
    fn new(seen: &Arc<Seen>) -> Self {
        seen.asked.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(seen))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
