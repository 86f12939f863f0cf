//! Refunds: never more than was taken, at once, later, or coming back.

use std::time::Duration;

use serde_json::json;

use crate::shop::{Shop, shopping};

async fn paid(shop: &Shop, method: &str) -> (String, String) {
    let paid = shop.pay(method, "").await.expect(200);
    (paid.id(), paid.text_of("latest_charge"))
}

#[test]
fn money_goes_back_in_parts_until_all_is_back() {
    shopping(async |shop, _, _| {
        let (intent, charge) = paid(shop, "pm_card_visa").await;
        let part = format!("payment_intent={intent}&amount=400&reason=duplicate");
        let part = shop.post("/v1/refunds", &part).await.expect(200);
        assert_eq!((part.text_of("status"), part.text_of("charge")), ("succeeded".into(), charge.clone()));
        let too_much = shop.post("/v1/refunds", &format!("charge={charge}&amount=601")).await;
        assert_eq!(too_much.error(), (400, "invalid_request_error", "amount_too_large"));
        let rest = shop.post("/v1/refunds", &format!("charge={charge}")).await.expect(200);
        assert_eq!(rest.body["amount"], 600);
        let none_left = shop.post("/v1/refunds", &format!("charge={charge}")).await;
        assert_eq!(none_left.error(), (400, "invalid_request_error", "charge_already_refunded"));
        let seen = shop.get(&format!("/v1/charges/{charge}")).await;
        assert_eq!((&seen.body["amount_refunded"], &seen.body["refunded"]), (&json!(1000), &json!(true)));
        let listed = shop.get(&format!("/v1/refunds?payment_intent={intent}")).await;
        assert_eq!(listed.each("id"), [rest.id(), part.id()]);
        assert_eq!(
            shop.events().await[3..],
            ["refund.created", "charge.refunded", "refund.created", "charge.refunded"]
        );
        assert_eq!(shop.get(&format!("/v1/payment_intents/{intent}")).await.text_of("status"), "succeeded");
    });
}

#[test]
fn of_many_refunds_at_once_no_more_succeed_than_there_was_money() {
    shopping(async |shop, _, _| {
        let (_, charge) = paid(shop, "pm_card_visa").await;
        let tries = (0..8).map(|_| {
            let (shop, form) = (shop.with_key("sk_test_shop"), format!("charge={charge}&amount=300"));
            tokio::spawn(async move { shop.post("/v1/refunds", &form).await.status })
        });
        let mut statuses = Vec::new();
        for asked in tries.collect::<Vec<_>>() {
            statuses.push(asked.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 400, 400, 400, 400, 400]);
        let seen = shop.get(&format!("/v1/charges/{charge}")).await;
        assert_eq!(seen.body["amount_refunded"], 900);
    });
}

#[test]
fn what_was_not_taken_is_not_given_back() {
    shopping(async |shop, _, _| {
        let held = shop.pay("pm_card_visa", "capture_method=manual").await.expect(200);
        let unpaid = shop.intent("").await;
        for intent in [held.id(), unpaid.id()] {
            assert_eq!(shop.post("/v1/refunds", &format!("payment_intent={intent}")).await.status, 400);
        }
        assert_eq!(shop.post("/v1/refunds", "").await.status, 400);
        assert_eq!(shop.post("/v1/refunds", "charge=ch_none").await.error().2, "resource_missing");
        assert_eq!(shop.get("/v1/refunds").await.each("id"), Vec::<String>::new());
    });
}

#[test]
fn a_refund_may_take_its_time() {
    shopping(async |shop, stage, _| {
        let (intent, _) = paid(shop, "pm_card_pendingRefund").await;
        let refund = shop.post("/v1/refunds", &format!("payment_intent={intent}")).await.expect(200);
        assert_eq!(refund.text_of("status"), "pending");
        stage.wait(Duration::from_secs(10)).await;
        let after = shop.get(&format!("/v1/refunds/{}", refund.id())).await;
        assert_eq!(after.text_of("status"), "succeeded");
        assert_eq!(shop.events().await.last().unwrap(), "refund.updated");
    });
}

#[test]
fn a_refund_that_comes_back_can_be_made_again() {
    shopping(async |shop, stage, _| {
        let (intent, charge) = paid(shop, "pm_card_refundFail").await;
        let refund = shop.post("/v1/refunds", &format!("payment_intent={intent}")).await.expect(200);
        assert_eq!(refund.text_of("status"), "succeeded");
        stage.wait(Duration::from_secs(10)).await;
        let after = shop.get(&format!("/v1/refunds/{}", refund.id())).await;
        assert_eq!(
            (after.text_of("status"), after.text_of("failure_reason")),
            ("failed".into(), "expired_or_canceled_card".into())
        );
        assert_eq!(shop.get(&format!("/v1/charges/{charge}")).await.body["amount_refunded"], 0);
        assert_eq!(shop.events().await.last().unwrap(), "refund.failed");
        shop.post("/v1/refunds", &format!("payment_intent={intent}")).await.expect(200);
    });
}

#[test]
fn the_book_says_what_each_charge_brought_and_cost() {
    shopping(async |shop, _, _| {
        let (intent, charge) = paid(shop, "pm_card_visa").await;
        let seen = shop.get(&format!("/v1/charges/{charge}?expand[]=balance_transaction")).await;
        let line = &seen.body["balance_transaction"];
        assert_eq!((&line["amount"], &line["fee"], &line["net"]), (&json!(1000), &json!(59), &json!(941)));
        let id = line["id"].as_str().unwrap();
        assert_eq!(shop.get(&format!("/v1/balance_transactions/{id}")).await.body, *line);
        let whole = format!("payment_intent={intent}&expand[]=balance_transaction");
        let back = shop.post("/v1/refunds", &whole).await.expect(200).body["balance_transaction"].clone();
        assert_eq!((&back["type"], &back["net"]), (&json!("refund"), &json!(-1000)));
    });
}
