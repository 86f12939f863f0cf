//! One request through to an answer: tries, each with its time, and what is done after one that failed.
//!
//! A request is sent again when nothing of it has left, or when its route says that twice is once; elsewhere where there
//! is an elsewhere. Whether the connection had rested does not matter to the caller: one that was closed meanwhile is
//! replaced and counts for nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use kernel::limits::Outcome;
use tokio::time::timeout_at;

use super::dial::{Dialer, Line};
use super::headers::set_upgrade;
use super::incoming::{Received, receive, receive_shared};
use super::instance::Instance;
use super::lane::{Lane, Tried};
use super::outgoing::{Outgoing, prepare};
use super::shared::ask_shared;
use super::tunnel::{self, Wish};
use super::wire::{Lost, Terms, Why};
use super::{Rules, Trouble, running_time};

/// A call that goes on until there is an answer, or none to be had.
struct Call<'c> {
    lane: &'c Arc<Lane>,
    dialer: &'c Dialer,
    rules: Rules,
    deadline: Instant,
    tries: u32,
    /// Who has been asked in vain.
    before: Vec<Arc<Instance>>,
    /// What became of the last try.
    last: Option<Why>,
}

/// How a call ended without an answer.
enum Ended {
    /// There was none to ask in the first place.
    NobodyToAsk(Trouble),
    /// The last try failed.
    Failed(Why),
}

/// An answer, with the instance's side of a tunnel where one was asked for.
type Answer = (Response<Received>, Option<OnUpgrade>);

/// Whether an answer says that the instance is unwell. One that is busy and says until when is not: left out, it would
/// take all its other routes along.
fn is_failure(answer: &Response<Received>) -> bool {
    let busy = answer.status() == StatusCode::SERVICE_UNAVAILABLE
        && answer.headers().contains_key(header::RETRY_AFTER);
    answer.status().is_server_error() && !busy
}

/// After so many that had been closed meanwhile a new connection is made.
const STALE_MAX: u32 = 3;
const EVENTS: &str = "text/event-stream";

/// Sends a request to one of the instances. What can be done before the first wait is: what is kept over it is small
/// then, and kept once.
pub(super) fn send<'s>(
    lane: Option<Arc<Lane>>,
    dialer: &'s Dialer,
    rules: Rules,
    mut request: Request<Body>,
) -> impl Future<Output = Result<Response<Body>, Trouble>> + Send + 's {
    let wish = tunnel::wish(&mut request);
    let mut request = prepare(request);
    if let Some(wish) = &wish {
        set_upgrade(request.headers_mut(), wish.protocol.clone());
    }
    async move { go(lane.as_ref().ok_or(Trouble::NoInstance)?, dialer, rules, &mut request, wish).await }
}

async fn go(
    lane: &Arc<Lane>,
    dialer: &Dialer,
    rules: Rules,
    request: &mut Request<Outgoing>,
    wish: Option<Wish>,
) -> Result<Response<Body>, Trouble> {
    let deadline = running_time() + rules.timeout;
    // Before a place is taken: a caller who is slow to say a little holds up nobody.
    if request.body().is_small() {
        match Box::pin(timeout_at(deadline.into(), request.body_mut().collect())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Trouble::Broken),
            Err(_) => return Err(Trouble::TimedOut),
        }
    }
    let place = lane.enter()?;
    let pass = lane.breaker.try_pass((lane.tuning.now)());
    let pass = pass.map_err(|open| Trouble::BreakerOpen { retry_after: open.retry_after })?;
    lane.budget.count_call();
    let mut call = Call { lane, dialer, rules, deadline, tries: 0, before: Vec::new(), last: None };
    match call.run(request, wish.is_some()).await {
        Ok((tried, (answer, instance))) => {
            let failed = is_failure(&answer);
            pass.done(if failed { Outcome::Failed } else { Outcome::Succeeded }, (lane.tuning.now)());
            let (parts, body) = answer.into_parts();
            let joined = parts.status == StatusCode::SWITCHING_PROTOCOLS;
            if let (true, Some(wish), Some(instance)) = (joined, wish, instance) {
                tunnel::join(wish, instance, tried, place);
                return Ok(Response::from_parts(parts, Body::empty()));
            }
            // Who follows along would hold it for as long as there is something to follow.
            let follows = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == EVENTS);
            let place = (!follows).then_some(place);
            Ok(Response::from_parts(parts, body.into_body(tried, place)))
        }
        Err(Ended::NobodyToAsk(trouble)) => Err(trouble),
        Err(Ended::Failed(Why::CallerBrokeOff)) => Err(Trouble::Broken),
        Err(Ended::Failed(why)) => {
            pass.done(Outcome::Failed, (lane.tuning.now)());
            Err(match why {
                Why::NotSent => Trouble::NoInstance,
                Why::TimedOut => Trouble::TimedOut,
                Why::CutOff | Why::Broken | Why::CallerBrokeOff => Trouble::Broken,
            })
        }
    }
}

