//! Payments between people from outside: whole or not at all, told once, and no money made or lost, whenever
//! everything dies.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::kill9::Dice;
use crate::server::{Server, wait_for};
use crate::stage::Stage;
use crate::trade::{Buyer, Shop};
use crate::wire::{Request, Wire};

/// What each of them begins with.
pub const TOPPED_UP: i64 = 1_000_000;
/// Longer than the lease of a job whose worker died.
const A_LEASE: Duration = Duration::from_secs(2 * 60);
/// Half a second each, and two minutes of the sandbox.
const ROUNDS_MAX: u32 = 120;

/// Somebody with a wallet.
pub struct Owner {
    pub person: Buyer,
    pub account: String,
}

impl Owner {
    /// Somebody new with money in their wallet.
    pub fn new(shop: &Shop<'_>, name: &str) -> Self {
        let person = shop.buyer(name);
        let mine = Request::get("/api/v1/accounts").bearer(&person.token);
        let account = wait_for("the account", || {
            shop.server.ask(&mine).json()["data"][0]["id"].as_str().map(str::to_owned)
        });
        let legs = json!({ "legs": [{ "debit_account_id": "outside:EUR", "credit_account_id": account,
            "amount": TOPPED_UP, "currency": "EUR" }] });
        let top_up = Request::post("/api/v1/ledger/transactions", &legs).bearer(&shop.keeper);
        wait_for("the money", || (shop.server.ask(&top_up).status == 201).then_some(()));
        let owner = Self { person, account };
        wait_for("the balance", || (owner.balance(shop.server) == TOPPED_UP).then_some(()));
        owner
    }

    fn balance(&self, server: &Server) -> i64 {
        self.look(server)["balance"].as_i64().unwrap()
    }

    fn look(&self, server: &Server) -> Value {
        server
            .ask(&Request::get(&format!("/api/v1/accounts/{}", self.account)).bearer(&self.person.token))
            .json()
    }

    /// Asks for a payment; nothing once the server is gone.
    pub fn pays(&self, server: &Server, to: &Self, amount: i64) -> Option<(u16, Value)> {
        let wanted = json!({ "from_account": self.account, "to": to.person.mail, "amount": amount, "currency": "EUR" });
        let request = Request::post("/api/v1/wallet/payments", &wanted).bearer(&self.person.token);
        let reply = Wire::connect(server.address()).ok()?.ask(&request).ok()?;
        Some((reply.status, reply.json()))
    }

    fn payment(&self, server: &Server, id: &str) -> Value {
        server.ask(&Request::get(&format!("/api/v1/wallet/payments/{id}")).bearer(&self.person.token)).json()
    }
}

