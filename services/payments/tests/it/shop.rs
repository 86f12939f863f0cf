//! A shop that takes money: payments with orders beside it and a Stripe to talk to.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use contracts::events::OrderCreated;
use contracts::events::access::UserErased;
use contracts::events::commerce::{CancelReason, OrderCancelled, RefundRequested};
use contracts::events::funding::{
    TopUpExpired, TopUpRequested, WithdrawalCancelRequested, WithdrawalRequested, WithdrawalReserved,
};
use contracts::events::wallet::{RiskAssessed, RiskDecision};
use contracts::{
    Currency, Event, Id, OrderId, ProjectId, RefundId, TopUpId, UserId, WalletAccountId, WithdrawalId,
};
use http::{Method, Request};
use kernel::store::{Scope, Store};
pub use kernel::testing::Said;
use kernel::testing::{self, Place, Player};
use ring::hmac;
use serde_json::{Value, json};

use crate::stripe::Stripe;

pub const SECRET: &str = "whsec_demo_secret";
pub const ALL: &[&str] = &["payments:read", "payments:write", "payments:manage"];
const OWN: &[&str] = &["payments:read", "payments:write"];

/// The service with everything around it.
pub struct Shop {
    pub stage: testing::Stage,
    pub stripe: Stripe,
    /// Whoever else there is: orders, wallet, ledger, fraud detection, identity.
    others: Store,
}

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

pub fn order(number: u128) -> OrderId {
    OrderId::from_u128(number)
}

pub fn top_up(number: u128) -> TopUpId {
    TopUpId::from_u128(number)
}

pub fn withdrawal(number: u128) -> WithdrawalId {
    WithdrawalId::from_u128(number)
}

/// A customer of project 1.
pub fn ann() -> Player {
    Player::user(1, 1, OWN)
}

/// Another one.
pub fn ben() -> Player {
    Player::user(2, 1, OWN)
}

/// A program of project 1 that may do everything.
pub fn clerk() -> Player {
    Player::program(1, 1, ALL)
}

/// The same in another project.
pub fn stranger() -> Player {
    Player::program(2, 2, ALL)
}

/// Runs the test on each engine.
pub fn shops(test: impl AsyncFn(&Shop)) {
    shops_with(&[], test);
}

/// Runs the test on each engine, with settings of its own.
pub fn shops_with(settings: &[(&str, &str)], test: impl AsyncFn(&Shop)) {
    testing::on_both(async |place| test(&Shop::open(place, settings).await).await);
}

impl Shop {
    async fn open(place: &Place, more: &[(&str, &str)]) -> Self {
        let stripe = Stripe::open().await;
        let url = stripe.url();
        let mut settings = vec![
            ("payments.stripe.url", url.as_str()),
            ("payments.stripe.secret_key", "sk_test_of_the_shop"),
            ("payments.stripe.publishable_key", "pk_test_of_the_shop"),
            ("payments.stripe.webhook_secrets", "whsec_new,whsec_demo_secret"),
        ];
        settings.extend(more);
        let stage = testing::Stage::with(place, payments::service(), &settings).await;
        let others = stage.neighbour("orders").await;
        Self { stage, stripe, others }
    }

    async fn hears<E: Event + Clone>(&self, key: impl ToString, event: &E) {
        self.stage.hear(&self.others, Scope::Project(project(1)), &key.to_string(), event).await;
    }

    /// Ann orders for 19.99; the payment is not made known yet.
    pub async fn ordered(&self, number: u128) {
        let told = OrderCreated {
            order_id: order(number),
            amount: 1999,
            currency: Currency::USD,
            user_id: UserId::from_u128(1),
        };
        self.hears(order(number), &told).await;
    }

    pub async fn cancelled(&self, number: u128) {
        let told = OrderCancelled {
            order_id: order(number),
            user_id: UserId::from_u128(1),
            reason: CancelReason::Expired,
        };
        self.hears(order(number), &told).await;
    }

    pub async fn refund_requested(&self, refund: u128, of: u128, amount: Option<i64>) {
        let told = RefundRequested {
            refund_id: RefundId::from_u128(refund),
            order_id: order(of),
            amount,
            reason: "It was broken.".into(),
        };
        self.hears(order(of), &told).await;
    }

    /// Ann wants 50.00 in her wallet.
    pub async fn top_up_requested(&self, number: u128) {
        let told = TopUpRequested {
            top_up_id: top_up(number),
            account_id: WalletAccountId::from_u128(1),
            user_id: UserId::from_u128(1),
            amount: 5000,
            currency: Currency::USD,
        };
        self.hears(top_up(number), &told).await;
    }

    /// 30.00 of Ann's are set aside to be paid out.
    pub async fn withdrawal_reserved(&self, number: u128) {
        let withdrawal = WithdrawalRequested {
            withdrawal_id: withdrawal(number),
            account_id: WalletAccountId::from_u128(1),
            user_id: UserId::from_u128(1),
            amount: 3000,
            currency: Currency::USD,
            destination: "****_ann".into(),
            sealed_destination: Some(self.sealed(number, "ba_of_ann")),
        };
        self.hears(self::withdrawal(number), &WithdrawalReserved { withdrawal }).await;
    }

