//! The ledger under load over HTTP, every answer after its fsync: batches of 8,190 and single transfers, uniform and with
//! hot accounts, bounds on; beside it Postgres doing the textbook thing.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contracts::{Id, TransactionId};
use kernel::clock::Clock;
use kernel::store::Engine;
use kernel::testing::{Place, unique_directory};
use postgres::{Client, NoTls};
use serde_json::{Value, json};

use crate::Failure;
use crate::client::Request;
use crate::contest::{Contestant, Tally, take_turns};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::server::{self, Server};
use crate::trade::say;

const ACCOUNTS: usize = 10_000;
const BATCH: usize = 8_190;
const TRANSFERS: &str = "/api/v1/ledger/transfers";
/// What TigerBeetle reached on such a machine.
const BATCHES_BAR: f64 = 496_600.0;
const HOT_BAR: f64 = 561_000.0;
const SINGLES_BARS: [(u64, f64); 5] = [(1, 2_545.0), (8, 0.0), (32, 32_320.0), (64, 0.0), (512, 73_400.0)];
/// What it must stay flat to, and how long its beginning and its end are.
const MANY: u64 = 10_000_000;
const STRETCH: Duration = Duration::from_secs(2);
const CALLERS: u64 = 2;
/// Bodies that each caller has made before the clock runs.
const BODIES: usize = 4;

/// Which accounts are named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Uniform,
    /// The likeliest is named 1/10 of the time, the second half as often.
    Zipf,
    /// One of the two is always the same.
    Hot,
}

/// Small and quick, and the same in each run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Picks accounts.
struct Picker {
    dice: Dice,
    choice: Choice,
    /// Sums of 1/rank.
    sums: Vec<f64>,
}

impl Picker {
    fn new(choice: Choice, seed: u64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=ACCOUNTS).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Self { dice: Dice(seed | 1), choice, sums: sums.collect() }
    }

    fn one(&mut self) -> usize {
        let roll = self.dice.next();
        if self.choice != Choice::Zipf {
            return (roll % ACCOUNTS as u64) as usize;
        }
        let sum = self.sums.last().copied().unwrap_or(1.0);
        let wanted = (roll >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        self.sums.partition_point(|sum| *sum < wanted).min(ACCOUNTS - 1)
    }

    fn pair(&mut self) -> (usize, usize) {
        let from = if self.choice == Choice::Hot { 0 } else { self.one() };
        loop {
            let to = self.one();
            if to != from {
                return (from, to);
            }
        }
    }
}

/// A ledger that runs, with accounts that have money.
struct Ledger {
    server: Server,
    token: String,
}

impl Ledger {
    fn open(binary: &Path, directory: &Path, database_url: Option<&str>) -> Result<Self, Failure> {
        let server = Server::stoa_on(binary, directory, database_url)?;
        let token = server::token(binary, directory)?;
        let ledger = Self { server, token };
        for account in 0..ACCOUNTS {
            ledger.say("/api/v1/ledger/accounts", &json!({ "id": name(account), "currency": "INR" }))?;
        }
        for accounts in (0..ACCOUNTS).collect::<Vec<_>>().chunks(5_000) {
            let fill = |account: &usize| {
                json!({ "debit_account_id": "outside:INR", "credit_account_id": name(*account),
                    "amount": 1_000_000_000_000_i64, "currency": "INR" })
            };
            let fill: Vec<Value> = accounts.iter().map(fill).collect();
            ledger.say(TRANSFERS, &Value::from(fill))?;
        }
        Ok(ledger)
    }

    fn say(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        say(self.server.address, &self.token, "POST", path, body)
    }

