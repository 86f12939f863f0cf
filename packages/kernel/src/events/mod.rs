//! Events between services: told in the transaction of their cause, heard once in effect, in order a key.
//!
//! `Tx::publish` appends to the service's outbox, and the outbox is the log: it is kept, so that a projection
//! can be rebuilt. Read [`Handlers`] (what a service hears), `log.rs` (reading an outbox by position, and the
//! sequencer that gives positions on Postgres), `consume.rs` (a batch of events as one transaction), `parked.rs`
//! (what failed, and what waits behind it), `broker.rs` (the same across a broker: relay out, intake in).

mod broker;
mod consume;
mod handlers;
mod log;
mod parked;
mod store;

#[cfg(test)]
mod tests;

pub use broker::{Broker, BrokerError, Delivery, MemoryBroker, intake, relay};
pub use consume::{consume, rebuild};
pub use handlers::{HandlerError, Handlers, Heard};
pub use log::{Logged, purge, sequence, tail};
pub use parked::{DeadLetter, Replayed, dead_letters, discard, replay, retry_parked};
