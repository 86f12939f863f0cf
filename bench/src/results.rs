//! What is printed and kept: one line and one row of `RESULTS.md` a measurement, with the state of the machine.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use kernel::clock::Clock;
use kernel::testing::unique_directory;

use crate::Failure;
use crate::contest::{Latencies, Tally};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md");
const HEAD: &str = "# Results\n\n\
    The last run of each measurement, written by `cargo run --release -p bench`. Figures come from shared machines \
    under changing\nload, so trust the ratios: a baseline is measured in the same run, taking turns with what it is \
    compared to.\n\n\
    | what | figure | baseline | ratio | p50 | p99 | machine note | date |\n|---|---|---|---|---|---|---|---|\n";
const SYNCS: usize = 100;

/// One measurement.
pub struct Row {
    /// What was measured; its row is replaced when it is measured again.
    pub what: String,
    /// What came out.
    pub figure: String,
    /// What it is compared to, of the same run.
    pub baseline: String,
    /// The figure as a share of the baseline, or of the bar.
    pub ratio: String,
    /// How long half of them took at most, and 99 of 100.
    pub quantiles: Option<(Duration, Duration)>,
}

/// So many a second, as people read it.
pub fn per_second(tally: &Tally) -> String {
    let rate = tally.rate().round() as u64;
    if rate < 1_000 { format!("{rate}/s") } else { format!("{},{:03}/s", rate / 1_000, rate % 1_000) }
}

/// A share, as people read it.
pub fn ratio(figure: f64, baseline: f64) -> String {
    format!("{:.2}", figure / baseline.max(f64::MIN_POSITIVE))
}

/// Half, and 99 of 100.
pub fn quantiles(latencies: &Latencies) -> Option<(Duration, Duration)> {
    Some((latencies.quantile(0.5)?, latencies.quantile(0.99)?))
}

impl Row {
    /// Prints the row and puts it into `RESULTS.md`.
    pub fn keep(self) -> Result<(), Failure> {
        let machine = machine()?;
        let (p50, p99) = self.quantiles.map_or_else(Default::default, |(p50, p99)| (short(p50), short(p99)));
        let spread = if p50.is_empty() { String::new() } else { format!("; p50 {p50}, p99 {p99}") };
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{}: {}{spread}; baseline: {}; ratio {} ({machine})",
            self.what, self.figure, self.baseline, self.ratio
        )?;
        let today: String = Clock::system().now().to_string().chars().take(10).collect();
        let cells = [&self.what, &self.figure, &self.baseline, &self.ratio, &p50, &p99, &machine, &today];
        let row = format!("| {} |", cells.map(String::as_str).join(" | "));
        Ok(put(Path::new(FILE), &self.what, &row)?)
    }
}

fn put(file: &Path, what: &str, row: &str) -> std::io::Result<()> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|_| HEAD.to_owned());
    let start = format!("| {what} |");
    let mut found = false;
    let mut lines: Vec<&str> = text
        .lines()
        .map(|line| {
            let same = line.starts_with(&start);
            found |= same;
            if same { row } else { line }
        })
        .collect();
    if !found {
        lines.push(row);
    }
    std::fs::write(file, lines.join("\n") + "\n")
}

fn short(took: Duration) -> String {
    match took.as_micros() {
        micros @ ..1_000 => format!("{micros} µs"),
        micros @ ..10_000 => format!("{:.1} ms", micros as f64 / 1_000.0),
        micros => format!("{} ms", micros / 1_000),
    }
}

/// What the machine is and how it is now: cores, load, what one fsync costs.
fn machine() -> Result<String, Failure> {
    let cores = std::thread::available_parallelism()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    Ok(format!("{cores} cores, load {load}, fsync {} µs", fsync()?.as_micros()))
}

/// The median of a 4 KiB append that is synced.
fn fsync() -> std::io::Result<Duration> {
    let directory = unique_directory();
    let mut file = File::create(directory.join("probe"))?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all(&[0; 4_096])?;
        file.sync_data()?;
        took.push(started.elapsed());
    }
    std::fs::remove_dir_all(directory)?;
    Ok(median(&mut took))
}

/// The one in the middle.
pub fn median(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_run_again_replaces_its_row_alone() {
        let directory = unique_directory();
        let file = directory.join("RESULTS.md");
        put(&file, "a", "| a | 1 |").unwrap();
        put(&file, "b", "| b | 1 |").unwrap();
        put(&file, "a", "| a | 2 |").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(HEAD) && text.ends_with("| a | 2 |\n| b | 1 |\n"), "{text}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
