//! Events between services: told in the transaction of their cause, heard once in effect, in order a key.
//!
//! `Tx::publish` appends to the service's outbox, and the outbox is the log: it is kept, so that a projection
//! can be rebuilt. Read [`Handlers`] (what a service hears), `log.rs` (reading an outbox by position, and the
//! sequencer that gives positions on Postgres), `consume.rs` (a batch of events as one transaction), `parked.rs`
//! (what failed, and what waits behind it), `broker.rs` (the same across a broker: relay out, intake in), `lag.rs`
//! (how far behind a service is).

mod broker;
mod consume;
mod handlers;
mod lag;
mod log;
mod memory;
mod parked;
mod store;
mod waiting;

#[cfg(test)]
mod tests;

pub use broker::{Asked, Broker, BrokerError, Delivery, intake, relay};
pub use consume::{catch_up, consume, rebuild};
pub use handlers::{HandlerError, Handlers, Heard};
pub use lag::{Lag, Parked, lag, parked};
pub use log::{Logged, newest, position_all, purge, sequence, tail};
pub use memory::{Faults, MemoryBroker};
pub use parked::{DeadLetter, LetterState, Replayed, dead_letters, discard, replay, retry_parked};
