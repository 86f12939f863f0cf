//! The one way to the world outside: providers we chose, and addresses that users gave us.
//!
//! What matters most is told apart by `CallError`: a call that was certainly not accepted, and one that may have
//! been. An answer of any status is an answer, and reading it is the adapter's business; so are a `502` or `504`
//! from a provider's own gateway, which do not say what became of the call. Retries over minutes belong to jobs.

mod error;
mod guard;
mod retry_after;
mod wire;

#[cfg(test)]
mod tests;

pub use error::{CallError, NotSent, Unknown};
pub use guard::{Forbidden, Guard};
pub use retry_after::retry_after;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{HeaderName, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};

use crate::limits::{
    Backoff, BreakerSettings, BreakerState, Bulkhead, CircuitBreaker, Outcome, Quota, RetryBudget,
    TokenBuckets, clamp_retry_after, jitter,
};
use wire::Wire;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("stoa/", env!("CARGO_PKG_VERSION")));
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Nobody waits longer, whatever was asked for.
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);
/// Longer waits than this are never believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// How to call outside.
#[derive(Debug, Clone)]
pub struct OutsideSettings {
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// What every provider gets that is not given its own.
    pub provider: ProviderSettings,
    /// Where user-given URLs may lead.
    pub guard: Guard,
}

/// How to call one provider.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Calls in flight at once.
    pub at_once_max: usize,
    /// The rate that the provider grants us.
    pub rate: Option<Quota>,
    /// When to leave it alone; none for addresses that have nothing to do with each other.
    pub breaker: Option<BreakerSettings>,
    /// Retries of one call, within the budget and the call's time.
    pub retries_max: u32,
    /// The share of calls that may be retries, in percent.
    pub retries_percent: u8,
    /// How long to wait before a retry.
    pub backoff: Backoff,
    /// The largest answer that is read.
    pub answer_bytes_max: usize,
}

/// What this one call may do.
#[derive(Debug, Clone)]
pub struct Call {
    /// For everything: connecting, sending, waiting, reading, and retries.
    pub timeout: Duration,
    /// Whether the provider takes the same call twice as one, so that it may be retried here.
    pub idempotent: bool,
    /// The trace that this call belongs to.
    pub traceparent: Option<HeaderValue>,
}

/// The client for everything outside; one a process, so that its limits mean something.
#[derive(Debug)]
pub struct Outside {
    settings: OutsideSettings,
    wire: Wire,
    guarded: Provider,
    // Bounded by the names written in our code.
    providers: Mutex<HashMap<&'static str, Provider>>,
}

/// A way to one provider, with limits of its own; clones share them.
#[derive(Debug, Clone)]
pub struct Provider(Arc<Lane>);

#[derive(Debug)]
struct Lane {
    name: &'static str,
    settings: ProviderSettings,
    guard: Option<Guard>,
    wire: Wire,
    breaker: Option<CircuitBreaker>,
    bulkhead: Bulkhead,
    rate: Option<TokenBuckets<()>>,
    budget: RetryBudget,
}

impl Default for OutsideSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            provider: ProviderSettings::default(),
            guard: Guard::default(),
        }
    }
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            at_once_max: 64,
            rate: None,
            breaker: Some(BreakerSettings::default()),
            retries_max: 2,
            retries_percent: 20,
            backoff: Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(5) },
            answer_bytes_max: 4 << 20,
        }
    }
}

impl Default for Call {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), idempotent: false, traceparent: None }
    }
}

impl Outside {
    /// Fails only when this build's cryptography offers no usable version of TLS.
    pub fn new(settings: OutsideSettings) -> Result<Self, rustls::Error> {
        let wire = wire::connect(settings.connect_timeout, None)?;
        let guard = settings.guard.clone();
        let guarded_wire = wire::connect(settings.connect_timeout, Some(guard.clone()))?;
        // One dead webhook must not silence the others, so there is no breaker over all of them.
        let lane = ProviderSettings { breaker: None, ..settings.provider.clone() };
        let guarded = Provider::new("user-given", lane, guarded_wire, Some(guard));
        Ok(Self { settings, wire, guarded, providers: Mutex::default() })
    }

    /// The provider of this name with the common settings.
    pub fn provider(&self, name: &'static str) -> Provider {
        self.provider_with(name, || self.settings.provider.clone())
    }

    /// The provider of this name; the settings count when it is first asked for.
    pub fn provider_with(&self, name: &'static str, settings: impl FnOnce() -> ProviderSettings) -> Provider {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        providers
            .entry(name)
            .or_insert_with(|| Provider::new(name, settings(), self.wire.clone(), None))
            .clone()
    }

    /// The way to addresses that users gave us, which never leads into our own network.
    pub fn guarded(&self) -> Provider {
        self.guarded.clone()
    }
}

