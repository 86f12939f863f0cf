//! What payments teach: every try counts, and only what was approved makes people known to each other.

use std::time::Duration;

use contracts::Currency;
use contracts::events::access::UserErased;
use fraud::domain::evidence::Evidence;
use fraud::domain::model::features;
use serde_json::{Value, json};

use crate::stage::*;

/// Strangers are looked at, and blocked with an unknown device.
fn for_strangers() -> Value {
    rules(&[
        ("stranger", "is_new(\"payer\", \"payee\")", 500),
        ("new_device", "is_new(\"payer\", \"device\") and amount > 1_000", 200),
        ("new_address", "is_new(\"payer\", \"address\") and amount > 1_000", 200),
    ])
}

async fn finds(stage: &Stage, number: u128, fraud: bool) {
    let path = format!("/api/v1/fraud/reviews/{}/decide", payment(number));
    stage.post(&analyst(), &path, &json!({ "fraud": fraud, "reason": "They called." })).await.expect(200);
}

/// What a payment of 10 from user 1 to user 2 would find: payments of the last hour, what they come to, and whom it knows.
async fn known(stage: &Stage) -> (u64, u64, Value) {
    let asked = json!({ "amount": 10, "currency": "INR", "payer": user(1), "payee": user(2), "device": "phone-7",
        "address": "203.0.113.9" });
    let said = stage.post(&analyst(), "/api/v1/fraud/assess", &asked).await.expect(200).body;
    let [count, sum] = ["counts", "sums"].map(|of| said["evidence"][of][0][1].as_u64().unwrap());
    (count, sum, said["evidence"]["met"][0].clone())
}

#[test]
fn who_is_blocked_once_is_as_new_at_the_second_try() {
    staged(async |stage, _| {
        stage.publishes(&for_strangers()).await;
        for number in 1..=2 {
            stage.reserves(&reserved(number, 5_000)).await;
            assert_eq!(stage.decided(number).await, ("block".to_owned(), 900), "try {number}");
        }
        assert_eq!(known(stage).await, (2, 0, json!([false, false, false, false])));
        let seen = stage.sees(2).await;
        assert_eq!(seen["evidence"]["counts"][2][0], 1, "the device has tried before");
        assert_eq!(seen["evidence"]["distinct"][0][1][0], 1, "and so was the payee");
    });
}

#[test]
fn what_is_approved_is_known_at_once_and_stays_so_when_the_next_is_blocked() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 900)).await;
        assert_eq!(known(stage).await, (1, 900, json!([false, true, true, true])));
        stage.reserves(&reserved(2, 6_000)).await;
        assert_eq!(known(stage).await, (2, 900, json!([false, true, true, true])));
    });
}

#[test]
fn what_waited_is_learnt_when_it_is_released() {
    staged(async |stage, _| {
        stage.publishes(&for_strangers()).await;
        stage.reserves(&reserved(1, 700)).await;
        stage.reserves(&reserved(2, 800)).await;
        let strangers = json!([false, false, false, false]);
        assert_eq!(known(stage).await, (2, 0, strangers.clone()), "it waits");
        finds(stage, 1, true).await;
        assert_eq!(known(stage).await, (2, 0, strangers), "it is fraud");
        finds(stage, 2, false).await;
        assert_eq!(known(stage).await, (2, 800, json!([false, true, true, true])));
        stage.reserves(&reserved(3, 5_000)).await;
        assert_eq!(stage.decided(3).await, ("approve".to_owned(), 0));
    });
}

#[test]
fn what_nobody_looked_at_is_learnt_where_the_rule_set_approves_it() {
    staged(async |stage, _| {
        for (number, unreviewed, knows) in [(1, "block", false), (2, "approve", true)] {
            let mut set = for_strangers();
            set["unreviewed"] = json!(unreviewed);
            stage.publishes(&set).await;
            stage.reserves(&reserved(number, 700)).await;
            stage.wait(Duration::from_secs(24 * 3_600)).await;
            assert_eq!(known(stage).await.2, json!([false, knows, knows, knows]), "{unreviewed}");
        }
    });
}

#[test]
fn what_people_find_later_teaches_nothing_of_what_was_blocked() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 6_000)).await;
        finds(stage, 1, false).await;
        assert_eq!(known(stage).await, (1, 0, json!([false, false, false, false])));
    });
}

#[test]
fn who_was_erased_while_a_payment_waited_stays_forgotten() {
    staged(async |stage, _| {
        stage.publishes(&for_strangers()).await;
        stage.reserves(&reserved(1, 700)).await;
        stage.hears(&UserErased { user_id: user(1) }).await;
        finds(stage, 1, false).await;
        assert_eq!(known(stage).await, (0, 0, json!([false, false, false, false])));
    });
}

#[test]
fn what_is_usual_is_told_by_payments_of_the_same_currency() {
    staged(async |stage, _| {
        for number in 1..=4 {
            stage.reserves(&reserved(number, 5_000)).await;
        }
        // The second feature is by how much a payment is more than usual.
        let judged = async |number, amount, currency| -> (bool, i64) {
            let mut told = reserved(number, amount);
            told.payment.currency = currency;
            stage.reserves(&told).await;
            let seen = stage.sees(number).await;
            let evidence: Evidence = serde_json::from_value(seen["evidence"].clone()).unwrap();
            let hits = seen["decision"]["verdict"]["hits"].as_array().unwrap();
            (hits.iter().any(|hit| hit["rule"] == "unusual_amount"), features(&evidence)[1])
        };
        assert_eq!(judged(5, 900, Currency::EUR).await, (false, 0), "there is no usual amount of euros yet");
        assert_eq!(judged(6, 900, Currency::EUR).await, (false, 0), "it is the usual one");
        let (is_unusual, over_usual) = judged(7, 60_000, Currency::INR).await;
        assert!(is_unusual && over_usual > 3_000, "{over_usual}");
        let (is_unusual, _) = judged(8, 40_000, Currency::INR).await;
        assert!(!is_unusual, "less than ten times of what is usual");
    });
}
