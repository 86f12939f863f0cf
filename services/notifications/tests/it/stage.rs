//! The people of these tests, and what they often do.

use contracts::events::UserCreated;
use contracts::{Id, ProjectId, UserId};
use http::Method;
use kernel::store::{Scope, Store};
use kernel::testing::{Player, Said, Stage};
use serde_json::{Value, json};

pub const ANN: u128 = 1;
pub const BEN: u128 = 2;

/// A customer.
pub fn ann() -> Player {
    Player::user(ANN, 1, &["notifications:read"])
}

/// Another customer.
pub fn ben() -> Player {
    Player::user(BEN, 1, &["notifications:read"])
}

/// Looks after the project.
pub fn boss() -> Player {
    Player::user(7, 1, &["notifications:*"])
}

/// A program of the project.
pub fn shop() -> Player {
    Player::program(8, 1, &["notifications:*"])
}

/// Looks after another project.
pub fn stranger() -> Player {
    Player::user(9, 2, &["notifications:*"])
}

pub fn project() -> ProjectId {
    ProjectId::from_u128(1)
}

pub fn scope() -> Scope {
    Scope::Project(project())
}

pub fn user(number: u128) -> UserId {
    UserId::from_u128(number)
}

pub const NOTIFICATIONS: &str = "/api/v1/notifications";

pub fn path(rest: &str) -> String {
    format!("{NOTIFICATIONS}{rest}")
}

pub async fn put(stage: &Stage, player: &Player, path: &str, body: &Value) -> Said {
    stage.ask(Method::PUT, path, Some(player), Some(body), &[]).await
}

pub async fn delete(stage: &Stage, player: &Player, path: &str) -> Said {
    stage.ask(Method::DELETE, path, Some(player), None, &[]).await
}

/// Sends and says the id.
pub async fn send(stage: &Stage, body: &Value) -> String {
    let said = stage.post(&shop(), NOTIFICATIONS, body).await.expect(202);
    said.body["id"].as_str().unwrap().to_owned()
}

pub async fn shown(stage: &Stage, id: &str) -> Value {
    stage.get(&shop(), &path(&format!("/{id}"))).await.expect(200).body
}

pub async fn state(stage: &Stage, id: &str) -> String {
    shown(stage, id).await["state"].as_str().unwrap().to_owned()
}

/// All notifications of the project, oldest first.
pub async fn all(stage: &Stage) -> Vec<Value> {
    let mut all =
        stage.get(&shop(), NOTIFICATIONS).await.expect(200).body["data"].as_array().unwrap().clone();
    all.reverse();
    all
}

/// The channel, template, state and reason of each notification of the project, in order of channel and template.
pub async fn what(stage: &Stage) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |one: &Value| {
        let parts = [&one["channel"], &one["template"]["name"], &one["state"], &one["reason"]];
        parts.map(word).join(" ")
    };
    let mut lines: Vec<String> = all(stage).await.iter().map(line).collect();
    lines.sort();
    lines
}

/// Ann has an account with a mail address and a phone.
pub async fn ann_registers(stage: &Stage, identity: &Store) {
    let created = UserCreated {
        user_id: user(ANN),
        email: Some("ann@example.com".to_owned()),
        phone: Some("+919876543210".to_owned()),
    };
    stage.hear(identity, scope(), "usr", &created).await;
    stage.work().await;
}

pub fn log(text: &str) -> Value {
    json!({ "channel": "log", "to": { "email": "ann@example.com" }, "text": text })
}

pub fn mail() -> Value {
    json!({ "channel": "email", "to": { "email": "ann@example.com" }, "subject": "News", "text": "Hello" })
}

/// The events that were told, by type.
pub async fn told(stage: &Stage) -> Vec<String> {
    stage.told().await.into_iter().map(|(kind, _)| kind).collect()
}
