//! Events across a broker: the outbox is relayed out, what comes in is deduplicated by its id.
//!
//! RabbitMQ, Kafka and Redis Streams will stand behind [`Broker`]; [`MemoryBroker`] is as bad as the worst of
//! them on request: it delivers twice, late and in any order across keys.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::Envelope;
use tokio::sync::watch;

use super::consume::{Care, handle};
use super::handlers::Handlers;
use super::log::{self, Logged};
use super::store;
use crate::store::{Scope, Store, StoreError};

const RELAY_MAX: u32 = 256;
const INTAKE_MAX: usize = 256;
const TROUBLE_PAUSE: Duration = Duration::from_millis(500);

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

/// Publishes the outbox of `log` until `stop` changes.
pub async fn relay(log: Store, broker: Arc<dyn Broker>, mut stop: watch::Receiver<bool>) {
    let mut ready = log.events_positioned();
    let mut pause = Duration::from_millis(5);
    while !*stop.borrow() {
        match relay_once(&log, broker.as_ref()).await {
            Ok(0) => log::wait(&mut ready, &mut stop, &mut pause).await,
            Ok(_) | Err(RelayError::Store(StoreError::Conflict)) => {}
            Err(error) => {
                tracing::warn!(service = log.service(), error = %error, "events wait for the broker");
                tokio::select! { _ = stop.changed() => {}, () = tokio::time::sleep(TROUBLE_PAUSE) => {} }
            }
        }
    }
}

/// Why the relay stands still.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

/// A crash between the broker's yes and the cursor publishes again: consumers deduplicate.
pub(super) async fn relay_once(log: &Store, broker: &dyn Broker) -> Result<usize, RelayError> {
    let from = log.write(Scope::System("relaying events"), |tx| store::cursor(tx, "relay")).await?;
    let batch = log::read(log, from, None, RELAY_MAX).await?;
    let (count, to) = (batch.events.len(), batch.until);
    if count > 0 {
        broker.publish(batch.events).await?;
        log.write(Scope::System("relaying events"), move |tx| store::move_cursor(tx, "relay", from, to)).await?;
    }
    Ok(count)
}

/// Hears what a broker delivers until `stop` changes.
pub async fn intake(
    consumer: Store,
    handlers: Arc<Handlers>,
    broker: Arc<dyn Broker>,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        if let Err(error) = intake_once(&consumer, &handlers, broker.as_ref()).await {
            tracing::warn!(service = consumer.service(), error = %error, "events cannot be heard now");
            tokio::select! { _ = stop.changed() => {}, () = tokio::time::sleep(TROUBLE_PAUSE) => {} }
        }
    }
}

/// Takes one batch in: remembered and handled in one transaction, settled after it.
pub(super) async fn intake_once(
    consumer: &Store,
    handlers: &Arc<Handlers>,
    broker: &dyn Broker,
) -> Result<usize, RelayError> {
    let deliveries = broker.receive(consumer.service(), INTAKE_MAX).await?;
    let tags: Vec<u64> = deliveries.iter().map(|delivery| delivery.tag).collect();
    let mut by_source: HashMap<String, Vec<Logged>> = HashMap::new();
    for Delivery { tag, envelope, traceparent } in deliveries {
        let source = envelope.source.clone().unwrap_or_default();
        by_source.entry(source).or_default().push(Logged { position: tag as i64, envelope, traceparent });
    }
    for (source, events) in by_source {
        let (events, source) = (Arc::new(events), Arc::new(source));
        let run = |care| {
            let (events, source, handlers) = (Arc::clone(&events), Arc::clone(&source), Arc::clone(handlers));
            consumer.write(Scope::System("hearing events"), move |tx| {
                let mut fresh = Vec::with_capacity(events.len());
                for event in events.iter() {
                    if store::first_time(tx, event.envelope.event_id)? {
                        fresh.push(event.clone());
                    }
                }
                handle(tx, &source, &fresh, &handlers, care)
            })
        };
        if let Err(error) = run(Care::Quick).await {
            match error {
                StoreError::Busy { .. } | StoreError::Unavailable(_) => return Err(error.into()),
                _ => run(Care::Apart).await?,
            }
        }
    }
    let count = tags.len();
    broker.settle(consumer.service(), tags).await?;
    Ok(count)
}

/// How badly a [`MemoryBroker`] behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Every n-th delivery comes once more; 0 for never.
    pub duplicate_every: u64,
    /// Deliveries of different keys change places.
    pub shuffle: bool,
}

/// A broker in this process, for tests: bounded by what is published, forgetful when dropped.
#[derive(Default)]
pub struct MemoryBroker {
    state: Mutex<MemoryState>,
    faults: Faults,
}

#[derive(Default)]
struct MemoryState {
    queues: HashMap<String, VecDeque<Delivery>>,
    unsettled: HashMap<String, HashMap<u64, Delivery>>,
    next_tag: u64,
    delivered: u64,
}

impl MemoryBroker {
    /// A broker whose `consumers` each get every event.
    pub fn new(consumers: &[&str], faults: Faults) -> Self {
        let queues = consumers.iter().map(|name| ((*name).to_owned(), VecDeque::new())).collect();
        Self { state: Mutex::new(MemoryState { queues, ..MemoryState::default() }), faults }
    }

    /// Delivers again what was received and never settled: a consumer has died.
    pub fn redeliver(&self) {
        let mut state = self.state();
        for (consumer, unsettled) in std::mem::take(&mut state.unsettled) {
            let mut again: Vec<Delivery> = unsettled.into_values().collect();
            again.sort_by_key(|delivery| std::cmp::Reverse(delivery.tag));
            let queue = state.queues.entry(consumer).or_default();
            again.into_iter().for_each(|delivery| queue.push_front(delivery));
        }
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker for MemoryBroker {
    fn publish(&self, events: Vec<Logged>) -> Asked<'_, ()> {
        let mut state = self.state();
        for Logged { envelope, traceparent, .. } in events {
            state.next_tag += 1;
            let tag = state.next_tag;
            for queue in state.queues.values_mut() {
                queue.push_back(Delivery { tag, envelope: envelope.clone(), traceparent: traceparent.clone() });
            }
        }
        Box::pin(async { Ok(()) })
    }

    fn receive<'a>(&'a self, consumer: &'a str, max: usize) -> Asked<'a, Vec<Delivery>> {
        Box::pin(async move {
            let mut taken = Vec::new();
            {
                let mut state = self.state();
                while taken.len() < max {
                    let Some(delivery) = state.queues.get_mut(consumer).and_then(VecDeque::pop_front) else { break };
                    state.delivered += 1;
                    if self.faults.duplicate_every > 0 && state.delivered % self.faults.duplicate_every == 0 {
                        taken.push(delivery.clone());
                    }
                    state.unsettled.entry(consumer.to_owned()).or_default().insert(delivery.tag, delivery.clone());
                    taken.push(delivery);
                }
            }
            if self.faults.shuffle {
                // Stable by key: the order within a key is what a broker keeps.
                taken.sort_by(|a, b| b.envelope.key.cmp(&a.envelope.key));
            }
            if taken.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(taken)
        })
    }

    fn settle<'a>(&'a self, consumer: &'a str, tags: Vec<u64>) -> Asked<'a, ()> {
        if let Some(unsettled) = self.state().unsettled.get_mut(consumer) {
            tags.iter().for_each(|tag| drop(unsettled.remove(tag)));
        }
        Box::pin(async { Ok(()) })
    }
}
