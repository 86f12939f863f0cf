//! Having something said, once.

use std::time::Duration;

use http::Method;
use kernel::testing::{Player, Stage, on_both, staged};
use serde_json::json;

use crate::stage::*;

#[test]
fn what_is_sent_is_accepted_at_once_and_delivered_soon() {
    staged(notifications::service, async |stage, _| {
        let said = stage.post(&shop(), NOTIFICATIONS, &log("Hello")).await.expect(202);
        assert_eq!(said.body["state"], "accepted");
        let id = said.body["id"].as_str().unwrap();
        assert!(id.starts_with("ntf_"));
        stage.work().await;
        let shown = shown(stage, id).await;
        assert_eq!(
            (&shown["state"], &shown["provider"], &shown["attempts"]),
            (&json!("delivered"), &json!("log"), &json!(1))
        );
        assert_eq!(shown["content"], json!({ "log": { "text": "Hello" } }));
        let words: Vec<&str> =
            shown["timeline"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
        assert_eq!(words, ["accepted", "delivered"]);
        let told = stage.told().await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, "notification.sent");
        assert!(!told[0].1.to_string().contains("ann@example.com"), "{}", told[0].1);
    });
}

#[test]
fn both_addresses_take_the_same_and_share_their_keys() {
    staged(notifications::service, async |stage, _| {
        let ask = async |player: Player, path: &str, text: &str| {
            let key = [("idempotency-key", "k")];
            stage.ask(Method::POST, path, Some(&player), Some(&log(text)), &key).await
        };
        let send = path("/send");
        let first = ask(shop(), NOTIFICATIONS, "a").await.expect(202).body;
        assert_eq!(ask(boss(), &send, "a").await.expect(202).body["id"], first["id"]);
        assert_eq!(ask(boss(), &send, "b").await.problem(), (422, "idempotency_key_reused"));
        assert_eq!(all(stage).await.len(), 1);
        let elsewhere = ask(stranger(), &send, "b").await.expect(202).body;
        assert_ne!(elsewhere["id"], first["id"], "another project has keys of its own");
    });
}

#[test]
fn a_key_in_the_body_counts_as_one_in_the_header() {
    staged(notifications::service, async |stage, _| {
        let mut body = log("a");
        body["idempotency_key"] = json!("k");
        let first = send(stage, &body).await;
        assert_eq!(send(stage, &body).await, first);
        body["text"] = json!("b");
        let other = stage.post(&shop(), NOTIFICATIONS, &body).await;
        assert_eq!(other.problem(), (422, "idempotency_key_reused"));
    });
}

#[test]
fn each_of_a_batch_is_accepted_or_refused_by_itself() {
    staged(notifications::service, async |stage, _| {
        let mut keyed = log("a");
        keyed["idempotency_key"] = json!("t-1");
        let batch = json!({ "notifications": [keyed, keyed, { "channel": "sms", "to": { "email": "ann@example.com" }, "text": "x" },
            { "channel": "log", "to": { "email": "ann@example.com" }, "template": "nothing_of_ours" }, log("b")] });
        let said = stage.post(&shop(), &path("/batch"), &batch).await.expect(202).body;
        let ids: Vec<_> = said["data"].as_array().unwrap().iter().map(|one| one["id"].as_str()).collect();
        assert_eq!(ids[0], ids[1]);
        assert!(ids[4].is_some() && ids[4] != ids[0]);
        for (at, field) in [(2, "`to`"), (3, "`template`")] {
            assert_eq!(said["data"][at]["code"], "invalid_input");
            assert!(said["data"][at]["message"].as_str().unwrap().contains(field), "{said}");
        }
        assert_eq!(all(stage).await.len(), 2);
        let none = stage.post(&shop(), &path("/batch"), &json!({ "notifications": [] })).await;
        assert_eq!(none.problem(), (422, "invalid_input"));
    });
}

