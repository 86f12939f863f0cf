//! An order comes to nothing: its payment is cancelled, unless the money is there already.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::shop::*;
use crate::stripe::Fault;

#[test]
fn a_payment_that_nobody_knows_yet_is_cancelled_at_once() {
    shops(async |shop| {
        shop.ordered(1).await;
        shop.cancelled(1).await;
        assert_eq!(shop.of_order(1).await["status"], "cancelled");
        shop.work().await;
        assert!(shop.stripe.intents().is_empty());
        assert_eq!(shop.told_types().await, ["payment.started", "payment.cancelled"]);
        let again = shop.post(&ann(), "/api/v1/payments", &json!({ "order_id": order(1).to_string() })).await;
        assert_eq!(again.problem(), (409, "order_cancelled"));
    });
}

#[test]
fn a_payment_that_waits_is_cancelled_at_its_provider_once() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.cancelled(1).await;
        shop.cancelled(1).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "cancelled");
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
        assert_eq!(shop.told_of("payment.cancelled").await.len(), 1);
        let said = shop.post(&ann(), &format!("/api/v1/payments/{id}/process"), &json!({})).await;
        assert_eq!(said.problem(), (409, "not_payable"));
        shop.wait(Duration::from_secs(10 * 86_400)).await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/payment_intents/pi_1").len(), 0);
    });
}

#[test]
fn a_payment_that_is_made_known_while_it_is_cancelled_is_cancelled_there_too() {
    shops(async |shop| {
        shop.stripe.fail([Fault::StatusAfterDoing(500)]);
        shop.ordered(1).await;
        shop.work().await;
        let made = shop.stripe.intents()[0].clone();
        shop.told_by_stripe("evt_1", "payment_intent.created", &made).await.expect(200);
        shop.cancelled(1).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!(shop.of_order(1).await["status"], "cancelled");
        assert_eq!(shop.stripe.intents()[0]["status"], "canceled");
    });
}

#[test]
fn a_payment_that_was_made_meanwhile_is_told_as_made() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 1999 }));
        shop.cancelled(1).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "succeeded");
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
        assert_eq!(shop.told_of("payment.cancelled").await.len(), 0);
        shop.refund_requested(7, 1, None).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "refunded");
    });
}

#[test]
fn what_is_being_worked_at_is_cancelled_when_it_comes_to_nothing() {
    shops(async |shop| {
        let id = shop.opened().await;
        let at_it = shop.stripe.change("pi_1", json!({ "status": "processing" }));
        shop.told_by_stripe("evt_1", "payment_intent.processing", &at_it).await.expect(200);
        shop.cancelled(1).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "processing");
        assert_eq!(shop.stripe.asked(Method::POST, "/cancel").len(), 0);
        let declined = json!({ "type": "card_error", "code": "card_declined" });
        let failed = shop
            .stripe
            .change("pi_1", json!({ "status": "requires_payment_method", "last_payment_error": declined }));
        shop.told_by_stripe("evt_2", "payment_intent.payment_failed", &failed).await.expect(200);
        shop.work().await;
        assert_eq!(shop.status(&id).await, "cancelled");
        assert_eq!(shop.stripe.asked(Method::POST, "/cancel").len(), 1);
    });
}

#[test]
fn a_success_that_overtakes_its_cancellation_counts() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.cancelled(1).await;
        shop.work().await;
        assert_eq!(shop.status(&id).await, "cancelled");
        let paid = shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 1999 }));
        shop.told_by_stripe("evt_1", "payment_intent.succeeded", &paid).await.expect(200);
        assert_eq!(shop.status(&id).await, "succeeded");
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
    });
}
