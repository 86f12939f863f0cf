//! One instance: its connections that rest, how much it does, how it is.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use http::HeaderValue;
use hyper::client::conn::http2;
use kernel::http::porter;

use super::address::{InstanceAddress, Speaks};
use super::dial::{Dialer, Line};
use super::health::Health;
use super::outgoing::Outgoing;
use super::wire::Wire;
use super::{Tuning, lock};

/// An instance of a service in another process.
pub(super) struct Instance {
    /// Where it is.
    pub address: InstanceAddress,
    /// What requests to it name as their host.
    pub host: Option<HeaderValue>,
    /// Requests without a whole answer.
    pub in_flight: AtomicUsize,
    /// How it is.
    pub health: Mutex<Health>,
    /// Whether it is left out: a copy of what `health` says, for those who choose.
    pub is_out: AtomicBool,
    /// By the thread that uses them: a connection is woken there.
    resting: Box<[Mutex<VecDeque<Resting>>]>,
    resting_max: usize,
    rest_max: Duration,
    now: fn() -> Instant,
    shared: Mutex<Option<http2::SendRequest<Outgoing>>>,
    /// Taken while a connection that all will share is dialed.
    dialing: tokio::sync::Mutex<()>,
    /// Over TLS it has agreed to HTTP/1.1 only, so connections are not shared.
    agreed_on_http1: AtomicBool,
}

struct Resting {
    wire: Box<Wire>,
    since: Instant,
}

impl Instance {
    pub fn new(address: InstanceAddress, tuning: &Tuning) -> Self {
        Self {
            host: address.host(),
            address,
            in_flight: AtomicUsize::new(0),
            health: Mutex::new(Health::new(tuning.ejection, (tuning.now)())),
            is_out: AtomicBool::new(false),
            resting: (0..=available_parallelism().map_or(1, usize::from)).map(|_| Mutex::default()).collect(),
            resting_max: tuning.resting_max,
            rest_max: tuning.rest_max,
            now: tuning.now,
            shared: Mutex::default(),
            dialing: tokio::sync::Mutex::default(),
            agreed_on_http1: AtomicBool::new(false),
        }
    }

    /// A new connection, unless another one is ready by then.
    pub async fn dialed(&self, dialer: &Dialer) -> Option<Line> {
        let alone = self.address.speaks() == Speaks::Http || self.agreed_on_http1.load(Ordering::Relaxed);
        let _dialing = if alone { None } else { Some(self.dialing.lock().await) };
        if let (false, Some(line)) = (alone, self.rested()) {
            return Some(line);
        }
        match dialer.dial(&self.address).await {
            Ok(Line::Http2(sender)) => {
                *lock(&self.shared) = Some(sender.clone());
                Some(Line::Http2(sender))
            }
            Ok(line) => {
                self.agreed_on_http1.store(true, Ordering::Relaxed);
                Some(line)
            }
            Err(error) => {
                tracing::debug!(error, instance = %self.address, "an instance cannot be reached");
                None
            }
        }
    }

    /// Lets a connection rest until the next request, if nothing is left to be done on it.
    pub fn rest(&self, mut wire: Box<Wire>) {
        if !wire.is_at_rest() {
            return;
        }
        wire.slim();
        let since = (self.now)();
        let mut resting = lock(self.resting());
        resting.push_back(Resting { wire, since });
        let oldest = resting.front().is_some_and(|oldest| self.is_stale(oldest, since));
        let dropped = if oldest || resting.len() > self.resting_max { resting.pop_front() } else { None };
        // Closing a connection takes a while.
        drop(resting);
        drop(dropped);
    }

    /// A connection that is ready: the one used last.
    pub fn rested(&self) -> Option<Line> {
        if self.address.speaks() != Speaks::Http {
            let shared = lock(&self.shared).clone();
            if let Some(sender) = shared.filter(http2::SendRequest::is_ready) {
                return Some(Line::Http2(sender));
            }
        }
        loop {
            let mut newest = lock(self.resting()).pop_back()?;
            if self.is_stale(&newest, (self.now)()) {
                // So are all below it.
                let stale = std::mem::take(&mut *lock(self.resting()));
                drop(stale);
                return None;
            }
            if newest.wire.is_ready() {
                return Some(Line::Http1(newest.wire));
            }
        }
    }

    fn resting(&self) -> &Mutex<VecDeque<Resting>> {
        &self.resting[porter() % self.resting.len()]
    }

    fn is_stale(&self, resting: &Resting, now: Instant) -> bool {
        now.saturating_duration_since(resting.since) > self.rest_max
    }
}
