//! One request through to an answer: tries, each with its time, and what is done after one that failed.
//!
//! A request is sent again when nothing of it has left, or when its route says that twice is once; elsewhere where there
//! is an elsewhere. Whether the connection had rested does not matter to the caller: one that was closed meanwhile is
//! replaced and counts for nothing.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use http::header::HOST;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use kernel::limits::Outcome;
use tokio::time::timeout_at;

use super::dial::{Dialer, Line};
use super::headers::{DEADLINE, set_upgrade};
use super::incoming::{Received, receive};
use super::instance::Instance;
use super::lane::{Lane, Tried};
use super::outgoing::{Outgoing, again, prepare};
use super::tunnel::{self, Wish};
use super::wire::Lost;
use super::{Rules, Trouble};

/// A call that goes on until there is an answer, or none to be had.
struct Call<'c> {
    lane: &'c Arc<Lane>,
    dialer: &'c Dialer,
    rules: Rules,
    deadline: Instant,
    tries: u32,
    /// Who has been asked in vain.
    before: Vec<Arc<Instance>>,
}

/// Why a try came to nothing.
enum Why {
    /// No connection: nothing has left.
    Unreachable,
    /// It broke, or what came over it was not HTTP.
    Broken,
    /// No answer in its time.
    TimedOut,
    /// The caller's own body ended before it was whole; the instance has nothing to do with it.
    CallerBrokeOff,
}

/// A try that came to nothing.
struct Failed {
    why: Why,
    /// The request, when nothing of it has left.
    unsent: Option<Box<Request<Outgoing>>>,
}

/// An answer, with the instance's side of a tunnel where one was asked for.
type Answer = (Response<Received>, Option<OnUpgrade>);

/// Sends a request to one of the instances.
pub(super) async fn send(
    lane: &Arc<Lane>,
    dialer: &Dialer,
    rules: Rules,
    mut request: Request<Body>,
) -> Result<Response<Body>, Trouble> {
    let now = (lane.tuning.now)();
    let place = lane.enter()?;
    let pass = lane.breaker.try_pass(now);
    let pass = pass.map_err(|open| Trouble::BreakerOpen { retry_after: open.retry_after })?;
    lane.budget.count_call();
    let deadline = Instant::now() + rules.timeout;
    let mut wish = tunnel::wish(&mut request);
    let mut request = match timeout_at(deadline.into(), prepare(request, rules.idempotent)).await {
        Ok(Ok(request)) => request,
        Ok(Err(_)) => return Err(Trouble::Broken),
        Err(_) => return Err(Trouble::TimedOut),
    };
    if let Some(Wish { protocol, .. }) = &wish {
        set_upgrade(request.headers_mut(), protocol.clone());
    }
    let mut call = Call { lane, dialer, rules, deadline, tries: 0, before: Vec::new() };
    match call.run(request, wish.is_some()).await {
        Ok((tried, (answer, instance))) => {
            let failed = answer.status().is_server_error();
            pass.done(if failed { Outcome::Failed } else { Outcome::Succeeded }, (lane.tuning.now)());
            let (parts, body) = answer.into_parts();
            let mut response = Response::from_parts(parts, Body::empty());
            match (wish.take(), instance) {
                (Some(wish), Some(instance)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    tunnel::join(wish, instance, tried, place);
                }
                _ => *response.body_mut() = body.into_body(tried, place),
            }
            Ok(response)
        }
        Err(Ended::NobodyToAsk(trouble)) => Err(trouble),
        Err(Ended::Failed(Why::CallerBrokeOff)) => Err(Trouble::Broken),
        Err(Ended::Failed(why)) => {
            pass.done(Outcome::Failed, (lane.tuning.now)());
            Err(match why {
                Why::Unreachable => Trouble::NoInstance,
                Why::TimedOut => Trouble::TimedOut,
                Why::Broken | Why::CallerBrokeOff => Trouble::Broken,
            })
        }
    }
}

/// How a call ended without an answer.
enum Ended {
    /// There was none to ask in the first place.
    NobodyToAsk(Trouble),
    /// The last try failed.
    Failed(Why),
}

