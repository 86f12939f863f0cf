//! Reviews: who waits, who looks, what is told, and what happens when nobody does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::*;

async fn decides(stage: &Stage, number: u128, fraud: bool) -> Said {
    let path = format!("/api/v1/fraud/reviews/{}/decide", payment(number));
    stage.post(&analyst(), &path, &json!({ "fraud": fraud, "reason": "They called." })).await
}

async fn waiting(stage: &Stage, query: &str) -> Vec<String> {
    let said = stage.get(&analyst(), &format!("/api/v1/fraud/reviews{query}")).await.expect(200).body;
    let each = said["data"].as_array().unwrap().iter();
    each.map(|queued| queued["review"]["payment_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_payment_waits_until_somebody_approves_or_blocks_it() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        for number in 1..=3 {
            stage.reserves(&reserved(number, 2_000)).await;
        }
        assert_eq!(waiting(stage, "").await, [1, 2, 3].map(payment));
        let said = decides(stage, 1, false).await.expect(200).body;
        assert_eq!((&said["state"], &said["fraud"]), (&json!("decided"), &json!(false)));
        assert_eq!(said["decided_by"], format!("user:{}", user(9)));
        decides(stage, 2, true).await.expect(200);
        let told = stage.told_of("fraud.risk.assessed").await;
        assert_eq!(
            told[3..],
            [
                json!({ "paymentId": payment(1), "decision": "approve", "score": 500, "reasons": ["reviewed"] }),
                json!({ "paymentId": payment(2), "decision": "block", "score": 500, "reasons": ["reviewed"] }),
            ]
        );
        assert_eq!(waiting(stage, "").await, [payment(3)]);
        assert_eq!(waiting(stage, "?state=decided").await, [1, 2].map(payment));
        assert_eq!(decides(stage, 1, true).await.problem(), (409, "wrong_state"));
        assert_eq!(stage.told_decisions().await.len(), 5, "it is decided once");
    });
}

#[test]
fn a_payment_is_assigned_to_somebody_and_found_by_them() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        for number in 1..=2 {
            stage.reserves(&reserved(number, 2_000)).await;
        }
        let assign = async |number: u128, to: Value| {
            let path = format!("/api/v1/fraud/reviews/{}/assign", payment(number));
            stage.post(&analyst(), &path, &json!({ "assignee": to })).await
        };
        let said = assign(2, json!(user(5))).await.expect(200).body;
        assert_eq!(said["assignee"], json!(user(5)));
        assert_eq!(waiting(stage, &format!("?assignee={}", user(5))).await, [payment(2)]);
        assign(2, Value::Null).await.expect(200);
        assert_eq!(waiting(stage, &format!("?assignee={}", user(5))).await, Vec::<String>::new());
        decides(stage, 2, false).await.expect(200);
        assert_eq!(assign(2, json!(user(5))).await.problem(), (409, "wrong_state"));
        assert_eq!(assign(9, json!(user(5))).await.problem(), (404, "not_found"));
    });
}

#[test]
fn what_nobody_looks_at_in_time_is_decided_as_the_rule_set_says() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 2_000)).await;
        stage.reserves(&reserved(2, 2_000)).await;
        decides(stage, 2, false).await.expect(200);
        stage.wait(Duration::from_secs(24 * 3_600 - 1)).await;
        assert_eq!(stage.told_decisions().await, ["review", "review", "approve"]);
        stage.wait(Duration::from_secs(1)).await;
        let told = stage.told_of("fraud.risk.assessed").await;
        let overdue = json!({ "paymentId": payment(1), "decision": "block", "score": 500, "reasons": ["review_overdue"] });
        assert_eq!(told[3..], [overdue]);
        assert_eq!(stage.told_of("fraud.alert.raised").await[0]["kind"], "review_overdue");
        assert_eq!(waiting(stage, "?state=expired").await, [payment(1)]);
        decides(stage, 1, true).await.expect(200);
        assert_eq!(stage.told_decisions().await.len(), 4, "a word that comes too late is remembered alone");
        assert_eq!(waiting(stage, "?state=decided").await, [1, 2].map(payment));
    });
}

#[test]
fn a_rule_set_may_wait_for_ever() {
    staged(async |stage, _| {
        let mut set = by_amount();
        set["unreviewed"] = json!("review");
        stage.publishes(&set).await;
        stage.reserves(&reserved(1, 2_000)).await;
        stage.wait(Duration::from_secs(1_000 * 3_600)).await;
        assert_eq!(stage.told_decisions().await, ["review"]);
        assert_eq!(waiting(stage, "").await, [payment(1)]);
    });
}

#[test]
fn what_was_decided_without_people_can_be_labelled_once() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 6_000)).await;
        assert_eq!(decides(stage, 1, true).await.expect(200).body["state"], "decided");
        assert_eq!(decides(stage, 1, false).await.problem(), (409, "wrong_state"));
        assert_eq!(decides(stage, 9, true).await.problem(), (404, "not_found"));
        assert_eq!(stage.told_decisions().await, ["block"]);
        assert_eq!(stage.sees(1).await["review"]["fraud"], true);
        let figures = stage.get(&analyst(), "/api/v1/fraud/rules/figures").await.expect(200).body;
        assert_eq!(figures["data"][0]["precision_basis_points"], 10_000);
    });
}
