//! What the sandbox's payment provider promises, over real HTTP, on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod shop;
mod paying;
mod owners;
mod paying_out;
mod refunding;
mod repeating;
mod telling;
mod troubles;
mod looking;
