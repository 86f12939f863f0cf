//! Webhooks: signed, told until somebody says yes, and to those alone who want to hear.

use std::time::Duration;

use kernel::testing::Peer;

use crate::shop::{Ear, shopping};

#[test]
fn every_change_is_told_signed_and_as_it_was_then() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        let intent = shop.intent("").await.id();
        let path = format!("/v1/payment_intents/{intent}/confirm");
        let paid = shop.post_once("k-77", &path, "payment_method=pm_card_visa").await.expect(200);
        stage.work().await;
        let mut heard = ear.heard();
        heard.sort_by_key(|event| event["id"].as_str().unwrap().to_owned());
        let types: Vec<_> = heard.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]);
        assert_eq!(heard[0]["data"]["object"]["status"], "requires_payment_method");
        assert_eq!(heard[2]["data"]["object"], paid.body);
        assert_eq!(heard[2]["request"]["idempotency_key"], "k-77");
        assert_eq!(heard[2]["request"]["id"].as_str(), paid.header("request-id"));
        let id = heard[2]["id"].as_str().unwrap();
        let seen = shop.get(&format!("/v1/events/{id}")).await.expect(200);
        assert_eq!((&seen.body["data"], &seen.body["pending_webhooks"]), (&heard[2]["data"], &0.into()));
    });
}

#[test]
fn an_endpoint_that_says_no_is_asked_again_after_waits_that_grow() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        ear.refuse(3);
        shop.intent("").await;
        stage.work().await;
        assert_eq!(ear.types().len(), 1);
        for (wait_s, heard) in [(1, 2), (4, 2), (1, 3), (29, 3), (1, 4), (4000, 4)] {
            stage.wait(Duration::from_secs(wait_s)).await;
            assert_eq!(ear.types().len(), heard, "after {wait_s} s more");
        }
        let heard = ear.heard();
        assert!(heard.iter().all(|event| *event == heard[0]), "each time the same event");
    });
}

#[test]
fn an_endpoint_that_never_says_yes_is_left_alone_after_ten_times() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        ear.refuse(usize::MAX);
        shop.intent("").await;
        for _ in 0..12 {
            stage.wait(Duration::from_secs(3600)).await;
        }
        assert_eq!(ear.types().len(), 10);
        let id = shop.get("/v1/events").await.each("id").remove(0);
        assert_eq!(shop.get(&format!("/v1/events/{id}")).await.body["pending_webhooks"], 1);
    });
}

#[test]
fn an_account_tells_its_own_endpoints_what_they_want_to_hear() {
    shopping(async |shop, stage, _| {
        let peer = Peer::answering(|_| (200, String::new())).await;
        let url = peer.url();
        let form = format!("url={url}&enabled_events[]=payment_intent.succeeded");
        let made = shop.post("/v1/webhook_endpoints", &form).await.expect(200);
        assert!(made.text_of("secret").starts_with("whsec_"));
        let listed = shop.get("/v1/webhook_endpoints").await.expect(200);
        assert_eq!(listed.each("id"), [made.id()]);
        assert_eq!(listed.body["data"][0].get("secret"), None, "a secret is shown once");
        shop.pay("pm_card_visa", "").await.expect(200);
        shop.with_key("sk_test_other").pay("pm_card_visa", "").await.expect(200);
        stage.work().await;
        let asked = peer.asked();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].text().contains("payment_intent.succeeded"));
        let path = format!("/v1/webhook_endpoints/{}", made.id());
        assert_eq!(shop.with_key("sk_test_other").ask("DELETE", &path, "", &[]).await.status, 404);
        shop.ask("DELETE", &path, "", &[]).await.expect(200);
        shop.pay("pm_card_visa", "").await.expect(200);
        stage.work().await;
        assert_eq!(peer.asked().len(), 1);
        for wrong in
            ["url=nowhere&enabled_events[]=*", "url=ftp://x.test&enabled_events[]=*", "url=http://x.test"]
        {
            assert_eq!(shop.post("/v1/webhook_endpoints", wrong).await.status, 400, "{wrong}");
        }
    });
}

#[test]
fn pointing_again_changes_address_and_secret_and_tells_once() {
    shopping(async |shop, stage, _| {
        let (old, ear) = (Ear::of(stage).await, Ear::of(stage).await);
        sandbox::point_webhooks(&stage.running, &old.url(), "whsec_old").await.unwrap();
        sandbox::point_webhooks(&stage.running, &ear.url(), "whsec_old").await.unwrap();
        sandbox::point_webhooks(&stage.running, &ear.url(), crate::shop::SECRET).await.unwrap();
        shop.intent("").await;
        stage.work().await;
        assert_eq!((ear.types(), old.types().len()), (vec!["payment_intent.created".to_owned()], 0));
    });
}
