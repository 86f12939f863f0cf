//! Listening, and stopping without losing a request: HTTP/1.1 and HTTP/2 on one port, with TLS or without.
//!
//! A door is opened by [`listen`] and served until it is told to stop. Read `room.rs` (how many connections there
//! may be), `stream.rs` (what a connection runs on) and `connection.rs` (one connection from its first byte to its
//! last). Certificates are read in `tls.rs`, beside this folder.

mod connection;
mod room;
mod stream;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::tls::ServerTls;
use connection::{Door, stopped};
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

/// An open port that is not served yet.
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<ServerTls>,
    room: Room,
    patience: Patience,
}

/// Opens a port; nothing is served before `Listening::serve`.
pub async fn listen(address: SocketAddr) -> std::io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok(Listening { listener, address, tls: None, room: Room::default(), patience: Patience::default() })
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

    /// Waits longer or shorter than usual.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Serves until `stop` changes; then nothing new is accepted, callers hear that their connection ends, and
    /// running requests have at most `drain` to end.
    pub async fn serve(self, routes: Router, stop: watch::Receiver<bool>, drain: Duration) {
        let Self { listener, address, tls, room, patience } = self;
        let arrived = Arrived { port: address.port(), tls: tls.is_some() };
        let door = Arc::new(Door::new(routes, arrived, patience, stop.clone()));
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
            connections.spawn(Arc::clone(&door).serve(stream, place, peer, config));
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
