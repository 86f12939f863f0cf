//! From nothing to ready, on no data and on what is there; and memory when nothing happens.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kernel::testing::unique_directory;

use crate::Failure;
use crate::results::{Row, median, ratio};
use crate::server::{self, Server};

const STARTS: usize = 10;
const IDLE: Duration = Duration::from_secs(2);
const START_BAR: Duration = Duration::from_millis(500);
const MEMORY_BAR_KIB: u64 = 80 * 1024;

/// Measures and keeps the rows.
pub fn measure() -> Result<(), Failure> {
    let binary = server::binary()?;
    let directory = unique_directory();
    let (mut alone, mut cold, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let started = Instant::now();
        Command::new(&binary).arg("--version").stdout(Stdio::null()).status()?;
        alone.push(started.elapsed());
        let _ = std::fs::remove_dir_all(&directory);
        cold.push(Server::stoa(&binary, &directory)?.ready_after);
        warm.push(Server::stoa(&binary, &directory)?.ready_after);
    }
    let server = Server::stoa(&binary, &directory)?;
    std::thread::sleep(IDLE);
    let resident_kib = server.resident_kib()?;
    drop(server);
    std::fs::remove_dir_all(directory)?;
    let alone = median(&mut alone);
    for (what, took) in [("cold", median(&mut cold)), ("warm", median(&mut warm))] {
        Row {
            what: format!("start, {what}: to the first ready answer, median of {STARTS}"),
            figure: millis(took),
            baseline: format!("bar {}; the process alone {}", millis(START_BAR), millis(alone)),
            ratio: format!("{} of the bar", ratio(took.as_secs_f64(), START_BAR.as_secs_f64())),
            quantiles: None,
        }
        .keep()?;
    }
    Row {
        what: format!("memory, idle: resident {} s after the start", IDLE.as_secs()),
        figure: format!("{:.1} MiB", resident_kib as f64 / 1024.0),
        baseline: format!("bar {} MiB", MEMORY_BAR_KIB / 1024),
        ratio: format!("{} of the bar", ratio(resident_kib as f64, MEMORY_BAR_KIB as f64)),
        quantiles: None,
    }
    .keep()
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}
