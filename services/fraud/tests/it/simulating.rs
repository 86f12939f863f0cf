//! Replays: other rules judge what was journaled as they would have judged it then.

use std::time::Duration;

use kernel::testing::Player;
use serde_json::{Value, json};

use crate::stage::*;

const ALWAYS: (&str, &str) = ("2000-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z");

async fn simulated(stage: &Stage, version: u64, (from, to): (&str, &str)) -> Value {
    let path = format!("/api/v1/fraud/rule-sets/{version}/simulate");
    let begun = stage.post(&analyst(), &path, &json!({ "from": from, "to": to })).await.expect(202).body;
    assert_eq!(begun["state"], "running");
    stage.work().await;
    let path = format!("/api/v1/fraud/simulations/{}", begun["id"].as_str().unwrap());
    let done = stage.get(&analyst(), &path).await.expect(200).body;
    assert_eq!(done["state"], "done");
    done["tally"].clone()
}

/// They ask what was tried alone: what was approved is what the rules of then have made of it.
fn other_rules() -> Value {
    rules(&[
        ("fast", "count(\"payer\", \"10m\") >= 3", 450),
        ("much", "count(\"payer\", \"1h\") * amount > 9_000", 400),
        ("listed", "in_list(\"watch\", device)", 50),
        ("few", "distinct(\"payer\", \"payee\", \"1h\") < 3", 30),
    ])
}

/// The same payments in two projects.
async fn pays(stage: &Stage, projects: &[u128]) {
    for number in 1..=12 {
        let mut told = reserved(number, 300 * i64::try_from(number).unwrap());
        told.payment.payer = user(100 + number % 2);
        told.payment.payee = Some(user(200 + number % 5));
        for project in projects {
            stage.reserves_in(*project, &told).await;
        }
        stage.wait(Duration::from_secs(70)).await;
    }
}

#[test]
fn a_replay_finds_what_these_rules_would_have_decided_then() {
    staged(async |stage, _| {
        stage.publishes(&by_amount()).await;
        let version = stage.drafts_as(&analyst(), &other_rules()).await;
        // Project 2 was judged by the other rules all along.
        stage.publishes_as(&stranger(), &other_rules()).await;
        pays(stage, &[1, 2]).await;
        let tally = simulated(stage, version, ALWAYS).await;
        let mut counts = json!({ "approve": 0, "review": 0, "block": 0 });
        let said = stage.get(&stranger(), "/api/v1/fraud/decisions").await.expect(200).body;
        for decision in said["data"].as_array().unwrap() {
            let count = &mut counts[decision["verdict"]["decision"].as_str().unwrap()];
            *count = json!(count.as_u64().unwrap() + 1);
        }
        assert_eq!(tally["after"], counts);
        assert_eq!(tally["seen"], 12);
        assert!(counts["review"].as_u64() > Some(0) && counts["block"].as_u64() > Some(0), "{counts}");
        assert_eq!(tally["before"], json!({ "approve": 3, "review": 9, "block": 0 }));
        let figures = stage.get(&stranger(), "/api/v1/fraud/rules/figures").await.expect(200).body;
        for figure in figures["data"].as_array().unwrap() {
            let rule = &tally["rules"][figure["rule"].as_str().unwrap()];
            assert_eq!((&rule["after"], &rule["before"]), (&figure["hits"], &json!(0)));
        }
        assert_eq!(tally["rules"]["large"], json!({ "before": 9, "after": 0 }));
    });
}

#[test]
fn a_replay_with_the_rules_that_decided_changes_nothing() {
    staged(async |stage, _| {
        let version = stage.publishes(&other_rules()).await;
        pays(stage, &[1]).await;
        let told = stage.told().await.len();
        let tally = simulated(stage, version, ALWAYS).await;
        assert_eq!((&tally["seen"], &tally["changed"]), (&json!(12), &json!(0)));
        assert_eq!(tally["before"], tally["after"]);
        assert_eq!(stage.told().await.len(), told, "a replay tells nothing");
    });
}

#[test]
fn a_replay_sees_the_payments_of_its_time_alone_and_all_of_them_in_steps() {
    staged(async |stage, _| {
        let version = stage.publishes(&by_amount()).await;
        let text =
            |stage: &Stage| serde_json::to_value(stage.clock.now()).unwrap().as_str().unwrap().to_owned();
        stage.reserves(&reserved(1_000, 100)).await;
        stage.wait(Duration::from_secs(10)).await;
        let from = text(stage);
        for number in 1..=401 {
            stage.reserves(&reserved(number, 100)).await;
        }
        stage.wait(Duration::from_secs(10)).await;
        let to = text(stage);
        stage.reserves(&reserved(2_000, 100)).await;
        assert_eq!(simulated(stage, version, (&from, &to)).await["seen"], 401);
        assert_eq!(simulated(stage, version, ALWAYS).await["seen"], 403);
        assert_eq!(simulated(stage, version, (&to, &from)).await["seen"], 0);
    });
}

#[test]
fn another_projects_replay_is_not_there() {
    staged(async |stage, _| {
        let version = stage.publishes(&by_amount()).await;
        let path = format!("/api/v1/fraud/rule-sets/{version}/simulate");
        let body = json!({ "from": ALWAYS.0, "to": ALWAYS.1 });
        let begun = stage.post(&analyst(), &path, &body).await.expect(202).body;
        let path = format!("/api/v1/fraud/simulations/{}", begun["id"].as_str().unwrap());
        let other: Player = stranger();
        assert_eq!(stage.get(&other, &path).await.problem(), (404, "not_found"));
        assert_eq!(stage.get(&other, &format!("{path}/live")).await.problem(), (404, "not_found"));
    });
}
