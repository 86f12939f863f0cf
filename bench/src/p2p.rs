//! Payments between wallets, whole: asked for, set aside, judged by 50 rules, moved, completed and told; on files and on
//! Postgres, by the real binary in one process.
//!
//! How many a second is counted from the first request until the last payment has completed. How long one takes is
//! seen by a few callers who ask for a payment and look at it until it has completed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use contracts::{Id, ProjectId, UserId};
use kernel::auth::{Claims, Kind, Signer, TokenType};
use kernel::clock::Clock;
use kernel::keys::signer;
use kernel::store::Engine;
use kernel::testing::{Place, unique_directory};
use serde_json::{Value, json};

use crate::Failure;
use crate::client::{CONNECTIONS, Keyed, Request, load};
use crate::contest::{Latencies, Tally};
use crate::fraud::rule_set;
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{Server, binary};

/// Whole payments a second that one process on files is to reach.
const BAR: f64 = 1_000.0;
const FUNDS: i64 = 1_000_000;
/// Who look at their payments until they have completed.
const WATCHERS: usize = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// What waits longer than a payment's own patience has hung.
const PATIENCE: Duration = Duration::from_secs(110);
const OPEN: [&str; 4] = ["initiated", "reserved", "processing", "releasing"];

/// People with wallets at a server.
struct Town {
    server: Server,
    keeper: String,
    people: Vec<Person>,
}

/// Somebody with a wallet.
struct Person {
    token: String,
    account: String,
}

/// A connection that is kept.
struct Wire {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// Measures and keeps the rows of both engines.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let (files, keys) = (unique_directory(), unique_directory());
    let place = Place::postgres().ok_or("there is no Postgres: set STOA_TEST_DATABASE_URL")?;
    let Engine::Postgres { url, .. } = &place.engine else { return Err("no Postgres".into()) };
    let measured = one("embedded", &files, None, time).and_then(|()| one("Postgres", &keys, Some(url), time));
    std::fs::remove_dir_all(files)?;
    std::fs::remove_dir_all(keys)?;
    measured
}

fn one(engine: &str, directory: &Path, database_url: Option<&str>, time: Duration) -> Result<(), Failure> {
    let town = Town::open(directory, database_url)?;
    let (whole, asked) = town.crowd_pays(time)?;
    Row {
        what: format!("p2p, {engine}: payments between wallets, whole"),
        figure: format!("{}, {:.0} µs of server CPU each", per_second(&whole), whole.server_cpu_micros()),
        baseline: format!("the bar on files {BAR:.0}/s; asked for {}", per_second(&asked)),
        ratio: ratio(whole.rate(), BAR),
        quantiles: None,
    }
    .keep()?;
    let (whole, asked) = town.few_pay(time)?;
    let answered = asked.quantile(0.5).unwrap_or_default();
    Row {
        what: format!("p2p, {engine}: from the request to completed, {WATCHERS} at a time"),
        figure: per_second(&whole),
        baseline: format!("the request answered in {} µs", answered.as_micros()),
        ratio: ratio(whole.latencies.quantile(0.5).unwrap_or_default().as_secs_f64(), answered.as_secs_f64()),
        quantiles: quantiles(&whole.latencies),
    }
    .keep()
}

impl Town {
    /// As many people as there are connections, each with money, and rules that let everybody pass.
    fn open(directory: &Path, database_url: Option<&str>) -> Result<Self, Failure> {
        let server = Server::stoa_on(&binary()?, directory, database_url)?;
        let signer = signer(&directory.join("keys"), "tokens.key")?;
        let keeper = token(&signer, 0, &["*"]);
        let mut wire = Wire::connect(server.address)?;
        let draft =
            wire.say("POST", "/api/v1/fraud/rule-sets", &keeper, &serde_json::to_value(rule_set()?)?)?;
        let path = format!("/api/v1/fraud/rule-sets/{}/publish", draft["version"]);
        wire.say("POST", &path, &keeper, &json!({}))?;
        let mut people = Vec::new();
        for number in 1..=CONNECTIONS {
            let token = token(&signer, number.into(), &["wallet:read", "wallet:write"]);
            let opened = wire.say("POST", "/api/v1/accounts", &token, &json!({ "currency": "INR" }))?;
            let account = opened["id"].as_str().ok_or("no account")?.to_owned();
            people.push(Person { token, account });
        }
        let mut town = Self { server, keeper, people };
        town.is_funded(&mut wire)?;
        Ok(town)
    }

    fn is_funded(&mut self, wire: &mut Wire) -> Result<(), Failure> {
        let started = Instant::now();
        for person in &self.people {
            let account = &person.account;
            let transfer = json!({ "debit_account_id": "outside:INR", "credit_account_id": account, "amount": FUNDS,
                "currency": "INR" });
            // The ledger hears of an account a moment after it was opened.
            while wire.say("POST", "/api/v1/ledger/transfers", &self.keeper, &transfer)?["data"][0]["result"]
                != "created"
            {
                patient(started)?;
            }
            let path = format!("/api/v1/accounts/{account}");
            while wire.say("GET", &path, &person.token, &Value::Null)?["balance"] != json!(FUNDS) {
                patient(started)?;
            }
        }
        Ok(())
    }

    /// What a person asks for: a payment to the next one.
    fn payment(&self, number: usize) -> Value {
        let (from, to) = (&self.people[number], &self.people[(number + 1) % self.people.len()]);
        json!({ "from_account": from.account, "to": to.account, "amount": 1, "currency": "INR" })
    }

