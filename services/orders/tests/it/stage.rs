//! A running service, a shop with goods, and those who call.

use std::ops::Deref;

use contracts::events::commerce::{Price, ProductChanged, StockAdjusted, VariantFacts};
use contracts::events::{PaymentFailed, PaymentKind, PaymentSucceeded};
use contracts::{Currency, Event, Id, OrderId, PaymentId, ProductId, ProjectId, UserId, VariantId};
use http::Method;
use kernel::store::{Scope, Store};
use kernel::testing::{self, Place};
pub use kernel::testing::{Player, Said};
use serde_json::{Value, json};

/// The service with those whom it hears.
pub struct Stage {
    stage: testing::Stage,
    catalog: Store,
    payments: Store,
}

pub const OWN: &[&str] = &["orders:read", "orders:write"];

/// A customer of project 1.
pub fn ann() -> Player {
    Player::user(1, 1, OWN)
}

/// Another one.
pub fn ben() -> Player {
    Player::user(2, 1, OWN)
}

/// Who runs the shop.
pub fn shop() -> Player {
    Player::user(9, 1, &["orders:manage"])
}

/// The same in another project.
pub fn stranger() -> Player {
    Player::user(1, 2, &["orders:read", "orders:write", "orders:manage"])
}

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

pub fn variant(number: u128) -> VariantId {
    VariantId::from_u128(number)
}

/// A product of one variant, both of this number, at a price in rupees.
pub fn product(number: u128, amount: i64) -> ProductChanged {
    let prices = vec![Price { amount, currency: Currency::INR }];
    let facts = VariantFacts {
        variant_id: variant(number),
        sku: format!("SKU-{number}"),
        title: String::new(),
        prices,
        image_url: None,
    };
    ProductChanged {
        product_id: ProductId::from_u128(number),
        title: format!("Thing {number}"),
        on_sale: true,
        variants: vec![facts],
    }
}

pub fn ship_to() -> Value {
    json!({ "name": "Ann Example", "line1": "12 Mill Lane", "city": "Bengaluru", "postcode": "560001", "country": "IN" })
}

/// An order of variants and how many of each.
pub fn wanted(lines: &[(u128, u32)]) -> Value {
    let line =
        |(number, quantity): &(u128, u32)| json!({ "variant_id": variant(*number), "quantity": quantity });
    json!({ "currency": "INR", "lines": lines.iter().map(line).collect::<Vec<_>>(), "ship_to": ship_to() })
}

/// A payment that says all there is to say.
pub fn payment(order: &str, number: u128, amount: i64) -> PaymentSucceeded {
    PaymentSucceeded {
        order_id: Some(order.parse().unwrap()),
        invoice_id: None,
        top_up_id: None,
        payment_intent_id: format!("pi_{number}"),
        payment_id: Some(PaymentId::from_u128(number)),
        amount: Some(amount),
        currency: Some(Currency::INR),
        user_id: Some(UserId::from_u128(1)),
    }
}

pub fn failed(order: &str, reason: &str) -> PaymentFailed {
    PaymentFailed {
        order_id: Some(order.parse().unwrap()),
        invoice_id: None,
        top_up_id: None,
        payment_intent_id: Some("pi_7".to_owned()),
        payment_id: None,
        kind: PaymentKind::Provider,
        user_id: None,
        reason: Some(reason.to_owned()),
    }
}

/// The id in an answer.
pub fn id(said: &Said) -> String {
    said.body["id"].as_str().unwrap().to_owned()
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage, &Place)) {
    testing::on_both(async |place| {
        let stage = testing::Stage::new(place, orders::service()).await;
        let (catalog, payments) = (stage.neighbour("catalog").await, stage.neighbour("payments").await);
        test(&Stage { stage, catalog, payments }, place).await;
    });
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.stage
    }
}

impl Stage {
    /// The catalog tells of a product.
    pub async fn sells(&self, product: &ProductChanged) {
        let key = product.product_id.to_string();
        self.stage.hear(&self.catalog, Scope::Project(project(1)), &key, product).await;
    }

    /// Goods are counted in, or out.
    pub async fn counts(&self, number: u128, delta: i64) {
        let told = StockAdjusted { variant_id: variant(number), delta, reason: "counted".to_owned() };
        let key = told.variant_id.to_string();
        self.stage.hear(&self.catalog, Scope::Project(project(1)), &key, &told).await;
    }

    /// A product of this number at a price, and so many of it.
    pub async fn stocks(&self, number: u128, amount: i64, count: i64) {
        self.sells(&product(number, amount)).await;
        self.counts(number, count).await;
    }

    /// Payments tells something.
    pub async fn hears<E: Event + Clone>(&self, event: &E) {
        self.stage.hear(&self.payments, Scope::Project(project(1)), "pay", event).await;
    }

    /// Ann orders; returns the order's id.
    pub async fn order(&self, lines: &[(u128, u32)]) -> String {
        id(&self.post(&ann(), "/api/v1/orders", &wanted(lines)).await.expect(201))
    }

    /// An order that Ann has paid in full, and its id.
    pub async fn paid(&self, lines: &[(u128, u32)], amount: i64) -> String {
        let order = self.order(lines).await;
        self.hears(&payment(&order, 1, amount)).await;
        order
    }

    /// An order as the shop sees it.
    pub async fn sees(&self, order: &str) -> Value {
        self.get(&shop(), &format!("/api/v1/orders/{order}")).await.expect(200).body
    }

    /// The three axes of an order.
    pub async fn axes(&self, order: &str) -> [String; 3] {
        let seen = self.sees(order).await;
        ["status", "payment_status", "fulfilment_status"].map(|axis| seen[axis].as_str().unwrap().to_owned())
    }

    /// What happened to an order, in words.
    pub async fn history(&self, order: &str) -> Vec<String> {
        let seen = self.sees(order).await;
        let each = seen["timeline"].as_array().unwrap().iter();
        each.map(|told| told["what"].as_str().unwrap().to_owned()).collect()
    }

    /// A move of an order.
    pub async fn does(&self, who: &Player, order: &str, what: &str, body: &Value) -> Said {
        self.post(who, &format!("/api/v1/orders/{order}/{what}"), body).await
    }

    pub async fn cancels(&self, who: &Player, order: &str) -> Said {
        self.ask(Method::POST, &format!("/api/v1/orders/{order}/cancel"), Some(who), None, &[]).await
    }

    /// What was told under one name.
    pub async fn told_of(&self, kind: &str) -> Vec<Value> {
        self.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, data)| data).collect()
    }

    /// What is there of a variant, what of it is held, and what is short.
    pub async fn stock(&self, number: u128) -> (i64, i64, i64) {
        let found = self.running.store().read(Scope::Project(project(1)), move |tx| {
            tx.one(
                "select on_hand, held, short from stock where project_id = $1 and variant_id = $2",
                kernel::params![tx.project()?, variant(number)],
            )
        });
        found.await.map_err(|error: kernel::store::StoreError| error.to_string()).unwrap()
    }
}

pub fn order_id(text: &str) -> OrderId {
    text.parse().unwrap()
}

/// All of them at once.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        let mut pending = false;
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
    })
    .await
}
