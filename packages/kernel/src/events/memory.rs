//! A broker in this process, for tests: as bad as the worst of the real ones, on request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::broker::{Asked, Broker, Delivery};
use super::log::Logged;

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
                queue.push_back(Delivery {
                    tag,
                    envelope: envelope.clone(),
                    traceparent: traceparent.clone(),
                });
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
                    let Some(delivery) = state.queues.get_mut(consumer).and_then(VecDeque::pop_front) else {
                        break;
                    };
                    state.delivered += 1;
                    if self.faults.duplicate_every > 0
                        && state.delivered.is_multiple_of(self.faults.duplicate_every)
                    {
                        taken.push(delivery.clone());
                    }
                    state
                        .unsettled
                        .entry(consumer.to_owned())
                        .or_default()
                        .insert(delivery.tag, delivery.clone());
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
