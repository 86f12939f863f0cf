//! What orders promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod carts;
mod conserving;
mod doors;
mod ending;
mod forgetting;
mod goods;
mod paying;
mod placing;
mod racing;
mod refunding;
mod stage;
