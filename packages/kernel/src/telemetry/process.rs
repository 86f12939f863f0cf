//! Memory, open files, processor time and age of this process, read when the page is made.
//!
//! Where there is no `/proc` the page does without them.

use std::fmt::Write;
use std::fs;

use super::metrics::head;

/// Linux tells processor time to programs in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// Appends what can be known of this process.
pub fn render(page: &mut String) {
    let mut metric = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            head(page, name, kind, help);
            let _ = writeln!(page, "{name} {value}");
        }
    };
    metric("process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
    metric("process_open_fds", "gauge", "Open files and sockets.", open_files());
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    metric("process_cpu_seconds_total", "counter", "Processor time used.", cpu_seconds(&stat));
    metric("process_uptime_seconds", "gauge", "Time since the start.", uptime_seconds(&stat));
}

/// From `status`, not `statm`: that one counts pages, and their size is not the same everywhere.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

fn open_files() -> Option<f64> {
    // One of them is the folder being read.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, 14)? + field(stat, 15)?) / TICKS_PER_SECOND)
}

fn uptime_seconds(stat: &str) -> Option<f64> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let machine: f64 = uptime.split(' ').next()?.parse().ok()?;
    Some((machine - field(stat, 22)? / TICKS_PER_SECOND).max(0.0))
}

/// A field of `/proc/self/stat` by its number in proc(5); the second is a name that may hold spaces.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(number - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_after_a_name_with_spaces_and_brackets() {
        let stat = format!("7 (a) b (c) S {}", (4..=22).map(|n| n.to_string()).collect::<Vec<_>>().join(" "));
        assert_eq!(field(&stat, 14), Some(14.0));
        assert_eq!(field(&stat, 22), Some(22.0));
        assert_eq!(field("", 14), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_page_tells_memory_files_processor_time_and_age() {
        let mut page = String::new();
        render(&mut page);
        assert_eq!(page.lines().filter(|line| !line.starts_with('#')).count(), 4, "{page}");
        let memory = page.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
        assert!(memory.and_then(|bytes| bytes.parse::<f64>().ok()).is_some_and(|bytes| bytes > 100_000.0));
    }
}
