//! One line a request, for those who look after the platform: who asked what from where, and nothing secret.

use http::StatusCode;
use kernel::telemetry::metrics::{Counter, Histogram, LATENCY_BOUNDS};

use super::Visit;
use crate::settings::AccessLog;

static REQUESTS: Counter =
    Counter::new("stoa_gateway_requests_total", "Requests that came to the door.", &["service", "status"]);
static DURATION: Histogram = Histogram::new(
    "stoa_gateway_request_duration_seconds",
    "Time from a request's arrival at the door to the head of its answer.",
    &["service"],
    LATENCY_BOUNDS,
);
static LIMITED: Counter =
    Counter::new("stoa_gateway_limited_total", "Requests refused because there were too many.", &["limit"]);

/// Counts a request and, where that is asked for, writes its line. The query may hold anything, so it is left out.
pub fn note(wanted: AccessLog, visit: &Visit, status: StatusCode) {
    let route = visit.route.as_deref();
    let service = route.map_or("none", |route| &route.service);
    REQUESTS.add(1, &[service, status.as_str()]);
    DURATION.observe(visit.started.elapsed().as_secs_f64(), &[service]);
    if let Some(over) = &visit.over {
        LIMITED.add(1, &[over.name]);
    }
    let notable =
        route.is_some_and(|route| route.admin) || status.is_client_error() || status.is_server_error();
    match wanted {
        AccessLog::Off => return,
        AccessLog::Notable if !notable => return,
        AccessLog::Notable | AccessLog::All => {}
    }
    let caller = visit.caller.as_ref().map_or_else(|| "nobody".to_owned(), |caller| caller.name());
    let project = visit.caller.as_ref().and_then(|caller| caller.project());
    tracing::info!(
        request.method = %visit.method,
        request.route = route.map_or("none", |route| route.path.as_str()),
        response.status = status.as_u16(),
        caller,
        project = project.map(|project| project.to_string()).unwrap_or_default(),
        client.address = %visit.address,
        correlation.id = visit.correlation_id,
        elapsed_us = visit.started.elapsed().as_micros() as u64,
        "request"
    );
}
