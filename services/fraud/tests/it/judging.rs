//! Judging payments: what is told, what is journaled, and what is known from then on.

use std::time::Duration;

use contracts::UserId;
use contracts::events::UserCreated;
use contracts::events::access::UserErased;
use fraud::domain::evidence::Evidence;
use fraud::domain::model::Model;
use fraud::domain::rules::RuleSet;
use fraud::domain::verdict::Verdict;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn a_payment_is_judged_told_and_explained() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        for (number, amount) in [(1, 900), (2, 2_000), (3, 6_000)] {
            stage.reserves(&reserved(number, amount)).await;
        }
        assert_eq!(stage.told_decisions().await, ["approve", "review", "block"]);
        let told = stage.told_of("fraud.risk.assessed").await;
        assert_eq!(
            told[2],
            json!({ "paymentId": payment(3), "decision": "block", "score": 900, "reasons": ["large", "huge"] })
        );
        let seen = stage.sees(3).await;
        assert_eq!(seen["decision"]["facts"]["amount"], 6_000);
        assert_eq!(seen["evidence"]["counts"][0], json!([2, 2, 2, 2, 2]), "what went before");
        assert_eq!(seen["decision"]["verdict"]["hits"][1]["rule"], "huge");
        assert_eq!(seen["decision"]["verdict"]["rule_set_version"], 1);
        let alerts = stage.told_of("fraud.alert.raised").await;
        assert_eq!(
            alerts,
            [
                json!({ "paymentId": payment(3), "kind": "blocked", "score": 900, "reasons": ["large", "huge"] })
            ]
        );
    });
}

#[test]
fn without_rules_of_its_own_a_project_has_the_built_in_ones() {
    staged(async |stage, _| {
        stage.reserves(&reserved(1, 500)).await;
        assert_eq!(stage.decided(1).await.0, "approve");
        assert_eq!(stage.sees(1).await["decision"]["verdict"]["rule_set_version"], 0);
        stage.puts("blocked", &json!([{ "entry": user(2) }])).await.expect(200);
        stage.reserves(&reserved(2, 500)).await;
        assert_eq!(stage.told_decisions().await, ["approve", "block"]);
    });
}

#[test]
fn a_payment_that_is_told_twice_is_judged_once() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 6_000)).await;
        stage.reserves(&reserved(1, 6_000)).await;
        stage.reserves(&reserved(1, 100)).await;
        assert_eq!(stage.told_decisions().await, ["block"]);
        assert_eq!(stage.told_of("fraud.alert.raised").await.len(), 1);
        stage.reserves(&reserved(2, 100)).await;
        let seen = stage.sees(2).await;
        assert_eq!(seen["evidence"]["counts"][0][0], 1, "it counts once");
        let figures = stage.get(&analyst(), "/api/v1/fraud/rules/figures").await.expect(200).body;
        assert_eq!(figures["data"][0]["hits"], 1, "{figures}");
    });
}

#[test]
fn a_decision_can_be_made_again_of_its_journal_row() {
    staged(async |stage, _| {
        let mut set = by_amount();
        set["model_weight"] = json!(40);
        set["rules"].as_array_mut().unwrap().push(json!({
            "name": "busy", "when": "distinct(\"payer\", \"payee\", \"24h\") >= 2 or in_list(\"far\", country)", "score": 60 }));
        stage.publishes(&set).await;
        stage.puts("countries", &json!([{ "entry": "203.0.113.0/24", "note": "NZ" }])).await.expect(200);
        stage.puts("far", &json!([{ "entry": "NZ" }])).await.expect(200);
        for number in 1..=6 {
            let mut told = reserved(number, 400 * i64::try_from(number).unwrap());
            told.payment.payee = Some(user(10 + number));
            stage.reserves(&told).await;
            stage.wait(Duration::from_secs(400)).await;
        }
        let written = stage.get(&analyst(), "/api/v1/fraud/rule-sets/1").await.expect(200).body;
        let set: RuleSet = serde_json::from_value(written["rule_set"].clone()).unwrap();
        for number in 1..=6 {
            let seen = stage.sees(number).await;
            let evidence: Evidence = serde_json::from_value(seen["evidence"].clone()).unwrap();
            let again = Verdict::of(&evidence, &set.compile(1).unwrap(), Model::present().unwrap());
            assert_eq!(serde_json::to_value(&again).unwrap(), seen["decision"]["verdict"]);
            assert!(again.hits.iter().any(|hit| hit.rule == "busy"), "it is far");
        }
    });
}

