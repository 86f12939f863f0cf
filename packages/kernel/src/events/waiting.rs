//! How the tasks of events wait: woken in process, polling across processes, ended by `stop`.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::store::{Engine, Store};

/// Polling for what other processes do: quick after something came, patient when nothing does.
const POLL_MIN: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(200);
/// A database in a file has one process, which wakes its own tasks: this is only a safety net.
const POLL_EMBEDDED: Duration = Duration::from_secs(10);
const TROUBLE_PAUSE: Duration = Duration::from_millis(500);

/// When a task works, and when it sleeps.
pub(super) struct Waiting {
    ready: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    pause: Duration,
    pause_max: Duration,
}

impl Waiting {
    /// Waits for `ready`, a signal of `log`, and for what other processes do to it.
    pub fn new(log: &Store, ready: watch::Receiver<u64>, stop: watch::Receiver<bool>) -> Self {
        let pause_max = match log.engine() {
            Engine::Sqlite { .. } => POLL_EMBEDDED,
            Engine::Postgres { .. } => POLL_MAX,
        };
        Self { ready, stop, pause: POLL_MIN, pause_max }
    }

    /// Whether the task shall end; it also ends when nobody is left who could say so.
    pub fn stopped(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// There was work: the next look comes soon.
    pub fn worked(&mut self) {
        self.pause = POLL_MIN;
    }

    /// Waits until there may be work.
    pub async fn for_work(&mut self) {
        tokio::select! {
            _ = self.stop.changed() => {}
            _ = self.ready.changed() => self.worked(),
            () = sleep(self.pause) => self.pause = (self.pause * 2).min(self.pause_max),
        }
    }

    /// Waits a moment for another process, which does the same work and was faster.
    pub async fn behind_another(&mut self) {
        self.pause = (self.pause * 2).min(POLL_MAX);
        tokio::select! { _ = self.stop.changed() => {}, () = sleep(self.pause) => {} }
    }

    /// Waits for a trouble to pass.
    pub async fn trouble(&mut self) {
        tokio::select! { _ = self.stop.changed() => {}, () = sleep(TROUBLE_PAUSE) => {} }
    }
}