#[test]
fn what_does_not_fit_together_is_refused_by_its_name() {
    staged(notifications::service, async |stage, _| {
        let to = json!({ "email": "ann@example.com" });
        for (body, field) in [
            (json!({ "channel": "log", "to": to }), "template"),
            (json!({ "channel": "email", "to": to, "text": "x" }), "subject"),
            (json!({ "channel": "sms", "to": to, "text": "x" }), "to"),
            (json!({ "channel": "in_app", "to": to, "text": "x" }), "to"),
            (json!({ "channel": "webhook", "to": { "url": "https://example.com" }, "text": "x" }), "to"),
            (json!({ "channel": "log", "to": to, "template": "order_paid" }), "variables.order_id"),
            (
                json!({ "channel": "log", "to": to, "template": "welcome", "variables": { "a": 1 } }),
                "variables.a",
            ),
        ] {
            let said = stage.post(&shop(), NOTIFICATIONS, &body).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{body}");
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{}", said.body);
        }
        assert_eq!(all(stage).await.len(), 0);
    });
}

#[test]
fn an_address_gets_only_so_much_an_hour() {
    on_both(async |place| {
        let settings = [("notifications.limit_recipient", "2")];
        let stage = Stage::with(place, notifications::service(), &settings).await;
        for _ in 0..2 {
            send(&stage, &mail()).await;
        }
        let refused = stage.post(&shop(), NOTIFICATIONS, &mail()).await;
        assert_eq!(refused.problem(), (429, "too_many_requests"));
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=3_600).contains(&wait));
        let mut other = mail();
        other["to"]["email"] = json!("ben@example.com");
        send(&stage, &other).await;
        stage.wait(Duration::from_secs(wait)).await;
        send(&stage, &mail()).await;
        assert_eq!(all(&stage).await.len(), 4);
    });
}

#[test]
fn a_project_says_only_so_much_a_minute() {
    on_both(async |place| {
        let stage =
            Stage::with(place, notifications::service(), &[("notifications.limit_project", "1")]).await;
        send(&stage, &log("a")).await;
        assert_eq!(stage.post(&shop(), NOTIFICATIONS, &log("b")).await.problem(), (429, "too_many_requests"));
        let elsewhere = stage.post(&stranger(), NOTIFICATIONS, &log("b")).await;
        elsewhere.expect(202);
        stage.wait(Duration::from_secs(60)).await;
        send(&stage, &log("c")).await;
    });
}

#[test]
fn a_list_is_newest_first_in_pages_and_narrowed_as_asked() {
    staged(notifications::service, async |stage, _| {
        let mut sent = Vec::new();
        for text in ["a", "b", "c"] {
            sent.push(send(stage, &log(text)).await);
        }
        let mut urgent = mail();
        urgent["category"] = json!("booking");
        sent.push(send(stage, &urgent).await);
        sent.reverse();
        let first = stage.get(&shop(), &path("?limit=3")).await;
        assert_eq!(first.each("id"), sent[..3]);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = stage.get(&shop(), &path(&format!("?limit=3&cursor={cursor}"))).await;
        assert_eq!(second.each("id"), sent[3..]);
        assert_eq!(second.body.get("next_cursor"), None);
        assert_eq!(stage.get(&shop(), &path("?category=booking")).await.each("id"), sent[..1]);
        assert_eq!(stage.get(&shop(), &path("?channel=log&state=accepted")).await.each("id"), sent[1..]);
        assert_eq!(stage.get(&shop(), &path("?state=dead")).await.each("id").len(), 0);
    });
}

#[test]
fn what_is_old_goes_with_its_timeline_and_its_counts() {
    on_both(async |place| {
        let stage = Stage::with(place, notifications::service(), &[("notifications.kept", "2d")]).await;
        let old = send(&stage, &mail()).await;
        stage.wait(Duration::from_secs(86_400)).await;
        let young = send(&stage, &mail()).await;
        stage.wait(Duration::from_secs(86_400 + 3_600)).await;
        assert_eq!(stage.get(&shop(), &path(&format!("/{old}"))).await.problem(), (404, "not_found"));
        assert_eq!(state(&stage, &young).await, "delivered");
    });
}
