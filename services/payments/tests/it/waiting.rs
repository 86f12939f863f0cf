//! Where a project wants it, a payment waits for fraud detection's word before its provider hears of it.

use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use contracts::{Id, PaymentId};
use kernel::http::{CLIENT_ADDRESS, address_marks, address_word};
use kernel::testing::Player;
use serde_json::{Value, json};

use crate::shop::*;
use crate::stripe::Fault;

/// Payments wait for 10 s, and what was not judged by then goes on or fails.
fn waiting_shops(silence: &'static str, test: impl AsyncFn(&Shop)) {
    shops_with(&[("payments.fraud_wait", "10s"), ("payments.fraud_silence", silence)], test);
}

/// Ann orders, and the payment's turn at its provider has come: its id.
async fn waits(shop: &Shop) -> String {
    shop.ordered(1).await;
    shop.work().await;
    let payment = shop.of_order(1).await;
    assert_eq!((&payment["status"], &payment["provider_ref"]), (&json!("created"), &Value::Null));
    assert!(shop.stripe.intents().is_empty());
    payment["id"].as_str().unwrap().to_owned()
}

/// How often the provider was asked to take a payment.
fn asked(shop: &Shop) -> usize {
    shop.stripe.asked(http::Method::POST, "/v1/payment_intents").len()
}

async fn stands(shop: &Shop, id: &str) -> (Value, Value) {
    let payment = shop.payment(id).await;
    (payment["status"].clone(), payment["failure"].clone())
}

fn said(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(what, result)| ((*what).to_owned(), (*result).to_owned())).collect()
}

#[test]
fn a_payment_that_waits_is_unknown_to_its_provider_and_shown_as_it_is() {
    waiting_shops("go_on", async |shop| {
        let id = waits(shop).await;
        let path = format!("/api/v1/payments/by-order/{}/client-secret", order(1));
        assert_eq!(shop.get(&ann(), &path).await.problem(), (503, "payment_not_ready"));
        assert_eq!(
            shop.get(&ann(), &format!("/api/v1/payments/{id}")).await.expect(200).body["status"],
            "created"
        );
        let again = json!({ "order_id": order(1).to_string() });
        assert_eq!(shop.post(&ann(), "/api/v1/payments", &again).await.expect(201).body["id"], id);
        shop.wait(Duration::from_secs(9)).await;
        assert_eq!(asked(shop), 0);
        assert_eq!(shop.attempts(&id).await, said(&[("fraud", "awaited")]));
        assert_eq!(shop.told_types().await, ["payment.started"]);
    });
}

#[test]
fn what_is_approved_or_looked_at_goes_to_its_provider_once() {
    for (decision, word) in [(RiskDecision::Approve, "approve"), (RiskDecision::Review, "review")] {
        waiting_shops("fail", async |shop| {
            let id = waits(shop).await;
            for _ in 0..2 {
                shop.judged(&id, decision).await;
            }
            shop.work().await;
            assert_eq!(shop.status(&id).await, "pending");
            shop.wait(Duration::from_secs(60)).await;
            assert_eq!(stands(shop, &id).await, (json!("pending"), Value::Null));
            assert_eq!(asked(shop), 1);
            assert_eq!(shop.told_of("payment.intent.created").await.len(), 1);
            assert_eq!(
                shop.attempts(&id).await,
                said(&[("fraud", "awaited"), ("fraud", word), ("open", "applied")])
            );
        });
    }
}

#[test]
fn what_is_blocked_while_it_waits_fails_and_its_provider_never_hears_of_it() {
    waiting_shops("go_on", async |shop| {
        let id = waits(shop).await;
        for _ in 0..2 {
            shop.judged(&id, RiskDecision::Block).await;
        }
        assert_eq!(stands(shop, &id).await, (json!("failed"), json!("blocked")));
        shop.judged(&id, RiskDecision::Approve).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!(asked(shop), 0);
        assert_eq!(shop.told_types().await, ["payment.started", "payment.failed"]);
        let again = shop.post(&ann(), "/api/v1/payments", &json!({ "order_id": order(1).to_string() })).await;
        assert_eq!(again.problem(), (409, "blocked"), "the order is not paid for by another payment either");
    });
}

#[test]
fn what_went_on_for_a_review_is_called_off_when_it_is_blocked() {
    waiting_shops("fail", async |shop| {
        let id = waits(shop).await;
        shop.judged(&id, RiskDecision::Review).await;
        shop.work().await;
        shop.judged(&id, RiskDecision::Block).await;
        shop.work().await;
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
        assert_eq!(stands(shop, &id).await, (json!("failed"), json!("blocked")));
    });
}

#[test]
fn where_silence_lets_it_go_on_a_payment_goes_to_its_provider_once_its_time_is_over() {
    waiting_shops("go_on", async |shop| {
        let id = waits(shop).await;
        shop.wait(Duration::from_secs(10)).await;
        assert_eq!(shop.status(&id).await, "pending");
        let before = shop.payment(&id).await;
        shop.judged(&id, RiskDecision::Approve).await;
        shop.work().await;
        assert_eq!(shop.payment(&id).await, before, "a word that comes late changes nothing");
        assert_eq!(asked(shop), 1);
        assert_eq!(
            shop.attempts(&id).await,
            said(&[("fraud", "awaited"), ("fraud", "silent"), ("open", "applied")])
        );
        shop.judged(&id, RiskDecision::Block).await;
        shop.work().await;
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled", "unless it is a block");
    });
}

