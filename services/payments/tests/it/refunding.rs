//! Money that goes back, once, and never more than was taken.

use std::time::Duration;

use contracts::{Id, RefundId};
use http::Method;
use serde_json::{Value, json};

use crate::shop::*;
use crate::stripe::{Fault, decoded};

async fn refund(shop: &Shop, id: &str, body: Value) -> Said {
    shop.post(&clerk(), &format!("/api/v1/payments/{id}/refund"), &body).await
}

#[test]
fn refunds_go_back_in_parts_until_nothing_is_left() {
    shops(async |shop| {
        let id = shop.paid().await;
        let asked = refund(shop, &id, json!({ "amount": 500, "reason": "It was late." })).await.expect(201);
        assert_eq!(
            (&asked.body["status"], &asked.body["reason"]),
            (&json!("requested"), &json!("It was late."))
        );
        assert_eq!(shop.payment(&id).await["refundable"], 1499);
        shop.work().await;
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["refunded"]), (&json!("partially_refunded"), &json!(500)));
        for amount in [0, -1, 1_000_000_000_000_i64] {
            assert_eq!(
                refund(shop, &id, json!({ "amount": amount })).await.problem(),
                (422, "invalid_input")
            );
        }
        assert_eq!(refund(shop, &id, json!({ "amount": 1500 })).await.problem(), (422, "more_than_captured"));
        let rest = shop
            .post(&clerk(), "/api/v1/payments/refund", &json!({ "transaction_id": id }))
            .await
            .expect(201);
        assert_eq!(rest.body["amount"], 1499);
        shop.work().await;
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["refundable"]), (&json!("refunded"), &json!(0)));
        assert_eq!(refund(shop, &id, json!({})).await.problem(), (422, "more_than_captured"));
        let told = shop.told_of("payment.refunded").await;
        let totals: Vec<_> =
            told.iter().map(|told| (told["amount"].clone(), told["refundedTotal"].clone())).collect();
        assert_eq!(totals, [(json!(500), json!(500)), (json!(1499), json!(1999))]);
        assert_eq!(told[0]["orderId"], json!(order(1)));
        let list = shop.get(&ann(), &format!("/api/v1/payments/{id}/refunds")).await;
        assert_eq!(list.each("status"), ["succeeded", "succeeded"]);
        assert_eq!(refund(shop, &id, json!({ "reason": "\n" })).await.problem(), (422, "invalid_input"));
        let person = shop.post(&ann(), &format!("/api/v1/payments/{id}/refund"), &json!({})).await;
        assert_eq!(person.problem(), (403, "forbidden"));
    });
}

#[test]
fn fifty_refunds_at_once_never_give_back_more_than_was_taken() {
    shops(async |shop| {
        let id = shop.paid().await;
        let all = (0..50).map(|_| Box::pin(refund(shop, &id, json!({ "amount": 100 }))) as _).collect();
        let said: Vec<Said> = together(all).await;
        let granted = said.iter().filter(|said| said.status.as_u16() == 201).count();
        let refused = said.iter().filter(|said| said.problem().1 == "more_than_captured").count();
        let raced = said.iter().filter(|said| said.problem().1 == "conflict").count();
        assert_eq!(
            granted + refused + raced,
            50,
            "{:?}",
            said.iter().map(|said| said.status).collect::<Vec<_>>()
        );
        assert!((1..=19).contains(&granted), "{granted} were granted");
        assert!(raced > 0 || granted == 19, "{granted} of 19 were granted and {raced} lost a race");
        shop.work().await;
        let given: i64 = shop.stripe.refunds().iter().map(|refund| refund["amount"].as_i64().unwrap()).sum();
        let payment = shop.payment(&id).await;
        assert_eq!(payment["refunded"], given);
        assert_eq!(usize::try_from(given).unwrap(), granted * 100);
        assert!(given <= 1999);
    });
}

