//! What becomes of orders, money, goods and mail when the provider's news come once, five times, late, never, forged or
//! wrong; and when a crowd wants the same few things.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contracts::{Id, UserId};
use ring::hmac;
use serde_json::{Value, json};

use crate::server::{Server, wait_for};
use crate::stage::{Stage, demo_project};
use crate::trade::{Buyer, DECLINED, GOOD, Intent, Shop, WEBHOOK_SECRET, address};
use crate::wire::{Reply, Request};

const PRICE: i64 = 2_500;
/// A quiet payment is asked after by then.
const LOOKED_AFTER: Duration = Duration::from_secs(6 * 60);
/// Shortly before an unpaid order runs out of time, and the rest.
const ALMOST: Duration = Duration::from_secs(29 * 60);
const THE_REST: Duration = Duration::from_secs(2 * 60);

/// One order of two cups in a shop that has ten.
struct Sale<'s> {
    shop: Shop<'s>,
    buyer: Buyer,
    product: String,
    order: String,
    intent: Intent,
}

impl<'s> Sale<'s> {
    fn begin(stage: &Stage, server: &'s Server, name: &str) -> Self {
        let shop = Shop::of(stage, server);
        let variant = shop.sells(name, PRICE, 10);
        let listed = shop.keeps(Request::get(&format!("/api/v1/products?q={name}")));
        let product = listed["data"][0]["id"].as_str().unwrap().to_owned();
        let buyer = shop.buyer(name);
        let order = shop.placed(&buyer, &variant, 2);
        let intent = shop.intent(&buyer, &order);
        Self { shop, buyer, product, order, intent }
    }

    fn pay(&self) {
        let paid = self.shop.pays(&self.intent, GOOD);
        assert_eq!(paid.status, 200, "{}", paid.text());
    }

    /// Paid, everywhere: the order, the payment, the provider, the goods and one mail.
    fn is_paid(&self) {
        let order = self.shop.comes_to(&self.buyer, &self.order, "status", "PAID");
        assert_eq!(order["payment_status"], "paid", "{order}");
        let payment = self.shop.payment(&self.order);
        assert_eq!(
            (&payment["status"], &payment["captured"]),
            (&json!("succeeded"), &json!(2 * PRICE)),
            "{payment}"
        );
        assert_eq!(self.shop.provider_says(&self.intent)["amount_received"], 2 * PRICE);
        wait_for("the goods", || (self.shop.stock(&self.product) == (10, 2)).then_some(()));
        wait_for("the mail", || (self.confirmations() > 0).then_some(()));
        assert_eq!(self.confirmations(), 1, "{:#?}", self.shop.inbox(&self.buyer.mail));
    }

    fn confirmations(&self) -> usize {
        let mails = self.shop.inbox(&self.buyer.mail);
        let says = |mail: &&Value| mail["subject"].as_str().unwrap_or_default().contains("is paid");
        mails.iter().filter(says).count()
    }

    /// What the provider would tell of this payment.
    fn news(&self, id: &str, kind: &str, status: &str, received: i64) -> Value {
        let intent = json!({ "id": self.intent.id, "object": "payment_intent", "status": status, "amount": 2 * PRICE,
            "amount_received": received, "amount_capturable": 0, "currency": "eur", "metadata": {} });
        json!({ "id": id, "object": "event", "api_version": "2026-07-29.dahlia", "created": now_s(), "livemode": false,
            "pending_webhooks": 1, "type": kind, "data": { "object": intent } })
    }

    fn delivers(&self, event: &Value) -> Reply {
        let body = event.to_string();
        let signature = signed(WEBHOOK_SECRET, now_s(), &body);
        self.sends(&body, &signature)
    }

