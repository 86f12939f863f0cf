//! Payments at providers: judged where the project wants it, and as it wants it.

use std::time::Duration;

use contracts::events::OrderCreated;
use contracts::{Currency, Id, OrderId};
use kernel::testing;
use serde_json::json;

use crate::stage::*;

fn staged_with(mode: &'static str, test: impl AsyncFn(&Stage)) {
    testing::on_both(async |place| {
        let stage = testing::Stage::with(place, fraud::service(), &[("fraud.mode", mode)]).await;
        test(&Stage::around(stage).await).await;
    });
}

fn order(number: u128, amount: i64) -> OrderCreated {
    OrderCreated { order_id: OrderId::from_u128(number), amount, currency: Currency::INR, user_id: user(1) }
}

async fn orders(stage: &Stage, amount: i64) {
    stage.publishes(&by_amount()).await;
    stage.hears(&order(1, amount)).await;
    stage.hears(&order(1, amount)).await;
    stage.work().await;
}

#[test]
fn a_project_that_does_not_want_it_has_no_decisions_on_orders() {
    staged_with("off", async |stage| {
        orders(stage, 6_000).await;
        assert_eq!(stage.get(&analyst(), "/api/v1/fraud/decisions").await.each("payment_id").len(), 0);
    });
}

#[test]
fn an_observed_order_is_journaled_once_and_nobody_is_told() {
    staged_with("observe", async |stage| {
        orders(stage, 6_000).await;
        let said = stage.get(&analyst(), "/api/v1/fraud/decisions").await;
        assert_eq!(said.each("payment_id"), [OrderId::from_u128(1).to_string()]);
        assert_eq!(said.body["data"][0]["verdict"]["decision"], "block");
        assert_eq!(said.body["data"][0]["facts"]["source"], "provider");
        assert_eq!(stage.told_decisions().await, Vec::<String>::new());
        assert_eq!(stage.told_of("fraud.alert.raised").await.len(), 0);
    });
}

#[test]
fn a_judged_order_is_told_once_and_may_wait_for_people() {
    staged_with("block", async |stage| {
        orders(stage, 2_000).await;
        let told = stage.told_of("fraud.risk.assessed").await;
        let name = OrderId::from_u128(1).to_string();
        assert_eq!(
            told,
            [json!({ "paymentId": name, "decision": "review", "score": 500, "reasons": ["large"] })]
        );
        let path = format!("/api/v1/fraud/reviews/{name}/decide");
        stage.post(&analyst(), &path, &json!({ "fraud": false, "reason": "known" })).await.expect(200);
        assert_eq!(stage.told_decisions().await, ["review", "approve"]);
    });
}

#[test]
fn an_order_that_waited_for_too_long_is_decided_by_the_posture() {
    staged_with("block", async |stage| {
        stage.publishes(&by_amount()).await;
        stage.hears(&order(1, 100)).await;
        stage.clock.advance(Duration::from_secs(11));
        stage.work().await;
        let said = stage.get(&analyst(), "/api/v1/fraud/decisions").await.expect(200).body;
        assert_eq!(said["data"][0]["verdict"]["failure"], json!({ "trouble": "timed_out" }));
        assert_eq!(stage.told_decisions().await, ["review"]);
    });
}