#[test]
fn a_refund_asked_for_twice_by_the_same_name_is_one() {
    shops(async |shop| {
        let id = shop.paid().await;
        for _ in 0..2 {
            shop.refund_requested(7, 1, Some(300)).await;
            shop.work().await;
        }
        assert_eq!(shop.payment(&id).await["refunded"], 300);
        let asked = shop.stripe.asked(Method::POST, "/v1/refunds");
        assert_eq!(asked.len(), 1);
        let (form, name) = (decoded(&asked[0].text()), RefundId::from_u128(7).to_string());
        assert_eq!(asked[0].headers["idempotency-key"], name.as_str());
        assert_eq!((form["payment_intent"].as_str(), form["amount"].as_str()), ("pi_1", "300"));
        assert_eq!(form["metadata[refundId]"], name);
        shop.refund_requested(8, 1, None).await;
        shop.work().await;
        let told = shop.told_of("payment.refunded").await;
        assert_eq!((told.len(), &told[1]["amount"]), (2, &json!(1699)));
        assert_eq!(shop.status(&id).await, "refunded");
    });
}

#[test]
fn a_refund_that_cannot_be_is_told_as_failed() {
    shops(async |shop| {
        shop.opened().await;
        shop.refund_requested(7, 1, None).await;
        shop.refund_requested(7, 1, None).await;
        shop.refund_requested(8, 9, Some(5)).await;
        shop.pay_in_browser("pi_1").await;
        shop.refund_requested(9, 1, Some(2000)).await;
        shop.work().await;
        let told = shop.told_of("refund.failed").await;
        let reasons: Vec<_> = told.iter().map(|told| told["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, ["more_than_captured", "no_payment", "more_than_captured"]);
        assert_eq!(shop.stripe.refunds(), Vec::<Value>::new());
    });
}

#[test]
fn what_the_provider_refuses_to_give_back_can_be_given_back_again() {
    shops(async |shop| {
        let id = shop.paid().await;
        let error = json!({ "error": { "type": "invalid_request_error", "code": "charge_disputed" } });
        shop.stripe.fail([Fault::Instead(400, error)]);
        refund(shop, &id, json!({})).await.expect(201);
        shop.work().await;
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["refundable"]), (&json!("succeeded"), &json!(1999)));
        assert_eq!(shop.told_of("refund.failed").await[0]["reason"], "charge_disputed");
        refund(shop, &id, json!({})).await.expect(201);
        shop.work().await;
        assert_eq!(shop.status(&id).await, "refunded");
    });
}

#[test]
fn a_refund_whose_answer_was_lost_is_made_once() {
    shops(async |shop| {
        let id = shop.paid().await;
        shop.stripe.fail([Fault::CutAfterDoing, Fault::StatusAfterDoing(500)]);
        refund(shop, &id, json!({ "amount": 400 })).await.expect(201);
        for _ in 0..4 {
            shop.wait(Duration::from_secs(60)).await;
        }
        assert_eq!(shop.stripe.refunds().len(), 1);
        assert_eq!(shop.payment(&id).await["refunded"], 400);
        assert_eq!(shop.told_of("payment.refunded").await.len(), 1);
    });
}

#[test]
fn a_pending_refund_is_looked_after_until_it_is_over() {
    shops(async |shop| {
        let id = shop.paid().await;
        shop.stripe.refunds_are("pending");
        refund(shop, &id, json!({ "amount": 400 })).await.expect(201);
        shop.work().await;
        assert_eq!(shop.payment(&id).await["refunded"], 0);
        shop.wait(Duration::from_secs(301)).await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/refunds/re_1").len(), 1);
        shop.stripe.change("re_1", json!({ "status": "succeeded" }));
        shop.wait(Duration::from_secs(601)).await;
        assert_eq!(shop.payment(&id).await["refunded"], 400);
        shop.wait(Duration::from_secs(86_400)).await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/refunds/re_1").len(), 2);
    });
}

#[test]
fn a_refund_that_comes_back_is_money_of_ours_again() {
    shops(async |shop| {
        let id = shop.paid().await;
        refund(shop, &id, json!({ "amount": 400 })).await.expect(201);
        shop.work().await;
        assert_eq!(shop.status(&id).await, "partially_refunded");
        let failed = shop
            .stripe
            .change("re_1", json!({ "status": "failed", "failure_reason": "lost_or_stolen_card" }));
        for event in ["evt_r1", "evt_r2"] {
            shop.told_by_stripe(event, "refund.failed", &failed).await.expect(200);
        }
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["refundable"]), (&json!("succeeded"), &json!(1999)));
        let told = shop.told_of("refund.failed").await;
        assert_eq!((told.len(), &told[0]["reason"]), (1, &json!("lost_or_stolen_card")));
    });
}

