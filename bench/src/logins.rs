//! Signing in with a password: how many a second, beside what the hash alone costs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use kernel::testing::unique_directory;

use crate::Failure;
use crate::client::{Keyed, Request, load};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{Server, binary};

/// Fewer than the line has places, so that nobody is turned away.
const CONNECTIONS: u64 = 16;
const PATH: &str = "/api/v1/auth/login";
/// The demo's administrator.
const BODY: &str = r#"{"email":"operator@demo.example","password":"open the demo door"}"#;

/// Measures and keeps the row.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let directory = unique_directory();
    let measured = logins(&directory, time);
    std::fs::remove_dir_all(directory)?;
    measured
}

fn logins(directory: &std::path::Path, time: Duration) -> Result<(), Failure> {
    let server = Server::stoa(&binary()?, directory)?;
    let tally = load(server.address, CONNECTIONS, time, |_| Request::post(PATH, "", BODY, Keyed::No))?;
    let page = metrics(server.address)?;
    let (seconds, count) = (
        figure(&page, "stoa_password_hash_seconds_sum")?,
        figure(&page, "stoa_password_hash_seconds_count")?,
    );
    let threads = std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1);
    let alone = threads as f64 * count / seconds.max(f64::MIN_POSITIVE);
    Row {
        what: format!("signing in with a password, {CONNECTIONS} at once"),
        figure: format!("{}, {} MiB resident after it", per_second(&tally), server.resident_kib()? / 1_024),
        baseline: format!(
            "{alone:.0} hashes/s on {threads} of the threads, {:.1} ms each",
            1_000.0 * seconds / count
        ),
        ratio: ratio(tally.rate(), alone),
        quantiles: quantiles(&tally.latencies),
    }
    .keep()
}

fn metrics(address: SocketAddr) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

/// The value of a figure of checked passwords.
fn figure(page: &str, name: &str) -> Result<f64, Failure> {
    let line = page.lines().find(|line| line.starts_with(name) && line.contains("check"));
    let value = line.and_then(|line| line.rsplit(' ').next());
    Ok(value.ok_or_else(|| format!("there is no figure `{name}`"))?.parse()?)
}
