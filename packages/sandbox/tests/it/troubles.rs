//! Faults on request: each does what it says, as often as was asked, and to Stripe alone where Stripe was meant.

use std::time::Duration;

use kernel::outside::{CallError, Unknown};
use serde_json::{Value, json};

use crate::shop::{Ear, shopping};

const FORM: &str = "amount=1000&currency=usd&payment_method_types[]=card";

#[test]
fn a_server_error_does_nothing_and_leaves_the_key_free() {
    shopping(async |shop, _, _| {
        shop.fault("error_500", json!({ "times": 2 })).await;
        for _ in 0..2 {
            let answer = shop.post_once("k1", "/v1/payment_intents", FORM).await;
            assert_eq!(answer.error(), (500, "api_error", ""));
        }
        let done = shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        assert_eq!(shop.get("/v1/payment_intents").await.each("id"), [done.id()]);
    });
}

#[test]
fn a_call_that_was_accepted_in_silence_is_found_again_by_its_key() {
    shopping(async |shop, _, _| {
        shop.fault("timeout_after_accepting", json!({})).await;
        let form = format!("{FORM}&confirm=true&payment_method=pm_card_visa");
        let silent = shop.try_ask(
            "POST",
            "/v1/payment_intents",
            &form,
            &[("idempotency-key", "k1")],
            Duration::from_millis(700),
        );
        assert!(matches!(silent.await, Err(CallError::Unknown(Unknown::TimedOut))));
        let again = shop.post_once("k1", "/v1/payment_intents", &form).await.expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.text_of("status"), "succeeded");
        assert_eq!(shop.get("/v1/charges").await.each("id").len(), 1);
    });
}

#[test]
fn latency_makes_wait_as_long_as_was_said() {
    shopping(async |shop, _, _| {
        shop.fault("latency", json!({ "millis": 60_000 })).await;
        let late = shop.try_ask("GET", "/v1/balance", "", &[], Duration::from_millis(300)).await;
        assert!(matches!(late, Err(CallError::Unknown(Unknown::TimedOut))));
        shop.get("/v1/balance").await.expect(200);
        shop.fault("latency", json!({ "millis": 1 })).await;
        shop.get("/v1/balance").await.expect(200);
        assert_eq!(shop.get("/sandbox/faults").await.body["data"], json!([]));
    });
}

#[test]
fn a_doubled_webhook_comes_twice_with_the_same_event() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        shop.fault("webhook_duplicate", json!({})).await;
        shop.intent("").await;
        shop.intent("").await;
        stage.work().await;
        let mut ids: Vec<_> =
            ear.heard().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 3);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2);
    });
}

#[test]
fn a_late_webhook_comes_when_its_time_has_come() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        shop.fault("webhook_late", json!({ "millis": 30_000 })).await;
        shop.intent("").await;
        stage.wait(Duration::from_secs(29)).await;
        assert_eq!(ear.types(), Vec::<String>::new());
        stage.wait(Duration::from_secs(1)).await;
        assert_eq!(ear.types(), ["payment_intent.created"]);
    });
}

#[test]
fn a_lost_webhook_never_comes_and_the_event_can_still_be_read() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        shop.fault("webhook_lost", json!({})).await;
        shop.intent("").await;
        stage.wait(Duration::from_secs(7200)).await;
        assert_eq!(ear.types(), Vec::<String>::new());
        assert_eq!(shop.events().await, ["payment_intent.created"]);
        shop.intent("").await;
        stage.work().await;
        assert_eq!(ear.types().len(), 1);
    });
}

#[test]
fn out_of_order_what_happened_first_is_told_last() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        shop.fault("webhook_out_of_order", json!({ "millis": 1000 })).await;
        shop.pay("pm_card_visa", "").await.expect(200);
        for _ in 0..3 {
            stage.wait(Duration::from_secs(1)).await;
        }
        assert_eq!(ear.types(), ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]);
        shop.fault("webhook_out_of_order", json!({})).await;
        let id = shop.intent("").await.id();
        shop.post(&format!("/v1/payment_intents/{id}/cancel"), "").await.expect(200);
        stage.wait(Duration::from_secs(2)).await;
        assert_eq!(ear.types()[3..], ["payment_intent.canceled", "payment_intent.created"]);
    });
}

#[test]
fn faults_are_listed_cleared_and_meant_for_one_provider() {
    shopping(async |shop, _, _| {
        shop.fault("error_500", json!({ "provider": "twilio", "times": 3 })).await;
        shop.get("/v1/balance").await.expect(200);
        let listed = shop.get("/sandbox/faults").await.expect(200);
        assert_eq!(
            (&listed.body["data"][0]["provider"], &listed.body["data"][0]["times_left"]),
            (&json!("twilio"), &json!(3))
        );
        shop.ask("DELETE", "/sandbox/faults", "", &[]).await.expect(204);
        assert_eq!(shop.get("/sandbox/faults").await.body["data"], json!([]));
        let wrong: [Value; 5] = [
            json!({ "provider": "stripe", "kind": "rain" }),
            json!({ "provider": "bank", "kind": "latency" }),
            json!({ "provider": "stripe", "kind": "latency", "times": 0 }),
            json!({ "provider": "stripe", "kind": "latency", "often": 2 }),
            json!({ "provider": "stripe", "kind": "latency", "millis": 600_001 }),
        ];
        for wrong in wrong {
            assert_eq!(shop.post("/sandbox/faults", &wrong.to_string()).await.status, 400, "{wrong}");
        }
    });
}

#[test]
fn a_fault_is_taken_as_often_as_was_asked_however_many_come_at_once() {
    shopping(async |shop, _, _| {
        shop.fault("error_500", json!({ "times": 5 })).await;
        let tries: Vec<_> = (0..12)
            .map(|_| {
                let shop = shop.with_key("sk_test_shop");
                tokio::spawn(async move { shop.get("/v1/balance").await.status })
            })
            .collect();
        let mut failed = 0;
        for asked in tries {
            failed += usize::from(asked.await.unwrap() == 500);
        }
        assert_eq!(failed, 5);
    });
}