impl Call<'_> {
    async fn run(&mut self, mut request: Request<Outgoing>, upgrading: bool) -> Result<(Tried, Answer), Ended> {
        loop {
            let mut tried = self.next().await?;
            self.tries += 1;
            let mut spare = if self.rules.idempotent { again(&request) } else { None };
            let answered = self.ask(&tried.instance, request, &mut spare, upgrading).await;
            let now = (self.lane.tuning.now)();
            match answered {
                Ok(answer) => {
                    let status = answer.0.status();
                    tried.done(if status.is_server_error() { Outcome::Failed } else { Outcome::Succeeded }, now);
                    match spare.filter(|_| self.is_worth_another(status, &tried, now)) {
                        Some(spare) => request = spare,
                        None => return Ok((tried, answer)),
                    }
                }
                Err(Failed { why: Why::CallerBrokeOff, .. }) => return Err(Ended::Failed(Why::CallerBrokeOff)),
                Err(Failed { why, unsent }) => {
                    tried.done(Outcome::Failed, now);
                    let again = unsent.map(|unsent| *unsent).or(spare);
                    match again.filter(|_| self.may_try_again(&why, &tried, now)) {
                        Some(again) => request = again,
                        None => return Err(Ended::Failed(why)),
                    }
                }
            }
            self.before.push(Arc::clone(&tried.instance));
        }
    }

    /// Who is asked next; the same one again only after a moment.
    async fn next(&self) -> Result<Tried, Ended> {
        let chosen = self.lane.choose(&self.before, (self.lane.tuning.now)());
        let chosen = chosen.map_err(|trouble| match self.before.is_empty() {
            true => Ended::NobodyToAsk(trouble),
            // Those that were asked are left out by now.
            false => Ended::Failed(Why::Broken),
        })?;
        if self.before.iter().any(|one| Arc::ptr_eq(one, &chosen.instance)) {
            let wait = self.lane.tuning.backoff.delay(self.tries.saturating_sub(1), self.lane.draw());
            tokio::time::sleep(wait.min(self.left())).await;
        }
        Ok(chosen)
    }

    fn left(&self) -> std::time::Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// An answer that says "not now" is not the last word while another instance could be asked.
    fn is_worth_another(&self, status: StatusCode, tried: &Tried, now: Instant) -> bool {
        let elsewhere =
            [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        elsewhere.contains(&status)
            && self.tries < self.rules.tries_max
            && self.lane.has_others(&[&self.before[..], &[Arc::clone(&tried.instance)]].concat())
            && self.lane.budget.allow_retry(now)
    }

    fn may_try_again(&self, why: &Why, tried: &Tried, now: Instant) -> bool {
        if self.tries >= self.rules.tries_max || self.left().is_zero() {
            return false;
        }
        // Knocking at the next door burdens nobody who is in trouble already.
        let free = matches!(why, Why::Unreachable) && self.lane.has_others(&[Arc::clone(&tried.instance)]);
        free || self.lane.budget.allow_retry(now)
    }

    /// Until when this try may take: an even share of what is left, all of it where nobody else could be asked.
    fn try_until(&self) -> Instant {
        let more = self.rules.tries_max.saturating_sub(self.tries);
        if !self.rules.idempotent || more == 0 || self.lane.instances().len() == 1 {
            return self.deadline;
        }
        Instant::now() + self.left() / (more + 1)
    }

    async fn ask(
        &self,
        instance: &Arc<Instance>,
        mut request: Request<Outgoing>,
        spare: &mut Option<Request<Outgoing>>,
        upgrading: bool,
    ) -> Result<Answer, Failed> {
        let until = self.try_until();
        let left_ms = u64::try_from(self.left().as_millis()).unwrap_or(u64::MAX);
        request.headers_mut().insert(DEADLINE, HeaderValue::from(left_ms));
        if upgrading {
            return self.upgrade(instance, request, until).await;
        }
        loop {
            let taken = match timeout_at(until.into(), instance.line(self.dialer)).await {
                Ok(Some(taken)) => taken,
                Ok(None) | Err(_) => {
                    return Err(Failed { why: Why::Unreachable, unsent: Some(Box::new(request)) });
                }
            };
            let used = taken.used;
            let mut lost = match timeout_at(until.into(), exchange(taken.line, request, instance)).await {
                Ok(Ok(answer)) => return Ok((answer, None)),
                Ok(Err(lost)) => lost,
                Err(_) => return Err(Failed { why: Why::TimedOut, unsent: None }),
            };
            // Closed by the other side while it rested: as if it had not been there.
            let resend = match lost.unsent.take() {
                Some(unsent) if used => Some(*unsent),
                None if used && lost.is_cut_off() => spare.take(),
                unsent => {
                    lost.unsent = unsent;
                    None
                }
            };
            request = resend.ok_or_else(|| Failed::from(lost))?;
            if self.rules.idempotent && spare.is_none() {
                *spare = again(&request);
            }
        }
    }

    async fn upgrade(
        &self,
        instance: &Arc<Instance>,
        request: Request<Outgoing>,
        until: Instant,
    ) -> Result<Answer, Failed> {
        let Ok(mut sender) = self.dialer.dial_for_upgrade(&instance.address).await else {
            return Err(Failed { why: Why::Unreachable, unsent: Some(Box::new(request)) });
        };
        let request = for_http1(request, instance);
        match timeout_at(until.into(), sender.try_send_request(request)).await {
            Ok(Ok(mut response)) => {
                let theirs = hyper::upgrade::on(&mut response);
                Ok((receive(response, None, instance), Some(theirs)))
            }
            Ok(Err(lost)) => Err(Lost::from(lost).into()),
            Err(_) => Err(Failed { why: Why::TimedOut, unsent: None }),
        }
    }
}

async fn exchange(
    line: Line,
    request: Request<Outgoing>,
    instance: &Arc<Instance>,
) -> Result<Response<Received>, Lost> {
    match line {
        Line::Http1(wire) => {
            let (response, wire) = wire.ask(for_http1(request, instance)).await?;
            Ok(receive(response, wire, instance))
        }
        Line::Http2(mut sender) => {
            let response = sender.try_send_request(for_http2(request, instance)).await?;
            Ok(receive(response, None, instance))
        }
    }
}

fn for_http1(mut request: Request<Outgoing>, instance: &Instance) -> Request<Outgoing> {
    if let (Some(_), Some(path)) = (request.uri().authority(), request.uri().path_and_query()) {
        *request.uri_mut() = path.clone().into();
    }
    *request.version_mut() = Version::HTTP_11;
    if let Some(host) = &instance.host {
        request.headers_mut().insert(HOST, host.clone());
    }
    request
}

fn for_http2(mut request: Request<Outgoing>, instance: &Instance) -> Request<Outgoing> {
    if let Some(path) = request.uri().path_and_query() {
        *request.uri_mut() = instance.address.uri(path.clone());
    }
    *request.version_mut() = Version::HTTP_2;
    request.headers_mut().remove(HOST);
    request
}

impl From<Lost> for Failed {
    fn from(lost: Lost) -> Self {
        if let Some(error) = &lost.error {
            tracing::debug!(%error, "a call to an instance broke");
        }
        let callers = lost.error.as_ref().is_some_and(hyper::Error::is_user);
        Self { why: if callers { Why::CallerBrokeOff } else { Why::Broken }, unsent: lost.unsent }
    }
}
