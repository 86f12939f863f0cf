//! Listening, and stopping without losing a request: HTTP/1.1 and HTTP/2 on one port, with TLS or without.
//!
//! A door is opened by [`listen`] and served until it is told to stop. Read `room.rs` (how many connections there
//! may be), `porters.rs` (which threads serve them), `stream.rs` (what a connection runs on) and `connection.rs` (one
//! connection from its first byte to its last). Certificates are read in `tls.rs`, beside this folder.

mod connection;
mod porters;
mod room;
mod stream;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::tls::ServerTls;
use connection::{Door, stopped};
pub use porters::{Porters, porter};
pub use room::Room;

/// Where a request came from: the peer of its connection, unless a gateway in this process knows better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// By which door a request came, whatever host it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The port that was listened on.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// How long a connection may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the first request, and over HTTP/1.1 for the headers of each next one.
    pub headers: Duration,
    /// For another request over HTTP/2, while none is running.
    pub idle: Duration,
    /// How often it is looked whether the files of the certificate changed.
    pub certificate: Duration,
}

/// What answers the requests that come through a door: routes, or what stands before them.
pub trait Entrance: Clone + Send + Sync + 'static {
    /// Answers one.
    fn answer(self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send + 'static;
}

impl Entrance for Router {
    async fn answer(self, request: Request<Body>) -> Response<Body> {
        match self.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// An open port that is not served yet.
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<ServerTls>,
    room: Room,
    porters: Option<Porters>,
    patience: Patience,
}

/// Opens a port; nothing is served before `Listening::serve`.
pub async fn listen(address: SocketAddr) -> std::io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (room, patience) = (Room::default(), Patience::default());
    Ok(Listening { listener, address, tls: None, room, porters: None, patience })
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            certificate: Duration::from_secs(10),
        }
    }
}

impl Listening {
    /// Where it listens: the port that was given when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Speaks TLS on this port, and nothing else.
    pub fn with_tls(self, tls: ServerTls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Shares the room for connections with other ports.
    pub fn with_room(self, room: Room) -> Self {
        Self { room, ..self }
    }

    /// Has connections served by threads of their own.
    pub fn with_porters(self, porters: Porters) -> Self {
        Self { porters: Some(porters), ..self }
    }

    /// Waits longer or shorter than usual.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Serves until `stop` changes; then nothing new is accepted, callers hear that their connection ends, and
    /// running requests have at most `drain` to end.
    pub async fn serve(self, entrance: impl Entrance, stop: watch::Receiver<bool>, drain: Duration) {
        let Self { listener, address, tls, room, porters, patience } = self;
        let arrived = Arrived { port: address.port(), tls: tls.is_some() };
        let door = Arc::new(Door::new(entrance, arrived, patience, stop.clone()));
        let mut connections = JoinSet::new();
        let mut stopping = pin!(stopped(stop));
        let mut look = tokio::time::interval(patience.certificate);
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = &mut stopping => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                _ = look.tick(), if tls.is_some() => {
                    if let Some(tls) = tls.clone() {
                        tokio::task::spawn_blocking(move || tls.look());
                    }
                    continue;
                }
                accepted = accept(&listener, &room) => accepted,
            };
            let place = tokio::select! {
                biased;
                () = &mut stopping => break,
                place = room.enter() => place,
            };
            let config = tls.as_ref().map(ServerTls::config);
            let door = Arc::clone(&door);
            match porters.as_ref().and_then(Porters::take) {
                None => connections.spawn(door.serve(stream, place, peer, config)),
                Some((runtime, served)) => {
                    let stream = stream.into_std();
                    let serving = async move {
                        // What wakes a connection belongs to the thread that serves it.
                        match stream.and_then(TcpStream::from_std) {
                            Ok(stream) => door.serve(stream, place, peer, config).await,
                            Err(error) => tracing::warn!(%error, "a connection was not handed over"),
                        }
                        drop(served);
                    };
                    connections.spawn_on(serving, runtime)
                }
            };
        }
        drop(listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(drain, ended).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "some requests did not end in time and are cut off"
            );
        }
    }
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, room: &Room) -> (TcpStream, SocketAddr) {
    loop {
        room.wait().await;
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // Out of file descriptors, most likely: others will be closed soon.
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
