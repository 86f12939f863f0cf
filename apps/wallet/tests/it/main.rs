//! The wallet, page by page, over an API that answers what the test says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asking;
mod browser;
mod funding;
mod installing;
mod looking;
mod paying;
mod planning;
mod safety;
mod world;
