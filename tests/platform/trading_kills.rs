//! kill -9 of everything, the sandbox's providers included, at random points between click and mail: afterwards every
//! order is paid and told of once, or unpaid with its goods given back, and the provider agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::kill9::Dice;
use crate::server::{Server, wait_for};
use crate::stage::Stage;
use crate::trade::{Buyer, GOOD, Intent, Shop, secret_key};
use crate::wire::{Request, Wire};

const BUYERS: usize = 3;
const ON_HAND: i64 = 100_000;
/// The inbox keeps a thousand mails; it is read often enough that none is forgotten unread.
const ROUNDS_A_READING: u32 = 5;
/// Half a second each, and two minutes of the sandbox.
const ROUNDS_MAX: u32 = 120;
/// What reached somebody.
#[derive(Default)]
struct Mails {
    /// Those of the inbox that were read.
    read: BTreeSet<String>,
    /// By the order that they name, the Message-IDs of the mails about it. One whose fate was not known when we died is
    /// sent again under the same Message-ID, which readers show once.
    by_order: BTreeMap<String, BTreeSet<String>>,
}

/// Longer than the lease of a job whose worker died.
const A_LEASE: Duration = Duration::from_secs(2 * 60);
const A_LOOK: Duration = Duration::from_secs(6 * 60);
const TOO_LONG: Duration = Duration::from_secs(31 * 60);

#[test]
fn orders_survive_kill_9_on_files() {
    survive(&Stage::embedded());
}

#[test]
fn orders_survive_kill_9_on_postgres() {
    let Some(stage) = Stage::postgres() else { return };
    survive(&stage);
}

