//! What wallet promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod asking;
mod doors;
mod ending;
mod freezing;
mod funding;
mod history;
mod limits;
mod naming;
mod paying;
mod planning;
mod reconciling;
mod refunding;
mod saga;
mod stage;
mod statements;
mod topping_up;
mod withdrawing;
mod world;