    fn sends(&self, body: &str, signature: &str) -> Reply {
        let request = Request::new("POST", "/api/v1/webhooks/stripe").json(body.to_owned());
        self.shop.server.ask(&request.header("stripe-signature", signature))
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn signed(secret: &str, at_s: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mark = hmac::sign(&key, format!("{at_s}.{body}").as_bytes());
    let hex: String = mark.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

#[test]
fn an_order_is_paid_and_everybody_hears_of_it_once() {
    for stage in Stage::both() {
        let server = stage.start();
        let sale = Sale::begin(&stage, &server, "plain");
        sale.pay();
        sale.is_paid();
        server.has_not_panicked();
    }
}

#[test]
fn news_that_never_come_are_asked_for() {
    for stage in Stage::both() {
        let server = stage.start();
        let sale = Sale::begin(&stage, &server, "lost");
        sale.shop.fault("stripe", "webhook_lost", 20);
        sale.pay();
        sale.shop.time_passes(LOOKED_AFTER);
        sale.is_paid();
    }
}

#[test]
fn news_that_come_twice_late_and_in_any_order_are_one() {
    for stage in Stage::both() {
        let server = stage.start();
        for kind in ["webhook_duplicate", "webhook_late", "webhook_out_of_order"] {
            let sale = Sale::begin(&stage, &server, &kind.replace('_', ""));
            sale.shop.fault("stripe", kind, 5);
            let declined = sale.shop.pays(&sale.intent, DECLINED);
            assert_eq!(declined.status, 402, "{}", declined.text());
            sale.pay();
            sale.is_paid();
        }
        server.has_not_panicked();
    }
}

#[test]
fn one_piece_of_news_five_times_is_one() {
    let stage = Stage::embedded();
    let server = stage.start();
    let sale = Sale::begin(&stage, &server, "five");
    sale.shop.fault("stripe", "webhook_lost", 20);
    sale.pay();
    let success = sale.news("evt_five", "payment_intent.succeeded", "succeeded", 2 * PRICE);
    for _ in 0..5 {
        let taken = sale.delivers(&success);
        assert_eq!(taken.status, 200, "{}", taken.text());
    }
    sale.is_paid();
    let before = sale.news("evt_older", "payment_intent.processing", "processing", 0);
    assert_eq!(sale.delivers(&before).status, 200);
    sale.is_paid();
}

#[test]
fn forged_stale_and_unknown_news_change_nothing() {
    let stage = Stage::embedded();
    let server = stage.start();
    let sale = Sale::begin(&stage, &server, "forged");
    let body = sale.news("evt_forged", "payment_intent.succeeded", "succeeded", 2 * PRICE).to_string();
    let codes = [
        signed("whsec_of_somebody_else", now_s(), &body),
        signed(WEBHOOK_SECRET, now_s() - 3_600, &body),
        String::new(),
    ]
    .map(|signature| {
        let refused = sale.sends(&body, &signature);
        assert_eq!(refused.status, 400, "{}", refused.text());
        refused.json()["code"].as_str().unwrap().to_owned()
    });
    assert_ne!(codes[0], codes[1], "it is told which is wrong");
    let mut unknown = sale.news("evt_unknown", "payment_intent.succeeded", "succeeded", 2 * PRICE);
    unknown["data"]["object"]["id"] = json!("pi_of_nobody");
    let kept = sale.delivers(&unknown);
    assert!([200, 400].contains(&kept.status), "{}", kept.text());
    let order = sale.shop.order(&sale.buyer, &sale.order);
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("PENDING_PAYMENT"), &json!("unpaid")));
    assert_eq!(sale.confirmations(), 0);
    sale.pay();
    sale.is_paid();
}

#[test]
fn a_wrong_amount_is_not_believed() {
    let stage = Stage::embedded();
    let server = stage.start();
    let sale = Sale::begin(&stage, &server, "wrong");
    let wrong = sale.news("evt_wrong", "payment_intent.succeeded", "succeeded", 1);
    assert_eq!(sale.delivers(&wrong).status, 200);
    let payment = sale.shop.payment(&sale.order);
    assert_eq!(payment["needs_review"], true, "{payment}");
    assert_eq!(sale.shop.order(&sale.buyer, &sale.order)["status"], "PENDING_PAYMENT");
    sale.pay();
    sale.is_paid();
}

#[test]
fn money_for_an_order_that_is_over_goes_back() {
    for stage in Stage::both() {
        // Nobody asks after the payment before the order is given up.
        let mut command = stage.command(&["up"]);
        command.env("STOA_PAYMENTS_POLL_AFTER", "2h");
        let server = stage.start_by(command);
        let sale = Sale::begin(&stage, &server, "over");
        sale.shop.time_passes(ALMOST);
        sale.shop.fault("stripe", "webhook_lost", 20);
        sale.pay();
        sale.shop.time_passes(THE_REST);
        sale.shop.comes_to(&sale.buyer, &sale.order, "fulfilment_status", "cancelled");
        sale.shop.time_passes(LOOKED_AFTER);
        wait_for("the money back", || {
            let order = sale.shop.order(&sale.buyer, &sale.order);
            (order["refunded_amount"] == 2 * PRICE && order["status"] == "REFUNDED").then_some(())
        });
        let payment = sale.shop.payment(&sale.order);
        assert_eq!(
            (&payment["status"], &payment["refunded"]),
            (&json!("refunded"), &json!(2 * PRICE)),
            "{payment}"
        );
        wait_for("the goods back", || (sale.shop.stock(&sale.product) == (10, 0)).then_some(()));
        assert_eq!(sale.confirmations(), 0);
    }
}

#[test]
fn two_hundred_buyers_of_twenty_things_buy_twenty() {
    for stage in Stage::both() {
        let server = stage.start();
        let shop = Shop::of(&stage, &server);
        let variant = shop.sells("race", PRICE, 20);
        // The till knows the goods once somebody could buy them: one does, and gives them back.
        let first = shop.buyer("first");
        let order = shop.placed(&first, &variant, 1);
        let back = Request::post(&format!("/api/v1/orders/{order}/cancel"), &json!({})).bearer(&first.token);
        assert_eq!(server.ask(&back).status, 200);
        let buyers: Vec<String> = (0..200)
            .map(|number| {
                let user = UserId::from_u128(0xb000 + number).to_string();
                stage.token_of(&user, demo_project(), &["orders:read", "orders:write"])
            })
            .collect();
        let wanted = json!({ "currency": "EUR", "lines": [{ "variant_id": variant, "quantity": 1 }], "ship_to": address() });
        let answers: Vec<Reply> = thread::scope(|scope| {
            let ask = |token: &String| server.ask(&Request::post("/api/v1/orders", &wanted).bearer(token));
            let all: Vec<_> = buyers.iter().map(|token| scope.spawn(move || ask(token))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let sold = answers.iter().filter(|answer| answer.status == 201).count();
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 201).collect();
        assert_eq!((sold, refused.len()), (20, 180), "{}", stage.engine());
        for answer in refused {
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (409, &json!("not_enough_stock")),
                "{}",
                answer.text()
            );
        }
    }
}

#[test]
fn fifty_refunds_at_once_give_back_no_more_than_was_paid() {
    for stage in Stage::both() {
        let server = stage.start();
        let sale = Sale::begin(&stage, &server, "refunds");
        sale.pay();
        sale.is_paid();
        let payment = sale.shop.payment(&sale.order)["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/payments/{payment}/refund");
        let answers: Vec<u16> = thread::scope(|scope| {
            let ask = || {
                let wanted = json!({ "amount": 150, "reason": "a scratch" });
                server.ask(&Request::post(&path, &wanted).bearer(&sale.shop.keeper)).status
            };
            let all: Vec<_> = (0..50).map(|_| scope.spawn(ask)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let taken = answers.iter().filter(|status| **status < 300).count();
        // 5,000 hold 33 times 150.
        assert_eq!(taken, 33, "{}: {answers:?}", stage.engine());
        wait_for("all of them", || (sale.shop.payment(&sale.order)["refunded"] == 33 * 150).then_some(()));
        let path = format!("/v1/refunds?payment_intent={}&limit=100", sale.intent.id);
        let secret = crate::trade::secret_key(&sale.intent.key);
        let refunds = sale.shop.provider(&Request::get(&path).bearer(&secret)).json();
        let back: i64 =
            refunds["data"].as_array().unwrap().iter().filter_map(|one| one["amount"].as_i64()).sum();
        assert_eq!(back, 33 * 150, "{refunds}");
    }
}

/// Where the trail is drawn for readers; `STOA_TEST_WRITE=1` draws it anew.
const TRAIL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/order-trail.md");

#[test]
fn the_trail_of_an_order_leads_from_the_click_to_the_mail() {
    let stage = Stage::embedded();
    let server = stage.start();
    let sale = Sale::begin(&stage, &server, "trail");
    sale.pay();
    sale.is_paid();
    let order = sale.order.clone();
    let told = "notification.sent";
    wait_for("what notifications tell", || {
        stage.run(&["events", "trail", &order]).out.contains(told).then_some(())
    });
    server.stop();

    // One story: whatever names the order, and all that followed, belongs to the request that placed it.
    let all = stage.run(&["events", "tail", "--after", "0", "--once"]).out;
    let events = all
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.trim_start().split_once(' ')?.1).ok());
    let naming: Vec<Value> = events.filter(|event| event.to_string().contains(&order)).collect();
    let placed = naming.iter().find(|event| event["eventType"] == "order.created").unwrap();
    for event in &naming {
        assert_eq!(event["correlationId"], placed["correlationId"], "{event}");
    }
    let drawn = stage.run(&["events", "trail", &order, "--diagram"]);
    assert_eq!(drawn.code, Some(0), "{}", drawn.err);
    let page = page_of(drawn.out.trim());
    if std::env::var_os("STOA_TEST_WRITE").is_some() {
        std::fs::write(TRAIL, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(TRAIL).unwrap_or_default(), page, "STOA_TEST_WRITE=1 draws it anew");
}

fn page_of(diagram: &str) -> String {
    format!(
        "# The trail of an order\n\nFrom the click to the mail, as `stoa events trail ORDER --diagram` drew it of a real \
         order. An arrow is an event,\nfrom the service that told it to each that heard it; audit hears all of them and \
         is left out. Between\n`payment.intent.created` and `payment.succeeded` the customer paid at the provider, which \
         told us by a webhook.\nAll of it has one correlation id and one trace.\n\n```mermaid\n{diagram}\n```\n"
    )
}
