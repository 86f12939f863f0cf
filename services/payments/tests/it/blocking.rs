//! What fraud detection does not want is not paid; what was paid already is looked at.

use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use http::Method;
use serde_json::{Value, json};

use crate::shop::*;
use crate::stripe::Fault;

async fn stands(shop: &Shop) -> (Value, Value) {
    let payment = shop.of_order(1).await;
    (payment["status"].clone(), payment["failure"].clone())
}

fn blocked() -> (Value, Value) {
    (json!("failed"), json!("blocked"))
}

#[test]
fn a_blocked_payment_is_cancelled_at_its_provider_and_fails_once() {
    shops(async |shop| {
        shop.opened().await;
        for _ in 0..2 {
            shop.judged(order(1), RiskDecision::Block).await;
        }
        assert_eq!(stands(shop).await, blocked());
        shop.work().await;
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
        assert_eq!(stands(shop).await, blocked());
        let told = shop.told_of("payment.failed").await;
        assert_eq!(
            (told.len(), &told[0]["reason"], &told[0]["orderId"]),
            (1, &json!("blocked"), &json!(order(1)))
        );
        assert_eq!(shop.told_of("payment.cancelled").await, Vec::<Value>::new());
        let again = shop.post(&ann(), "/api/v1/payments", &json!({ "order_id": order(1).to_string() })).await;
        assert_eq!(again.problem(), (409, "blocked"));
        let path = format!("/api/v1/payments/by-order/{}/client-secret", order(1));
        assert_eq!(shop.get(&ann(), &path).await.problem(), (409, "not_payable"));
        shop.wait(Duration::from_secs(10 * 86_400)).await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/payment_intents/pi_1").len(), 0);
    });
}

#[test]
fn what_may_go_on_or_waits_for_a_person_is_left_alone() {
    shops(async |shop| {
        let id = shop.opened().await;
        for decision in [RiskDecision::Review, RiskDecision::Approve] {
            shop.judged(order(1), decision).await;
        }
        shop.judged("wpay_01jd3sa4k8qm7v2x9c5f0t6w1b", RiskDecision::Block).await;
        shop.judged("nonsense", RiskDecision::Block).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "pending");
        shop.judged(&id, RiskDecision::Block).await;
        assert_eq!(stands(shop).await, blocked());
    });
}

#[test]
fn a_word_that_comes_before_its_order_holds() {
    shops(async |shop| {
        shop.judged(order(1), RiskDecision::Block).await;
        shop.ordered(1).await;
        shop.work().await;
        assert_eq!(stands(shop).await, blocked());
        assert!(shop.stripe.intents().is_empty());
        assert_eq!(shop.told_types().await, ["payment.started", "payment.failed"]);
    });
}

#[test]
fn a_payment_that_is_made_known_while_it_is_blocked_is_cancelled_there_too() {
    shops(async |shop| {
        shop.stripe.fail([Fault::StatusAfterDoing(500)]);
        shop.ordered(1).await;
        shop.work().await;
        let made = shop.stripe.intents()[0].clone();
        shop.told_by_stripe("evt_1", "payment_intent.created", &made).await.expect(200);
        shop.judged(order(1), RiskDecision::Block).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!(stands(shop).await, blocked());
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
        assert_eq!(shop.told_of("payment.failed").await.len(), 1);
    });
}

#[test]
fn what_is_paid_already_is_not_blocked_and_waits_for_a_look() {
    shops(async |shop| {
        let id = shop.paid().await;
        shop.judged(order(1), RiskDecision::Block).await;
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["needs_review"]), (&json!("succeeded"), &json!(true)));
        shop.work().await;
        assert!(shop.stripe.asked(Method::POST, "/cancel").is_empty());
        assert_eq!(shop.told_of("payment.failed").await, Vec::<Value>::new());
        assert!(shop.attempts(&id).await.contains(&("fraud".into(), "too_late".into())));
    });
}

#[test]
fn money_that_arrives_in_spite_of_a_block_is_told_and_waits_for_a_look() {
    shops(async |shop| {
        let id = shop.opened().await;
        let at_it = shop.stripe.change("pi_1", json!({ "status": "processing" }));
        shop.told_by_stripe("evt_1", "payment_intent.processing", &at_it).await.expect(200);
        shop.judged(order(1), RiskDecision::Block).await;
        assert_eq!(shop.status(&id).await, "processing");
        shop.pay_in_browser("pi_1").await;
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["needs_review"]), (&json!("succeeded"), &json!(true)));
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
    });
}

#[test]
fn what_is_being_worked_at_is_blocked_when_it_comes_to_nothing() {
    shops(async |shop| {
        shop.opened().await;
        let at_it = shop.stripe.change("pi_1", json!({ "status": "processing" }));
        shop.told_by_stripe("evt_1", "payment_intent.processing", &at_it).await.expect(200);
        shop.judged(order(1), RiskDecision::Block).await;
        let failed = shop.stripe.change("pi_1", json!({ "status": "requires_payment_method" }));
        shop.told_by_stripe("evt_2", "payment_intent.payment_failed", &failed).await.expect(200);
        shop.work().await;
        assert_eq!(stands(shop).await, blocked());
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
    });
}

#[test]
fn a_block_that_the_provider_did_not_hear_is_said_again_until_it_does() {
    shops(async |shop| {
        shop.opened().await;
        let odd = json!({ "error": { "type": "invalid_request_error", "code": "lock_timeout" } });
        shop.stripe.fail([Fault::Instead(400, odd)]);
        shop.judged(order(1), RiskDecision::Block).await;
        shop.work().await;
        shop.wait(Duration::from_secs(301)).await;
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
        assert_eq!(stands(shop).await, blocked());
        assert_eq!(shop.told_of("payment.failed").await.len(), 1);
    });
}
