//! Events across a broker: the outbox is relayed out, what comes in is deduplicated by its id.
//!
//! A broker stands behind [`Broker`]: it may deliver twice, late and in any order across keys.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use contracts::Envelope;
use tokio::sync::watch;

use super::consume::{handle, heard, with_care};
use super::handlers::Handlers;
use super::log::{self, Logged};
use super::store::{self, RELAY};
use super::waiting::Waiting;
use crate::store::{Scope, Store, StoreError};

const RELAY_MAX: u32 = 256;
const INTAKE_MAX: usize = 256;

/// What a broker is asked to do, as a future.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, BrokerError>> + Send + 'a>>;

/// Why a broker did not do it.
#[derive(Debug, thiserror::Error)]
#[error("the broker is not available: {0}")]
pub struct BrokerError(pub String);

/// An event that came in, and the tag to settle it by.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the broker calls this delivery.
    pub tag: u64,
    /// The event.
    pub envelope: Envelope,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
}

/// Carries events between processes: at least once, in order a key.
pub trait Broker: Send + Sync {
    /// Hands events over; answers when the broker has them for good.
    fn publish(&self, events: Vec<Logged>) -> Asked<'_, ()>;
    /// The next events for `consumer`; waits a moment when there are none.
    fn receive<'a>(&'a self, consumer: &'a str, max: usize) -> Asked<'a, Vec<Delivery>>;
    /// The consumer has handled these.
    fn settle<'a>(&'a self, consumer: &'a str, tags: Vec<u64>) -> Asked<'a, ()>;
}

/// Publishes the outbox of `log` until `stop` changes. A service has one relay at a time; a second one would
/// publish everything twice.
pub async fn relay(log: Store, broker: Arc<dyn Broker>, stop: watch::Receiver<bool>) {
    let mut waiting = Waiting::new(&log, log.events_positioned(), stop);
    let mut relay = Relay { log, broker, cursor: None };
    while !waiting.stopped() {
        match relay.step().await {
            Ok(0) => waiting.for_work().await,
            Ok(_) => waiting.worked(),
            Err(Trouble::Store(StoreError::Conflict)) => waiting.behind_another().await,
            Err(error) => {
                tracing::warn!(service = relay.log.service(), error = %error, "events wait for the broker");
                waiting.trouble().await;
            }
        }
    }
}

/// Why events do not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

/// One log on its way to a broker.
pub(super) struct Relay {
    pub log: Store,
    pub broker: Arc<dyn Broker>,
    pub cursor: Option<i64>,
}

impl Relay {
    /// Publishes one batch. A crash between the broker's yes and the cursor publishes it again: consumers
    /// remember what they handled.
    pub async fn step(&mut self) -> Result<usize, Trouble> {
        let from = match self.cursor.take() {
            Some(from) => from,
            None => self.log.read(RELAYING, |tx| store::cursor(tx, RELAY)).await?,
        };
        let batch = log::read(&self.log, from, None, RELAY_MAX).await?;
        let (count, to) = (batch.events.len(), batch.until);
        if count > 0 {
            self.broker.publish(batch.events).await?;
            self.log.write(RELAYING, move |tx| store::move_cursor(tx, RELAY, from, to)).await?;
        }
        self.cursor = Some(to);
        Ok(count)
    }
}

const RELAYING: Scope = Scope::System("relaying events");

/// Hears what a broker delivers until `stop` changes. What is of one source is taken in by one process at a
/// time; that all of a key comes to one consumer in its order is the broker's part.
pub async fn intake(
    consumer: Store,
    handlers: Arc<Handlers>,
    broker: Arc<dyn Broker>,
    stop: watch::Receiver<bool>,
) {
    let mut waiting = Waiting::new(&consumer, consumer.events_positioned(), stop);
    while !waiting.stopped() {
        if let Err(error) = intake_once(&consumer, &handlers, broker.as_ref()).await {
            tracing::warn!(service = consumer.service(), error = %error, "events cannot be heard now");
            waiting.trouble().await;
        }
    }
}

/// Takes one batch in: remembered and handled in one transaction, settled after it.
pub(super) async fn intake_once(
    consumer: &Store,
    handlers: &Arc<Handlers>,
    broker: &dyn Broker,
) -> Result<usize, Trouble> {
    let deliveries = broker.receive(consumer.service(), INTAKE_MAX).await?;
    let tags: Vec<u64> = deliveries.iter().map(|delivery| delivery.tag).collect();
    let mut by_source: HashMap<String, Vec<Logged>> = HashMap::new();
    for Delivery { envelope, traceparent, .. } in deliveries {
        let source = envelope.source.clone().unwrap_or_default();
        by_source.entry(source).or_default().push(Logged { position: 0, envelope, traceparent });
    }
    for (source, events) in by_source {
        let (name, count) = (source.clone(), events.len());
        let (events, handlers) = (Arc::new(events), Arc::clone(handlers));
        with_care(consumer, move |tx, care| {
            store::take_turn(tx, &source)?;
            let mut fresh = store::remember(tx, &events)?;
            // Twice in one batch is once, too: the first takes the id away.
            let events: Vec<Logged> =
                events.iter().filter(|event| fresh.remove(&event.envelope.event_id)).cloned().collect();
            handle(tx, &source, &events, &handlers, care)
        })
        .await?;
        heard(consumer, &name, count);
    }
    let count = tags.len();
    broker.settle(consumer.service(), tags).await?;
    Ok(count)
}
