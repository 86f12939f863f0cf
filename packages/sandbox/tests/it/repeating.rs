//! Idempotency keys: the same write twice is one, and a key is good for one write.

use std::time::Duration;

use kernel::testing::Stage;

use crate::shop::{Ear, Shop, shopping};

const FORM: &str = "amount=1000&currency=usd&payment_method_types[]=card&metadata[a]=1";

#[test]
fn the_same_key_is_answered_the_same_and_does_nothing_more() {
    shopping(async |shop, _, _| {
        let first = shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        assert_eq!(first.header("idempotent-replayed"), None);
        let again = shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("original-request"), first.header("request-id"));
        assert_ne!(again.header("request-id"), first.header("request-id"));
        assert_eq!(shop.get("/v1/payment_intents").await.each("id").len(), 1);
        assert_eq!(shop.events().await.len(), 1);
    });
}

#[test]
fn a_decline_is_said_again_and_not_tried_again() {
    shopping(async |shop, _, _| {
        let form = format!("{FORM}&confirm=true&payment_method=pm_card_chargeDeclined");
        let first = shop.post_once("k1", "/v1/payment_intents", &form).await.expect(402);
        let again = shop.post_once("k1", "/v1/payment_intents", &form).await.expect(402);
        assert_eq!(again.body, first.body);
        assert_eq!(shop.get("/v1/charges").await.each("id").len(), 1);
    });
}

#[test]
fn a_key_used_for_something_else_is_refused() {
    shopping(async |shop, _, _| {
        shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        let other = shop.post_once("k1", "/v1/payment_intents", &FORM.replace("1000", "1001")).await;
        assert_eq!(other.error(), (400, "idempotency_error", ""));
        let elsewhere = shop.post_once("k1", "/v1/customers", FORM).await;
        assert_eq!(elsewhere.error(), (400, "idempotency_error", ""));
        let long = shop.post_once(&"k".repeat(256), "/v1/payment_intents", FORM).await;
        assert_eq!(long.error(), (400, "idempotency_error", ""));
        // Another account's keys are its own.
        shop.with_key("sk_test_other").post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
    });
}

#[test]
fn a_refused_request_leaves_its_key_free() {
    shopping(async |shop, _, _| {
        shop.post_once("k1", "/v1/payment_intents", "currency=usd").await.expect(400);
        shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
    });
}

#[test]
fn of_many_at_once_with_one_key_one_is_done_and_the_others_hear_that_it_is_or_was() {
    shopping(async |shop, _, _| {
        let tries: Vec<_> = (0..12)
            .map(|_| {
                let shop = shop.with_key("sk_test_shop");
                tokio::spawn(async move { shop.post_once("k1", "/v1/payment_intents", FORM).await })
            })
            .collect();
        for asked in tries {
            let answer = asked.await.unwrap();
            if answer.status != 200 {
                assert_eq!(answer.error(), (409, "idempotency_error", "idempotency_key_in_use"));
            }
        }
        assert_eq!(shop.get("/v1/payment_intents").await.each("id").len(), 1);
    });
}

#[test]
fn keys_are_forgotten_after_a_day() {
    shopping(async |shop, stage, _| {
        shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        stage.wait(Duration::from_secs(3600)).await;
        let again = shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        stage.wait(Duration::from_secs(86_400)).await;
        let later = shop.post_once("k1", "/v1/payment_intents", FORM).await.expect(200);
        assert_eq!(later.header("idempotent-replayed"), None);
        assert_eq!(shop.get("/v1/payment_intents").await.each("id").len(), 2);
    });
}

#[test]
fn all_of_it_is_there_again_after_a_restart() {
    shopping(async |shop, stage, place| {
        let ear = Ear::of(stage).await;
        let form = format!("{FORM}&confirm=true&payment_method=pm_card_visa");
        let paid = shop.post_once("k1", "/v1/payment_intents", &form).await.expect(200);
        shop.fault("error_500", serde_json::json!({})).await;
        let store = stage.running.store().clone();
        tokio::task::spawn_blocking(move || store.close()).await.unwrap();
        assert_eq!(ear.types(), Vec::<String>::new());

        let reopened = Stage::new(place, sandbox::service()).await;
        let shop = Shop::open(&reopened).await;
        assert_eq!(shop.get("/v1/balance").await.status, 500, "the fault stands still");
        let again = shop.post_once("k1", "/v1/payment_intents", &form).await.expect(200);
        assert_eq!((again.body, again.headers.contains_key("idempotent-replayed")), (paid.body, true));
        reopened.work().await;
        let mut heard = ear.types();
        heard.sort();
        assert_eq!(heard, ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]);
    });
}