#[test]
fn where_silence_fails_it_a_payment_makes_room_for_another() {
    waiting_shops("fail", async |shop| {
        let id = waits(shop).await;
        shop.wait(Duration::from_secs(10)).await;
        assert_eq!(stands(shop, &id).await, (json!("failed"), json!("fraud_timed_out")));
        shop.judged(&id, RiskDecision::Approve).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!((stands(shop, &id).await.0, asked(shop)), (json!("failed"), 0));
        let failed = shop.told_of("payment.failed").await;
        assert_eq!((failed.len(), &failed[0]["reason"]), (1, &json!("fraud_timed_out")));
        let again = shop.post(&ann(), "/api/v1/payments", &json!({ "order_id": order(1).to_string() })).await;
        let other = again.expect(201).body["id"].as_str().unwrap().to_owned();
        assert_ne!(other, id);
        shop.work().await;
        assert_eq!(shop.status(&other).await, "created", "which waits as well");
        shop.judged(&other, RiskDecision::Approve).await;
        shop.work().await;
        assert_eq!(shop.status(&other).await, "pending");
    });
}

#[test]
fn a_word_that_comes_before_its_turn_holds_and_nobody_waits() {
    waiting_shops("fail", async |shop| {
        shop.ordered(1).await;
        let id = shop.of_order(1).await["id"].as_str().unwrap().to_owned();
        shop.judged(&id, RiskDecision::Approve).await;
        shop.work().await;
        assert_eq!(shop.attempts(&id).await, said(&[("open", "applied")]));
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!((shop.status(&id).await, asked(shop)), ("pending".to_owned(), 1));
        shop.ordered(2).await;
        let id = shop.of_order(2).await["id"].as_str().unwrap().to_owned();
        shop.judged(&id, RiskDecision::Block).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!((stands(shop, &id).await.1, asked(shop)), (json!("blocked"), 1));
    });
}

#[test]
fn a_word_on_the_order_is_a_word_on_its_payment() {
    waiting_shops("fail", async |shop| {
        let id = waits(shop).await;
        shop.judged(order(1), RiskDecision::Approve).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "pending");
    });
}

#[test]
fn what_is_called_off_while_it_waits_is_cancelled_whatever_is_said_then() {
    waiting_shops("go_on", async |shop| {
        let id = waits(shop).await;
        shop.cancelled(1).await;
        shop.judged(&id, RiskDecision::Approve).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!((shop.status(&id).await, asked(shop)), ("cancelled".to_owned(), 0));
        assert_eq!(shop.told_types().await, ["payment.started", "payment.cancelled"]);
    });
}

#[test]
fn top_ups_and_invoices_wait_as_well() {
    waiting_shops("go_on", async |shop| {
        shop.top_up_requested(1).await;
        let invoice = json!({ "invoice_id": "inv_1", "amount": 700, "currency": "USD" });
        let invoice = shop.post(&clerk(), "/api/v1/payments", &invoice).await.expect(201).body["id"].clone();
        shop.work().await;
        assert_eq!(asked(shop), 0);
        let started = shop.told_of("payment.started").await;
        assert_eq!((&started[0]["topUpId"], &started[1]["paymentId"]), (&json!(top_up(1)), &invoice));
        for told in &started {
            shop.judged(told["paymentId"].as_str().unwrap(), RiskDecision::Approve).await;
        }
        shop.work().await;
        assert_eq!(shop.stripe.intents().len(), 2);
    });
}

#[test]
fn a_payment_is_told_as_started_once_before_anything_else() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.ordered(1).await;
        let expected = json!({ "paymentId": id, "orderId": order(1), "amount": 1999, "currency": "USD",
            "userId": shop.payment(&id).await["user_id"] });
        assert_eq!(shop.told_of("payment.started").await, [expected]);
        assert_eq!(shop.told_types().await, ["payment.started", "payment.intent.created"]);
        for decision in [RiskDecision::Approve, RiskDecision::Review] {
            let before = shop.payment(&id).await;
            shop.judged(&id, decision).await;
            assert_eq!(shop.payment(&id).await, before, "nobody waited for it");
        }
        assert_eq!(shop.attempts(&id).await, said(&[("open", "applied")]));
        shop.judged(PaymentId::from_u128(9), RiskDecision::Approve).await;
    });
}

#[test]
fn who_asks_for_their_payment_is_told_with_their_address_and_a_program_without_its_own() {
    shops(async |shop| {
        let refused = json!({ "error": { "type": "invalid_request_error", "code": "amount_too_large" } });
        shop.stripe.fail([Fault::Instead(400, refused)]);
        shop.ordered(1).await;
        shop.work().await;
        let marks = address_marks(&shop.running.store().keys().keyring);
        let from = address_word(&marks, "203.0.113.9".parse().unwrap());
        let asks = async |who: &Player, body: Value| {
            let from = [(CLIENT_ADDRESS, from.as_str()), ("idempotency-key", "once")];
            shop.ask(http::Method::POST, "/api/v1/payments", Some(who), Some(&body), &from).await
        };
        let mine = json!({ "order_id": order(1).to_string(), "device": "pixel-9-4f1c" });
        asks(&ann(), mine).await.expect(201);
        let invoice = json!({ "invoice_id": "inv_1", "amount": 700, "currency": "USD", "device": "till-3" });
        asks(&clerk(), invoice).await.expect(201);
        let started = shop.told_of("payment.started").await;
        let asked = started.iter().map(|told| (&told["clientAddress"], &told["device"]));
        let expected = [
            (&Value::Null, &Value::Null),
            (&json!("203.0.113.9"), &json!("pixel-9-4f1c")),
            (&Value::Null, &json!("till-3")),
        ];
        assert_eq!(asked.collect::<Vec<_>>(), expected);
        assert_eq!(started[2]["invoiceId"], "inv_1");
        let nonsense = json!({ "invoice_id": "inv_2", "amount": 1, "currency": "USD", "device": "" });
        assert_eq!(shop.post(&clerk(), "/api/v1/payments", &nonsense).await.problem().0, 422);
    });
}
