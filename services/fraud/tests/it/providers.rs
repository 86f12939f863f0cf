//! Payments at providers: judged where the project wants it, and as it wants it, whatever they are for.

use std::time::Duration;

use contracts::events::commerce::{PaymentCancelled, PaymentStarted};
use contracts::events::{PaymentFailed, PaymentKind};
use contracts::{Currency, Id, OrderId, PaymentId, TopUpId};
use kernel::testing;
use serde_json::{Value, json};

use crate::stage::*;

fn staged_with(mode: &'static str, test: impl AsyncFn(&Stage)) {
    testing::on_both(async |place| {
        let stage = testing::Stage::with(place, fraud::service(), &[("fraud.mode", mode)]).await;
        test(&Stage::around(stage).await).await;
    });
}

fn name(number: u128) -> String {
    PaymentId::from_u128(number).to_string()
}

/// User 1 is to pay so much, for nothing that has a name.
fn started(number: u128, amount: i64) -> PaymentStarted {
    PaymentStarted {
        payment_id: PaymentId::from_u128(number),
        order_id: None,
        invoice_id: None,
        top_up_id: None,
        amount,
        currency: Currency::INR,
        user_id: Some(user(1)),
        client_address: None,
        device: None,
    }
}

fn of_order(number: u128, amount: i64) -> PaymentStarted {
    PaymentStarted { order_id: Some(OrderId::from_u128(number)), ..started(number, amount) }
}

/// One payment of each kind; who pays an invoice is not known.
fn of_each_kind(amount: i64) -> [PaymentStarted; 4] {
    [
        of_order(1, amount),
        PaymentStarted { top_up_id: Some(TopUpId::from_u128(2)), ..started(2, amount) },
        PaymentStarted { invoice_id: Some("inv_3".to_owned()), user_id: None, ..started(3, amount) },
        started(4, amount),
    ]
}

async fn starts(stage: &Stage, amount: i64) {
    stage.publishes(&by_amount()).await;
    for told in of_each_kind(amount) {
        for _ in 0..2 {
            stage.hears(&told).await;
        }
        stage.work().await;
    }
}

async fn seen(stage: &Stage, number: u128) -> Value {
    let path = format!("/api/v1/fraud/decisions/{}", name(number));
    stage.get(&analyst(), &path).await.expect(200).body
}

async fn review_state(stage: &Stage, number: u128) -> Value {
    seen(stage, number).await["review"]["state"].clone()
}

#[test]
fn a_project_that_does_not_want_it_has_no_decisions_on_payments_at_providers() {
    staged_with("off", async |stage| {
        starts(stage, 6_000).await;
        assert_eq!(stage.get(&analyst(), "/api/v1/fraud/decisions").await.each("payment_id").len(), 0);
    });
}

#[test]
fn an_observed_payment_is_journaled_once_whatever_it_is_for_and_nobody_is_told() {
    staged_with("observe", async |stage| {
        starts(stage, 6_000).await;
        let said = stage.get(&analyst(), "/api/v1/fraud/decisions").await;
        assert_eq!(said.each("payment_id"), [4, 3, 2, 1].map(name));
        assert_eq!(said.body["data"][0]["verdict"]["decision"], "block");
        assert_eq!(said.body["data"][0]["facts"]["source"], "provider");
        assert_eq!(stage.told_decisions().await, Vec::<String>::new());
        assert_eq!(stage.told_of("fraud.alert.raised").await.len(), 0);
    });
}

#[test]
fn a_payment_at_a_provider_is_judged_once_by_its_own_name_whatever_it_is_for() {
    staged_with("block", async |stage| {
        starts(stage, 6_000).await;
        let told = stage.told_of("fraud.risk.assessed").await;
        let expected = [1, 2, 3, 4].map(|number| {
            json!({ "paymentId": name(number), "decision": "block", "score": 900, "reasons": ["large", "huge"] })
        });
        assert_eq!(told, expected);
        assert_eq!(stage.told_of("fraud.alert.raised").await.len(), 4);
        assert_eq!(seen(stage, 2).await["evidence"]["counts"][0][0], 1, "it counts once");
        assert_eq!(seen(stage, 4).await["evidence"]["counts"][0][0], 2);
    });
}

