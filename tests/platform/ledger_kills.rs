//! kill -9 among transfers, one by one and in batches: what was acknowledged is in the journal, once, and every balance
//! follows from it.
//!
//! An acknowledged batch is asked for again under its ids: the ledger then knows all of it. One that was cut off is there
//! whole or not at all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use contracts::{Id, TransactionId};
use serde_json::{Value, json};

use crate::kill9::Dice;
use crate::server::Server;
use crate::stage::{ALL, Stage, project};
use crate::wire::{Request, Wire};

/// Between which the transfers go.
pub const ACCOUNTS: usize = 6;
const FUNDS: i64 = 1_000_000_000;
/// How many transfers each client sends at a time.
const SIZES: [usize; 3] = [1, 50, 200];
const TRANSFERS: &str = "/api/v1/ledger/transfers";

/// A list of transfers that was sent, and whether the ledger said that it is done.
struct Sent {
    transfers: Vec<Value>,
    acknowledged: bool,
}

#[test]
fn acknowledged_transfers_survive_kill_9_on_files() {
    survive(&Stage::embedded());
}

#[test]
fn acknowledged_transfers_survive_kill_9_on_postgres() {
    let Some(stage) = Stage::postgres() else { return };
    survive(&stage);
}

fn survive(stage: &Stage) {
    let rounds: u32 = std::env::var("STOA_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4);
    let token = stage.token(project(1), ALL);
    let (mut dice, mut server) = (Dice::new(), stage.start());
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    let mut entries = opens(&server, &token, &mut expected);
    let (mut acknowledged, mut cut_off) = (0, [0, 0]);
    for round in 1..=rounds {
        let (address, life) = (server.address(), Duration::from_millis(dice.between(50, 1_200)));
        let clients: Vec<_> = SIZES
            .iter()
            .enumerate()
            .map(|(client, size)| {
                let (token, first) = (token.clone(), number(round, client));
                thread::spawn(move || send_until_it_breaks(address, &token, first, *size))
            })
            .collect();
        // The moment of the crash is what this test is about.
        thread::sleep(life);
        server.kill();
        let sent: Vec<Sent> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();

        server = stage.start();
        let mut wire = server.wire();
        for Sent { transfers, acknowledged: was_told } in &sent {
            let again = results(&wire.ask(&post(&token, transfers)).unwrap().json());
            let known = again.iter().filter(|result| *result == "exists").count();
            assert!(again.iter().all(|result| result == "exists" || result == "created"), "{again:?}");
            if *was_told {
                assert_eq!(known, transfers.len(), "{} round {round}: lost", stage.engine());
                acknowledged += transfers.len();
            } else {
                assert!(
                    known == 0 || known == transfers.len(),
                    "{} round {round}: in pieces",
                    stage.engine()
                );
                cut_off[usize::from(known > 0)] += 1;
            }
            transfers.iter().for_each(|transfer| moves(transfer, &mut expected));
            entries += transfers.len();
        }
        let there = adds_up(&server, &token, &expected);
        assert_eq!(there, entries as u64, "{} round {round}: each transfer is there once", stage.engine());
        server.has_not_panicked();
    }
    server.stop();
    let verified = stage.run(&["ledger", "verify"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    assert!(acknowledged > 0, "nothing was acknowledged");
    eprintln!(
        "kill -9 {rounds} times among transfers on {}: {acknowledged} acknowledged, 0 lost, 0 twice; of lists cut off {} were \
         not there, {} were",
        stage.engine(),
        cut_off[0],
        cut_off[1]
    );
}

/// Opens the accounts and has money come in; says how many transfers that took.
pub fn opens(server: &Server, token: &str, expected: &mut BTreeMap<String, i64>) -> usize {
    for number in 0..ACCOUNTS {
        let account =
            json!({ "id": account(number), "currency": "EUR", "bounds": "debits_must_not_exceed_credits" });
        let opened = server.ask(&Request::post("/api/v1/ledger/accounts", &account).bearer(token));
        assert_eq!(opened.status, 201, "{}", opened.text());
    }
    let fund = |number: usize| transfer(number as u128 + 1, "outside:EUR".to_owned(), account(number), FUNDS);
    let funds: Vec<Value> = (0..ACCOUNTS).map(fund).collect();
    let answer = server.ask(&post(token, &funds)).json();
    assert!(results(&answer).iter().all(|result| result == "created"), "{answer}");
    funds.iter().for_each(|transfer| moves(transfer, expected));
    ACCOUNTS
}

fn send_until_it_breaks(address: SocketAddr, token: &str, first: u128, size: usize) -> Vec<Sent> {
    let (mut sent, mut next) = (Vec::new(), first);
    let Ok(mut wire) = Wire::connect(address) else { return sent };
    loop {
        let transfers: Vec<Value> = (next..)
            .take(size)
            .map(|id| {
                let (from, step) = ((id % ACCOUNTS as u128) as usize, 1 + (id / 7) as usize % (ACCOUNTS - 1));
                transfer(id, account(from), account((from + step) % ACCOUNTS), 1 + (id % 97) as i64)
            })
            .collect();
        next += size as u128;
        let Ok(reply) = wire.ask(&post(token, &transfers)) else {
            sent.push(Sent { transfers, acknowledged: false });
            return sent;
        };
        // One that lost too many races was told to come again, and has done nothing.
        let acknowledged = reply.status == 200;
        assert!(acknowledged || reply.status == 409 || reply.status == 503, "{}", reply.text());
        if acknowledged {
            assert!(results(&reply.json()).iter().all(|result| result == "created"), "{}", reply.text());
            sent.push(Sent { transfers, acknowledged });
        }
    }
}

/// Every balance is what follows from the transfers; says how many entries the journal has.
pub fn adds_up(server: &Server, token: &str, expected: &BTreeMap<String, i64>) -> u64 {
    for number in 0..ACCOUNTS {
        let path = format!("/api/v1/ledger/accounts/{}", account(number));
        let books = server.ask(&Request::get(&path).bearer(token)).json();
        assert_eq!(books["balance"], json!(expected[&account(number)]), "{books}");
    }
    let sum: i64 = expected.values().sum();
    assert_eq!(sum, 0, "what is in the accounts has come from outside");
    let report = server.ask(&Request::get("/api/v1/ledger/verification").bearer(token)).json();
    assert_eq!(report["sound"], true, "{report}");
    report["entries"].as_u64().unwrap()
}

/// The request that asks for these transfers.
pub fn post(token: &str, transfers: &[Value]) -> Request {
    // A single one is sent as most callers do.
    let body = if let [one] = transfers { one.clone() } else { json!(transfers) };
    Request::post(TRANSFERS, &body).bearer(token)
}

/// A transfer as it is asked for.
pub fn transfer(id: u128, from: String, to: String, amount: i64) -> Value {
    json!({ "id": TransactionId::from_u128(id).to_string(), "debit_account_id": from, "credit_account_id": to,
        "amount": amount, "currency": "EUR" })
}

/// What a transfer does to the balances.
pub fn moves(transfer: &Value, balances: &mut BTreeMap<String, i64>) {
    let amount = transfer["amount"].as_i64().unwrap();
    for (side, change) in [("debit_account_id", -amount), ("credit_account_id", amount)] {
        *balances.entry(transfer[side].as_str().unwrap().to_owned()).or_default() += change;
    }
}

/// The name of an account.
pub fn account(number: usize) -> String {
    format!("kills:{number}")
}

/// The first id of a client in a round: none is used twice.
fn number(round: u32, client: usize) -> u128 {
    u128::from(round) << 64 | (client as u128 + 1) << 48
}

/// What the ledger says of each transfer.
pub fn results(answer: &Value) -> Vec<String> {
    let each = answer["data"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    each.map(|one| one["result"].as_str().unwrap().to_owned()).collect()
}
