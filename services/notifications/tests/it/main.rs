//! What notifications promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod choosing;
mod delivering;
mod doors;
mod endpoints;
mod hearing;
mod inbox;
mod receipts;
mod sending;
mod stage;
mod templates;
