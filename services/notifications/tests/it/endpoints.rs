//! Programs that hear events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use contracts::events::OrderPaid;
use contracts::{Currency, Id, OrderId};
use kernel::testing::{Peer, Stage, staged};
use notifications::channels::webhook::verify;
use serde_json::{Value, json};

use crate::stage::*;

async fn create(stage: &Stage, peer: &Peer) -> (String, String) {
    let body = json!({ "url": format!("{}/hooks", peer.url()), "kinds": ["order.paid"] });
    let made = stage.post(&boss(), &path("/endpoints"), &body).await.expect(201).body;
    (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

async fn pay(stage: &Stage, number: u128) {
    let orders = stage.neighbour("orders").await;
    let order_id = OrderId::from_u128(number);
    let paid = OrderPaid {
        order_id,
        amount: 5,
        currency: Currency::INR,
        user_id: user(ANN),
        lines: Vec::new(),
        number: None,
    };
    stage.hear(&orders, scope(), "ord", &paid).await;
    stage.work().await;
}

async fn hooks(stage: &Stage) -> Vec<Value> {
    all(stage).await.into_iter().filter(|one| one["channel"] == "webhook").collect()
}

#[test]
fn a_program_hears_the_event_it_asked_for_signed_with_its_secrets() {
    staged(notifications::service, async |stage, _| {
        let peer = Peer::answering(|_| (204, String::new())).await;
        let (id, secret) = create(stage, &peer).await;
        pay(stage, 5).await;
        let first = peer.asked()[0].clone();
        let told: Value = serde_json::from_slice(&first.body).unwrap();
        assert_eq!(
            (&told["type"], &told["data"]["orderId"]),
            (&json!("order.paid"), &json!(OrderId::from_u128(5)))
        );
        let header = |name: &str| first.headers[name].to_str().unwrap().to_owned();
        let sound = |secret: &str, asked: &kernel::testing::Asked| {
            let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
            let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
            verify(secret, &id, &at, &asked.body, &header("webhook-signature"), stage.clock.wall())
        };
        assert_eq!(header("webhook-id"), hooks(stage).await[0]["id"].as_str().unwrap());
        assert!(sound(&secret, &first));

        let rotated =
            stage.post(&boss(), &path(&format!("/endpoints/{id}/rotate")), &json!({})).await.expect(200).body;
        let newer = rotated["secret"].as_str().unwrap().to_owned();
        pay(stage, 6).await;
        assert!(sound(&secret, &peer.asked()[1]) && sound(&newer, &peer.asked()[1]));
        stage.wait(Duration::from_secs(24 * 3_600)).await;
        pay(stage, 7).await;
        assert!(!sound(&secret, &peer.asked()[2]) && sound(&newer, &peer.asked()[2]));
        let shown = stage.get(&boss(), &path(&format!("/endpoints/{id}"))).await.expect(200).body;
        assert!(!shown.to_string().contains("whsec_"), "{shown}");

        delete(stage, &boss(), &path(&format!("/endpoints/{id}"))).await.expect(200);
        pay(stage, 8).await;
        assert_eq!(peer.asked().len(), 3);
    });
}

#[test]
fn a_program_that_is_away_hears_it_later_and_one_that_is_gone_hears_nothing() {
    staged(notifications::service, async |stage, _| {
        let status = Arc::new(AtomicU16::new(503));
        let says = Arc::clone(&status);
        let peer = Peer::answering(move |_| (says.load(Ordering::Relaxed), String::new())).await;
        let (id, _) = create(stage, &peer).await;
        pay(stage, 5).await;
        let hook = hooks(stage).await[0].clone();
        assert_eq!((&hook["state"], &hook["attempts"]), (&json!("sending"), &json!(1)));
        status.store(200, Ordering::Relaxed);
        stage.wait(Duration::from_secs(3_600)).await;
        assert_eq!(hooks(stage).await[0]["state"], "delivered");
        let asked = peer.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].headers["webhook-id"], asked[1].headers["webhook-id"]);

        status.store(410, Ordering::Relaxed);
        pay(stage, 6).await;
        assert_eq!(
            (&hooks(stage).await[1]["state"], &hooks(stage).await[1]["reason"]),
            (&json!("failed"), &json!("bad_recipient"))
        );
        pay(stage, 7).await;
        assert_eq!(hooks(stage).await.len(), 2);
        let shown = stage.get(&boss(), &path(&format!("/endpoints/{id}"))).await.expect(200).body;
        assert!(shown["gone_at"].is_string());
    });
}

#[test]
fn a_program_that_never_answers_leaves_a_dead_notification() {
    staged(notifications::service, async |stage, _| {
        let peer = Peer::answering(|_| (500, String::new())).await;
        create(stage, &peer).await;
        pay(stage, 5).await;
        for _ in 0..10 {
            stage.wait(Duration::from_secs(3_600)).await;
        }
        let hook = hooks(stage).await[0].clone();
        assert_eq!(
            (&hook["state"], &hook["reason"], &hook["attempts"]),
            (&json!("dead"), &json!("exhausted"), &json!(8))
        );
        assert_eq!(peer.asked().len(), 8);
    });
}

#[test]
fn something_can_be_said_to_an_endpoint_by_its_address_and_to_no_other() {
    staged(notifications::service, async |stage, _| {
        let peer = Peer::answering(|_| (200, String::new())).await;
        create(stage, &peer).await;
        let to = |url: String| json!({ "channel": "webhook", "to": { "url": url }, "text": "Hello" });
        let id = send(stage, &to(format!("{}/hooks", peer.url()))).await;
        stage.work().await;
        assert_eq!(state(stage, &id).await, "delivered");
        let told: Value = serde_json::from_slice(&peer.asked()[0].body).unwrap();
        assert_eq!((&told["type"], &told["data"]), (&json!("notification"), &json!({ "text": "Hello" })));
        let elsewhere = stage.post(&shop(), NOTIFICATIONS, &to(format!("{}/other", peer.url()))).await;
        assert_eq!(elsewhere.problem(), (422, "invalid_input"));
        let twice = json!({ "url": format!("{}/hooks", peer.url()), "kinds": [] });
        assert_eq!(stage.post(&boss(), &path("/endpoints"), &twice).await.problem(), (409, "url_taken"));
    });
}
