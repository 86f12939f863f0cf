//! What a query needs is asked for at the door, as whoever sent the query: no call is answered that they could not
//! make themselves.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use graphql::{Call, Failure};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use kernel::http::{ClientAddress, ProblemBody};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::super::Front;
use super::super::live::proof_of;
use crate::route::Found;

/// Calls of one query that run at a time.
const AT_ONCE_MAX: usize = 6;
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What goes along beside the proof.
const ALONG: [HeaderName; 3] = [
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("traceparent"),
    header::ACCEPT_LANGUAGE,
];

/// Whoever sent a query.
#[derive(Clone)]
pub struct Asker {
    headers: HeaderMap,
    address: Option<ClientAddress>,
}

impl Asker {
    /// Whoever sent a request with these headers.
    pub fn of(sent: &HeaderMap, address: Option<ClientAddress>) -> Self {
        let mut headers = proof_of(sent);
        for name in ALONG {
            if let Some(value) = sent.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self { headers, address }
    }
}

impl Front {
    /// What the calls of a query bring, in their order.
    pub(super) async fn fetch(&self, calls: &[Call], asker: &Asker) -> Vec<Result<Value, Failure>> {
        let mut outcomes: Vec<Result<Value, Failure>> = calls
            .iter()
            .map(|_| Err(failure(StatusCode::BAD_GATEWAY, "bad_gateway", "it was not asked for")))
            .collect();
        let (mut running, mut waiting) = (JoinSet::new(), calls.iter().enumerate());
        let asker = Arc::new(asker.clone());
        loop {
            while running.len() < AT_ONCE_MAX
                && let Some((number, call)) = waiting.next()
            {
                let (door, asker, call) = (self.clone(), Arc::clone(&asker), call.clone());
                running.spawn(async move { (number, door.fetch_one(&call, &asker).await) });
            }
            match running.join_next().await {
                None => return outcomes,
                Some(Ok((number, outcome))) => {
                    if let Some(place) = outcomes.get_mut(number) {
                        *place = outcome;
                    }
                }
                // It panicked, which was logged there; what it should have brought stays missing.
                Some(Err(_)) => {}
            }
        }
    }

    async fn fetch_one(&self, call: &Call, asker: &Asker) -> Result<Value, Failure> {
        let nothing = || failure(StatusCode::NOT_FOUND, "not_found", "there is no such thing");
        let ways = self.0.behind.routing.now();
        let source = ways.graph.source(&call.field).ok_or_else(nothing)?;
        let uri: Uri = source.address(&call.arguments).parse().map_err(|_| nothing())?;
        // An id that is another route's word, `live` or `me`, is no way to that route.
        match ways.table.find(&Method::GET, uri.path()) {
            Found::One(route) if route.path == source.path => {}
            _ => return Err(nothing()),
        }
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        *request.headers_mut() = asker.headers.clone();
        if let Some(address) = asker.address {
            request.extensions_mut().insert(address);
        }
        outcome(self.through(request).await).await
    }
}

async fn outcome(answer: Response<Body>) -> Result<Value, Failure> {
    let (head, body) = answer.into_parts();
    let broken = |message: &str| failure(StatusCode::BAD_GATEWAY, "bad_gateway", message);
    let bytes = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map(|whole| whole.to_bytes());
    let bytes = bytes.map_err(|_| broken("the answer broke off, or is too large"))?;
    if head.status == StatusCode::OK {
        return serde_json::from_slice(&bytes).map_err(|_| broken("the answer is no JSON"));
    }
    Err(refusal(&head, &bytes))
}

/// What a route said instead of an answer, in its own words.
fn refusal(head: &http::response::Parts, bytes: &Bytes) -> Failure {
    let Ok(said) = serde_json::from_slice::<ProblemBody>(bytes) else {
        return failure(head.status, "refused", &format!("the route answered {}", head.status));
    };
    let mut told = failure(head.status, &said.code, &said.message);
    told.extensions.insert("details".to_owned(), said.details);
    told.extensions.insert("correlation_id".to_owned(), Value::from(said.correlation_id));
    let seconds =
        head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(seconds) = seconds {
        told.extensions.insert("retry_after".to_owned(), json!(seconds));
    }
    told
}

fn failure(status: StatusCode, code: &str, message: &str) -> Failure {
    let extensions = Map::from_iter([
        ("status".to_owned(), Value::from(status.as_u16())),
        ("code".to_owned(), Value::from(code)),
    ]);
    Failure { message: message.to_owned(), extensions }
}