    /// Where a withdrawal goes, as the wallet tells it.
    fn sealed(&self, number: u128, destination: &str) -> String {
        let sealed_for = WithdrawalRequested::sealed_for(withdrawal(number));
        self.stage.running.store().keys().keyring.seal(&sealed_for, destination.as_bytes()).unwrap()
    }

    /// A withdrawal is wanted no more.
    pub async fn withdrawal_unwanted(&self, number: u128) {
        let told =
            WithdrawalCancelRequested { withdrawal_id: withdrawal(number), reason: "cancelled".to_owned() };
        self.hears(withdrawal(number), &told).await;
    }

    /// Nobody has paid a top-up in time.
    pub async fn top_up_expired(&self, number: u128) {
        self.hears(top_up(number), &TopUpExpired { top_up_id: top_up(number) }).await;
    }

    /// Fraud detection has judged what has this name.
    pub async fn judged(&self, name: impl ToString, decision: RiskDecision) {
        let told = RiskAssessed { payment_id: name.to_string(), decision, score: 900, reasons: Vec::new() };
        self.hears(name, &told).await;
    }

    pub async fn erased(&self, number: u128) {
        let user_id = UserId::from_u128(number);
        self.hears(user_id, &UserErased { user_id }).await;
    }

    /// Ann orders and the provider knows: the payment's id.
    pub async fn opened(&self) -> String {
        self.ordered(1).await;
        self.work().await;
        let payment = self.of_order(1).await;
        assert_eq!(payment["status"], "pending", "{payment}");
        payment["id"].as_str().unwrap().to_owned()
    }

    /// Ann orders and pays: the payment's id.
    pub async fn paid(&self) -> String {
        let id = self.opened().await;
        self.pay_in_browser("pi_1").await;
        assert_eq!(self.status(&id).await, "succeeded");
        id
    }

    /// The customer's browser confirms, and Stripe tells us.
    pub async fn pay_in_browser(&self, intent: &str) {
        let paid = self.stripe.change(intent, json!({ "status": "succeeded", "amount_received": 1999 }));
        self.told_by_stripe(&format!("evt_paid_{intent}"), "payment_intent.succeeded", &paid)
            .await
            .expect(200);
    }

    /// The newest payment of an order.
    pub async fn of_order(&self, number: u128) -> Value {
        let said = self.get(&clerk(), &format!("/api/v1/payments?order_id={}", order(number))).await;
        said.expect(200).body["data"][0].clone()
    }

    pub async fn payment(&self, id: &str) -> Value {
        self.get(&clerk(), &format!("/api/v1/payments/{id}")).await.expect(200).body
    }

    pub async fn status(&self, id: &str) -> String {
        self.payment(id).await["status"].as_str().unwrap().to_owned()
    }

    /// What was asked and said: the name and the result of each attempt.
    pub async fn attempts(&self, id: &str) -> Vec<(String, String)> {
        let said = self.get(&clerk(), &format!("/api/v1/payments/{id}/attempts?limit=200")).await;
        let rows = said.expect(200).body["data"].as_array().unwrap().clone();
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(row, "what"), text(row, "result"))).collect()
    }

    /// A message of Stripe's about an object, rightly signed now.
    pub async fn told_by_stripe(&self, event: &str, kind: &str, object: &Value) -> Said {
        self.deliver(&message(event, kind, self.now_s(), object), None).await
    }

    /// Sends a message; without a signature it is signed rightly and now.
    pub async fn deliver(&self, body: &str, signature: Option<&str>) -> Said {
        let signature = signature.map_or_else(|| sign(SECRET, self.now_s(), body), str::to_owned);
        self.deliver_to("/api/v1/webhooks/stripe", body, &signature).await
    }

    pub async fn deliver_to(&self, path: &str, body: &str, signature: &str) -> Said {
        let request = Request::builder().method(Method::POST).uri(path).header("stripe-signature", signature);
        let request = request.header("content-type", "application/json; charset=utf-8");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub fn now_s(&self) -> i64 {
        self.clock.now().as_millis() / 1000
    }

    /// Asks for something that waits for a job, and does the jobs meanwhile.
    pub async fn working<T>(&self, asked: impl Future<Output = T>) -> T {
        let mut asked = pin!(asked);
        loop {
            tokio::select! {
                said = &mut asked => return said,
                () = tokio::time::sleep(Duration::from_millis(10)) => self.work().await,
            }
        }
    }

    /// The types of the events that were told, oldest first.
    pub async fn told_types(&self) -> Vec<String> {
        self.told().await.into_iter().map(|(kind, _)| kind).collect()
    }

    /// What was told of one type.
    pub async fn told_of(&self, kind: &str) -> Vec<Value> {
        self.told().await.into_iter().filter(|(told, _)| told == kind).map(|(_, data)| data).collect()
    }
}

impl Deref for Shop {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.stage
    }
}

/// A message as Stripe writes it: with spaces and lines.
pub fn message(event: &str, kind: &str, created_s: i64, object: &Value) -> String {
    let message = json!({
        "id": event, "object": "event", "api_version": "2026-07-29.dahlia", "created": created_s,
        "livemode": false, "pending_webhooks": 1, "type": kind,
        "request": { "id": "req_4", "idempotency_key": "k-77" }, "data": { "object": object },
    });
    serde_json::to_string_pretty(&message).unwrap() + "\n"
}

pub fn sign(secret: &str, at_s: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at_s}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

/// Waits for all of them at once.
pub async fn together<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
