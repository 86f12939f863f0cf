//! The figures of a service that are counted now and then rather than with every event: what waits, and how long.

use std::time::Duration;

use tokio::sync::watch;

use super::Running;
use crate::events;
use crate::jobs;
use crate::store::{Store, StoreError};
use crate::telemetry::metrics::{Gauge, RenderHook, on_render};

static STORE_WAITING: Gauge = Gauge::new(
    "stoa_store_waiting",
    "Transactions that wait for their turn at the database.",
    &["service", "line"],
);
static STORE_CONNECTIONS: Gauge = Gauge::new(
    "stoa_store_connections",
    "Connections to the database: `busy` ones, and `all` that are open.",
    &["service", "which"],
);
static EVENTS_BEHIND: Gauge = Gauge::new(
    "stoa_events_behind",
    "Events of a source that a service has not heard yet.",
    &["service", "source"],
);
static EVENTS_BEHIND_SECONDS: Gauge = Gauge::new(
    "stoa_events_behind_seconds",
    "Age of the oldest event of a source that a service has not heard yet.",
    &["service", "source"],
);
static EVENTS_PARKED: Gauge = Gauge::new(
    "stoa_events_parked",
    "Events put aside: `all` of them, and those that are `dead` and wait for a person.",
    &["service", "which"],
);
static JOBS: Gauge = Gauge::new("stoa_jobs", "Jobs by queue and state.", &["service", "queue", "state"]);
static JOBS_OVERDUE_SECONDS: Gauge = Gauge::new(
    "stoa_jobs_overdue_seconds",
    "For how long the oldest ready job of a queue has been due.",
    &["service", "queue"],
);

const PAUSE: Duration = Duration::from_secs(10);

/// Counts until `stop`.
pub(super) async fn count(service: Running, sources: Vec<Store>, mut stop: watch::Receiver<bool>) {
    let _hook = waiting_when_rendered(service.store().clone());
    while !*stop.borrow() {
        if let Err(error) = count_once(&service, &sources).await {
            tracing::debug!(service = service.name(), error = %error, "the figures are not counted now");
        }
        tokio::select! { _ = stop.changed() => {}, () = tokio::time::sleep(PAUSE) => {} }
    }
}

fn waiting_when_rendered(store: Store) -> RenderHook {
    on_render(move || {
        let (writes, reads) = store.waiting();
        STORE_WAITING.set(writes as f64, &[store.service(), "writes"]);
        STORE_WAITING.set(reads as f64, &[store.service(), "reads"]);
        let (busy, all) = store.connections();
        STORE_CONNECTIONS.set(busy as f64, &[store.service(), "busy"]);
        STORE_CONNECTIONS.set(all as f64, &[store.service(), "all"]);
    })
}

async fn count_once(service: &Running, sources: &[Store]) -> Result<(), StoreError> {
    let (name, store) = (service.name(), service.store());
    for source in sources {
        let lag = events::lag(store, source, service.handlers()).await?;
        EVENTS_BEHIND.set(lag.events as f64, &[name, source.service()]);
        EVENTS_BEHIND_SECONDS.set(lag.oldest_age.as_secs_f64(), &[name, source.service()]);
    }
    let parked = events::parked(store).await?;
    EVENTS_PARKED.set(parked.all as f64, &[name, "all"]);
    EVENTS_PARKED.set(parked.dead as f64, &[name, "dead"]);
    if !service.jobs().is_empty() {
        let now = store.clock().now();
        for row in jobs::counts(store).await? {
            JOBS.set(row.count as f64, &[name, &row.queue, row.state.as_str()]);
            if row.state == jobs::JobState::Ready {
                let overdue = now.duration_since(row.oldest_due_at);
                JOBS_OVERDUE_SECONDS.set(overdue.as_secs_f64(), &[name, &row.queue]);
            }
        }
    }
    Ok(())
}
