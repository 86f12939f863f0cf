//! What people want to hear, and when.

use std::time::Duration;

use contracts::Timestamp;
use http::Method;
use kernel::testing::{Stage, on_both, staged};
use serde_json::{Value, json};

use crate::stage::*;

fn to_ann(category: &str, channel: &str) -> Value {
    json!({ "channel": channel, "to": { "user_id": user(ANN) }, "subject": "a", "text": "b", "category": category })
}

async fn sent(stage: &Stage, body: &Value) -> (String, Value) {
    let said = stage.post(&shop(), NOTIFICATIONS, body).await.expect(202).body;
    (said["state"].as_str().unwrap().to_owned(), said["reason"].clone())
}

#[test]
fn what_a_person_does_not_want_is_left_out_but_codes_are_not() {
    staged(notifications::service, async |stage, _| {
        let identity = stage.neighbour("identity").await;
        ann_registers(stage, &identity).await;
        let off = |category: &str| json!({ "category": category, "channel": "email", "enabled": false });
        let choices = json!({ "choices": [off("marketing"), off("security")] });
        let kept = put(stage, &ann(), &path("/preferences"), &choices).await.expect(200).body;
        assert_eq!(stage.get(&ann(), &path("/preferences")).await.expect(200).body, kept);
        let left_out = ("suppressed".to_owned(), json!("preference"));
        assert_eq!(sent(stage, &to_ann("marketing", "email")).await, left_out);
        assert_eq!(sent(stage, &to_ann("marketing", "sms")).await.0, "accepted");
        assert_eq!(sent(stage, &to_ann("security", "email")).await.0, "accepted");
        let other = format!("/api/v1/preferences/{}", user(ANN));
        assert_eq!(stage.get(&ben(), &other).await.problem(), (404, "not_found"));
        assert_eq!(stage.get(&ann(), &other).await.expect(200).body, kept);
        put(stage, &boss(), &other, &json!({ "choices": [] })).await.expect(200);
        assert_eq!(sent(stage, &to_ann("marketing", "email")).await.0, "accepted");
    });
}

#[test]
fn what_can_wait_waits_for_the_end_of_quiet_hours() {
    staged(notifications::service, async |stage, _| {
        let identity = stage.neighbour("identity").await;
        ann_registers(stage, &identity).await;
        let now: Timestamp = stage.clock.now();
        let clock = |hours: u64| {
            now.saturating_add(Duration::from_secs(hours * 3_600)).to_string()[11..16].to_owned()
        };
        let from = now.saturating_sub(Duration::from_secs(3_600)).to_string()[11..16].to_owned();
        let quiet = json!({ "quiet_hours": { "from": from, "to": clock(2), "time_zone": "UTC" } });
        put(stage, &ann(), &path("/preferences"), &quiet).await.expect(200);
        let waiting = send(stage, &to_ann("order", "sms")).await;
        let mut urgent = to_ann("order", "sms");
        urgent["priority"] = json!("urgent");
        let (urgent, code) = (send(stage, &urgent).await, send(stage, &to_ann("security", "sms")).await);
        let silent = send(stage, &to_ann("order", "in_app")).await;
        stage.work().await;
        for id in [&urgent, &code, &silent] {
            assert_eq!(state(stage, id).await, "delivered");
        }
        let shown = shown(stage, &waiting).await;
        assert_eq!((&shown["state"], &shown["reason"]), (&json!("accepted"), &json!("quiet_hours")));
        stage.wait(Duration::from_secs(2 * 3_600)).await;
        assert_eq!(state(stage, &waiting).await, "delivered");
    });
}

#[test]
fn one_click_ends_such_mail_and_looking_ends_nothing() {
    on_both(async |place| {
        let settings = [("notifications.public_url", "https://api.example.com/")];
        let stage = Stage::with(place, notifications::service(), &settings).await;
        let mut news = mail();
        news["category"] = json!("marketing");
        let id = send(&stage, &news).await;
        let url =
            shown(&stage, &id).await["content"]["email"]["unsubscribe_url"].as_str().unwrap().to_owned();
        let link = url.strip_prefix("https://api.example.com").unwrap().to_owned();
        let looked = stage.ask(Method::GET, &link, None, None, &[]).await;
        assert_eq!(looked.problem(), (405, "method_not_allowed"));
        assert_eq!(sent(&stage, &news).await.0, "accepted");
        let forged = stage.ask(Method::POST, &format!("{}x", link), None, None, &[]).await;
        assert_eq!(forged.problem(), (404, "not_found"));
        for _ in 0..2 {
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let ended = stage.ask(Method::POST, &link, None, None, &form).await.expect(200);
            assert_eq!(ended.body["category"], "marketing");
        }
        assert_eq!(sent(&stage, &news).await, ("suppressed".to_owned(), json!("suppressed_address")));
        assert_eq!(sent(&stage, &mail()).await.0, "accepted", "other mail goes on");
        let listed = stage.get(&boss(), &path("/suppressions")).await;
        assert_eq!(
            (listed.each("address"), listed.each("reason")),
            (vec!["ann@example.com"], vec!["unsubscribed"])
        );
        let freed = path("/suppressions?channel=email&address=ann@example.com&category=marketing");
        delete(&stage, &boss(), &freed).await.expect(200);
        assert_eq!(delete(&stage, &boss(), &freed).await.problem(), (404, "not_found"));
        assert_eq!(sent(&stage, &news).await.0, "accepted");
        let mut order = mail();
        order["category"] = json!("order");
        let order = send(&stage, &order).await;
        assert_eq!(shown(&stage, &order).await["content"]["email"]["unsubscribe_url"], Value::Null);
    });
}

#[test]
fn choices_that_make_no_sense_are_refused() {
    staged(notifications::service, async |stage, _| {
        for wrong in [
            json!({ "quiet_hours": { "from": "25:00", "to": "07:00", "time_zone": "UTC" } }),
            json!({ "quiet_hours": { "from": "22:00", "to": "07:00", "time_zone": "Mars/Olympus" } }),
            json!({ "choices": [{ "category": "order", "channel": "pigeon", "enabled": true }] }),
            json!({ "choice": [] }),
        ] {
            let said = put(stage, &ann(), &path("/preferences"), &wrong).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{wrong}");
        }
    });
}