#[test]
fn a_message_about_our_refund_may_come_before_its_answer() {
    shops(async |shop| {
        let id = shop.paid().await;
        shop.stripe.fail([Fault::StatusAfterDoing(500)]);
        refund(shop, &id, json!({ "amount": 400 })).await.expect(201);
        shop.work().await;
        let made = shop.stripe.refunds()[0].clone();
        shop.told_by_stripe("evt_r", "refund.created", &made).await.expect(200);
        assert_eq!(shop.payment(&id).await["refunded"], 400);
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!(shop.payment(&id).await["refunded"], 400);
        assert_eq!(shop.told_of("payment.refunded").await.len(), 1);
    });
}

fn made_there(id: &str, amount: i64, status: &str) -> Value {
    json!({ "id": id, "object": "refund", "amount": amount, "payment_intent": "pi_1", "status": status,
        "metadata": {} })
}

#[test]
fn a_refund_made_at_the_provider_is_a_refund_of_ours_and_told_once() {
    shops(async |shop| {
        let id = shop.paid().await;
        let made = made_there("re_9", 100, "succeeded");
        for event in ["evt_r1", "evt_r2"] {
            shop.told_by_stripe(event, "refund.created", &made).await.expect(200);
        }
        let payment = shop.payment(&id).await;
        assert_eq!(
            (&payment["status"], &payment["refunded"], &payment["refundable"], &payment["needs_review"]),
            (&json!("partially_refunded"), &json!(100), &json!(1899), &json!(false))
        );
        let told = shop.told_of("payment.refunded").await;
        assert_eq!((told.len(), &told[0]["amount"], &told[0]["orderId"]), (1, &json!(100), &json!(order(1))));
        let list = shop.get(&clerk(), &format!("/api/v1/payments/{id}/refunds")).await;
        assert_eq!(
            (list.each("provider_ref"), list.each("reason")),
            (vec!["re_9"], vec!["made at the provider"])
        );
        shop.work().await;
        assert!(shop.stripe.asked(Method::POST, "/v1/refunds").is_empty());
    });
}

#[test]
fn a_slow_refund_made_at_the_provider_is_looked_after() {
    shops(async |shop| {
        let id = shop.paid().await;
        shop.told_by_stripe("evt_r", "refund.created", &made_there("re_9", 100, "pending")).await.expect(200);
        assert_eq!(
            (&shop.payment(&id).await["refunded"], shop.payment(&id).await["refundable"].clone()),
            (&json!(0), json!(1899))
        );
        shop.work().await;
        assert!(!shop.stripe.asked(Method::GET, "/v1/refunds/re_9").is_empty());
        shop.told_by_stripe("evt_f", "refund.failed", &made_there("re_9", 100, "failed")).await.expect(200);
        assert_eq!(shop.payment(&id).await["refundable"], 1999);
    });
}

#[test]
fn a_refund_that_overtakes_its_payment_is_sent_again() {
    shops(async |shop| {
        let id = shop.opened().await;
        let made = made_there("re_9", 100, "succeeded");
        let early = shop.told_by_stripe("evt_r", "refund.created", &made).await;
        assert_eq!(early.problem(), (503, "payment_not_ready"));
        shop.pay_in_browser("pi_1").await;
        shop.told_by_stripe("evt_r", "refund.created", &made).await.expect(200);
        assert_eq!(shop.payment(&id).await["refunded"], 100);
    });
}

#[test]
fn more_than_there_is_made_at_the_provider_waits_for_a_look() {
    shops(async |shop| {
        let id = shop.paid().await;
        refund(shop, &id, json!({ "amount": 1950 })).await.expect(201);
        shop.told_by_stripe("evt_r", "refund.created", &made_there("re_9", 100, "succeeded"))
            .await
            .expect(200);
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["needs_review"], &payment["refundable"]), (&json!(true), &json!(49)));
        assert!(shop.attempts(&id).await.contains(&("webhook".into(), "more_than_captured".into())));
    });
}
