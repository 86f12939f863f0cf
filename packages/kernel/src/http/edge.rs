//! What surrounds every request: ids, limits, time, trace, figures, the envelope of errors, one log line a failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::input::says_json;
use super::problem::Problem;
use crate::ids::Ids;
use crate::telemetry::metrics::{Counter, Gauge, Histogram, LATENCY_BOUNDS};
use crate::telemetry::traces::{Span, SpanKind, TraceContext};

static REQUESTS: Counter =
    Counter::new("stoa_http_requests_total", "Requests answered.", &["service", "route", "status"]);
static DURATION: Histogram = Histogram::new(
    "stoa_http_request_duration_seconds",
    "Time from the request's arrival to its answer.",
    &["service", "route"],
    LATENCY_BOUNDS,
);
static RUNNING: Gauge =
    Gauge::new("stoa_http_requests_running", "Requests being answered now.", &["service"]);

/// The header in which a gateway says for how many milliseconds it waits for the answer.
pub const DEADLINE: &str = "x-stoa-deadline-ms";
/// Whoever waits finds out first, and judges by it.
const LONGER: Duration = Duration::from_millis(100);

/// The limits that surround the routes of a service.
#[derive(Clone)]
pub struct Edge {
    /// Whose routes these are.
    pub service: &'static str,
    /// The largest JSON body.
    pub body_bytes_max: usize,
    /// The longest a request may take.
    pub timeout: Duration,
    /// Makes correlation ids.
    pub ids: Ids,
}

/// What is known of a request before its handler runs.
#[derive(Debug)]
pub(super) struct Facts {
    pub correlation_id: String,
    pub trace: TraceContext,
    /// The route as it was declared: `/api/v1/orders/{id}`.
    pub route: String,
    /// The body, where the request says that it is JSON.
    pub body: Option<Bytes>,
}

impl Facts {
    /// Handlers run inside the edge only.
    pub fn of(extensions: &Extensions) -> Result<Arc<Self>, Problem> {
        extensions.get::<Arc<Self>>().cloned().ok_or_else(|| {
            Problem::internal(&std::io::Error::other("a route was called outside of its edge"))
        })
    }
}

/// Puts the edge around routes.
pub fn surround(routes: Router, edge: Edge) -> Router {
    routes
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not take this method",
            )
        })
        .layer(axum::middleware::from_fn_with_state(edge, answer))
}

/// Answers paths that nobody declared: once a process, around the routes of all its services.
pub fn with_fallback(routes: Router, edge: Edge) -> Router {
    let nothing = Router::new().fallback(|| async {
        Problem::new(StatusCode::NOT_FOUND, "no_such_path", "there is nothing at this path")
    });
    routes.fallback_service(nothing.layer(axum::middleware::from_fn_with_state(edge, answer)))
}

async fn answer(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let correlation_id = correlation_id(request.headers(), &edge.ids);
    let caller_trace = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let parent = caller_trace.and_then(TraceContext::parse);
    let route =
        request.extensions().get::<MatchedPath>().map_or("unmatched", |path| path.as_str()).to_owned();
    let method = request.method().clone();
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();
    let mut span = Span::start(format!("{method} {route}"), SpanKind::Server, parent.as_ref());
    let trace = *span.context();
    let counted = Counted::new(edge.service);

    let facts = Facts { correlation_id: correlation_id.clone(), trace, route: route.clone(), body: None };
    let patience = of_use(request.headers()).map_or(edge.timeout, |time| time.min(edge.timeout));
    let handled = tokio::time::timeout(patience, handle(&edge, request, next, facts)).await;
    let mut response = handled.unwrap_or_else(|_| {
        let message = "the answer took too long; it is not known whether the request was carried out";
        Problem::unavailable("timed_out", message, Duration::from_secs(1)).into_response()
    });

    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = problem {
        response = envelope(&problem, &correlation_id);
        if response.status().is_server_error() {
            let cause = problem.cause.as_deref().unwrap_or(&problem.message);
            span.fail(problem.code);
            tracing::error!(correlation.id = correlation_id, request.method = %method, request.route = route,
                response.status = response.status().as_u16(), cause, "a request failed");
        }
    }
    if method == Method::GET
        && let (Some(known), Some(tag)) = (&if_none_match, response.headers().get(header::ETAG))
        && strong(known) == strong(tag)
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    finish(&mut response, &correlation_id, &trace);
    let status = response.status();
    span.set("http.response.status_code", i64::from(status.as_u16()));
    drop(counted);
    REQUESTS.add(1, &[edge.service, &route, status.as_str()]);
    DURATION.observe(started.elapsed().as_secs_f64(), &[edge.service, &route]);
    tracing::debug!(correlation.id = correlation_id, request.method = %method, request.route = route,
        response.status = status.as_u16(), elapsed_us = started.elapsed().as_micros() as u64, "answered");
    response
}

