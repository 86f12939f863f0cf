//! Which events become log lines, and the one write that puts each on standard error.
//!
//! Spans down to `info` are always followed, so that a line tells its request even when the filter is stricter.
//! How a line looks is `line.rs`'s business, and what must not be read in it is `secrets`'.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::line::{Fields, Look};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStyle {
    /// For people, coloured on a terminal.
    Auto,
    /// One JSON object a line, for collectors.
    Json,
    /// For people, never coloured.
    Readable,
}

crate::choices!(LogStyle { Auto => "auto", Json => "json", Readable => "readable" });

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A part of the filter is not understood.
    #[error("`{0}` is not a log filter; write for example `info` or `info,audit=debug`")]
    Filter(String),
    /// Something else receives the events of this process already.
    #[error("logging was started before")]
    Started,
}

/// Starts logging to standard error for the whole process; `filter` is like `info,kernel=debug,audit=trace`.
pub fn init(style: LogStyle, filter: &str) -> Result<(), LogError> {
    let look = match style {
        LogStyle::Json => Look::Json,
        LogStyle::Auto if colours_are_wanted() => Look::Coloured,
        LogStyle::Auto | LogStyle::Readable => Look::Plain,
    };
    let lines = Lines::new(look, filter.parse()?, std::io::stderr());
    tracing::subscriber::set_global_default(Registry::default().with(lines)).map_err(|_| LogError::Started)
}

fn colours_are_wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !set("NO_COLOR") && !dumb
}

/// Which events are wanted.
struct Filter {
    targets: Targets,
    most: LevelFilter,
}

impl FromStr for Filter {
    type Err = LogError;

    /// A word that is no level is refused: as a target it would silence everything else.
    fn from_str(text: &str) -> Result<Self, LogError> {
        let mut targets = Targets::new();
        let (mut rest, mut most) = (LevelFilter::INFO, LevelFilter::OFF);
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = |_| LogError::Filter(part.escape_debug().to_string());
            match part.split_once('=') {
                None => rest = part.parse().map_err(wrong)?,
                Some((target, level)) => {
                    let level: LevelFilter = level.trim().parse().map_err(wrong)?;
                    most = most.max(level);
                    targets = targets.with_target(target.trim(), level);
                }
            }
        }
        Ok(Self { targets: targets.with_default(rest), most: most.max(rest) })
    }
}

impl Filter {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let followed = metadata.is_span() && *metadata.level() <= self.spans();
        followed || self.targets.would_enable(metadata.target(), metadata.level())
    }

    /// The level down to which spans are followed wherever they are.
    fn spans(&self) -> LevelFilter {
        if self.most == LevelFilter::OFF { LevelFilter::OFF } else { LevelFilter::INFO }
    }
}

/// Writes one line an event.
struct Lines<W> {
    look: Look,
    filter: Filter,
    out: Mutex<W>,
}

thread_local! {
    /// Room for a line, kept between lines; a value that logs while it is printed makes its own.
    static ROOM: Cell<String> = const { Cell::new(String::new()) };
}

/// Room beyond this is given back after a long line.
const ROOM_KEPT_BYTES: usize = 16 * 1024;

impl<W: Write> Lines<W> {
    fn new(look: Look, filter: Filter, out: W) -> Self {
        Self { look, filter, out: Mutex::new(out) }
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + Send + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.filter.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.filter.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.filter.most.max(self.filter.spans()))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new(self.look);
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::new(self.look);
        event.record(&mut own);
        let mut line = ROOM.take();
        line.clear();
        let metadata = event.metadata();
        self.look.begin(&mut line, jiff::Timestamp::now(), metadata.level(), metadata.target(), &own);
        if let Some(scope) = context.event_scope(event) {
            // What the event says is said once, and an inner span's word goes before an outer's.
            let mut said: Vec<&str> = own.names().collect();
            for span in scope {
                if let Some(fields) = span.extensions().get::<Fields>() {
                    self.look.fields(&mut line, fields, &said);
                    said.extend(fields.names());
                }
            }
        }
        self.look.fields(&mut line, &own, &[]);
        self.look.end(&mut line);
        // A closed pipe must not stop the work that is being logged.
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        if line.capacity() <= ROOM_KEPT_BYTES {
            ROOM.set(line);
        }
    }
}

#[cfg(test)]
mod tests;
