//! What is done with a payment on purpose.

use http::Method;
use serde_json::{Value, json};

use crate::shop::*;
use crate::stripe::{Fault, decoded};

async fn process(shop: &Shop, id: &str, body: Value) -> Said {
    shop.working(shop.post(&ann(), &format!("/api/v1/payments/{id}/process"), &body)).await
}

async fn manual(shop: &Shop) -> String {
    let body = json!({ "invoice_id": "inv_1", "amount": 1999, "currency": "USD", "capture": "manual" });
    let made = shop.post(&clerk(), "/api/v1/payments", &body).await.expect(201);
    let id = made.body["id"].as_str().unwrap().to_owned();
    shop.work().await;
    let path = format!("/api/v1/payments/{id}/process");
    let held = shop.working(shop.post(&clerk(), &path, &json!({ "payment_method": "pm_card_visa" }))).await;
    assert_eq!(held.expect(200).body["status"], "authorized");
    id
}

#[test]
fn a_customer_is_charged_and_hears_what_came_of_it() {
    shops(async |shop| {
        let id = shop.opened().await;
        let declined = process(shop, &id, json!({ "payment_method": "pm_card_visa_chargeDeclined" })).await;
        assert_eq!(declined.status.as_u16(), 200);
        assert_eq!(declined.body["status"], "failed");
        assert_eq!(declined.body["failure"], "insufficient_funds");
        assert_eq!(shop.told_of("payment.failed").await[0]["reason"], "insufficient_funds");
        let paid = process(shop, &id, json!({ "payment_method": "pm_card_visa" })).await.expect(200);
        assert_eq!((&paid.body["status"], &paid.body["failure"]), (&json!("succeeded"), &Value::Null));
        let again = process(shop, &id, json!({})).await.expect(200);
        assert_eq!(again.body["status"], "succeeded");
        assert_eq!(shop.stripe.asked(Method::POST, "/confirm").len(), 2);
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
        let other = shop.post(&ben(), &format!("/api/v1/payments/{id}/process"), &json!({})).await;
        assert_eq!(other.problem(), (404, "not_found"));
    });
}

#[test]
fn a_charge_whose_answer_was_lost_is_asked_again_with_its_key() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.stripe.fail([Fault::CutAfterDoing]);
        let path = format!("/api/v1/payments/{id}/process");
        let said = shop.working(shop.post(&ann(), &path, &json!({ "payment_method": "pm_card_visa" }))).await;
        assert_eq!((said.status.as_u16(), &said.body["status"]), (202, &json!("pending")));
        shop.wait(std::time::Duration::from_secs(60)).await;
        assert_eq!(shop.status(&id).await, "succeeded");
        let asked = shop.stripe.asked(Method::POST, "/confirm");
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].headers["idempotency-key"], asked[1].headers["idempotency-key"]);
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
    });
}

#[test]
fn the_same_idempotency_key_charges_once() {
    shops(async |shop| {
        let id = shop.opened().await;
        let path = format!("/api/v1/payments/{id}/process");
        let body = json!({ "payment_method": "pm_card_visa_chargeDeclined" });
        for _ in 0..3 {
            let key = [("idempotency-key", "k-1")];
            let asked = shop.ask(Method::POST, &path, None, Some(&body), &key).await;
            assert_eq!(asked.problem(), (401, "unauthenticated"));
            let ann = ann();
            let asked = shop.ask(Method::POST, &path, Some(&ann), Some(&body), &key);
            assert_eq!(shop.working(asked).await.expect(200).body["status"], "failed");
        }
        assert_eq!(shop.stripe.asked(Method::POST, "/confirm").len(), 1);
    });
}