/// For how long an answer is of use to the gateway that asked.
fn of_use(headers: &HeaderMap) -> Option<Duration> {
    let left = headers.get(DEADLINE)?.to_str().ok()?.parse().ok()?;
    Some(LONGER.saturating_add(Duration::from_millis(left)))
}

/// A tag without the mark that whoever compresses puts before it: for reading, weak tags are as good.
fn strong(tag: &HeaderValue) -> &[u8] {
    let bytes = tag.as_bytes();
    bytes.strip_prefix(b"W/").unwrap_or(bytes)
}

/// Counts a request for as long as it runs, also when the client goes away.
struct Counted(&'static str);

impl Counted {
    fn new(service: &'static str) -> Self {
        RUNNING.add(1.0, &[service]);
        Self(service)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.add(-1.0, &[self.0]);
    }
}

async fn handle(edge: &Edge, request: Request, next: Next, mut facts: Facts) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = if says_json(&parts.headers) {
        match collect(body, edge.body_bytes_max).await {
            Ok(bytes) => {
                facts.body = Some(bytes.clone());
                // Whoever checks a signature takes the bytes as they came.
                Body::from(bytes)
            }
            Err(problem) => return problem.into_response(),
        }
    } else {
        body
    };
    parts.extensions.insert(Arc::new(facts));
    // A panic answers this request and ends nothing else.
    let mut running = pin!(next.run(Request::from_parts(parts, body)));
    std::future::poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))).unwrap_or_else(|_| {
            let panic = std::io::Error::other("a handler panicked");
            Poll::Ready(Problem::internal(&panic).into_response())
        })
    })
    .await
}

async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the body may have at most {bytes_max} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message))
        }
        Err(_) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", "the body did not arrive whole"))
        }
    }
}

/// What ties a request and all that follows from it together: the caller's own, where it is usable, or a new one.
pub fn correlation_id(headers: &HeaderMap, ids: &Ids) -> String {
    let given = headers.get("x-correlation-id").and_then(|value| value.to_str().ok());
    let usable = |text: &&str| {
        !text.is_empty()
            && text.len() <= 128
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    given.filter(usable).map_or_else(|| format!("{:016x}", ids.random()), str::to_owned)
}

/// A problem as it travels.
pub fn envelope(problem: &Problem, correlation_id: &str) -> Response {
    let body = axum::Json(problem.body(correlation_id));
    let mut response = (problem.status, body).into_response();
    if let Some(wait) = problem.retry_after {
        let seconds = wait.as_secs().max(1).into();
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn finish(response: &mut Response, correlation_id: &str, trace: &TraceContext) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        headers.insert("x-correlation-id", value);
    }
    if let Ok(value) = HeaderValue::from_str(&trace.to_string()) {
        headers.insert("traceparent", value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tower::ServiceExt;

    #[test]
    fn nobody_works_on_for_whoever_waits_no_longer() {
        let edge =
            Edge { service: "notes", body_bytes_max: 1, timeout: Duration::from_secs(60), ids: Ids::new() };
        let hangs = || async {
            std::future::pending::<()>().await;
        };
        let routes = surround(Router::new().route("/hangs", get(hangs)), edge);
        crate::testing::run(async {
            let request = Request::get("/hangs").header(DEADLINE, "20").body(Body::empty()).unwrap();
            let started = Instant::now();
            assert_eq!(routes.oneshot(request).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
            let took = started.elapsed();
            assert!(took >= LONGER && took < Duration::from_secs(30), "{took:?}");
        });
    }
}