fn survive(stage: &Stage) {
    let rounds: u32 = std::env::var("STOA_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4);
    let mut dice = Dice::new();
    let mut server = stage.start();
    let variant = Shop::of(stage, &server).sells("kills", 1_000, ON_HAND);
    let buyers: Vec<Buyer> =
        (0..BUYERS).map(|number| Shop::of(stage, &server).buyer(&format!("kill{number}"))).collect();
    Shop::of(stage, &server).placed(&buyers[0], &variant, 1);
    let mut mails: Vec<Mails> = (0..BUYERS).map(|_| Mails::default()).collect();
    for round in 1..=rounds {
        let life = Duration::from_millis(dice.between(100, 1_500));
        thread::scope(|scope| {
            for buyer in &buyers {
                let (shop, variant) = (Shop::of(stage, &server), &variant);
                scope.spawn(move || while buys(&shop, buyer, variant).is_some() {});
            }
            // The moment of the crash is what this test is about.
            thread::sleep(life);
            server.kill_now();
        });
        drop(server);
        server = stage.start();
        if round.is_multiple_of(ROUNDS_A_READING) {
            let shop = Shop::of(stage, &server);
            buyers.iter().zip(&mut mails).for_each(|(buyer, mails)| read_mails(&shop, buyer, mails));
        }
    }
    settle(stage, &server, &buyers);
    agree(stage, &server, &buyers, &mut mails, rounds);
    server.has_not_panicked();
}

/// One order from click to card; nothing once the server is gone.
fn buys(shop: &Shop<'_>, buyer: &Buyer, variant: &str) -> Option<()> {
    let ask = |request: &Request| Wire::connect(shop.server.address()).ok()?.ask(request).ok();
    let wanted = serde_json::json!({ "currency": "EUR", "lines": [{ "variant_id": variant, "quantity": 1 }],
        "ship_to": crate::trade::address() });
    let placed = ask(&Request::post("/api/v1/orders", &wanted).bearer(&buyer.token))?;
    let order = placed.json()["id"].as_str()?.to_owned();
    let path = format!("/api/v1/payments/by-order/{order}/client-secret");
    let secret = ask(&Request::get(&path).bearer(&buyer.token))?.json();
    let (secret, key) =
        (secret["client_secret"].as_str()?.to_owned(), secret["publishable_key"].as_str()?.to_owned());
    let id = secret.split("_secret").next()?.to_owned();
    let form = format!("client_secret={secret}&payment_method={GOOD}");
    let confirm = Request::new("POST", &format!("/v1/payment_intents/{id}/confirm")).with(&form).bearer(&key);
    let confirm = confirm.header("content-type", "application/x-www-form-urlencoded");
    Wire::connect(shop.sandbox).ok()?.ask(&confirm).ok().map(drop)
}

/// Lets time pass until all that was begun has come to an end.
fn settle(stage: &Stage, server: &Server, buyers: &[Buyer]) {
    let shop = Shop::of(stage, server);
    for time in [A_LEASE, A_LOOK, A_LOOK, TOO_LONG, A_LEASE, A_LOOK] {
        shop.time_passes(time);
        thread::sleep(Duration::from_millis(500));
    }
    for round in 0.. {
        let open: Vec<Value> =
            buyers.iter().flat_map(|buyer| orders(stage, server, buyer)).filter(is_open).collect();
        if open.is_empty() {
            return;
        }
        assert!(
            round < ROUNDS_MAX,
            "{}: {} orders do not end: {:#?}",
            stage.engine(),
            open.len(),
            open.first()
        );
        shop.time_passes(A_LEASE);
        thread::sleep(Duration::from_millis(500));
    }
}

/// It waits for its money, or its money is on its way back.
fn is_open(order: &Value) -> bool {
    order["status"] == "PENDING_PAYMENT"
        || order["status"] == "CANCELLED" && order["payment_status"] == "paid"
}

fn orders(stage: &Stage, server: &Server, buyer: &Buyer) -> Vec<Value> {
    let shop = Shop::of(stage, server);
    let me = server.ask(&Request::get("/api/v1/users/me").bearer(&fresh(&shop, buyer))).json();
    let user = me["id"].as_str().unwrap().to_owned();
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.keeps(Request::get(&format!("/api/v1/orders?user_id={user}&limit=100{cursor}")));
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The sandbox's clock went on, but tokens are checked by the wall's: a buyer is who they were.
fn fresh(_: &Shop<'_>, buyer: &Buyer) -> String {
    buyer.token.clone()
}

fn agree(stage: &Stage, server: &Server, buyers: &[Buyer], mails: &mut [Mails], rounds: u32) {
    let shop = Shop::of(stage, server);
    let (mut paid, mut over, mut promised) = (0, 0, 0);
    for (buyer, mails) in buyers.iter().zip(mails) {
        let mut told: BTreeSet<String> = BTreeSet::new();
        for order in orders(stage, server, buyer) {
            let id = order["id"].as_str().unwrap();
            let payment = shop.payment(id);
            let provider = payment["provider_ref"].as_str().map(|intent| {
                let intent = Intent { id: intent.into(), secret: String::new(), key: "pk_test_stoa".into() };
                assert_eq!(secret_key(&intent.key), "sk_test_stoa");
                shop.provider_says(&intent)
            });
            let took = provider.as_ref().is_some_and(|intent| intent["status"] == "succeeded");
            match order["status"].as_str().unwrap() {
                "PAID" => {
                    assert!(took, "{id} is paid and the provider has no money: {provider:?}");
                    paid += 1;
                    promised += 1;
                    told.insert(order["number"].to_string());
                }
                // Money that came too late has gone back.
                "REFUNDED" => {
                    assert!(
                        took && order["refunded_amount"] == order["amount"],
                        "{id}: {order} {provider:?}"
                    );
                    over += 1;
                }
                "CANCELLED" => {
                    assert!(
                        !took,
                        "{id} came to nothing and the provider has its money: {order} {provider:?}"
                    );
                    over += 1;
                }
                other => panic!("{id} is {other}: {order}"),
            }
        }
        wait_for(&format!("{} mails to {}", told.len(), buyer.mail), || {
            read_mails(&shop, buyer, mails);
            (mails.by_order.len() >= told.len()).then_some(())
        });
        assert_eq!(
            mails.by_order.len(),
            told.len(),
            "{}: a mail for each order that is paid, and for no other",
            buyer.mail
        );
        let twice: Vec<_> = mails.by_order.iter().filter(|(_, names)| names.len() > 1).collect();
        assert!(twice.is_empty(), "told of twice: {twice:#?}");
    }
    let listed = shop.keeps(Request::get("/api/v1/products?q=kills"));
    let product = listed["data"][0]["id"].as_str().unwrap();
    wait_for("the goods", || (shop.stock(product) == (ON_HAND, promised)).then_some(()));
    eprintln!(
        "kill -9 {rounds} times between click and mail on {}: {paid} orders paid and told of once, {over} given up",
        stage.engine()
    );
    assert!(paid > 0, "nobody paid");
}

/// Reads the confirmations that reached somebody, and that the inbox still has.
fn read_mails(shop: &Shop<'_>, buyer: &Buyer, mails: &mut Mails) {
    let mut cursor = String::new();
    loop {
        let page = shop
            .provider(&Request::get(&format!("/inbox/messages?to={}&limit=100{cursor}", buyer.mail)))
            .json();
        for mail in page["data"].as_array().unwrap() {
            let (subject, id) = (mail["subject"].as_str().unwrap(), mail["id"].as_str().unwrap());
            if subject.ends_with("is paid") && mails.read.insert(id.to_owned()) {
                mails.by_order.entry(subject.to_owned()).or_default().insert(message_id(shop, id));
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
}

fn message_id(shop: &Shop<'_>, id: &str) -> String {
    let mail = shop.provider(&Request::get(&format!("/inbox/{id}/raw"))).text();
    let line = mail.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    line.unwrap().trim().to_owned()
}
