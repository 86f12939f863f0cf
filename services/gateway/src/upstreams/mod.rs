//! Instances of services in other processes: which answers, and what when one does not.
//!
//! Who may call what, and what a caller is told, is decided in front of it; where the instances are is told by
//! `Upstreams::set_instances`. Read `call.rs` (one request, its tries), `lane.rs` (who is asked), `health.rs` (who is
//! left out), `instance.rs`, `wire.rs` and `codec.rs` (connections; `shared.rs` for those that hyper moves), `outgoing.rs`
//! and `incoming.rs` (what is handed on), `headers.rs` (what is not), `tunnel.rs` (WebSockets).

mod address;
mod health;
mod headers;
mod outgoing;
mod codec;
mod wire;
mod dial;
mod shared;
mod instance;
mod lane;
mod incoming;
mod tunnel;
mod call;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Request, Response};
use kernel::limits::{Backoff, BreakerSettings, BreakerState};

pub use address::{BadAddress, InstanceAddress};
pub use headers::{DEADLINE, take_out};
pub use health::EjectionSettings;

use dial::Dialer;
use lane::Lane;

/// All services in other processes. Clones are the same.
#[derive(Clone)]
pub struct Upstreams(Arc<Inner>);

struct Inner {
    tuning: Tuning,
    dialer: Dialer,
    lanes: RwLock<HashMap<String, Arc<Lane>>>,
}

/// How services are called, whichever they are.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// Requests of one service without a whole answer, streams and tunnels among them.
    pub in_flight_max: usize,
    /// When a service is left alone: judged by what callers get after all tries.
    pub breaker: BreakerSettings,
    /// When an instance is left out: judged by each try.
    pub ejection: EjectionSettings,
    /// The share of calls that may be repeated, in percent.
    pub retries_percent: u8,
    /// As many a second may be repeated in any case.
    pub retries_per_second_min: u32,
    /// How long to wait before the same instance is asked again.
    pub backoff: Backoff,
    /// Connections of one instance that rest.
    pub resting_max: usize,
    /// How long a connection may rest: less than the other side keeps it, which for our own servers is ten seconds.
    pub rest_max: Duration,
    /// The clock that health and breakers go by; time-outs always take their real time.
    pub now: fn() -> Instant,
}

/// What holds for the requests of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// For all tries together, until the head of the answer. While others could be asked, each try has an even share of
    /// what is left.
    pub timeout: Duration,
    /// Tries of one request.
    pub tries_max: u32,
    /// Whether the same request twice does what it does once, so that it may be sent again after it has left.
    pub idempotent: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// None is known, or none can be reached: nothing was sent.
    #[error("no instance of the service can be reached")]
    NoInstance,
    /// The service fails too often, or its only instance is left out: nothing was sent.
    #[error("the service is failing and is left alone for now")]
    BreakerOpen {
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// Too many requests are in flight already: nothing was sent.
    #[error("too many requests of the service are in flight")]
    Full,
    /// No answer in time; it is not known what became of the request.
    #[error("the service did not answer in time")]
    TimedOut,
    /// The connection broke, or what came was no answer; it is not known what became of the request.
    #[error("the answer of the service broke off")]
    Broken,
}

/// How a service does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceState {
    /// Which.
    pub service: String,
    /// Its breaker: `closed`, `open` or `half_open`.
    pub breaker: &'static str,
    /// Its requests without a whole answer.
    pub in_flight: usize,
    /// Its instances.
    pub instances: Vec<InstanceState>,
}

/// How an instance does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceState {
    /// Where it is.
    pub address: String,
    /// Its requests without a whole answer.
    pub in_flight: usize,
    /// Whether it is left out.
    pub ejected: bool,
    /// For how much longer; nothing while a request is out to see whether it is well again.
    pub ejected_for: Option<Duration>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            in_flight_max: 4_096,
            breaker: BreakerSettings::default(),
            ejection: EjectionSettings::default(),
            retries_percent: 20,
            // All that one busy instance had in flight when it died may be asked for again elsewhere.
            retries_per_second_min: 200,
            backoff: Backoff { base: Duration::from_millis(50), cap: Duration::from_millis(500) },
            resting_max: 256,
            rest_max: Duration::from_secs(8),
            now: running_time,
        }
    }
}

impl Upstreams {
    /// No service is known yet; `tls` is what is trusted in calls to `https` addresses.
    pub fn new(tuning: Tuning, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        let dialer = Dialer::new(tuning.connect_timeout, tls);
        Self(Arc::new(Inner { tuning, dialer, lanes: RwLock::default() }))
    }

    /// From now on a service has these instances. What is known of those that stay is kept, and requests that are
    /// under way to one that goes end there.
    pub fn set_instances(&self, service: &str, addresses: Vec<InstanceAddress>) {
        let lane = self.lane(service).unwrap_or_else(|| {
            let mut lanes = self.0.lanes.write().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Lane::new(service, &self.0.tuning));
            Arc::clone(lanes.entry(service.to_owned()).or_insert_with(new))
        });
        lane.set(addresses);
    }

    /// Sends a request to one of a service's instances, and hands on its answer, whatever its status is.
    pub fn send(
        &self,
        service: &str,
        rules: Rules,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, Trouble>> + Send + use<'_> {
        call::send(self.lane(service), &self.0.dialer, rules, request)
    }

    /// How all of them do, by name.
    pub fn states(&self) -> Vec<ServiceState> {
        let lanes: Vec<_> = {
            let lanes = self.0.lanes.read().unwrap_or_else(PoisonError::into_inner);
            lanes.values().map(Arc::clone).collect()
        };
        let mut states: Vec<_> = lanes.iter().map(|lane| lane.state()).collect();
        states.sort_unstable_by(|one, other| one.service.cmp(&other.service));
        states
    }

    fn lane(&self, service: &str) -> Option<Arc<Lane>> {
        self.0.lanes.read().unwrap_or_else(PoisonError::into_inner).get(service).map(Arc::clone)
    }
}

fn named(breaker: BreakerState) -> &'static str {
    match breaker {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
    }
}

/// What the machine's own clock says, which no test holds: for deadlines.
fn running_time() -> Instant {
    Instant::now()
}

/// Locks; what is behind these locks is whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
