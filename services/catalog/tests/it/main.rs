//! What catalog promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod categories;
mod doors;
mod importing;
mod listing;
mod products;
mod stage;
mod stock;
