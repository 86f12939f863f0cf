//! A running service, those whom it hears, and those who call.

use std::ops::Deref;

use contracts::events::wallet::{BalanceReserved, WalletPaymentCompleted, WalletPaymentFacts};
use contracts::events::{PaymentFailed, PaymentKind};
use contracts::{Currency, Event, Id, ProjectId, UserId, WalletAccountId, WalletPaymentId};
use kernel::store::{Scope, Store};
use kernel::testing::{self, Place};
pub use kernel::testing::{Player, Said};
use serde_json::{Value, json};

/// The service with those whom it hears.
pub struct Stage {
    stage: testing::Stage,
    ledger: Store,
    others: Store,
}

/// Who looks after fraud in project 1.
pub fn analyst() -> Player {
    Player::user(9, 1, &["fraud:manage"])
}

/// The same in project 2.
pub fn stranger() -> Player {
    Player::user(9, 2, &["fraud:read", "fraud:manage"])
}

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

pub fn user(number: u128) -> UserId {
    UserId::from_u128(number)
}

pub fn payment(number: u128) -> String {
    WalletPaymentId::from_u128(number).to_string()
}

/// User 1 pays user 2 so much.
pub fn reserved(number: u128, amount: i64) -> BalanceReserved {
    let payment = WalletPaymentFacts {
        payment_id: WalletPaymentId::from_u128(number),
        from_account: WalletAccountId::from_u128(1),
        to_account: WalletAccountId::from_u128(2),
        amount,
        fee: 0,
        currency: Currency::INR,
        payer: user(1),
        payee: Some(user(2)),
        client_address: Some("203.0.113.9".to_owned()),
        device: Some("phone-7".to_owned()),
    };
    BalanceReserved { payment, available: 1_000 }
}

/// A rule set of rules (name, condition, score) and a review from 400 on, a block from 800 on.
pub fn rules(rules: &[(&str, &str, i32)]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .map(|(name, when, score)| json!({ "name": name, "when": when, "score": score }))
        .collect();
    json!({ "rules": rules, "review_at": 400, "block_at": 800, "on_failure": "review", "unreviewed": "block",
        "review_hours": 24 })
}

/// Payments above 1,000 are looked at, above 5,000 blocked.
pub fn by_amount() -> Value {
    rules(&[("large", "amount > 1_000", 500), ("huge", "amount > 5_000", 400)])
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage, &Place)) {
    testing::on_both(async |place| {
        let stage = testing::Stage::new(place, fraud::service()).await;
        test(&Stage::around(stage).await, place).await;
    });
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.stage
    }
}

impl Stage {
    pub async fn around(stage: testing::Stage) -> Self {
        let (ledger, others) = (stage.neighbour("ledger").await, stage.neighbour("others").await);
        Self { stage, ledger, others }
    }

    /// The ledger tells that money is set aside, in a project.
    pub async fn reserves_in(&self, number: u128, told: &BalanceReserved) {
        let key = told.payment.payment_id.to_string();
        self.stage.hear(&self.ledger, Scope::Project(project(number)), &key, told).await;
    }

    pub async fn reserves(&self, told: &BalanceReserved) {
        self.reserves_in(1, told).await;
    }

    /// Somebody else tells something.
    pub async fn hears<E: Event + Clone>(&self, event: &E) {
        self.stage.hear(&self.others, Scope::Project(project(1)), "key", event).await;
    }

    /// The wallet tells that a payment is done.
    pub async fn completes(&self, number: u128) {
        let completed = WalletPaymentCompleted { payment: reserved(number, 1).payment };
        self.stage.hear(&self.others, Scope::Project(project(1)), &payment(number), &completed).await;
    }

    /// The wallet, or who takes payments at providers, tells that a payment came to nothing.
    pub async fn fails(&self, number: u128, kind: PaymentKind) {
        let failed = PaymentFailed {
            order_id: None,
            invoice_id: None,
            top_up_id: None,
            payment_intent_id: None,
            payment_id: None,
            kind,
            user_id: Some(user(1)),
            reason: Some("rejected".to_owned()),
        };
        self.stage.hear(&self.others, Scope::Project(project(1)), &payment(number), &failed).await;
    }

    /// Lets time pass, here and for those who are heard.
    pub async fn wait(&self, time: std::time::Duration) {
        self.stage.wait(time).await;
        self.ledger.clock().advance(time);
        self.others.clock().advance(time);
    }

    /// A player writes a rule set and publishes it; returns its version.
    pub async fn publishes_as(&self, who: &Player, set: &Value) -> u64 {
        let version = self.drafts_as(who, set).await;
        let path = format!("/api/v1/fraud/rule-sets/{version}/publish");
        self.post(who, &path, &json!({})).await.expect(200);
        version
    }

    pub async fn publishes(&self, set: &Value) -> u64 {
        self.publishes_as(&analyst(), set).await
    }

    pub async fn drafts_as(&self, who: &Player, set: &Value) -> u64 {
        let said = self.post(who, "/api/v1/fraud/rule-sets", set).await.expect(201);
        said.body["version"].as_u64().unwrap()
    }

    /// A decision as the analyst sees it.
    pub async fn sees(&self, number: u128) -> Value {
        self.get(&analyst(), &format!("/api/v1/fraud/decisions/{}", payment(number))).await.expect(200).body
    }

    /// The decision and the score of a payment.
    pub async fn decided(&self, number: u128) -> (String, u64) {
        let verdict = self.sees(number).await["decision"]["verdict"].clone();
        (verdict["decision"].as_str().unwrap().to_owned(), verdict["score"].as_u64().unwrap())
    }

    /// What was told under one name.
    pub async fn told_of(&self, kind: &str) -> Vec<Value> {
        self.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, data)| data).collect()
    }

    /// The decisions that were told, in order.
    pub async fn told_decisions(&self) -> Vec<String> {
        let told = self.told_of("fraud.risk.assessed").await;
        told.iter().map(|told| told["decision"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn puts(&self, list: &str, entries: &Value) -> Said {
        let (path, body) = (format!("/api/v1/fraud/lists/{list}"), json!({ "entries": entries }));
        self.ask(http::Method::PUT, &path, Some(&analyst()), Some(&body), &[]).await
    }
}