#[test]
fn what_is_remembered_goes_with_time() {
    staged(async |stage, _| {
        let set = rules(&[
            ("fast", "count(\"payer\", \"10m\") >= 2", 400),
            ("new", "is_new(\"payer\", \"payee\") or is_new(\"payer\", \"device\")", 10),
        ]);
        stage.publishes(&set).await;
        for number in 1..=3 {
            stage.reserves(&reserved(number, 100)).await;
        }
        assert_eq!(stage.decided(1).await, ("approve".to_owned(), 10));
        assert_eq!(stage.decided(2).await, ("approve".to_owned(), 0));
        assert_eq!(stage.decided(3).await, ("review".to_owned(), 400));
        stage.wait(Duration::from_secs(10 * 60)).await;
        stage.reserves(&reserved(4, 100)).await;
        assert_eq!(stage.decided(4).await, ("approve".to_owned(), 0));
        let mut other = reserved(5, 100);
        other.payment.device = Some("phone-8".to_owned());
        stage.reserves(&other).await;
        assert_eq!(stage.decided(5).await, ("approve".to_owned(), 10));
    });
}

#[test]
fn people_grow_older_until_they_are_forgotten() {
    staged(async |stage, _| {
        stage.hears(&UserCreated { user_id: user(1), email: None, phone: None }).await;
        stage.wait(Duration::from_secs(3 * 86_400 + 5)).await;
        stage.reserves(&reserved(1, 100)).await;
        assert_eq!(stage.sees(1).await["evidence"]["ages_days"], json!([3, 0, 0, 0]));
        stage.hears(&UserErased { user_id: user(1) }).await;
        stage.reserves(&reserved(2, 100)).await;
        let seen = stage.sees(2).await;
        assert_eq!(
            (&seen["evidence"]["ages_days"][0], &seen["evidence"]["counts"][0][4]),
            (&json!(0), &json!(0))
        );
    });
}

#[test]
fn rules_that_fail_leave_the_decision_to_the_posture_and_raise_an_alert() {
    staged(async |stage, _| {
        for (number, posture) in [(1, "approve"), (2, "review"), (3, "block")] {
            let mut set = rules(&[("ratio", "amount / (amount - 100) > 1", 900)]);
            set["on_failure"] = json!(posture);
            stage.publishes(&set).await;
            stage.reserves(&reserved(number, 100)).await;
            let verdict = stage.sees(number).await["decision"]["verdict"].clone();
            assert_eq!(verdict["decision"], posture);
            assert_eq!(verdict["failure"], json!({ "rule": "ratio", "trouble": "division_by_zero" }));
        }
        let told = stage.told_of("fraud.risk.assessed").await;
        assert_eq!(told[0]["reasons"], json!(["rules_failed"]));
        let alerts = stage.told_of("fraud.alert.raised").await;
        let kinds: Vec<&Value> = alerts.iter().map(|alert| &alert["kind"]).collect();
        assert_eq!(kinds, ["rules_failed", "rules_failed", "rules_failed", "blocked"]);
    });
}