#[test]
fn a_payment_of_whom_nobody_knows_is_judged_and_counts_for_nobody() {
    staged_with("block", async |stage| {
        let nobodys = |number| PaymentStarted {
            user_id: None,
            device: Some("till-1".to_owned()),
            ..started(number, 100)
        };
        let odd = r#"payer == "" and not is_new("payer", "device") and not is_new("device", "payer")"#;
        stage.publishes(&rules(&[("nobody", odd, 500)])).await;
        for number in 1..=2 {
            stage.hears(&nobodys(number)).await;
            stage.work().await;
        }
        let seen = seen(stage, 2).await;
        assert_eq!(seen["decision"]["verdict"]["decision"], "review", "{seen}");
        assert_eq!(seen["decision"]["facts"].get("payer"), None);
        assert_eq!(
            (&seen["evidence"]["counts"][0][0], &seen["evidence"]["counts"][2][0]),
            (&json!(0), &json!(1))
        );
        let path = format!("/api/v1/fraud/decisions?payer={}", user(1));
        assert_eq!(stage.get(&analyst(), &path).await.each("payment_id").len(), 0);
    });
}

#[test]
fn from_where_and_with_what_somebody_pays_at_a_provider_is_asked_too() {
    staged_with("block", async |stage| {
        stage
            .publishes(&rules(&[("listed", r#"in_list("bad", device) and in_list("bad", address)"#, 900)]))
            .await;
        stage.puts("bad", &json!([{ "entry": "phone-7" }, { "entry": "203.0.113.0/24" }])).await.expect(200);
        let told = PaymentStarted {
            client_address: Some("203.0.113.9".to_owned()),
            device: Some("phone-7".to_owned()),
            ..of_order(1, 100)
        };
        stage.hears(&told).await;
        stage.hears(&of_order(2, 100)).await;
        stage.work().await;
        assert_eq!(seen(stage, 1).await["decision"]["verdict"]["decision"], "block");
        assert_eq!(seen(stage, 2).await["decision"]["verdict"]["decision"], "approve");
    });
}

#[test]
fn a_judged_payment_is_told_once_and_may_wait_for_people() {
    staged_with("block", async |stage| {
        stage.publishes(&by_amount()).await;
        stage.hears(&of_order(1, 2_000)).await;
        stage.work().await;
        let told = stage.told_of("fraud.risk.assessed").await;
        assert_eq!(
            told,
            [json!({ "paymentId": name(1), "decision": "review", "score": 500, "reasons": ["large"] })]
        );
        let path = format!("/api/v1/fraud/reviews/{}/decide", name(1));
        stage.post(&analyst(), &path, &json!({ "fraud": false, "reason": "known" })).await.expect(200);
        assert_eq!(stage.told_decisions().await, ["review", "approve"]);
    });
}

#[test]
fn a_payment_that_waited_for_too_long_is_decided_by_the_posture() {
    staged_with("block", async |stage| {
        stage.publishes(&by_amount()).await;
        stage.hears(&of_order(1, 100)).await;
        stage.clock.advance(Duration::from_secs(11));
        stage.work().await;
        let verdict = seen(stage, 1).await["decision"]["verdict"].clone();
        assert_eq!(verdict["failure"], json!({ "trouble": "timed_out" }));
        assert_eq!(stage.told_decisions().await, ["review"]);
    });
}

#[test]
fn a_payment_that_is_cancelled_waits_for_nobody_and_one_whose_try_failed_still_does() {
    staged_with("block", async |stage| {
        stage.publishes(&by_amount()).await;
        for number in 1..=2 {
            stage.hears(&of_order(number, 2_000)).await;
        }
        stage.work().await;
        let declined = PaymentFailed {
            order_id: Some(OrderId::from_u128(1)),
            invoice_id: None,
            top_up_id: None,
            payment_intent_id: Some("pi_1".to_owned()),
            payment_id: Some(PaymentId::from_u128(1)),
            kind: PaymentKind::Provider,
            user_id: Some(user(1)),
            reason: Some("card_declined".to_owned()),
        };
        stage.hears(&declined).await;
        let order_id = Some(OrderId::from_u128(2));
        for _ in 0..2 {
            let (payment_id, invoice_id, top_up_id) = (PaymentId::from_u128(2), None, None);
            stage.hears(&PaymentCancelled { payment_id, order_id, invoice_id, top_up_id }).await;
        }
        assert_eq!(
            (review_state(stage, 1).await, review_state(stage, 2).await),
            (json!("waiting"), json!("closed"))
        );
        stage.wait(Duration::from_secs(24 * 3_600)).await;
        assert_eq!(stage.told_decisions().await, ["review", "review", "block"], "the first alone is overdue");
    });
}
