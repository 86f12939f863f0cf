//! Traces: which request caused which work, across services, queues and providers.
//!
//! Read `context.rs` (the ids that travel), `span.rs` (a piece of work with a start and an end), `export.rs`
//! (on the way to a collector) and `otlp.rs` (as the collector reads it). Spans are explicit and not tied to
//! the `tracing` crate, whose spans serve the log lines alone.

mod context;
mod span;
mod export;
mod otlp;
#[cfg(test)]
mod tests;

pub use context::TraceContext;
pub use export::{BadEndpoint, ExporterHandle, install};
pub use span::{Attribute, Span, SpanKind, SpanRecord, keep_recent, recent};