impl Call<'_> {
    async fn run(
        &mut self,
        request: &mut Request<Outgoing>,
        upgrading: bool,
    ) -> Result<(Tried, Answer), Ended> {
        // What flows is gone once it was sent.
        let repeatable = self.rules.idempotent && matches!(request.body(), Outgoing::Whole(_));
        loop {
            let mut tried = self.next().await?;
            self.tries += 1;
            let asked = if upgrading {
                Box::pin(self.ask_to_upgrade(&tried.instance, request)).await
            } else {
                self.ask(&tried.instance, request).await.map(|answer| (answer, None))
            };
            let now = (self.lane.tuning.now)();
            match asked {
                Ok(answer) => {
                    let status = answer.0.status();
                    tried.done(if is_failure(&answer.0) { Outcome::Failed } else { Outcome::Succeeded }, now);
                    if !(repeatable && self.is_worth_another(status, &tried, now)) {
                        return Ok((tried, answer));
                    }
                    self.last = Some(Why::Broken);
                }
                Err(Lost { why: Why::CallerBrokeOff, .. }) => return Err(Ended::Failed(Why::CallerBrokeOff)),
                Err(lost) => {
                    tried.done(Outcome::Failed, now);
                    if !(self.is_repeatable(lost) && self.may_try_again(lost.why, &tried, now)) {
                        return Err(Ended::Failed(lost.why));
                    }
                    self.last = Some(lost.why);
                }
            }
            self.before.push(Arc::clone(&tried.instance));
        }
    }

    /// Who is asked next; the same one again only after a moment.
    async fn next(&self) -> Result<Tried, Ended> {
        let chosen = self.lane.choose(&self.before, (self.lane.tuning.now)());
        // After a try, those that were asked are left out by now.
        let chosen =
            chosen.map_err(|trouble| self.last.map_or(Ended::NobodyToAsk(trouble), Ended::Failed))?;
        if self.before.iter().any(|one| Arc::ptr_eq(one, &chosen.instance)) {
            let wait = self.lane.tuning.backoff.delay(self.tries.saturating_sub(1), self.lane.draw());
            Box::pin(tokio::time::sleep(wait.min(self.left()))).await;
        }
        Ok(chosen)
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(running_time())
    }

    fn is_repeatable(&self, lost: Lost) -> bool {
        lost.whole && (lost.why == Why::NotSent || self.rules.idempotent)
    }

    /// An answer that says "not now" is not the last word while another instance could be asked.
    fn is_worth_another(&self, status: StatusCode, tried: &Tried, now: Instant) -> bool {
        let elsewhere =
            [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        elsewhere.contains(&status)
            && self.tries < self.rules.tries_max
            && self.lane.has_others(&self.before, &tried.instance)
            && self.lane.budget.allow_retry(now)
    }

    fn may_try_again(&self, why: Why, tried: &Tried, now: Instant) -> bool {
        if self.tries >= self.rules.tries_max || self.left().is_zero() {
            return false;
        }
        // Knocking at the next door burdens nobody who is in trouble already.
        let free = why == Why::NotSent && self.lane.has_others(&[], &tried.instance);
        free || self.lane.budget.allow_retry(now)
    }

    /// Until when this try may take: an even share of what is left, all of it where nobody else could be asked.
    fn terms<'i>(&self, instance: &'i Instance) -> Terms<'i> {
        let left = self.left();
        let more = self.rules.tries_max.saturating_sub(self.tries);
        let share = if self.rules.idempotent && more > 0 && self.lane.count() > 1 { more + 1 } else { 1 };
        Terms {
            host: instance.host.as_ref(),
            left_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            until: self.deadline - left + left / share,
        }
    }

    async fn ask(
        &self,
        instance: &Arc<Instance>,
        request: &mut Request<Outgoing>,
    ) -> Result<Response<Received>, Lost> {
        let terms = self.terms(instance);
        let mut stale = 0;
        loop {
            let rested = if stale < STALE_MAX { instance.rested() } else { None };
            let (line, used) = match rested {
                Some(line) => (line, true),
                None => (Box::pin(self.dialed(instance, terms.until)).await?, false),
            };
            let asked = match line {
                Line::Http1(wire) => {
                    wire.ask(request, terms).await.map(|(head, wire)| receive(head, wire, instance))
                }
                Line::Http2(sender) => {
                    let uri = request.uri().path_and_query().cloned().map(|path| instance.address.uri(path));
                    let asked = ask_shared(sender, request, uri, terms);
                    Box::pin(asked).await.map(receive_shared)
                }
            };
            match asked {
                // Closed by the other side while it rested: as if it had not been there.
                Err(lost) if used && lost.is_stale() && self.is_repeatable(lost) => stale += 1,
                asked => return asked,
            }
        }
    }

    async fn dialed(&self, instance: &Instance, until: Instant) -> Result<Line, Lost> {
        let dialed = timeout_at(until.into(), instance.dialed(self.dialer)).await;
        dialed.ok().flatten().ok_or(Lost { why: Why::NotSent, whole: true })
    }

    async fn ask_to_upgrade(
        &self,
        instance: &Instance,
        request: &mut Request<Outgoing>,
    ) -> Result<Answer, Lost> {
        let terms = self.terms(instance);
        let sender = self.dialer.dial_for_upgrade(&instance.address).await;
        let sender = sender.map_err(|_| Lost { why: Why::NotSent, whole: true })?;
        let mut response = ask_shared(sender, request, None, terms).await?;
        let theirs = hyper::upgrade::on(&mut response);
        Ok((receive_shared(response), Some(theirs)))
    }
}
