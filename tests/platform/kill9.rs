//! kill -9 at random points under load: what was acknowledged is there, once, and the chain is whole.
//!
//! This is the crash of a process. That an acknowledgement also survives a power cut is `durability`'s to show.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::stage::{ALL, Stage, project};
use crate::wire::{Request, Wire};

const CLIENTS: usize = 4;
/// Beyond this it hangs; how fast it is the benches say.
const READY_AGAIN_MAX: Duration = Duration::from_secs(20);

/// Appends that were sent, by their idempotency keys; the id of those that were acknowledged.
type Sent = BTreeMap<String, Option<String>>;

/// Random numbers that a failed run can be repeated with.
pub struct Dice(u64);

impl Dice {
    /// From `STOA_TEST_SEED`, or from the time.
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("STOA_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(now);
        eprintln!("kill -9: STOA_TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// A number from `least` on and below `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + self.0 % (most - least)
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_on_files() {
    survive(&Stage::embedded());
}

#[test]
fn what_was_acknowledged_survives_kill_9_on_postgres() {
    let Some(stage) = Stage::postgres() else { return };
    survive(&stage);
}

fn survive(stage: &Stage) {
    let rounds: u32 = std::env::var("STOA_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4);
    let (mut dice, mut worst, mut total) = (Dice::new(), Duration::ZERO, 0);
    let mut server = stage.start();
    let ours = project(1);
    for round in 1..=rounds {
        let token = stage.token(ours, ALL);
        let (address, life) = (server.address(), Duration::from_millis(dice.between(5, 700)));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let token = token.clone();
                thread::spawn(move || append_until_it_breaks(address, &token, round, client))
            })
            .collect();
        // The moment of the crash is what this test is about.
        thread::sleep(life);
        server.kill();
        let sent: Sent = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();

        server = stage.start();
        worst = worst.max(server.ready_after);
        let kept = retry(server.address(), &token, round, &sent);
        let listed = list(&mut server.wire(), &token, &format!("correlation_id=round-{round}"));
        let expected: BTreeMap<&String, &String> = kept.iter().collect();
        let found: BTreeMap<&String, &String> = listed.iter().map(|(key, id)| (key, id)).collect();
        assert_eq!(
            found,
            expected,
            "{} round {round}: what is there is what was acknowledged",
            stage.engine()
        );
        assert_eq!(listed.len(), kept.len(), "{} round {round}: a record is there twice", stage.engine());
        total += kept.len();
        stage.audit_is_whole();
        server.has_not_panicked();
    }
    assert_eq!(
        list(&mut server.wire(), &stage.token(ours, ALL), "").len(),
        total,
        "{}: nothing is lost later",
        stage.engine()
    );
    eprintln!(
        "kill -9 {rounds} times on {}: {total} records, 0 lost, 0 twice; ready again in {worst:?} at worst",
        stage.engine()
    );
    assert!(worst < READY_AGAIN_MAX, "{}: {worst:?} until ready again", stage.engine());
}

fn append(token: &str, round: u32, key: &str) -> Request {
    let body = json!({ "action": "thing.made", "object": { "kind": "thing", "id": key }, "outcome": "succeeded",
        "class": "operational", "details": { "round": round } });
    let request = Request::post("/api/v1/audit/records", &body).bearer(token).once(key);
    request.header("x-correlation-id", format!("round-{round}"))
}

fn append_until_it_breaks(address: SocketAddr, token: &str, round: u32, client: usize) -> Sent {
    let mut sent = Sent::new();
    let Ok(mut wire) = Wire::connect(address) else { return sent };
    loop {
        let key = format!("r{round}-c{client}-{}", sent.len());
        let Ok(reply) = wire.ask(&append(token, round, &key)) else {
            sent.insert(key, None);
            return sent;
        };
        assert_eq!(reply.status, 201, "{}", reply.text());
        sent.insert(key, Some(id(&reply.json())));
    }
}

/// Sends everything again: what was acknowledged keeps its id, the rest happens now, unless it had happened.
fn retry(address: SocketAddr, token: &str, round: u32, sent: &Sent) -> BTreeMap<String, String> {
    let mut wire = Wire::connect(address).unwrap();
    let mut kept = BTreeMap::new();
    for (key, acknowledged) in sent {
        let reply = wire.ask(&append(token, round, key)).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.text());
        let id = id(&reply.json());
        if let Some(acknowledged) = acknowledged {
            assert_eq!(&id, acknowledged, "a retry of {key} was done again");
            assert_eq!(reply.header("idempotency-replayed"), Some("true"));
        }
        kept.insert(key.clone(), id);
    }
    kept
}

/// All records of the filter: the object's id and the record's.
pub fn list(wire: &mut Wire, token: &str, filter: &str) -> Vec<(String, String)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/audit/records?limit=200&{filter}{cursor}");
        let reply = wire.ask(&Request::get(&path).bearer(token)).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        let page = reply.json();
        for record in page["data"].as_array().unwrap() {
            all.push((record["object"]["id"].as_str().unwrap().to_owned(), id(record)));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}
