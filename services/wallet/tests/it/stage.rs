//! A running service, people with wallets, and those whom it hears.

use std::ops::Deref;
use std::time::Duration;

use contracts::events::access::UserContactsChanged;
use contracts::events::commerce::PaymentCancelled;
use contracts::events::{PaymentSucceeded, UserCreated};
use contracts::{Currency, Event, Id, PaymentId, ProjectId, TopUpId, UserId, WalletAccountId};
use http::Method;
use kernel::store::{Scope, Store};
use kernel::testing::{self, Place};
pub use kernel::testing::{Player, Said};
use serde_json::{Value, json};

pub use crate::world::{Word, World};

/// The service with those whom it hears.
pub struct Stage {
    stage: testing::Stage,
    ledger: Store,
    fraud: Store,
    identity: Store,
    payments: Store,
}

pub const OWN: &[&str] = &["wallet:read", "wallet:write"];

/// Somebody of project 1.
pub fn ann() -> Player {
    Player::user(1, 1, OWN)
}

/// Somebody else.
pub fn ben() -> Player {
    Player::user(2, 1, OWN)
}

/// Who looks after the project's wallets.
pub fn staff() -> Player {
    Player::user(9, 1, &["wallet:manage"])
}

/// Who looks after those of another project.
pub fn stranger() -> Player {
    Player::user(1, 2, &["wallet:read", "wallet:write", "wallet:manage"])
}

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

pub fn user(number: u128) -> UserId {
    UserId::from_u128(number)
}

/// The id in an answer.
pub fn id(said: &Said) -> String {
    said.body["id"].as_str().unwrap().to_owned()
}

/// A payment from an account to somebody.
pub fn paying(from: &str, to: &str, amount: i64) -> Value {
    json!({ "from_account": from, "to": to, "amount": amount, "currency": "INR" })
}

/// By what others find somebody, as identity tells it.
pub fn found_by(number: u128, email: Option<&str>, phone: Option<&str>) -> UserContactsChanged {
    let (email, phone) = (email.map(str::to_owned), phone.map(str::to_owned));
    UserContactsChanged { user_id: user(number), email, phone }
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage, &Place)) {
    staged_with(&[], test);
}

/// Runs the test on each engine, with settings.
pub fn staged_with(settings: &[(&str, &str)], test: impl AsyncFn(&Stage, &Place)) {
    testing::on_both(async |place| {
        let stage = testing::Stage::with(place, wallet::service(), settings).await;
        let (ledger, fraud) = (stage.neighbour("ledger").await, stage.neighbour("fraud").await);
        let (identity, payments) = (stage.neighbour("identity").await, stage.neighbour("payments").await);
        test(&Stage { stage, ledger, fraud, identity, payments }, place).await;
    });
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.stage
    }
}

impl Stage {
    /// Identity tells something.
    pub async fn meets<E: Event + Clone>(&self, event: &E) {
        self.stage.hear(&self.identity, Scope::Project(project(1)), "usr", event).await;
    }

    /// Somebody has signed up, with addresses under their number that are proven to be theirs.
    pub async fn signs_up(&self, number: u128) {
        let (email, phone) = (format!("Person{number}@Example.com"), format!("+9199000000{number:02}"));
        let (email, phone) = (Some(email), Some(phone));
        let user_id = user(number);
        self.meets(&UserCreated { user_id, email: email.clone(), phone: phone.clone() }).await;
        self.meets(&UserContactsChanged { user_id, email, phone }).await;
    }

    /// Others find somebody by these from now on.
    pub async fn is_found(&self, number: u128, email: Option<&str>, phone: Option<&str>) {
        self.meets(&found_by(number, email, phone)).await;
    }