fn all_payments(shop: &Shop<'_>) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.keeps(Request::get(&format!("/api/v1/wallet/payments?limit=100{cursor}")));
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn is_over(payment: &Value) -> bool {
    payment["status"] == "completed" || payment["status"] == "failed"
}

#[test]
fn one_pays_another_and_both_see_it() {
    for stage in Stage::both() {
        let server = stage.start();
        let shop = Shop::of(&stage, &server);
        let (ann, ben) = (Owner::new(&shop, "ann"), Owner::new(&shop, "ben"));
        let (status, payment) = ann.pays(&server, &ben, 1_500).unwrap();
        assert_eq!(status, 202, "{payment}");
        let id = payment["id"].as_str().unwrap();
        wait_for("the payment", || (ann.payment(&server, id)["status"] == "completed").then_some(()));
        wait_for("the balances", || {
            let balances = (ann.balance(&server), ben.balance(&server));
            (balances == (TOPPED_UP - 1_500, TOPPED_UP + 1_500)).then_some(())
        });
        let (_, refused) = ann.pays(&server, &ben, 0).unwrap();
        assert_eq!(refused["code"], "invalid_input", "{refused}");
        let frozen = json!({ "reason": "a lost phone" });
        shop.keeps(Request::post(&format!("/api/v1/accounts/{}/freeze", ann.account), &frozen));
        let (status, refused) = ann.pays(&server, &ben, 100).unwrap();
        assert_eq!(status, 409, "{refused}");
        assert_eq!(ann.balance(&server) + ben.balance(&server), 2 * TOPPED_UP);
        server.stop();
        let verified = stage.run(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
        assert!(verified.out.contains("whole"), "{}", verified.out);
    }
}

#[test]
fn wallets_survive_kill_9_on_files() {
    survive(&Stage::embedded());
}

#[test]
fn wallets_survive_kill_9_on_postgres() {
    let Some(stage) = Stage::postgres() else { return };
    survive(&stage);
}

fn survive(stage: &Stage) {
    let rounds: u32 = std::env::var("STOA_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4);
    let mut dice = Dice::new();
    let mut server = start(stage);
    let owners: Vec<Owner> =
        ["ann", "ben", "cem"].map(|name| Owner::new(&Shop::of(stage, &server), name)).into();
    for _ in 0..rounds {
        let life = Duration::from_millis(dice.between(100, 1_500));
        let amounts: Vec<i64> = (0..64).map(|_| dice.between(1, 500) as i64).collect();
        thread::scope(|scope| {
            for (at, owner) in owners.iter().enumerate() {
                let (server, amounts, next) = (&server, &amounts, &owners[(at + 1) % owners.len()]);
                scope.spawn(move || {
                    amounts.iter().cycle().try_for_each(|amount| owner.pays(server, next, *amount).map(drop))
                });
            }
            // The moment of the crash is what this test is about.
            thread::sleep(life);
            server.kill_now();
        });
        drop(server);
        server = start(stage);
    }
    let shop = Shop::of(stage, &server);
    for round in 0.. {
        let open: Vec<Value> = all_payments(&shop).into_iter().filter(|payment| !is_over(payment)).collect();
        if open.is_empty() {
            break;
        }
        assert!(
            round < ROUNDS_MAX,
            "{}: {} payments do not end: {:#?}",
            stage.engine(),
            open.len(),
            open.first()
        );
        shop.time_passes(A_LEASE);
        thread::sleep(Duration::from_millis(500));
    }
    let payments = all_payments(&shop);
    let done: Vec<&Value> = payments.iter().filter(|payment| payment["status"] == "completed").collect();
    assert!(!done.is_empty(), "nothing was paid");
    // What each has follows from what was completed, to the cent, in the wallet and in the books.
    for owner in &owners {
        let sum = |field: &str| -> i64 {
            let theirs = done.iter().filter(|payment| payment[field] == owner.account.as_str());
            theirs.map(|payment| payment["amount"].as_i64().unwrap()).sum()
        };
        let expected = TOPPED_UP + sum("to_account") - sum("from_account");
        wait_for("the balance", || (owner.balance(&server) == expected).then_some(()));
        let look = owner.look(&server);
        assert_eq!((&look["available"], &look["held"]), (&json!(expected), &json!(0)), "{look}");
        let books = shop.keeps(Request::get(&format!("/api/v1/ledger/accounts/{}", owner.account)));
        assert_eq!((&books["balance"], &books["available"]), (&json!(expected), &json!(expected)), "{books}");
    }
    server.has_not_panicked();
    server.stop();
    let verified = stage.run(&["ledger", "verify"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    eprintln!(
        "kill -9 {rounds} times among wallets on {}: {} payments done, {} failed, every balance follows",
        stage.engine(),
        done.len(),
        payments.len() - done.len()
    );
}

/// A server where nobody has paid enough to be stopped for it, and nobody takes long to look at what seems odd.
fn start(stage: &Stage) -> Server {
    let mut command = stage.command(&["up"]);
    for level in ["UNVERIFIED", "BASIC", "FULL"] {
        command.env(format!("STOA_WALLET_LIMITS_{level}"), "1000000/100000000/1000000000");
    }
    command.env("STOA_WALLET_REVIEW_TIMEOUT", "10m");
    stage.start_by(command)
}
