//! What people see on their terminal. A pipe that was closed is no reason to panic.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::platform::Failure;

/// Prints one line.
pub fn say(line: impl AsRef<str>) {
    // `stoa .. | head` closes the pipe: nobody listens any more, so there is nobody to tell.
    let _ = writeln!(std::io::stdout().lock(), "{}", line.as_ref());
}

/// Says why nothing was done.
pub fn complain(failure: &Failure) {
    let _ = writeln!(std::io::stderr().lock(), "stoa: {}", with_causes(failure));
}

/// What went wrong and why, in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

/// Rows with aligned columns.
pub fn table(head: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = head.iter().map(|name| name.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        say(padded.join("  ").trim_end());
    };
    line(head.to_vec());
    for row in rows {
        line(row.iter().map(String::as_str).collect());
    }
}

/// How far long work has come: a bar on a terminal, a line now and then elsewhere.
pub struct Progress {
    what: String,
    total: u64,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    /// Work of `total` steps.
    pub fn new(what: impl Into<String>, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { what: what.into(), total: total.max(1), shown: Instant::now(), terminal }
    }

    /// So much is done.
    pub fn at(&mut self, done: u64) {
        let pause = if self.terminal { Duration::from_millis(100) } else { Duration::from_secs(5) };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let percent = done.saturating_mul(100) / self.total;
        if self.terminal {
            let filled = (percent / 4).min(25) as usize;
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(25 - filled));
            let _ = write!(std::io::stderr().lock(), "\r{} {bar} {percent:>3} %", self.what);
        } else {
            let _ = writeln!(std::io::stderr().lock(), "{}: {percent} %", self.what);
        }
    }

    /// All is done.
    pub fn end(self) {
        if self.terminal {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}