    /// Batches from two callers, of bodies that are made before the clock runs and get new ids on the way.
    fn batches(&self, choice: Choice) -> Contestant<'_> {
        let mut callers: Vec<Vec<Batch>> = (1..=CALLERS)
            .map(|caller| {
                let mut picker = Picker::new(choice, caller * 0x9e37_79b9);
                (0..BODIES).map(|_| Batch::new(&self.token, &mut picker)).collect()
            })
            .collect();
        Box::new(move |turn| {
            let (before, started) = (self.server.cpu()?, Instant::now());
            let mut results = Vec::new();
            std::thread::scope(|scope| {
                let working: Vec<_> = callers
                    .iter_mut()
                    .map(|batches| scope.spawn(move || self.sends(batches, turn)))
                    .collect();
                results.extend(working.into_iter().map(std::thread::ScopedJoinHandle::join));
            });
            let mut tally = Tally::default();
            for result in results {
                tally.add_beside(&result.map_err(|_| "a caller panicked")??);
            }
            tally.took = started.elapsed();
            tally.server_cpu = self.server.cpu()?.saturating_sub(before);
            Ok(tally)
        })
    }

    fn sends(&self, batches: &mut [Batch], time: Duration) -> Result<Tally, Failure> {
        let mut stream = TcpStream::connect(self.server.address)?;
        stream.set_nodelay(true)?;
        let mut next = 0;
        Tally::of_steps(time, || {
            let batch = &mut batches[next % BODIES];
            next += 1;
            batch.renew_ids();
            stream.write_all(&batch.bytes)?;
            let created = created(&mut stream)?;
            if created == BATCH { Ok(created as u64) } else { Err(format!("{created} were created").into()) }
        })
    }

    /// Single transfers on so many connections.
    fn singles(&self, connections: u64, choice: Choice) -> Result<Contestant<'_>, Failure> {
        let mut picker = Picker::new(choice, 99);
        let request = |picker: &mut Picker| {
            let (from, to) = picker.pair();
            let body = json!({ "debit_account_id": name(from), "credit_account_id": name(to), "amount": 1, "currency": "INR" });
            Request::post(TRANSFERS, &self.token, &body.to_string(), crate::client::Keyed::No)
                .expecting("\"created\"")
        };
        let requests: Vec<Request> = (0..connections * 8).map(|_| request(&mut picker)).collect();
        Ok(Box::new(move |turn| {
            let before = self.server.cpu()?;
            let tally = crate::client::load(self.server.address, connections, turn, |connection| {
                requests[(connection * 8) as usize % requests.len()].clone()
            })?;
            Ok(Tally { server_cpu: self.server.cpu()?.saturating_sub(before), ..tally })
        }))
    }
}

/// A request of a full batch, with the places of its ids.
struct Batch {
    bytes: Vec<u8>,
    ids: Vec<usize>,
}

/// No id is used twice in a run. Ids are ordered by time, as ours are.
static IDS: AtomicU64 = AtomicU64::new(0);
const ID_DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// An id has 26 digits: the first ten are its time, the last thirteen are counted.
const DIGITS: usize = 26;
const TIMED: usize = 10;
const COUNTED: usize = 13;

impl Batch {
    fn new(token: &str, picker: &mut Picker) -> Self {
        let (mut body, mut ids) = (String::with_capacity(BATCH * 160), Vec::with_capacity(BATCH));
        let blank = TransactionId::from_u128(0).to_string();
        for number in 0..BATCH {
            let (from, to) = picker.pair();
            body += if number == 0 { "[{\"id\":\"" } else { ",{\"id\":\"" };
            body += &blank;
            ids.push(body.len() - DIGITS);
            // Writing to a text does not fail.
            let _ = write!(
                body,
                "\",\"debit_account_id\":\"{}\",\"credit_account_id\":\"{}\",\"amount\":1,\"currency\":\"INR\"}}",
                name(from),
                name(to)
            );
        }
        body.push(']');
        let head = format!(
            "POST {TRANSFERS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        ids.iter_mut().for_each(|at| *at += head.len());
        Self { bytes: [head.as_bytes(), body.as_bytes()].concat(), ids }
    }

    fn renew_ids(&mut self) {
        let first = IDS.fetch_add(BATCH as u64, Ordering::Relaxed);
        let now_ms = Clock::system().now().as_millis() as u64;
        for (number, at) in (first..).zip(&self.ids) {
            let id = &mut self.bytes[*at..at + DIGITS];
            spell(now_ms, &mut id[..TIMED]);
            spell(number, &mut id[DIGITS - COUNTED..]);
        }
    }
}

fn spell(number: u64, digits: &mut [u8]) {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = ID_DIGITS[(number >> (5 * place) & 31) as usize];
    }
}

