//! Durable commands over HTTP on the embedded engine, beside the same rows on bare SQLite.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use kernel::testing::unique_directory;

use crate::bare::Embedded;
use crate::client::{CONNECTIONS, Keyed, Request, load};
use crate::contest::{Contestant, Tally, take_turns};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{self, Server};
use crate::{Failure, shop};

const GROUP: u64 = 64;
const RECORD: &str = r#"{"action":"price.changed","object":{"kind":"product","id":"cup"},"outcome":"succeeded","class":"operational","details":{"from_minor":1200,"to_minor":1350}}"#;
/// What one appended record writes, with the id of each row.
const RECORD_TABLES: &[(&str, &str)] = &[("records", "id"), ("unsealed", "record_id")];

/// Measures and keeps the rows.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let directory = unique_directory();
    let measured =
        orders(&directory.join("shop"), time).and_then(|()| records(&directory.join("stoa"), time));
    std::fs::remove_dir_all(directory)?;
    measured
}

fn orders(directory: &Path, time: Duration) -> Result<(), Failure> {
    std::fs::create_dir_all(directory)?;
    let server = Server::shop(directory, None)?;
    let token = shop::token(directory)?;
    let post = |keyed| {
        let token = token.clone();
        move |number| {
            Request::post("/api/v1/orders", &token, &format!("{{\"sku\":\"{}\"}}", shop::sku(number)), keyed)
        }
    };
    let bare = Embedded::shop(&directory.join("bare.db"))?;
    contest("http, embedded: an order (one select, two inserts)", &server, time, post, bare)
}

fn records(directory: &Path, time: Duration) -> Result<(), Failure> {
    let binary = server::binary()?;
    let server = Server::stoa(&binary, directory)?;
    let token = server::token(&binary, directory)?;
    let post = |keyed| {
        let token = token.clone();
        move |_| Request::post("/api/v1/audit/records", &token, RECORD, keyed)
    };
    // The row that the baseline copies has to be there.
    load(server.address, 1, Duration::from_millis(50), post(Keyed::No))?;
    let source = directory.join("db/audit.db");
    let bare = Embedded::like(&directory.join("bare.db"), &source, RECORD_TABLES)?;
    contest("http, embedded: an audit record, `stoa up`", &server, time, post, bare)
}

fn contest<R: Fn(u64) -> Request>(
    what: &str,
    server: &Server,
    time: Duration,
    post: impl Fn(Keyed) -> R,
    bare: Embedded,
) -> Result<(), Failure> {
    let bare = RefCell::new(bare);
    for keyed in [Keyed::No, Keyed::Yes] {
        let [ours, alone, grouped] = take_turns(
            time,
            [
                ask(server, CONNECTIONS, post(keyed)),
                Box::new(|turn| bare.borrow_mut().run(turn, 1)),
                Box::new(|turn| bare.borrow_mut().run(turn, GROUP)),
            ],
        )?;
        let key = if keyed == Keyed::Yes { "with a key" } else { "no key" };
        Row {
            what: format!("{what}, {key}"),
            figure: format!("{}, {:.0} µs of server CPU each", per_second(&ours), ours.server_cpu_micros()),
            baseline: format!(
                "rusqlite, one a commit {}, {GROUP} {}",
                per_second(&alone),
                per_second(&grouped)
            ),
            ratio: ratio(ours.rate(), alone.rate()),
            quantiles: quantiles(&ours.latencies),
        }
        .keep()?;
    }
    Ok(())
}

/// Sends requests for a turn, and looks what they cost the server.
pub fn ask<'c>(
    server: &'c Server,
    connections: u64,
    request: impl Fn(u64) -> Request + 'c,
) -> Contestant<'c> {
    Box::new(move |turn| {
        let before = server.cpu()?;
        let tally = load(server.address, connections, turn, &request)?;
        Ok(Tally { server_cpu: server.cpu()?.saturating_sub(before), ..tally })
    })
}