    /// Everybody pays for so long; the payments until the last has completed, and the requests alone.
    fn crowd_pays(&self, time: Duration) -> Result<(Tally, Tally), Failure> {
        let requests: Vec<Request> = self
            .people
            .iter()
            .enumerate()
            .map(|(number, person)| {
                let body = self.payment(number).to_string();
                Request::post("/api/v1/wallet/payments", &person.token, &body, Keyed::Yes)
            })
            .collect();
        let ask = |number: u64| requests[number as usize % requests.len()].clone();
        let (cpu, started) = (self.server.cpu()?, Instant::now());
        let asked = load(self.server.address, CONNECTIONS, time, ask)?;
        let mut wire = Wire::connect(self.server.address)?;
        for state in OPEN {
            let path = format!("/api/v1/wallet/payments?state={state}&limit=1");
            while wire.say("GET", &path, &self.keeper, &Value::Null)?["data"] != json!([]) {
                patient(started)?;
            }
        }
        let whole = Tally {
            done: asked.done,
            took: started.elapsed(),
            server_cpu: self.server.cpu()?.saturating_sub(cpu),
            latencies: Latencies::NONE,
        };
        let failed =
            wire.say("GET", "/api/v1/wallet/payments?state=failed&limit=1", &self.keeper, &Value::Null)?;
        if failed["data"] != json!([]) {
            return Err(format!("a payment failed: {failed}").into());
        }
        Ok((whole, asked))
    }

    /// A few people pay and wait for the end, again and again; how long the requests alone took.
    fn few_pay(&self, time: Duration) -> Result<(Tally, Latencies), Failure> {
        let started = Instant::now();
        let (mut all, mut answers) = (Tally::default(), Tally::default());
        let watched: Vec<_> = std::thread::scope(|scope| {
            let watchers: Vec<_> =
                (0..WATCHERS).map(|number| scope.spawn(move || self.watches(number, time))).collect();
            watchers.into_iter().map(|watcher| watcher.join().map_err(|_| "a watcher panicked")).collect()
        });
        for watched in watched {
            let (whole, asked) = watched??;
            all.add_beside(&whole);
            answers.add_beside(&asked);
        }
        all.took = started.elapsed();
        Ok((all, answers.latencies))
    }

    fn watches(&self, number: usize, time: Duration) -> Result<(Tally, Tally), Failure> {
        let (started, body) = (Instant::now(), self.payment(number));
        let (mut whole, mut asked) = (Tally::default(), Tally::default());
        let (mut wire, token) = (Wire::connect(self.server.address)?, &self.people[number].token);
        while started.elapsed() < time {
            let began = Instant::now();
            let payment = wire.say("POST", "/api/v1/wallet/payments", token, &body)?;
            asked.latencies.record(began.elapsed());
            let path = format!("/api/v1/wallet/payments/{}", payment["id"].as_str().unwrap_or_default());
            while wire.say("GET", &path, token, &Value::Null)?["status"] != "completed" {
                patient(began)?;
            }
            whole.latencies.record(began.elapsed());
            whole.done += 1;
        }
        Ok((whole, asked))
    }
}

impl Wire {
    fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, answer: Vec::new() })
    }

    /// One request and its good answer.
    fn say(&mut self, method: &str, path: &str, token: &str, body: &Value) -> Result<Value, Failure> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.answer.clear();
        let (head, length) = loop {
            let mut part = [0; 4_096];
            let count = self.stream.read(&mut part)?;
            if count == 0 {
                return Err("the server has closed a connection".into());
            }
            self.answer.extend_from_slice(&part[..count]);
            if let Some(found) = self.head() {
                break found;
            }
        };
        let read = self.answer.len();
        self.answer.resize(read.max(head + length), 0);
        self.stream.read_exact(&mut self.answer[read..])?;
        if !self.answer.starts_with(b"HTTP/1.1 2") {
            return Err(format!("{method} {path}: {}", String::from_utf8_lossy(&self.answer)).into());
        }
        Ok(serde_json::from_slice(&self.answer[head..])?)
    }

    /// Where the body begins and how long it is, once the head is there.
    fn head(&self) -> Option<(usize, usize)> {
        let end = self.answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.answer[..end]).to_ascii_lowercase();
        let length = head.split_once("\r\ncontent-length: ").and_then(|(_, rest)| rest.split("\r\n").next());
        Some((end, length.and_then(|length| length.parse().ok()).unwrap_or_default()))
    }
}

/// Waits a moment, but not for ever.
fn patient(since: Instant) -> Result<(), Failure> {
    if since.elapsed() > PATIENCE {
        return Err("payments do not end".into());
    }
    std::thread::sleep(LOOK_AGAIN);
    Ok(())
}

/// A token of somebody of the demo's project.
fn token(signer: &Signer, number: u128, permissions: &[&str]) -> String {
    let now_s = Clock::system().now().as_millis() / 1_000;
    let claims = Claims {
        iss: "stoa".into(),
        aud: vec!["stoa".into()],
        sub: UserId::from_u128(0x9000 + number).to_string(),
        kind: Kind::User,
        project: Some(ProjectId::from_u128(1)),
        perms: permissions.iter().map(|name| (*name).to_owned()).collect(),
        user_id: None,
        project_ids: Vec::new(),
        roles: Vec::new(),
        sid: None,
        iat: now_s,
        nbf: None,
        exp: now_s + 900,
        jti: None,
    };
    signer.sign(&claims, TokenType::Access)
}
