//! Holds: listed, moved, let go, over.

use std::time::Duration;

use serde_json::json;

use crate::stage::*;

const HOLDS: &str = "/api/v1/ledger/holds";

async fn set_aside(stage: &Stage, number: u128, amount: i64, timeout_s: u32) {
    let more = json!({ "phase": "pending", "timeout_s": timeout_s });
    assert_eq!(stage.posts(&with(pay(number, "a", "b", amount), &more)).await, ["created"]);
}

async fn open(stage: &Stage) {
    stage.opens("a", "debits_must_not_exceed_credits").await;
    stage.opens("b", "none").await;
    stage.posts(&pay(100, "outside:INR", "a", 100)).await;
}

#[test]
fn a_hold_moves_in_parts_and_the_last_lets_the_rest_go() {
    staged(async |stage, _| {
        open(stage).await;
        set_aside(stage, 1, 60, 0).await;
        let path = format!("{HOLDS}/{}", txn(1));
        let part = json!({ "amount": 20, "final": false });
        let said = stage.post(&bank(), &format!("{path}/post"), &part).await.expect(200);
        assert_eq!((&said.body["status"], &said.body["remaining"]), (&json!("pending"), &json!(40)));
        let said = stage.post(&bank(), &format!("{path}/post"), &json!({ "amount": 41 })).await;
        assert_eq!(said.problem(), (409, "exceeds_pending_transfer_amount"));
        let said = stage.post(&bank(), &format!("{path}/post"), &json!({ "amount": 5 })).await.expect(200);
        assert_eq!((&said.body["status"], &said.body["remaining"]), (&json!("posted"), &json!(0)));
        assert_eq!(stage.columns("a").await, [0, 25, 0, 100]);
        let said = stage.post(&bank(), &format!("{path}/void"), &json!({})).await;
        assert_eq!(said.problem(), (409, "pending_transfer_already_posted"));
        stage.adds_up().await;
    });
}

#[test]
fn a_hold_expires_when_its_time_is_over_and_not_before() {
    staged(async |stage, _| {
        open(stage).await;
        set_aside(stage, 1, 60, 60).await;
        set_aside(stage, 2, 10, 0).await;
        stage.wait(Duration::from_secs(59)).await;
        assert_eq!(stage.columns("a").await, [70, 0, 0, 100]);
        stage.wait(Duration::from_secs(1)).await;
        assert_eq!(stage.columns("a").await, [10, 0, 0, 100]);
        let hold = stage.get(&bank(), &format!("{HOLDS}/{}", txn(1))).await.expect(200);
        assert_eq!((&hold.body["status"], &hold.body["remaining"]), (&json!("expired"), &json!(0)));
        let late = json!({ "phase": "post", "pending_id": txn(1) });
        assert_eq!(stage.posts(&late).await, ["pending_transfer_expired"]);
        let acts = stage.get(&bank(), &format!("{ACCOUNTS}/a/statement")).await;
        assert_eq!(acts.each("act"), ["expire", "pending", "pending", "transfer"]);
        stage.wait(Duration::from_secs(3_600)).await;
        assert_eq!(stage.columns("a").await, [10, 0, 0, 100], "what has no time-out stays");
        stage.adds_up().await;
    });
}

#[test]
fn a_hold_whose_own_job_was_given_up_ends_all_the_same() {
    staged(async |stage, _| {
        open(stage).await;
        set_aside(stage, 1, 60, 60).await;
        stage.as_owner("delete from jobs where kind = 'ledger.expire_holds'".to_owned()).await;
        stage.wait(Duration::from_secs(120)).await;
        assert_eq!(stage.columns("a").await, [60, 0, 0, 100], "nobody has looked yet");
        stage.wait(Duration::from_secs(1_200)).await;
        assert_eq!(stage.columns("a").await, [0, 0, 0, 100]);
        stage.adds_up().await;
    });
}

#[test]
fn holds_are_listed_by_where_they_stand_and_whose_they_are() {
    staged(async |stage, _| {
        open(stage).await;
        for number in 1..=3 {
            set_aside(stage, number, 10, 0).await;
        }
        stage.post(&bank(), &format!("{HOLDS}/{}/void", txn(2)), &json!({})).await.expect(200);
        assert_eq!(stage.get(&bank(), HOLDS).await.each("id"), [txn(3), txn(2), txn(1)]);
        assert_eq!(stage.get(&bank(), &format!("{HOLDS}?status=pending")).await.each("id"), [txn(3), txn(1)]);
        assert_eq!(
            stage.get(&bank(), &format!("{HOLDS}?account_id=a&status=voided")).await.each("id"),
            [txn(2)]
        );
        assert_eq!(stage.get(&bank(), &format!("{HOLDS}?account_id=b")).await.each("id").len(), 0);
        let first = stage.get(&bank(), &format!("{HOLDS}?limit=2")).await;
        let cursor = first.body["next_cursor"].as_str().unwrap();
        assert_eq!(
            stage.get(&bank(), &format!("{HOLDS}?limit=2&cursor={cursor}")).await.each("id"),
            [txn(1)]
        );
    });
}
