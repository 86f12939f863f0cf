//! A running ledger, the wallet that it hears, and those who call.

use std::ops::Deref;

use contracts::events::wallet::{
    AccountCreated, AccountFrozen, AccountThawed, ReleaseRequested, WalletPaymentFacts,
    WalletPaymentInitiated, WalletPaymentProcessing,
};
use contracts::{Currency, Event, Id, ProjectId, TransactionId, UserId, WalletAccountId, WalletPaymentId};
use kernel::store::{Scope, Store};
use kernel::testing::{self, Place};
pub use kernel::testing::{Player, Said};
use serde_json::{Value, json};

pub struct Stage {
    stage: testing::Stage,
    wallet: Store,
}

pub const ACCOUNTS: &str = "/api/v1/ledger/accounts";
pub const TRANSFERS: &str = "/api/v1/ledger/transfers";
pub const TRANSACTIONS: &str = "/api/v1/ledger/transactions";

/// A program of project 1 that runs the ledger.
pub fn bank() -> Player {
    Player::program(1, 1, &["ledger:manage"])
}

/// The same in another project.
pub fn stranger() -> Player {
    Player::program(1, 2, &["ledger:read", "ledger:manage"])
}

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

pub fn txn(number: u128) -> String {
    TransactionId::from_u128(number).to_string()
}

pub fn acc(number: u128) -> WalletAccountId {
    WalletAccountId::from_u128(number)
}

pub fn wpay(number: u128) -> WalletPaymentId {
    WalletPaymentId::from_u128(number)
}

/// A transfer of rupees with an id of its own.
pub fn pay(number: u128, from: &str, to: &str, amount: i64) -> Value {
    json!({ "id": txn(number), "debit_account_id": from, "credit_account_id": to, "amount": amount,
        "currency": "INR" })
}

/// The same with more to it.
pub fn with(mut transfer: Value, more: &Value) -> Value {
    let more = more.as_object().unwrap().clone();
    transfer.as_object_mut().unwrap().extend(more);
    transfer
}

pub fn facts(number: u128, from: u128, to: u128, amount: i64, fee: i64) -> WalletPaymentFacts {
    WalletPaymentFacts {
        payment_id: wpay(number),
        from_account: acc(from),
        to_account: acc(to),
        amount,
        fee,
        currency: Currency::INR,
        payer: UserId::from_u128(from),
        payee: Some(UserId::from_u128(to)),
        client_address: None,
        device: None,
    }
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage, &Place)) {
    testing::on_both(async |place| test(&on(place).await, place).await);
}

/// A ledger on a database, as another process would open it.
pub async fn on(place: &Place) -> Stage {
    // So little that every test comes by the index and by balances that lag.
    let settings = [("ledger.kept_in_memory", "24")];
    let stage = testing::Stage::with(place, ledger::service(), &settings).await;
    let wallet = stage.neighbour("wallet").await;
    Stage { stage, wallet }
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.stage
    }
}

impl Stage {
    /// The wallet tells something.
    pub async fn hears<E: Event + Clone>(&self, key: impl ToString, event: &E) {
        self.stage.hear(&self.wallet, Scope::Project(project(1)), &key.to_string(), event).await;
    }

    /// Somebody's wallet, with so much in it.
    pub async fn wallet(&self, number: u128, amount: i64) {
        let (account_id, user_id) = (acc(number), Some(UserId::from_u128(number)));
        self.hears(account_id, &AccountCreated { account_id, user_id, currency: Currency::INR }).await;
        if amount > 0 {
            let top_up = pay(9_000 + number, "outside:INR", &account_id.to_string(), amount);
            assert_eq!(self.posts(&top_up).await, ["created"]);
        }
    }

    pub async fn freezes(&self, number: u128) {
        let frozen = AccountFrozen { account_id: acc(number), user_id: None, reason: "court".to_owned() };
        self.hears(acc(number), &frozen).await;
    }

    pub async fn thaws(&self, number: u128) {
        self.hears(acc(number), &AccountThawed { account_id: acc(number), user_id: None }).await;
    }

    pub async fn initiates(&self, payment: &WalletPaymentFacts) {
        self.hears(payment.payment_id, &WalletPaymentInitiated { payment: payment.clone() }).await;
    }

    pub async fn processes(&self, payment: &WalletPaymentFacts) {
        self.hears(payment.payment_id, &WalletPaymentProcessing { payment: payment.clone() }).await;
    }

    pub async fn releases(&self, payment: &WalletPaymentFacts, reason: &str) {
        let (payment_id, reason) = (payment.payment_id, reason.to_owned());
        self.hears(payment_id, &ReleaseRequested { payment_id, reason }).await;
    }

    pub async fn opens(&self, name: &str, bounds: &str) {
        let body = json!({ "id": name, "currency": "INR", "bounds": bounds });
        self.post(&bank(), ACCOUNTS, &body).await.expect(201);
    }

    /// Posts one transfer or a list, and says what became of each.
    pub async fn posts(&self, body: &Value) -> Vec<String> {
        results(&self.post(&bank(), TRANSFERS, body).await.expect(200))
    }

    /// Debits pending and posted, credits pending and posted.
    pub async fn columns(&self, account: impl ToString) -> [i64; 4] {
        let seen = self.get(&bank(), &format!("{ACCOUNTS}/{}", account.to_string())).await.expect(200);
        let names = ["debits_pending", "debits_posted", "credits_pending", "credits_posted"];
        names.map(|name| seen.body["columns"][name].as_i64().unwrap())
    }

    pub async fn balance(&self, account: impl ToString, query: &str) -> i64 {
        let path = format!("{ACCOUNTS}/{}/balance{query}", account.to_string());
        self.get(&bank(), &path).await.expect(200).body["balance"].as_i64().unwrap()
    }

    /// The types of what was told from one place on.
    pub async fn told_since(&self, seen: usize) -> Vec<String> {
        self.told().await.into_iter().skip(seen).map(|(kind, _)| kind).collect()
    }

    /// What was told under one name.
    pub async fn told_of(&self, kind: &str) -> Vec<Value> {
        self.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, data)| data).collect()
    }

    /// The replay agrees with every balance.
    pub async fn adds_up(&self) {
        let reports = ledger::verify(self.running.store()).await.map_err(|error| error.to_string()).unwrap();
        for report in reports {
            assert_eq!(report.differences, [], "{}", report.project);
        }
    }
}

pub fn results(said: &Said) -> Vec<String> {
    let each = said.body["data"].as_array().unwrap().iter();
    each.map(|one| one["result"].as_str().unwrap().to_owned()).collect()
}

/// The id in an answer.
pub fn id(said: &Said) -> String {
    said.body["id"].as_str().unwrap().to_owned()
}

/// All of them at once.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(move |cx| {
        for (future, done) in running.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(cx) {
                *done = Some(output);
            }
        }
        if done.iter().any(Option::is_none) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
    })
    .await
}
