//! Mail and short messages of the sandbox: an SMTP server, Twilio's Messages API, and an inbox where a developer
//! reads what was sent.
//!
//! Nothing leaves this machine but Twilio's status callbacks. Read `message.rs` (what is kept), `store.rs` (where),
//! `mime/` (how mail is read), `smtp/` and `twilio/` (how messages come in), `inbox/` (how they are looked at).

mod commands;
mod form;
mod inbox;
mod message;
mod mime;
mod smtp;
mod store;
mod twilio;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use kernel::jobs::Jobs;
use kernel::service::{Means, Running};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use smtp::{Fault, Limits, Server, steered};

/// Twilio's API and the inbox, on the sandbox's database.
pub fn routes(running: &Running) -> Router {
    twilio::routes().merge(inbox::routes()).with_state(running.clone())
}

/// Takes mail in on `listener` until `stop`; with `tls` it offers STARTTLS. Recipients steer the faults.
pub async fn smtp(
    running: &Running,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
    tls: Option<Arc<ServerConfig>>,
) {
    let server = Server { running: running.clone(), tls, limits: Limits::default(), fault: steered };
    server.serve(listener, stop).await;
}

/// What becomes of short messages, and the callbacks about it.
pub fn register(jobs: &mut Jobs, means: &Means) {
    twilio::register(jobs, means);
}
