//! A shop's day from outside: who buys, who sells, and the provider between them, each over HTTP as in life.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::person::{PASSWORD, text};
use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage, demo_project};
use crate::wire::{Reply, Request, Wire};

/// The secret with which the sandbox signs its webhooks, and with which ours are told to check them.
pub const WEBHOOK_SECRET: &str = "whsec_stoa_sandbox";
/// Cards by what becomes of them.
pub const GOOD: &str = "pm_card_visa";
pub const DECLINED: &str = "pm_card_visa_chargeDeclined";

/// A shop that is open.
pub struct Shop<'s> {
    pub server: &'s Server,
    /// Where the provider, and the inbox of mail and messages, answer.
    pub sandbox: SocketAddr,
    /// Of one who may do everything in the shop.
    pub keeper: String,
}

/// Somebody who buys.
pub struct Buyer {
    pub mail: String,
    pub token: String,
}

/// A payment as the buyer's browser knows it.
pub struct Intent {
    pub id: String,
    pub secret: String,
    pub key: String,
}

impl<'s> Shop<'s> {
    /// The shop of the demo.
    pub fn of(stage: &Stage, server: &'s Server) -> Self {
        Self { server, sandbox: server.sandbox(), keeper: stage.token(demo_project(), ALL) }
    }

    /// Asks as the keeper; the answer has to be good.
    pub fn keeps(&self, request: Request) -> Value {
        let reply = self.server.ask(&request.clone().bearer(&self.keeper));
        assert!(reply.status < 300, "{} {}: {} {}", request.method, request.path, reply.status, reply.text());
        reply.json()
    }

    /// Puts something on sale; answers with its variant.
    pub fn sells(&self, title: &str, price: i64, on_hand: i64) -> String {
        let product = json!({ "title": title, "status": "on_sale", "variants": [
            { "sku": title, "title": "", "prices": [{ "amount": price, "currency": "EUR" }], "on_hand": on_hand }] });
        let made = self.keeps(Request::post("/api/v1/products", &product));
        made["variants"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Somebody who has just registered.
    pub fn buyer(&self, name: &str) -> Buyer {
        let mail = format!("{name}@buyers.example");
        let account = json!({ "email": mail, "password": PASSWORD, "name": name });
        let registered = self.server.post("/api/v1/auth/register", &account);
        assert_eq!(registered.status, 202, "{}", registered.text());
        let entered = self.server.post("/api/v1/auth/login", &account_of(&mail));
        assert_eq!(entered.status, 200, "{}", entered.text());
        Buyer { token: text(&entered, "access_token"), mail }
    }

    /// What is answered to an order of so many of one thing.
    pub fn orders(&self, buyer: &Buyer, variant: &str, quantity: u32) -> Reply {
        let wanted = json!({ "currency": "EUR", "lines": [{ "variant_id": variant, "quantity": quantity }],
            "ship_to": address() });
        self.server.ask(&Request::post("/api/v1/orders", &wanted).bearer(&buyer.token))
    }

    /// Places an order, once the shop's till knows the goods; answers with its id.
    pub fn placed(&self, buyer: &Buyer, variant: &str, quantity: u32) -> String {
        let placed = wait_for("an order that is taken", || {
            let reply = self.orders(buyer, variant, quantity);
            (reply.status == 201).then_some(reply)
        });
        text(&placed, "id")
    }

    /// The order as its buyer sees it.
    pub fn order(&self, buyer: &Buyer, order: &str) -> Value {
        let reply = self.server.ask(&Request::get(&format!("/api/v1/orders/{order}")).bearer(&buyer.token));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Waits until the order says this of itself.
    pub fn comes_to(&self, buyer: &Buyer, order: &str, field: &str, value: &str) -> Value {
        let mut last = Value::Null;
        wait_for(&format!("{order}: {field} = {value}"), || {
            last = self.order(buyer, order);
            (last[field] == value).then_some(())
        });
        last
    }

    /// What lets the buyer pay.
    pub fn intent(&self, buyer: &Buyer, order: &str) -> Intent {
        let path = format!("/api/v1/payments/by-order/{order}/client-secret");
        let reply = wait_for("the client secret", || {
            let reply = self.server.ask(&Request::get(&path).bearer(&buyer.token));
            (reply.status == 200).then_some(reply)
        });
        let secret = text(&reply, "client_secret");
        let id = secret.split("_secret").next().unwrap().to_owned();
        Intent { id, secret, key: text(&reply, "publishable_key") }
    }

    /// Confirms with a card, as the buyer's browser does.
    pub fn pays(&self, intent: &Intent, card: &str) -> Reply {
        let form = format!("client_secret={}&payment_method={card}", intent.secret);
        let path = format!("/v1/payment_intents/{}/confirm", intent.id);
        let request = Request::new("POST", &path).with(&form).bearer(&intent.key);
        self.provider(&request.header("content-type", "application/x-www-form-urlencoded"))
    }

    /// Asks the provider.
    pub fn provider(&self, request: &Request) -> Reply {
        Wire::connect(self.sandbox).unwrap().ask(request).unwrap()
    }

    /// What the provider thinks of a payment.
    pub fn provider_says(&self, intent: &Intent) -> Value {
        let path = format!("/v1/payment_intents/{}", intent.id);
        let reply = self.provider(&Request::get(&path).bearer(&secret_key(&intent.key)));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// The payment of an order, as the keeper sees it.
    pub fn payment(&self, order: &str) -> Value {
        let found = self.keeps(Request::get(&format!("/api/v1/payments?order_id={order}")));
        found["data"][0].clone()
    }

    /// Has the provider misbehave.
    pub fn fault(&self, provider: &str, kind: &str, times: u32) {
        let wanted = json!({ "provider": provider, "kind": kind, "times": times });
        let reply = self.provider(&Request::post("/sandbox/faults", &wanted));
        assert!(reply.status < 300, "{}", reply.text());
    }

    /// The mails and messages that reached somebody, newest first.
    pub fn inbox(&self, to: &str) -> Vec<Value> {
        let reply = self.provider(&Request::get(&format!("/inbox/messages?to={to}&limit=100")));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"].as_array().unwrap().clone()
    }

    /// The mails to somebody whose subject holds this.
    pub fn mails(&self, to: &str, subject: &str) -> usize {
        let says = |mail: &&Value| mail["subject"].as_str().is_some_and(|text| text.contains(subject));
        self.inbox(to).iter().filter(says).count()
    }

    /// Moves the sandbox's clock.
    pub fn time_passes(&self, time: Duration) {
        self.keeps(Request::post("/api/v1/sandbox/clock", &json!({ "seconds": time.as_secs() })));
    }

    /// How many of a variant there are: in the store, and promised to orders.
    pub fn stock(&self, product: &str) -> (i64, i64) {
        let product = self.keeps(Request::get(&format!("/api/v1/products/{product}")));
        let variant = &product["variants"][0];
        (variant["on_hand"].as_i64().unwrap(), variant["committed"].as_i64().unwrap())
    }
}

/// Where the parcels go.
pub fn address() -> Value {
    json!({ "name": "Nina Gray", "line1": "1 High Street", "city": "Dublin", "postcode": "D02", "country": "IE" })
}

fn account_of(mail: &str) -> Value {
    json!({ "email": mail, "password": PASSWORD })
}

/// The secret key of the account of which this is the publishable one.
pub fn secret_key(publishable: &str) -> String {
    publishable.replacen("pk_", "sk_", 1)
}
