//! What log lines promise: their form, their fields, what they never show, and that nothing breaks out of them.

use std::io;
use std::sync::Arc;

use proptest::prelude::*;
use tracing::{debug, error, info, info_span, trace_span, warn};

use super::*;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that some work logs, one a write.
fn logged(look: Look, filter: &str, work: impl FnOnce()) -> Vec<String> {
    let memory = Memory::default();
    let lines = Lines::new(look, filter.parse().unwrap(), memory.clone());
    tracing::subscriber::with_default(Registry::default().with(lines), work);
    let writes = memory.0.lock().unwrap();
    writes.iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
}

/// One JSON line, read strictly: a name said twice is an error.
fn object(work: impl FnOnce()) -> serde_json::Map<String, serde_json::Value> {
    let lines = logged(Look::Json, "trace", work);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let object: serde_json::Map<_, _> = serde_json::from_str(&lines[0]).unwrap();
    for name in object.keys() {
        assert_eq!(
            lines[0].matches(&format!("\"{name}\":")).count(),
            1,
            "{name} is said twice in {}",
            lines[0]
        );
    }
    object
}

#[test]
fn a_json_line_is_one_object_with_the_fields_of_its_spans() {
    let line = object(|| {
        let _request = info_span!("request", correlation.id = "c-1", request.route = "/x").entered();
        let _inner = info_span!("inner", step = 2).entered();
        info!(target: "audit", sealed = true, block.number = 3, ratio = 0.5, "sealed block");
    });
    let mut value = serde_json::Value::Object(line);
    let moment = value["timestamp"].take();
    assert!(moment.as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(
        value,
        serde_json::json!({
            "timestamp": null, "level": "INFO", "target": "audit", "message": "sealed block",
            "correlation_id": "c-1", "request.route": "/x", "step": 2,
            "block.number": 3, "sealed": true, "ratio": 0.5,
        })
    );
}

#[test]
fn a_readable_line_has_its_clock_level_target_message_and_fields() {
    let lines = logged(Look::Plain, "info", || {
        let _span = info_span!("request", correlation.id = "c-1").entered();
        warn!(target: "audit", why = "two words", block.number = 3, "sealed block");
    });
    let (clock, rest) = lines[0].split_once(' ').unwrap();
    assert_eq!(clock.len(), "09:47:35.123".len());
    assert_eq!(rest, "WARN  audit  sealed block  correlation.id=c-1  why=\"two words\" block.number=3\n");
}

#[test]
fn the_innermost_word_on_a_field_is_the_one_that_is_said() {
    let line = object(|| {
        let _outer = info_span!("outer", shard = 1, user = 1, order = 1).entered();
        let _inner = info_span!("inner", shard = 2, user = 2).entered();
        info!(shard = 3, "moved");
    });
    assert_eq!((&line["shard"], &line["user"], &line["order"]), (&3.into(), &2.into(), &1.into()));
}

#[test]
fn a_field_recorded_later_and_again_has_its_last_value() {
    let line = object(|| {
        let span = info_span!("request", status = tracing::field::Empty);
        span.record("status", 1);
        span.record("status", 200);
        let _entered = span.entered();
        info!("done");
    });
    assert_eq!(line["status"], 200);
}

#[test]
fn a_field_cannot_stand_in_for_the_lines_own_names() {
    let line = object(|| info!(level = "x", timestamp = "y", "hello"));
    assert_eq!((&line["level"], &line["field.level"]), (&"INFO".into(), &"x".into()));
}

#[test]
fn fields_named_as_secrets_are_hidden_whatever_they_hold() {
    let all = logged(Look::Json, "info", || {
        let _span = info_span!("s", session.cookie = "hunter2").entered();
        info!(user.password = "hunter2", Api_Key = 77123, access_token = ?Some("hunter2"), "in");
    });
    assert!(!all[0].contains("hunter2") && !all[0].contains("77123"), "{all:?}");
    assert_eq!(all[0].matches("\"***\"").count(), 4, "{all:?}");
}

#[test]
fn text_in_messages_and_values_is_masked() {
    let all = logged(Look::Plain, "info", || info!(note = "password=hunter2", "got password=hunter2"));
    assert!(!all[0].contains("hunter2"), "{all:?}");
}

#[test]
fn an_error_is_said_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("the order was not saved")]
    struct Outer(#[source] io::Error);
    let failure = Outer(io::Error::other("disk full"));
    let line = object(|| error!(error = &failure as &dyn std::error::Error, "no"));
    assert_eq!(line["error"], "the order was not saved: disk full");
}

#[test]
fn the_filter_is_by_target_and_what_it_does_not_name_is_at_info() {
    let work = || {
        debug!(target: "audit::chain", "1");
        debug!(target: "orders", "2");
        info!(target: "orders", "3");
        info!(target: "noisy", "4");
    };
    assert_eq!(logged(Look::Plain, "audit=debug,noisy=off", work).len(), 2);
    assert_eq!(logged(Look::Plain, "off", work).len(), 0);
    assert_eq!(logged(Look::Plain, "trace", work).len(), 4);
}

#[test]
fn a_strict_filter_still_tells_the_request_of_an_error() {
    let lines = logged(Look::Plain, "error", || {
        let _request = info_span!("request", correlation.id = "c-1").entered();
        let _deep = trace_span!("deep", detail = 1).entered();
        error!("broken");
    });
    assert!(lines[0].contains("correlation.id=c-1") && !lines[0].contains("detail"), "{lines:?}");
}

#[test]
fn a_filter_with_a_misspelt_level_is_refused() {
    for wrong in ["inof", "audit=verbose", "info,kernel"] {
        assert!(matches!(wrong.parse::<Filter>(), Err(LogError::Filter(_))), "{wrong}");
    }
}

#[test]
fn a_closed_pipe_does_not_stop_the_work() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let lines = Lines::new(Look::Json, "info".parse().unwrap(), Closed);
    tracing::subscriber::with_default(Registry::default().with(lines), || info!("into the void"));
}

#[test]
fn a_very_long_value_is_cut() {
    let long = "é".repeat(100_000);
    let all = logged(Look::Json, "info", || info!(value = long, "long"));
    assert!(all[0].len() < 10_000);
}

proptest! {
    #[test]
    fn no_value_breaks_out_of_its_line(value in "[\\PC\\x00-\\x1f\u{80}-\u{9f}\u{2028}\u{202e}\"\\\\]{0,40}") {
        for look in [Look::Json, Look::Plain] {
            let all = logged(look, "info", || info!(value, "{value}"));
            prop_assert_eq!(all.len(), 1);
            let line = all[0].strip_suffix('\n').unwrap();
            let hazard = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{202e}';
            prop_assert!(!line.contains(hazard), "{}", line);
            if look == Look::Json {
                prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
            }
        }
    }
}