impl Provider {
    fn new(name: &'static str, settings: ProviderSettings, wire: Wire, guard: Option<Guard>) -> Self {
        let now = Instant::now();
        Self(Arc::new(Lane {
            name,
            guard,
            wire,
            breaker: settings.breaker.map(|breaker| CircuitBreaker::new(breaker, jitter(), now)),
            bulkhead: Bulkhead::new(settings.at_once_max),
            rate: settings.rate.map(|quota| TokenBuckets::new(quota, 1)),
            budget: RetryBudget::new(settings.retries_percent, 1, now),
            settings,
        }))
    }

    /// Sends a request to an absolute URL and reads the whole answer, whatever its status; follows no redirect.
    pub async fn send(&self, request: Request<Bytes>, call: Call) -> Result<Response<Bytes>, CallError> {
        let lane = &*self.0;
        let request = lane.prepare(request, &call)?;
        let deadline = Instant::now() + call.timeout.min(TIMEOUT_MAX);
        lane.budget.count_call();
        let (mut answered, mut attempt) = (None, 0);
        loop {
            let result = lane.attempt(&request, deadline, attempt).await;
            let Some(wait) = lane.wait_before_retry(&result, &call, attempt, deadline) else {
                return match (result, answered) {
                    // The first attempt reached somebody, so the last one's "not sent" would be a lie.
                    (Err(CallError::NotSent(_)), Some(answer)) => Ok(answer),
                    (result, _) => result,
                };
            };
            answered = result.ok().or(answered);
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// What the breaker does at the moment, for metrics.
    pub fn breaker_state(&self) -> BreakerState {
        self.0.breaker.as_ref().map_or(BreakerState::Closed, |breaker| breaker.state(Instant::now()))
    }

    /// How many calls are in flight, for metrics.
    pub fn in_flight(&self) -> usize {
        self.0.bulkhead.inside()
    }
}

impl Lane {
    fn prepare(&self, mut request: Request<Bytes>, call: &Call) -> Result<Request<Bytes>, CallError> {
        match &self.guard {
            Some(guard) => guard.check_url(request.uri()).map_err(NotSent::Forbidden)?,
            None if request.uri().scheme().is_none() => return Err(NotSent::BadUrl.into()),
            None => {}
        }
        let headers = request.headers_mut();
        headers.entry(USER_AGENT).or_insert(AGENT);
        if let Some(traceparent) = &call.traceparent {
            headers.insert(TRACEPARENT, traceparent.clone());
        }
        Ok(request)
    }

    async fn attempt(&self, request: &Request<Bytes>, deadline: Instant, attempt: u32) -> Answered {
        let started = Instant::now();
        let pass = self.breaker.as_ref().map(|breaker| breaker.try_pass(started)).transpose();
        let pass = pass.map_err(NotSent::Open)?;
        let _ticket = self.bulkhead.enter().map_err(NotSent::Full)?;
        if let Some(rate) = &self.rate {
            rate.check(&(), 1, started).map_err(NotSent::Limited)?;
        }
        let left = deadline.saturating_duration_since(started);
        let result = wire::exchange(&self.wire, request.clone(), left, self.settings.answer_bytes_max).await;
        let now = Instant::now();
        if let Some(pass) = pass {
            pass.done(judge(&result), now);
        }
        self.log(request, &result, now - started, attempt);
        result
    }

    /// How long to wait before the same call is made again, if it should be.
    fn wait_before_retry(
        &self,
        result: &Answered,
        call: &Call,
        attempt: u32,
        deadline: Instant,
    ) -> Option<Duration> {
        if !call.idempotent || attempt >= self.settings.retries_max {
            return None;
        }
        let asked = match result {
            Err(CallError::NotSent(NotSent::Unreachable(_))) => Duration::ZERO,
            Ok(answer) if is_passing_trouble(answer.status()) => {
                clamp_retry_after(retry_after(answer.headers()).unwrap_or_default(), RETRY_AFTER_MAX)
            }
            _ => return None,
        };
        let now = Instant::now();
        let wait = asked.saturating_add(self.settings.backoff.delay(attempt, jitter()));
        (now + wait < deadline && self.budget.allow_retry(now)).then_some(wait)
    }

    /// One line an attempt. No query, header or body; and of user-given URLs no path, since it is often the secret.
    fn log(&self, request: &Request<Bytes>, result: &Answered, elapsed: Duration, attempt: u32) {
        tracing::debug!(
            provider = self.name,
            method = request.method().as_str(),
            host = request.uri().host(),
            path = self.guard.is_none().then(|| request.uri().path()),
            status = result.as_ref().ok().map(|answer| answer.status().as_u16()),
            error = result.as_ref().err().map(tracing::field::display),
            elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            attempt,
            "called outside"
        );
    }
}

type Answered = Result<Response<Bytes>, CallError>;

fn judge(result: &Answered) -> Outcome {
    match result {
        Ok(answer) if answer.status().is_server_error() => Outcome::Failed,
        Err(CallError::NotSent(NotSent::Unreachable(_)) | CallError::Unknown(_)) => Outcome::Failed,
        Ok(_) | Err(CallError::NotSent(_)) => Outcome::Succeeded,
    }
}

fn is_passing_trouble(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}
