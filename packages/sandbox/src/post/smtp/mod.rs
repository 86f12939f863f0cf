//! An SMTP server that takes every mail and delivers none (RFC 5321).
//!
//! A mail is stored, fsync included, before the sender hears `250`. Read `session.rs` (the conversation), `command.rs`
//! (what is said), `wire.rs` (lines and their limits), `faults.rs` (recipients that are trouble), `keep.rs` (storing).

mod command;
mod faults;
mod keep;
mod session;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use kernel::service::Running;
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use faults::{Fault, steered};
use session::Session;
use wire::Wire;

/// What one server takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest mail.
    pub message_bytes_max: usize,
    /// The longest line, with its end.
    pub line_bytes_max: usize,
    /// Recipients of one mail.
    pub recipients_max: usize,
    /// Conversations at once.
    pub connections_max: usize,
    /// How long a client may be silent.
    pub idle: Duration,
}

/// A server: where it keeps mail, and how it behaves.
pub struct Server {
    /// The sandbox.
    pub running: Running,
    /// For STARTTLS; without it, it is not offered.
    pub tls: Option<Arc<ServerConfig>>,
    /// What it takes.
    pub limits: Limits,
    /// Which recipients are trouble.
    pub fault: fn(&str) -> Option<Fault>,
}

const REFUSING_TIME_MAX: Duration = Duration::from_secs(1);
/// When a connection cannot be taken, for example for want of file handles, the next one is not at once either.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 10 << 20,
            line_bytes_max: 1_000,
            recipients_max: 100,
            connections_max: 100,
            idle: Duration::from_secs(300),
        }
    }
}

impl Server {
    /// Serves until `stop`; mails that are being stored then are still answered.
    pub async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let room = Arc::new(Semaphore::new(self.limits.connections_max));
        let server = Arc::new(self);
        let mut sessions = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => accepted,
            };
            while sessions.try_join_next().is_some() {}
            match (accepted, Arc::clone(&room).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let wire = Wire::new(stream, server.limits.idle, stop.clone());
                    let session = Session::new(Arc::clone(&server), wire);
                    sessions.spawn(async move {
                        session.run().await;
                        drop(place);
                    });
                }
                (Ok((stream, _)), Err(_)) => refuse(stream).await,
                (Err(error), _) => {
                    tracing::warn!(%error, "a mail connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        while sessions.join_next().await.is_some() {}
    }
}

async fn refuse(mut stream: TcpStream) {
    let told = stream.write_all(b"421 4.7.0 too many connections, come back later\r\n");
    // Who does not even listen is not waited for.
    let _ = tokio::time::timeout(REFUSING_TIME_MAX, told).await;
}
