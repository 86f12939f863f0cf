//! Money on its way into a wallet: one payment a top-up, at its amount, for its owner.

use kernel::testing::Player;
use serde_json::{Value, json};

use crate::shop::*;
use crate::stripe::decoded;
use http::Method;

async fn paying(shop: &Shop, number: u128) -> Value {
    let body = json!({ "top_up_id": top_up(number).to_string() });
    shop.post(&ann(), "/api/v1/payments", &body).await.expect(201).body
}

fn secret_path(number: u128) -> String {
    format!("/api/v1/payments/by-top-up/{}/client-secret", top_up(number))
}

#[test]
fn a_top_up_gets_one_payment_at_its_amount() {
    // Where a shop holds money until it says so, a wallet is topped up at once all the same.
    shops_with(&[("payments.capture", "manual")], async |shop| {
        shop.top_up_requested(1).await;
        shop.top_up_requested(1).await;
        shop.work().await;
        let asked = shop.stripe.asked(Method::POST, "/v1/payment_intents");
        assert_eq!(asked.len(), 1);
        let form = decoded(&asked[0].text());
        assert_eq!((form["amount"].as_str(), form["capture_method"].as_str()), ("5000", "automatic"));
        assert_eq!(form["metadata[topUpId]"], top_up(1).to_string());
        let payment = paying(shop, 1).await;
        assert_eq!((&payment["top_up_id"], &payment["amount"]), (&json!(top_up(1)), &json!(5000)));
        assert_eq!((&payment["status"], &payment["order_id"]), (&json!("pending"), &Value::Null));
        assert_eq!(shop.stripe.intents().len(), 1);
    });
}

#[test]
fn what_was_paid_for_a_top_up_is_told_with_its_name() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        shop.work().await;
        let payment = paying(shop, 1).await;
        let declined = json!({ "type": "card_error", "code": "card_declined" });
        let failed = shop.stripe.change("pi_1", json!({ "last_payment_error": declined }));
        shop.told_by_stripe("evt_1", "payment_intent.payment_failed", &failed).await.expect(200);
        let told = shop.told_of("payment.failed").await;
        assert_eq!((&told[0]["topUpId"], &told[0]["reason"]), (&json!(top_up(1)), &json!("card_declined")));
        let paid = json!({ "status": "succeeded", "amount_received": 5000, "last_payment_error": null });
        let paid = shop.stripe.change("pi_1", paid);
        for event in ["evt_2", "evt_3"] {
            shop.told_by_stripe(event, "payment_intent.succeeded", &paid).await.expect(200);
        }
        let expected = json!({ "topUpId": top_up(1), "paymentIntentId": "pi_1", "paymentId": payment["id"],
            "amount": 5000, "currency": "USD", "userId": payment["user_id"] });
        assert_eq!(shop.told_of("payment.succeeded").await, [expected]);
    });
}

#[test]
fn a_top_up_that_its_payer_gives_up_at_the_provider_is_told_as_cancelled() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        shop.work().await;
        let gone = shop.stripe.change("pi_1", json!({ "status": "canceled" }));
        shop.told_by_stripe("evt_1", "payment_intent.canceled", &gone).await.expect(200);
        assert_eq!(shop.told_of("payment.cancelled").await[0]["topUpId"], json!(top_up(1)));
        assert_eq!(shop.get(&ann(), &secret_path(1)).await.problem(), (409, "not_payable"));
    });
}

#[test]
fn a_top_up_that_has_expired_cannot_be_paid_any_more() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        shop.work().await;
        for _ in 0..2 {
            shop.top_up_expired(1).await;
        }
        shop.work().await;
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
        assert_eq!(shop.told_of("payment.cancelled").await.len(), 1);
        let again =
            shop.post(&ann(), "/api/v1/payments", &json!({ "top_up_id": top_up(1).to_string() })).await;
        assert_eq!(again.problem(), (409, "not_payable"));
        assert_eq!(shop.stripe.intents().len(), 1);
    });
}

#[test]
fn what_was_paid_as_a_top_up_expired_is_told_as_paid() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        shop.work().await;
        let paid = shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 5000 }));
        shop.top_up_expired(1).await;
        shop.work().await;
        shop.told_by_stripe("evt_1", "payment_intent.succeeded", &paid).await.expect(200);
        assert_eq!(shop.told_of("payment.succeeded").await[0]["topUpId"], json!(top_up(1)));
        assert!(shop.told_of("payment.cancelled").await.is_empty());
    });
}

#[test]
fn the_secret_of_a_top_up_is_for_its_owner_alone() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        let said = shop.working(shop.get(&ann(), &secret_path(1))).await.expect(200);
        assert_eq!(said.headers["cache-control"], "no-store");
        assert_eq!(said.body["client_secret"], "pi_1_secret_of_the_browser");
        assert_eq!((&said.body["amount"], &said.body["status"]), (&json!(5000), &json!("pending")));
        for other in [ben(), clerk(), Player::user(2, 1, ALL), Player::user(1, 2, ALL)] {
            assert_eq!(shop.get(&other, &secret_path(1)).await.problem(), (404, "not_found"), "{other:?}");
        }
        assert_eq!(shop.get(&ann(), &secret_path(9)).await.problem(), (404, "not_found"));
    });
}

#[test]
fn nobody_pays_another_amount_or_for_somebody_elses_top_up() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        let ask = async |who: &Player, body: Value| shop.post(who, "/api/v1/payments", &body).await;
        let mine = top_up(1).to_string();
        for who in [ann(), clerk()] {
            let other = json!({ "top_up_id": mine, "amount": 1, "currency": "USD" });
            assert_eq!(ask(&who, other).await.problem(), (422, "amount_mismatch"));
        }
        assert_eq!(ask(&ben(), json!({ "top_up_id": mine })).await.problem(), (404, "not_found"));
        let unknown = json!({ "top_up_id": top_up(9).to_string(), "amount": 5, "currency": "USD" });
        assert_eq!(ask(&clerk(), unknown).await.problem(), (404, "not_found"));
        let both = json!({ "top_up_id": mine, "invoice_id": "inv_1" });
        assert_eq!(ask(&ann(), both).await.problem(), (422, "invalid_input"));
    });
}

#[test]
fn what_is_in_a_wallet_does_not_go_back_as_a_refund() {
    shops(async |shop| {
        shop.top_up_requested(1).await;
        shop.work().await;
        let id = paying(shop, 1).await["id"].as_str().unwrap().to_owned();
        let paid = shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 5000 }));
        shop.told_by_stripe("evt_1", "payment_intent.succeeded", &paid).await.expect(200);
        let said = shop.post(&clerk(), &format!("/api/v1/payments/{id}/refund"), &json!({})).await;
        assert_eq!(said.problem(), (409, "other_hands"));
        // Whoever does it at the provider leaves people with a wallet that still has it.
        let made = json!({ "id": "re_9", "object": "refund", "amount": 5000, "payment_intent": "pi_1",
            "status": "succeeded", "metadata": {} });
        shop.told_by_stripe("evt_r", "refund.created", &made).await.expect(200);
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["needs_review"]), (&json!("refunded"), &json!(true)));
    });
}
