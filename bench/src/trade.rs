//! A shop under load: its list of goods, orders, a provider's webhooks, and notifications accepted; on files and on
//! Postgres, taking turns, each beside the other and beside its bar.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use kernel::clock::Clock;
use kernel::store::Engine;
use kernel::testing::{Place, unique_directory};
use serde_json::{Value, json};

use crate::Failure;
use crate::client::{CONNECTIONS, Keyed, Request, load};
use crate::contest::{Contestant, Tally, take_turns};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{self, Server};

/// The key of the demo's examples, and the project that it is of.
pub const KEY: &str = "dev-key-123";
const PROJECT: &str = "prj_00000000000000000000000001";
/// With what the sandbox signs.
const SECRET: &str = "whsec_stoa_sandbox";
const ON_HAND: u64 = 1_000_000_000;
/// 500 x 20 ms: 10 s.
const LOOKS_MAX: u32 = 500;
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// A server that uses no more of a core in so long is done with what followed from its load.
const CALM: Duration = Duration::from_millis(100);
const CALM_CPU_MAX: Duration = Duration::from_millis(20);
const CALM_AFTER_MAX: Duration = Duration::from_secs(120);

/// What is asked of the shop, and what it is to reach on files: the bars of the design, and for webhooks what as many
/// orders need.
const LOADS: [(Load, &str, f64); 4] = [
    (Load::Goods, "the list of goods, 12 on a page", 10_000.0),
    (Load::Order, "an order placed, its goods held", 1_000.0),
    (Load::Webhook, "a webhook taken in", 1_000.0),
    (Load::Notification, "a notification accepted", 29_210.0),
];

#[derive(Clone, Copy)]
enum Load {
    Goods,
    Order,
    Webhook,
    Notification,
}

/// A shop that is open.
pub struct Shop {
    server: Server,
    token: String,
    variant: String,
    /// The provider's name for a payment that waits.
    intent: String,
}

/// A load with all that follows from it: a turn is over when the server is at rest again, so that nobody works in
/// another's turn.
#[derive(Default)]
pub struct Followed {
    is_warm: Cell<bool>,
    /// As long as requests were sent.
    loaded: Cell<Duration>,
}

/// Measures and keeps the rows.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let (files, keys) = (unique_directory(), unique_directory());
    let place = Place::postgres().ok_or("there is no Postgres: set STOA_TEST_DATABASE_URL")?;
    let Engine::Postgres { url, .. } = &place.engine else { return Err("no Postgres".into()) };
    let binary = server::binary()?;
    let embedded = Shop::open(&binary, &files, None)?;
    let scaled = Shop::open(&binary, &keys, Some(url))?;
    for (load, what, bar) in LOADS {
        let (on_files, on_postgres) = (Followed::default(), Followed::default());
        let [files_tally, postgres_tally] = take_turns(
            time,
            [
                on_files.ask(&embedded, embedded.request(load)?),
                on_postgres.ask(&scaled, scaled.request(load)?),
            ],
        )?;
        row("embedded", load, (what, bar), files_tally, on_files.loaded.get()).keep()?;
        row("Postgres", load, (what, bar), postgres_tally, on_postgres.loaded.get()).keep()?;
    }
    drop((embedded, scaled));
    std::fs::remove_dir_all(files)?;
    std::fs::remove_dir_all(keys)?;
    Ok(())
}

fn row(engine: &str, load: Load, (what, bar): (&str, f64), tally: Tally, loaded: Duration) -> Row {
    let (rate, cpu_micros) = (tally.rate(), tally.server_cpu_micros());
    let all = per_second(&tally);
    let answered = Tally { took: loaded, ..tally };
    Row {
        what: format!("shop, {engine}: {what}"),
        figure: format!(
            "{} answered, {all} with all that follows, {cpu_micros:.0} µs of server CPU each",
            per_second(&answered)
        ),
        baseline: format!("the bar on files {bar:.0}/s"),
        ratio: ratio(if load.is_done_later() { rate } else { answered.rate() }, bar),
        quantiles: quantiles(&answered.latencies),
    }
}

impl Load {
    /// Whether its bar is for all that follows, too.
    fn is_done_later(self) -> bool {
        match self {
            Self::Order => true,
            Self::Goods | Self::Webhook | Self::Notification => false,
        }
    }
}

