//! What the ledger promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod doors;
mod funding;
mod holding;
mod keeping;
mod oracle;
mod paying;
mod posting;
mod racing;
mod remembering;
mod stage;
mod transacting;
