//! Everything that any test of this binary logs.

use std::fmt::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LINES: Mutex<String> = Mutex::new(String::new());
static LISTENING: Once = Once::new();

struct Listener;

struct Line<'l>(&'l mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut LINES.lock().unwrap_or_else(PoisonError::into_inner)));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut LINES.lock().unwrap_or_else(PoisonError::into_inner)));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_str(event.metadata().target());
        event.record(&mut Line(&mut lines));
        lines.push('\n');
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Listens from now on.
pub fn listen() {
    LISTENING.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

/// What was logged since.
pub fn heard() -> String {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