#[test]
fn held_money_is_captured_in_part_and_never_in_excess() {
    shops(async |shop| {
        let id = manual(shop).await;
        let told = shop.told_of("payment.authorized").await;
        assert_eq!(told, [json!({ "paymentId": id, "amount": 1999, "currency": "USD" })]);
        let capture =
            async |body: Value| shop.working(shop.post(&clerk(), "/api/v1/payments/capture", &body)).await;
        assert_eq!(
            capture(json!({ "transaction_id": id, "amount": 2000 })).await.problem(),
            (409, "not_capturable")
        );
        assert_eq!(capture(json!({ "amount": 5 })).await.problem(), (422, "invalid_input"));
        let taken = capture(json!({ "transaction_id": id, "amount": 500 })).await.expect(200);
        assert_eq!((&taken.body["status"], &taken.body["captured"]), (&json!("succeeded"), &json!(500)));
        assert_eq!(taken.body["refundable"], 500);
        let form = decoded(&shop.stripe.asked(Method::POST, "/capture")[0].text());
        assert_eq!(form["amount_to_capture"], "500");
        assert_eq!(shop.told_of("payment.succeeded").await[0]["amount"], 500);
        assert_eq!(capture(json!({ "payment_id": id })).await.problem(), (409, "not_capturable"));
        let person = shop.post(&ann(), "/api/v1/payments/capture", &json!({ "payment_id": id })).await;
        assert_eq!(person.problem(), (403, "forbidden"));
    });
}

#[test]
fn processing_held_money_captures_all_of_it() {
    shops(async |shop| {
        let id = manual(shop).await;
        let path = format!("/api/v1/payments/{id}/process");
        let taken = shop.working(shop.post(&clerk(), &path, &json!({}))).await.expect(200);
        assert_eq!((&taken.body["status"], &taken.body["captured"]), (&json!("succeeded"), &json!(1999)));
    });
}

#[test]
fn a_refused_capture_leaves_the_money_held_and_can_be_asked_again() {
    shops(async |shop| {
        let id = manual(shop).await;
        let refused = json!({ "error": { "type": "invalid_request_error", "code": "parameter_missing" } });
        shop.stripe.fail([Fault::Instead(400, refused)]);
        let body = json!({ "transaction_id": id, "amount": 500 });
        let said = shop.working(shop.post(&clerk(), "/api/v1/payments/capture", &body)).await.expect(200);
        assert_eq!((&said.body["status"], &said.body["captured"]), (&json!("authorized"), &json!(0)));
        let all = json!({ "transaction_id": id });
        let said = shop.working(shop.post(&clerk(), "/api/v1/payments/capture", &all)).await.expect(200);
        assert_eq!((&said.body["status"], &said.body["captured"]), (&json!("succeeded"), &json!(1999)));
    });
}

#[test]
fn money_taken_by_hand_is_settled_by_hand_and_goes_back_by_hand() {
    shops_with(&[("payments.providers", "offline,stripe")], async |shop| {
        let id = shop.opened().await;
        assert_eq!(shop.payment(&id).await["provider"], "offline");
        let path = format!("/api/v1/payments/by-order/{}/client-secret", order(1));
        let said = shop.get(&ann(), &path).await.expect(200);
        assert_eq!((&said.body["provider"], &said.body["client_secret"]), (&json!("offline"), &Value::Null));
        let said = shop.post(&ann(), &format!("/api/v1/payments/{id}/process"), &json!({})).await;
        assert_eq!(said.problem(), (409, "other_hands"));
        let settle = format!("/api/v1/payments/{id}/settle");
        assert_eq!(
            shop.ask(Method::POST, &settle, Some(&ann()), None, &[]).await.problem(),
            (403, "forbidden")
        );
        for _ in 0..2 {
            let said = shop.ask(Method::POST, &settle, Some(&clerk()), None, &[]).await.expect(200);
            assert_eq!((&said.body["status"], &said.body["captured"]), (&json!("succeeded"), &json!(1999)));
        }
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
        let refund = format!("/api/v1/payments/{id}/refund");
        shop.post(&clerk(), &refund, &json!({})).await.expect(201);
        shop.work().await;
        assert_eq!(shop.status(&id).await, "refunded");
        assert!(shop.stripe.intents().is_empty());
    });
}

#[test]
fn a_provider_s_payment_is_not_settled_by_hand() {
    shops(async |shop| {
        let id = shop.opened().await;
        let settle = format!("/api/v1/payments/{id}/settle");
        let said = shop.ask(Method::POST, &settle, Some(&clerk()), None, &[]).await;
        assert_eq!(said.problem(), (409, "other_hands"));
        assert_eq!(shop.status(&id).await, "pending");
    });
}
