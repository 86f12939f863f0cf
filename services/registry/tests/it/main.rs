//! What the registry promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod configuring;
mod doors;
mod going_back;
mod instances;
mod log_lines;
mod stage;
mod taking_effect;
