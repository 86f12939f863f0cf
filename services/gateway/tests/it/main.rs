//! What the gateway promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod door;
mod graphql;
mod limits;
mod live;
mod live_notes;
mod routing;
mod stage;
#[path = "../../../../tests/platform/stomp.rs"]
mod stomp;
mod upstreams;
mod upstreams_backend;
mod upstreams_streaming;
mod upstreams_tls;
