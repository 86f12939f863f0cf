//! What fraud promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod doors;
mod judging;
mod learning;
mod providers;
mod reviewing;
mod rule_sets;
mod simulating;
mod stage;
mod training;
