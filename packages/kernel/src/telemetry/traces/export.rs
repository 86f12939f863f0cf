//! The way of finished spans to a collector: a bounded queue, batches, one retry.
//!
//! A collector that is slow or away costs spans, never memory or waiting. It does not choose what is recorded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::otlp;
use super::span::{self, DROPPED, SpanRecord};

/// A running exporter.
#[must_use]
pub struct ExporterHandle {
    queue: mpsc::Sender<Arc<SpanRecord>>,
    task: JoinHandle<()>,
}

/// The collector's address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a collector's address like http://localhost:4318")]
pub struct BadEndpoint(String);

const QUEUE_SPANS_MAX: usize = 4_096;
const BATCH_SPANS_MAX: usize = 512;
const BATCH_WAIT: Duration = Duration::from_secs(2);
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
const RETRY_WAIT: Duration = Duration::from_millis(500);
const SHUTDOWN_WAIT: Duration = Duration::from_secs(10);

/// Sends every span that ends from now on to `{endpoint}/v1/traces`; must be called within a tokio runtime.
pub fn install(endpoint: &str, service: &str) -> Result<ExporterHandle, BadEndpoint> {
    // An address may carry a password, so what is said of a bad one is masked.
    let bad = || BadEndpoint(crate::secrets::mask(endpoint).into_owned());
    let target: Uri = format!("{}/v1/traces", endpoint.trim_end_matches('/')).parse().map_err(|_| bad())?;
    if !matches!(target.scheme_str(), Some("http" | "https")) || target.host().is_none() {
        return Err(bad());
    }
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|_| bad())?
        .https_or_http()
        .enable_http1()
        .build();
    let collector = Collector {
        client: Client::builder(TokioExecutor::new()).build(connector),
        target,
        service: service.to_owned(),
        answering: true,
    };
    let (queue, spans) = mpsc::channel(QUEUE_SPANS_MAX);
    span::export_to(queue.clone());
    Ok(ExporterHandle { queue, task: tokio::spawn(run(collector, spans)) })
}

impl ExporterHandle {
    /// Sends what is still queued, for ten seconds at most, and stops.
    pub async fn shutdown(self) {
        let Self { queue, mut task } = self;
        span::stop_export_to(&queue);
        // With the last sender gone the task drains the queue and ends.
        drop(queue);
        if timeout(SHUTDOWN_WAIT, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Where batches go.
struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    target: Uri,
    service: String,
    /// Whether it took the last batch; a line is logged when that changes, not for each batch.
    answering: bool,
}

/// Why a batch was not taken.
enum Refusal {
    /// Another try may help.
    Passing(String),
    /// It will not.
    Final(String),
}

async fn run(mut collector: Collector, mut spans: mpsc::Receiver<Arc<SpanRecord>>) {
    let mut batch = Vec::with_capacity(BATCH_SPANS_MAX);
    while spans.recv_many(&mut batch, BATCH_SPANS_MAX).await > 0 {
        let due = Instant::now() + BATCH_WAIT;
        while batch.len() < BATCH_SPANS_MAX {
            let room = BATCH_SPANS_MAX - batch.len();
            match timeout_at(due, spans.recv_many(&mut batch, room)).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        collector.take(&batch).await;
        batch.clear();
    }
}

impl Collector {
    async fn take(&mut self, batch: &[Arc<SpanRecord>]) {
        let outcome = match self.send(batch).await {
            Err(Refusal::Passing(_)) => {
                sleep(RETRY_WAIT).await;
                self.send(batch).await
            }
            other => other,
        };
        match outcome {
            Ok(()) if self.answering => {}
            Ok(()) => {
                self.answering = true;
                tracing::info!("the trace collector answers again");
            }
            Err(Refusal::Passing(why) | Refusal::Final(why)) => {
                DROPPED.add(batch.len() as u64, &["not_taken"]);
                if self.answering {
                    self.answering = false;
                    tracing::warn!(error = why, "the trace collector does not take spans");
                }
            }
        }
    }

    async fn send(&self, batch: &[Arc<SpanRecord>]) -> Result<(), Refusal> {
        let body = otlp::encode(&self.service, batch).map_err(|error| Refusal::Final(error.to_string()))?;
        let request = Request::post(self.target.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Refusal::Final(error.to_string()))?;
        let answer = match timeout(SEND_TIMEOUT, self.client.request(request)).await {
            Err(_) => return Err(Refusal::Passing("no answer in time".to_owned())),
            Ok(Err(error)) => return Err(Refusal::Passing(error.to_string())),
            Ok(Ok(answer)) => answer.status(),
        };
        match answer {
            status if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS => Err(Refusal::Passing(answer.to_string())),
            status if status.is_server_error() => Err(Refusal::Passing(answer.to_string())),
            status => Err(Refusal::Final(status.to_string())),
        }
    }
}
