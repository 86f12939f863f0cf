//! The ids that travel with a request, as the W3C `traceparent` header writes them.
//!
//! It does not carry `tracestate` or `baggage`: nothing here reads them, and a public edge drops them.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

/// Where a piece of work stands in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The whole trace, never zero.
    pub trace_id: u128,
    /// The piece of work, never zero.
    pub span_id: u64,
    /// Whether whoever began the trace records it.
    pub sampled: bool,
}

/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const VERSION_0_LEN: usize = 55;

impl TraceContext {
    /// The first piece of work of a new trace.
    pub fn new_root() -> Self {
        let trace_id = (u128::from(random()) << 64) | u128::from(random());
        Self { trace_id, span_id: random(), sampled: true }
    }

    /// Another piece of work in this trace.
    pub fn child(&self) -> Self {
        Self { span_id: random(), ..*self }
    }

    /// Reads a `traceparent` header; one that breaks the rules counts as none.
    pub fn parse(header: &str) -> Option<Self> {
        // A later version may add parts after a dash, and is read as far as we know it.
        let (known, added) = header.split_at_checked(VERSION_0_LEN)?;
        let mut parts = known.split('-');
        let [version, trace_id, span_id, flags] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let fits = match version {
            "00" => added.is_empty(),
            _ => version != "ff" && (added.is_empty() || added.starts_with('-')),
        };
        if !fits || parts.next().is_some() {
            return None;
        }
        hex(version, 2)?;
        let context = Self {
            trace_id: hex(trace_id, 32)?,
            span_id: u64::try_from(hex(span_id, 16)?).ok()?,
            sampled: hex(flags, 2)? & 1 == 1,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != digits || !text.bytes().all(lower) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

/// Sixty-four bits that nobody has seen before: a keyed hash whose key the system gave and each use changes.
///
/// Ids of traces must differ but need not be secret, and a call of the system for each would cost more than
/// the span.
fn random() -> u64 {
    RandomState::new().hash_one(()).max(1)
}