#[test]
fn a_dry_run_says_what_would_be_decided_and_is_not_remembered() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 100)).await;
        let asked = json!({ "amount": 2_000, "currency": "INR", "payer": user(1), "payee": user(3),
            "device": "phone-7", "address": "203.0.113.9" });
        for _ in 0..2 {
            let program = Player::program(1, 1, &["fraud:read"]);
            let said = stage.post(&program, "/api/v1/fraud/assess", &asked).await.expect(200).body;
            assert_eq!(
                (&said["verdict"]["decision"], &said["verdict"]["score"]),
                (&json!("review"), &json!(500))
            );
            assert_eq!(said["reasons"], json!(["large"]));
            assert_eq!(said["evidence"]["counts"][2][1], 1, "the device is known");
            assert_eq!(said["evidence"]["met"][0], json!([false, false, true, true]));
        }
        assert_eq!(stage.get(&analyst(), "/api/v1/fraud/decisions").await.each("payment_id").len(), 1);
        assert_eq!(stage.told_decisions().await, ["approve"]);
    });
}

#[test]
fn decisions_are_found_by_what_they_are_and_by_who_paid() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        for (number, amount) in [(1, 100), (2, 6_000), (3, 7_000), (4, 200)] {
            let mut told = reserved(number, amount);
            told.payment.payer = user(100 + number % 2);
            stage.reserves(&told).await;
        }
        let found = async |query: &str| -> Vec<String> {
            let said = stage.get(&analyst(), &format!("/api/v1/fraud/decisions{query}")).await;
            said.each("payment_id").into_iter().map(str::to_owned).collect()
        };
        assert_eq!(found("").await, [4, 3, 2, 1].map(payment));
        assert_eq!(found("?decision=block").await, [3, 2].map(payment));
        assert_eq!(found(&format!("?payer={}", user(101))).await, [3, 1].map(payment));
        assert_eq!(found(&format!("?payer={}&decision=approve", user(101))).await, [1].map(payment));
        let first = stage.get(&analyst(), "/api/v1/fraud/decisions?limit=3").await.expect(200).body;
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(found(&format!("?limit=3&cursor={cursor}")).await, [1].map(payment));
        let nobody: UserId = user(77);
        assert_eq!(found(&format!("?payer={nobody}")).await, Vec::<String>::new());
    });
}

#[test]
fn alerts_are_kept_as_they_were_told() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        stage.reserves(&reserved(1, 2_000)).await;
        stage.reserves(&reserved(2, 6_000)).await;
        stage.wait(Duration::from_secs(24 * 3_600)).await;
        stage.reserves(&reserved(3, 7_000)).await;
        let found = async |query: &str| -> Vec<String> {
            let said = stage.get(&analyst(), &format!("/api/v1/fraud/alerts{query}")).await;
            said.each("payment_id").into_iter().map(str::to_owned).collect()
        };
        assert_eq!(found("").await, [3, 1, 2].map(payment), "newest first");
        assert_eq!(found("?kind=blocked").await, [3, 2].map(payment));
        assert_eq!(found("?kind=review_overdue").await, [1].map(payment));
        assert_eq!(found("?kind=rules_failed").await, Vec::<String>::new());
        let first = stage.get(&analyst(), "/api/v1/fraud/alerts?limit=2").await.expect(200).body;
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(found(&format!("?limit=2&cursor={cursor}")).await, [2].map(payment));
        let overdue = &first["data"][1];
        assert_eq!(
            (&overdue["kind"], &overdue["score"], &overdue["reasons"]),
            (&json!("review_overdue"), &json!(500), &json!(["large"]))
        );
        let all = stage.get(&analyst(), "/api/v1/fraud/alerts").await.expect(200).body;
        let told = stage.told_of("fraud.alert.raised").await;
        for (kept, told) in all["data"].as_array().unwrap().iter().rev().zip(&told) {
            assert_eq!([&kept["payment_id"], &kept["kind"]], [&told["paymentId"], &told["kind"]]);
            assert_eq!([&kept["score"], &kept["reasons"]], [&told["score"], &told["reasons"]]);
        }
        assert_eq!(told.len(), 3);
    });
}
