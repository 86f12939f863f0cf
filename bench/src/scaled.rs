//! The same command over HTTP on Postgres, beside a bare client that sends the same statements.

use std::time::Duration;

use kernel::store::Engine;
use kernel::testing::{Place, unique_directory};

use crate::bare::Scaled;
use crate::client::{CONNECTIONS, Keyed, Request};
use crate::contest::take_turns;
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::Server;
use crate::{Failure, http, shop};

/// Measures and keeps the row.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let place = Place::postgres().ok_or("there is no Postgres: set STOA_TEST_DATABASE_URL")?;
    let Engine::Postgres { url, .. } = &place.engine else { return Err("no Postgres".into()) };
    let directory = unique_directory();
    let server = Server::shop(&directory, Some(url))?;
    let token = shop::token(&directory)?;
    let post = |number| {
        Request::post("/api/v1/orders", &token, &format!("{{\"sku\":\"{}\"}}", shop::sku(number)), Keyed::No)
    };
    let mut bare = Scaled::connect(url)?;
    let [ours, bare] =
        take_turns(time, [http::ask(&server, CONNECTIONS, post), Box::new(|turn| bare.run(turn))])?;
    drop(server);
    std::fs::remove_dir_all(directory)?;
    Row {
        what: format!("http, Postgres: an order, {} connections", shop::CONNECTIONS),
        figure: format!("{}, {:.0} µs of server CPU each", per_second(&ours), ours.server_cpu_micros()),
        baseline: format!("bare client, the same statements {}", per_second(&bare)),
        ratio: ratio(ours.rate(), bare.rate()),
        quantiles: quantiles(&ours.latencies),
    }
    .keep()
}