impl Followed {
    /// Sends requests for a turn, waits for what follows, and looks what both cost the server.
    pub fn ask<'c>(&'c self, shop: &'c Shop, request: Request) -> Contestant<'c> {
        Box::new(move |turn| {
            let (server, started) = (&shop.server, Instant::now());
            let before = server.cpu()?;
            let tally = load(server.address, CONNECTIONS, turn, |_| request.clone())?;
            if self.is_warm.replace(true) {
                self.loaded.set(self.loaded.get() + tally.took);
            }
            let calm_at = rest(server)?;
            let server_cpu = server.cpu()?.saturating_sub(before);
            Ok(Tally { took: calm_at.duration_since(started), server_cpu, ..tally })
        })
    }
}

/// Waits until a server is at rest; says since when.
fn rest(server: &Server) -> Result<Instant, Failure> {
    let started = Instant::now();
    while started.elapsed() < CALM_AFTER_MAX {
        let (since, before) = (Instant::now(), server.cpu()?);
        std::thread::sleep(CALM);
        if server.cpu()?.saturating_sub(before) <= CALM_CPU_MAX {
            return Ok(since);
        }
    }
    Err("what follows from the load does not end".into())
}

impl Shop {
    /// Opens it on files, or on Postgres where there is an address, with one thing that never sells out.
    pub fn open(binary: &Path, directory: &Path, database_url: Option<&str>) -> Result<Self, Failure> {
        let server = Server::stoa_on(binary, directory, database_url)?;
        let token = server::token(binary, directory)?;
        let mut shop = Self { server, token, variant: String::new(), intent: String::new() };
        let goods = json!({ "title": "Endless", "status": "on_sale", "variants": [
            { "sku": "endless", "title": "", "prices": [{ "amount": 500, "currency": "EUR" }], "on_hand": ON_HAND }] });
        let made = shop.say("POST", "/api/v1/products", &goods)?;
        shop.variant = made["variants"][0]["id"].as_str().ok_or("there is no variant")?.to_owned();
        let placed = until(|| shop.say("POST", "/api/v1/orders", &shop.order()).ok())?;
        let path = format!("/api/v1/payments?order_id={}", placed["id"].as_str().unwrap_or_default());
        shop.intent = until(|| {
            let found = shop.say("GET", &path, &Value::Null).ok()?;
            found["data"][0]["provider_ref"].as_str().map(str::to_owned)
        })?;
        Ok(shop)
    }

    /// Who buys.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// An order of one thing.
    pub fn order(&self) -> Value {
        json!({ "currency": "EUR", "lines": [{ "variant_id": self.variant, "quantity": 1 }],
            "ship_to": { "name": "Nina Gray", "line1": "1 High Street", "city": "Dublin", "postcode": "D02", "country": "IE" } })
    }

    fn request(&self, load: Load) -> Result<Request, Failure> {
        Ok(match load {
            Load::Goods => Request::get("/api/v1/products?limit=12&currency=EUR", KEY),
            Load::Order => {
                Request::post("/api/v1/orders", &self.token, &self.order().to_string(), Keyed::Yes)
            }
            Load::Webhook => {
                let body = json!({ "object": "event", "type": "payment_intent.created", "created": 1, "data": {
                    "object": { "id": self.intent, "object": "payment_intent", "status": "requires_payment_method" } } });
                let body = body.to_string().replacen('{', "{\"id\":\"evt_0000000000000000\",", 1);
                let path = format!("/api/v1/webhooks/stripe?project={PROJECT}");
                Request::webhook(&path, SECRET, Clock::system().now().as_millis() / 1_000, "evt_", &body)?
            }
            Load::Notification => {
                let said = json!({ "channel": "log", "to": { "email": "nina@example.com" }, "subject": "Your table",
                    "text": "Your table is ready." });
                Request::post("/api/v1/notifications", &self.token, &said.to_string(), Keyed::Yes)
            }
        })
    }

    /// One request and its good answer.
    pub fn say(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        say(self.server.address, &self.token, method, path, body)
    }
}

/// One request to any server, and its good answer.
pub fn say(
    address: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if !head.starts_with("HTTP/1.1 2") {
        return Err(format!("{method} {path}: {answer}").into());
    }
    Ok(serde_json::from_str(body)?)
}

/// Looks until there is something to be seen.
pub fn until<T>(look: impl Fn() -> Option<T>) -> Result<T, Failure> {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return Ok(found);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Err("the shop does not open".into())
}