fn name(account: usize) -> String {
    format!("acct:{account:06}")
}

/// Reads one answer; says how many of its transfers were created.
fn created(stream: &mut TcpStream) -> Result<usize, Failure> {
    let mut answer = Vec::with_capacity(1 << 20);
    let mut buffer = vec![0; 1 << 18];
    let (head, length) = loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the server hung up".into());
        }
        answer.extend_from_slice(&buffer[..read]);
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            break (end + 4, length.ok_or_else(|| format!("an answer without a length: {head}"))?);
        }
    };
    while answer.len() < head + length {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the server hung up".into());
        }
        answer.extend_from_slice(&buffer[..read]);
    }
    Ok(memchr::memmem::find_iter(&answer[head..], b"\"created\"").count())
}

/// What a textbook says: lock both accounts in their order, look, write two balances and one entry.
fn textbook(url: &str) -> Result<Textbook, Failure> {
    let mut client = Client::connect(url, NoTls)?;
    client.batch_execute(
        "drop schema if exists bench_textbook cascade; create schema bench_textbook;
         create table bench_textbook.accounts (id bigint primary key, debits bigint not null, credits bigint not null);
         create table bench_textbook.transfers (id bigserial primary key, debit bigint not null, credit bigint not null,
           amount bigint not null);
         insert into bench_textbook.accounts select id, 0, 1000000000000 from generate_series(0, 9999) as id;",
    )?;
    Ok(Textbook { url: url.to_owned() })
}

struct Textbook {
    url: String,
}

impl Textbook {
    fn transfers(&self, clients: u64) -> Contestant<'_> {
        Box::new(move |turn| {
            let started = Instant::now();
            let mut results = Vec::new();
            std::thread::scope(|scope| {
                let workers: Vec<_> =
                    (0..clients).map(|client| scope.spawn(move || self.works(client + 1, turn))).collect();
                results.extend(workers.into_iter().map(std::thread::ScopedJoinHandle::join));
            });
            let mut tally = Tally::default();
            for result in results {
                tally.add_beside(&result.map_err(|_| "a client panicked")??);
            }
            tally.took = started.elapsed();
            Ok(tally)
        })
    }

    fn works(&self, seed: u64, time: Duration) -> Result<Tally, Failure> {
        let mut client = Client::connect(&self.url, NoTls)?;
        let lock = client.prepare(
            "select id, debits, credits from bench_textbook.accounts where id in ($1, $2) order by id for update",
        )?;
        let debit =
            client.prepare("update bench_textbook.accounts set debits = debits + $2 where id = $1")?;
        let credit =
            client.prepare("update bench_textbook.accounts set credits = credits + $2 where id = $1")?;
        let entry = client
            .prepare("insert into bench_textbook.transfers (debit, credit, amount) values ($1, $2, $3)")?;
        let mut picker = Picker::new(Choice::Uniform, seed * 0x9e37_79b9);
        Tally::of_steps(time, || {
            let (from, to) = picker.pair();
            let (from, to, amount) = (from as i64, to as i64, 1_i64);
            let mut transaction = client.transaction()?;
            let rows = transaction.query(&lock, &[&from, &to])?;
            let giver = rows.iter().find(|row| row.get::<_, i64>(0) == from).ok_or("no such account")?;
            if giver.get::<_, i64>(1) + amount > giver.get::<_, i64>(2) {
                return Err("an account ran out".into());
            }
            transaction.execute(&debit, &[&from, &amount])?;
            transaction.execute(&credit, &[&to, &amount])?;
            transaction.execute(&entry, &[&from, &to, &amount])?;
            transaction.commit()?;
            Ok(1)
        })
    }
}

