//! One way to write a route: parsed input, a caller with permissions, one transaction, one envelope for errors.
//!
//! A handler takes [`Ctx`], [`Caller`], [`IdempotencyKey`] and [`Json`], [`Query`] or [`Path`], in this order,
//! calls one command or query and answers. Read `problem.rs` (what callers hear), `input.rs` (parsing),
//! `context.rs` (the caller and the transaction), `answer.rs`, `live.rs` (answers that go on), `edge.rs` (what surrounds every request),
//! `openapi.rs` (the document, from the same code), `compress.rs` (smaller answers), and `server/` (listening and
//! draining) with `tls.rs`.

mod address;
mod answer;
mod compress;
mod context;
mod edge;
mod health;
mod idempotency;
mod input;
mod live;
mod openapi;
mod problem;
mod server;
mod tls;

#[cfg(test)]
mod compress_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod openapi_tests;
#[cfg(test)]
mod tests;

pub use crate::store::answers::purge as purge_idempotency_keys;
pub use address::{CLIENT_ADDRESS, address_marks, address_word};
pub use answer::{Answer, Answering, Reply, Written};
pub use compress::{compressed, takes_gzip};
pub use context::{Ctx, INTERNAL_CALLER, IdempotencyKey, IfMatch};
pub use edge::{DEADLINE, Edge, correlation_id, envelope, surround, with_fallback};
pub use health::{Health, Ready};
pub(crate) use idempotency::Running as RunningKeys;
pub use input::{Json, Path, Query};
pub use live::Live;
pub(crate) use live::Streams;
pub use openapi::{complete, merge};
pub use problem::{FieldError, Problem, ProblemBody};
pub use server::{Arrived, ClientAddress, Entrance, Listening, Patience, Porters, Room, listen, porter};
pub use tls::{ClientTls, ServerTls, TlsError};

pub use crate::auth::Caller;
