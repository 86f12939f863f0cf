//! Reviews: who waits, who looks, what is told, and what happens when nobody does.

use std::time::Duration;

use contracts::events::PaymentKind;
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

#[test]
fn a_payment_that_went_on_at_the_wallets_door_is_found_to_be_no_fraud() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 2_000)).await;
        for _ in 0..2 {
            stage.completes(1).await;
        }
        assert_eq!(waiting(stage, "").await, Vec::<String>::new());
        let review = stage.sees(1).await["review"].clone();
        assert_eq!(
            (&review["state"], &review["fraud"], &review["decided_by"]),
            (&json!("decided"), &json!(false), &json!("service:wallet"))
        );
        assert_eq!(decides(stage, 1, true).await.problem(), (409, "wrong_state"));
        let figures = stage.get(&analyst(), "/api/v1/fraud/rules/figures").await.expect(200).body;
        assert_eq!(figures["data"][0]["honest"], 1);
        stage.wait(Duration::from_secs(24 * 3_600)).await;
        assert_eq!(stage.told_decisions().await, ["review"], "nothing more is told");
        assert_eq!(stage.told_of("fraud.alert.raised").await.len(), 0);
        stage.reserves(&reserved(2, 100)).await;
        assert_eq!(
            stage.sees(2).await["evidence"]["met"][0],
            json!([false, true, true, true]),
            "it is learnt"
        );
    });
}

#[test]
fn a_payment_that_came_to_nothing_waits_no_longer_and_can_still_be_labelled() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        for number in 1..=2 {
            stage.reserves(&reserved(number, 2_000)).await;
        }
        stage.fails(1, PaymentKind::Wallet).await;
        stage.fails(2, PaymentKind::Provider).await;
        assert_eq!(waiting(stage, "").await, [payment(2)], "a provider's payment is another one");
        assert_eq!(waiting(stage, "?state=closed").await, [payment(1)]);
        let path = format!("/api/v1/fraud/reviews/{}/assign", payment(1));
        let assigned = stage.post(&analyst(), &path, &json!({ "assignee": user(5) })).await;
        assert_eq!(assigned.problem(), (409, "wrong_state"));
        stage.fails(2, PaymentKind::Wallet).await;
        stage.wait(Duration::from_secs(24 * 3_600)).await;
        assert_eq!(stage.told_of("fraud.alert.raised").await.len(), 0, "nothing is overdue");
        assert_eq!(decides(stage, 1, true).await.expect(200).body["state"], "decided");
        assert_eq!(stage.told_decisions().await, ["review", "review"], "it is remembered alone");
        stage.reserves(&reserved(3, 100)).await;
        assert_eq!(stage.sees(3).await["evidence"]["met"][0], json!([false, false, false, false]));
    });
}

#[test]
fn the_end_of_a_payment_changes_no_review_that_is_over() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        for number in 1..=3 {
            stage.reserves(&reserved(number, 2_000)).await;
        }
        decides(stage, 1, false).await.expect(200);
        decides(stage, 2, true).await.expect(200);
        stage.wait(Duration::from_secs(24 * 3_600)).await;
        let mut before = Vec::new();
        for number in 1..=3 {
            before.push(stage.sees(number).await["review"].clone());
        }
        let told = stage.told().await.len();
        stage.completes(1).await;
        stage.fails(2, PaymentKind::Wallet).await;
        stage.fails(3, PaymentKind::Wallet).await;
        stage.completes(9).await;
        for number in 1..=3 {
            let seen = stage.sees(u128::try_from(number).unwrap()).await;
            assert_eq!(seen["review"], before[number - 1]);
        }
        assert_eq!(stage.told().await.len(), told);
    });
}