/// Millions in a row: how fast the last of them are beside the first.
fn flat(binary: &Path) -> Result<(), Failure> {
    let directory = unique_directory();
    let ledger = Ledger::open(binary, &directory, None)?;
    let mut batches = ledger.batches(Choice::Uniform);
    let first = batches(STRETCH)?;
    let (mut last, mut done, mut took) = (first.rate(), first.done, first.took);
    while done < MANY {
        let stretch = batches(STRETCH)?;
        (last, done, took) = (stretch.rate(), done + stretch.done, took + stretch.took);
    }
    let resident = ledger.server.resident_kib()? / 1_024;
    Row {
        what: format!("ledger, embedded: {MANY} in a row"),
        figure: format!(
            "{:.0}/s over all, the last two seconds {last:.0}/s, {resident} MiB resident after it",
            done as f64 / took.as_secs_f64()
        ),
        baseline: format!("the first two seconds {:.0}/s", first.rate()),
        ratio: ratio(last, first.rate()),
        quantiles: None,
    }
    .keep()?;
    drop(batches);
    drop(ledger);
    Ok(std::fs::remove_dir_all(directory)?)
}

/// Measures and keeps the rows.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let (files, keys) = (unique_directory(), unique_directory());
    let place = Place::postgres().ok_or("there is no Postgres: set STOA_TEST_DATABASE_URL")?;
    let Engine::Postgres { url, .. } = &place.engine else { return Err("no Postgres".into()) };
    let binary = server::binary()?;
    flat(&binary)?;
    let embedded = Ledger::open(&binary, &files, None)?;
    let scaled = Ledger::open(&binary, &keys, Some(url))?;
    let textbook = textbook(url)?;
    for (choice, what, bar) in [
        (Choice::Uniform, "batches of 8,190, uniform", BATCHES_BAR),
        (Choice::Zipf, "batches of 8,190, Zipf 1.0", BATCHES_BAR),
        (Choice::Hot, "batches of 8,190, one hot account", HOT_BAR),
    ] {
        let [on_files, on_postgres, plain] =
            take_turns(time, [embedded.batches(choice), scaled.batches(choice), textbook.transfers(8)])?;
        row("embedded", what, &on_files, bar).keep()?;
        row("Postgres", what, &on_postgres, plain.rate()).keep()?;
    }
    for (connections, bar) in SINGLES_BARS {
        let what = format!("one a call, {connections} in flight");
        let [on_files, on_postgres, plain] = take_turns(
            time,
            [
                embedded.singles(connections, Choice::Uniform)?,
                scaled.singles(connections, Choice::Uniform)?,
                textbook.transfers(connections.min(32)),
            ],
        )?;
        row("embedded", &what, &on_files, if bar > 0.0 { bar } else { plain.rate() }).keep()?;
        row("Postgres", &what, &on_postgres, plain.rate()).keep()?;
    }
    Row {
        what: "ledger, embedded: resident after all of it".to_owned(),
        figure: format!("{} MiB", embedded.server.resident_kib()? / 1_024),
        baseline: "a tenth of TigerBeetle's 3.2 GB".to_owned(),
        ratio: String::new(),
        quantiles: None,
    }
    .keep()?;
    drop((embedded, scaled));
    std::fs::remove_dir_all(files)?;
    std::fs::remove_dir_all(keys)?;
    Ok(())
}

fn row(engine: &str, what: &str, tally: &Tally, baseline: f64) -> Row {
    Row {
        what: format!("ledger, {engine}: {what}"),
        figure: format!("{}, {:.2} µs of server CPU each", per_second(tally), tally.server_cpu_micros()),
        baseline: format!("{baseline:.0}/s"),
        ratio: ratio(tally.rate(), baseline),
        quantiles: quantiles(&tally.latencies),
    }
}
