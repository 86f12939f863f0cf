//! What the process says of itself: log lines, metrics and traces.
//!
//! Read `metrics.rs` (counters, gauges, histograms and their page), `process.rs` (memory, files, processor
//! time), `logs.rs` (which events become lines), `line.rs` (how a line is written), then `traces/` (spans and
//! where they go). It serves no page and knows no route: `http` does.

pub mod logs;
pub mod metrics;
pub mod traces;
mod line;
mod process;
