//! Signing in with a password: how many a second, beside what the hash alone costs; and what others notice of a storm.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use kernel::testing::unique_directory;

use crate::Failure;
use crate::client::{Keyed, Request, load};
use crate::contest::{Contestant, take_turns};
use crate::door;
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{Server, binary};

/// Fewer than the line has places, so that nobody is turned away.
const CONNECTIONS: u64 = 16;
const PATH: &str = "/api/v1/auth/login";
/// The demo's administrator.
const BODY: &str = r#"{"email":"operator@demo.example","password":"open the demo door"}"#;

/// Far more than the line has places.
const STORM: u64 = 500;
/// Until the line is full and those behind it are refused.
const STORM_BEFORE: Duration = Duration::from_secs(2);
/// Another route, asked by four who look at goods.
const OTHER: &str = "/api/v1/products?limit=12&currency=EUR";
const OTHERS: u64 = 4;
const OTHERS_EVERY: Duration = Duration::from_millis(10);
/// What a storm may make of the slowest of a hundred, at most.
const STORM_BAR: f64 = 2.0;

/// Measures and keeps the rows.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let directory = unique_directory();
    let measured = logins(&directory, time).and_then(|server| storm(&server, time));
    std::fs::remove_dir_all(directory)?;
    measured
}

fn logins(directory: &std::path::Path, time: Duration) -> Result<Server, Failure> {
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
    .keep()?;
    Ok(server)
}

/// Another route while nobody signs in, and while a crowd does.
fn storm(server: &Server, time: Duration) -> Result<(), Failure> {
    let others =
        |turn| load(server.address, OTHERS, turn, |_| Request::get(OTHER, door::KEY).each(OTHERS_EVERY));
    let crowd =
        |turn| load(server.address, STORM, turn, |_| Request::post(PATH, "", BODY, Keyed::No).or_refused());
    let in_the_storm = |turn| {
        std::thread::scope(|scope| {
            let crowd = scope.spawn(move || crowd(STORM_BEFORE + turn));
            std::thread::sleep(STORM_BEFORE);
            let others = others(turn)?;
            crowd.join().map_err(|_| "the crowd panicked")??;
            Ok(others)
        })
    };
    let [calm, stormy] = take_turns(time, [Box::new(others) as Contestant<'_>, Box::new(in_the_storm)])?;
    let (before, within) = (quantiles(&calm.latencies), quantiles(&stormy.latencies));
    let (half, most) = before.unwrap_or_default();
    let slower = within.map_or(0.0, |(_, within)| within.as_secs_f64() / most.as_secs_f64());
    Row {
        what: format!("a list of goods while {STORM} sign in at once"),
        figure: format!("99 of 100 within {slower:.1} times as long as before"),
        baseline: format!(
            "before: p50 {} µs, p99 {} µs; bar {STORM_BAR:.0} times",
            half.as_micros(),
            most.as_micros()
        ),
        ratio: format!("{} of the bar", ratio(slower, STORM_BAR)),
        quantiles: within,
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