    /// Ledger or fraud detection tells something.
    pub async fn hears(&self, word: &Word) {
        let scope = || Scope::Project(project(1));
        match word {
            Word::Reserved(event) => self.stage.hear(&self.ledger, scope(), "a", &**event).await,
            Word::Refused(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::Released(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::Settled(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::Updated(event) => self.stage.hear(&self.ledger, scope(), "b", event).await,
            Word::Assessed(event) => self.stage.hear(&self.fraud, scope(), "a", event).await,
            Word::Credited(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::Kept(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::SetAside(event) => self.stage.hear(&self.ledger, scope(), "a", &**event).await,
            Word::NotSetAside(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::Left(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
            Word::Returned(event) => self.stage.hear(&self.ledger, scope(), "a", event).await,
        }
    }

    /// The ledger tells something of the whole project.
    pub async fn ledger_tells<E: Event + Clone>(&self, event: &E) {
        self.stage.hear(&self.ledger, Scope::Project(project(1)), "prj", event).await;
    }

    /// A provider has taken money for a top-up: `pi_<payment>` so much.
    pub async fn takes(&self, top_up: &str, payment: u32, amount: Option<i64>, currency: Option<Currency>) {
        let told = PaymentSucceeded {
            order_id: None,
            invoice_id: None,
            top_up_id: Some(top_up_id(top_up)),
            payment_intent_id: format!("pi_{payment}"),
            payment_id: None,
            amount,
            currency,
            user_id: None,
        };
        self.stage.hear(&self.payments, Scope::Project(project(1)), "pay", &told).await;
    }

    /// The payment of a top-up was called off.
    pub async fn calls_off(&self, top_up: &str) {
        let (payment_id, top_up_id) = (PaymentId::from_u128(1), Some(top_up_id(top_up)));
        let told = PaymentCancelled { payment_id, order_id: None, invoice_id: None, top_up_id };
        self.stage.hear(&self.payments, Scope::Project(project(1)), "pay", &told).await;
    }

    /// Payments tells something else.
    pub async fn hears_of_payments<E: Event + Clone>(&self, event: &E) {
        self.stage.hear(&self.payments, Scope::Project(project(1)), "pay", event).await;
    }

    /// Something under an account as staff sees it.
    pub async fn under(&self, account: &str, rest: &str) -> Value {
        self.get(&staff(), &format!("/api/v1/accounts/{account}/{rest}")).await.expect(200).body
    }

    /// Where a top-up or withdrawal stands, and why.
    pub async fn funding(&self, account: &str, id: &str) -> (String, String) {
        let kind = if id.starts_with("wdr_") { "withdrawals" } else { "top-ups" };
        let seen = self.under(account, &format!("{kind}/{id}")).await;
        let text = |field: &str| seen[field].as_str().unwrap_or_default().to_owned();
        (text("status"), text("reason"))
    }

    /// An account is frozen or thawed.
    pub async fn turns(&self, account: &str, what: &str) {
        let body = (what == "freeze").then(|| json!({ "reason": "Stolen" }));
        let path = format!("/api/v1/accounts/{account}/{what}");
        self.ask(Method::POST, &path, Some(&staff()), body.as_ref(), &[]).await.expect(200);
    }

    /// Time passes here and at the ledger, which says when money moved.
    pub async fn passes(&self, time: Duration) {
        self.ledger.clock().advance(time);
        self.wait(time).await;
    }

    /// What the world makes of all that the wallet has told and that was not heard yet.
    pub async fn words(&self, world: &mut World) -> Vec<Word> {
        let told = self.told().await;
        let new = told[world.heard..].to_vec();
        world.heard = told.len();
        new.iter().flat_map(|(kind, data)| world.hear(kind, data)).collect()
    }

    /// Everybody hears everybody until nobody has anything to say.
    pub async fn settles(&self, world: &mut World) {
        loop {
            self.work().await;
            let words = self.words(world).await;
            if words.is_empty() {
                return;
            }
            for word in &words {
                self.hears(word).await;
            }
        }
    }

    /// An account in rupees of this player with so much in it.
    pub async fn opens(&self, world: &mut World, player: &Player, amount: i64) -> String {
        let opened = self.post(player, "/api/v1/accounts", &json!({ "currency": "INR" })).await.expect(201);
        let account = id(&opened);
        self.settles(world).await;
        if amount > 0 {
            let word = world.fund(account_id(&account), amount);
            self.hears(&word).await;
        }
        account
    }

    /// Two people with a wallet each, the first with so much in it.
    pub async fn two(&self, world: &mut World, amount: i64) -> (String, String) {
        (self.opens(world, &ann(), amount).await, self.opens(world, &ben(), 0).await)
    }

    /// A payment of this player has begun; its id.
    pub async fn pays(&self, player: &Player, from: &str, to: &str, amount: i64) -> String {
        id(&self.post(player, "/api/v1/wallet/payments", &paying(from, to, amount)).await.expect(202))
    }

    /// A payment as staff sees it.
    pub async fn payment(&self, payment: &str) -> Value {
        self.get(&staff(), &format!("/api/v1/wallet/payments/{payment}")).await.expect(200).body
    }

    /// Where a payment stands, and why.
    pub async fn stands(&self, payment: &str) -> (String, String) {
        let seen = self.payment(payment).await;
        let text = |field: &str| seen[field].as_str().unwrap_or_default().to_owned();
        (text("status"), text("reason"))
    }

    /// Something is done to a payment.
    pub async fn does(&self, who: &Player, payment: &str, what: &str, body: Option<&Value>) -> Said {
        let path = format!("/api/v1/wallet/payments/{payment}/{what}");
        self.ask(Method::POST, &path, Some(who), body, &[]).await
    }

    /// How many jobs there are, or were.
    pub async fn jobs(&self) -> usize {
        kernel::jobs::list(self.running.store(), None, None, 100).await.unwrap().len()
    }

    /// What was told under one name.
    pub async fn told_of(&self, kind: &str) -> Vec<Value> {
        self.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, data)| data).collect()
    }

    /// What has left an account today and this month, or is on its way.
    pub async fn spent(&self, account: &str) -> (i64, i64) {
        let seen = self.get(&staff(), &format!("/api/v1/accounts/{account}/limits")).await;
        // Staff sees the limits of everybody.
        let body = seen.expect(200).body;
        (body["spent_today"].as_i64().unwrap(), body["spent_this_month"].as_i64().unwrap())
    }

    /// What the API says is in an account, can be spent, and is on its way out.
    pub async fn balance(&self, account: &str) -> (i64, i64, i64) {
        let seen = self.get(&staff(), &format!("/api/v1/accounts/{account}")).await.expect(200).body;
        let number = |field: &str| seen[field].as_i64().unwrap();
        (number("balance"), number("available"), number("held"))
    }

    /// The sentences that somebody was told.
    pub async fn said_to(&self, number: u128) -> Vec<String> {
        let (user, sent) = (user(number).to_string(), self.told_of("notification.send").await);
        let theirs =
            sent.into_iter().filter(|sent| sent["userId"] == user.as_str() && sent["channel"] == "in_app");
        theirs.map(|sent| sent["payload"]["text"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn account_id(text: &str) -> WalletAccountId {
    text.parse().unwrap()
}

pub fn top_up_id(text: &str) -> TopUpId {
    text.parse().unwrap()
}

pub fn rupees() -> Currency {
    Currency::INR
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
