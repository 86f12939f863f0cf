//! Writing rule sets, publishing them, watching rules, and keeping lists.

use serde_json::{Value, json};

use crate::stage::*;

async fn statuses(stage: &Stage) -> Vec<String> {
    let said = stage.get(&analyst(), "/api/v1/fraud/rule-sets").await;
    said.each("status").into_iter().map(str::to_owned).collect()
}

#[test]
fn a_draft_judges_nothing_until_it_is_published_and_can_come_back() {
    staged(async |stage, _| {
        let strict = rules(&[("all", "true", 900)]);
        assert_eq!(stage.drafts_as(&analyst(), &by_amount()).await, 1);
        assert_eq!(stage.drafts_as(&analyst(), &strict).await, 2);
        stage.reserves(&reserved(1, 100)).await;
        assert_eq!(statuses(stage).await, ["draft", "draft"]);
        let publish = async |version: u32| {
            let path = format!("/api/v1/fraud/rule-sets/{version}/publish");
            stage.post(&analyst(), &path, &json!({})).await.expect(200)
        };
        publish(2).await;
        publish(2).await;
        stage.reserves(&reserved(2, 100)).await;
        publish(1).await;
        assert_eq!(statuses(stage).await, ["archived", "published"]);
        stage.reserves(&reserved(3, 100)).await;
        publish(2).await;
        assert_eq!(statuses(stage).await, ["published", "archived"]);
        assert_eq!(stage.told_decisions().await, ["approve", "block", "approve"]);
        let told = stage.told_of("fraud.rule_set.published").await;
        let versions: Vec<&Value> = told.iter().map(|told| &told["version"]).collect();
        assert_eq!(versions, [2, 1, 2], "what is published already is not told again");
    });
}

#[test]
fn mistakes_are_told_with_their_places_and_keep_a_set_from_being_published() {
    staged(async |stage, _| {
        let set = rules(&[("typed", "amount > \"a\"", 1), ("named", "nonsense", 1)]);
        let said = stage.post(&analyst(), "/api/v1/fraud/rule-sets", &set).await.expect(201).body;
        let problems = json!([
            { "rule": "typed", "at": 10, "message": "expected a number, this is a text" },
            { "rule": "named", "at": 1, "message": "there is no `nonsense`" },
        ]);
        assert_eq!(said["problems"], problems);
        let refused = stage.post(&analyst(), "/api/v1/fraud/rule-sets/1/publish", &json!({})).await;
        assert_eq!(refused.problem(), (409, "rule_set_invalid"));
        assert_eq!(refused.body["details"]["problems"], problems);
        let times = json!({ "from": "2026-01-01T00:00:00.000Z", "to": "2027-01-01T00:00:00.000Z" });
        let refused = stage.post(&analyst(), "/api/v1/fraud/rule-sets/1/simulate", &times).await;
        assert_eq!(refused.problem(), (409, "rule_set_invalid"));
        let absent = stage.post(&analyst(), "/api/v1/fraud/rule-sets/7/publish", &json!({})).await;
        assert_eq!(absent.problem(), (404, "not_found"));
    });
}

#[test]
fn a_number_out_of_its_range_is_refused_by_its_field() {
    staged(async |stage, _| {
        for (field, value) in [
            ("review_at", 0),
            ("block_at", 1_002),
            ("model_weight", 101),
            ("review_hours", 721),
            ("fuel", 100_001),
        ] {
            let mut set = by_amount();
            set[field] = json!(value);
            let said = stage.post(&analyst(), "/api/v1/fraud/rule-sets", &set).await.expect(422);
            assert_eq!(said.body["details"]["fields"][0]["field"], field);
        }
        let mut set = by_amount();
        set["rules"][1]["score"] = json!(-1_001);
        let said = stage.post(&analyst(), "/api/v1/fraud/rule-sets", &set).await.expect(422);
        assert_eq!(said.body["details"]["fields"][0]["field"], "rules[1].score");
    });
}

#[test]
fn a_watched_rule_is_counted_and_changes_nothing() {
    staged(async |stage, _| {
        let mut set = by_amount();
        let watched = json!({ "name": "watched", "when": "amount > 10", "score": 1000, "shadow": true });
        set["rules"].as_array_mut().unwrap().push(watched);
        stage.publishes(&set).await;
        for (number, amount) in [(1, 5), (2, 500), (3, 2_000)] {
            stage.reserves(&reserved(number, amount)).await;
        }
        assert_eq!(stage.told_decisions().await, ["approve", "approve", "review"]);
        for (number, fraud) in [(2, true), (3, false)] {
            let path = format!("/api/v1/fraud/reviews/{}/decide", payment(number));
            stage.post(&analyst(), &path, &json!({ "fraud": fraud, "reason": "seen" })).await.expect(200);
        }
        let said = stage.get(&analyst(), "/api/v1/fraud/rules/figures").await.expect(200).body;
        assert_eq!(
            said["data"],
            json!([
                { "rule": "large", "shadow": false, "hits": 1, "frauds": 0, "honest": 1, "precision_basis_points": 0 },
                { "rule": "watched", "shadow": true, "hits": 2, "frauds": 1, "honest": 1, "precision_basis_points": 5000 },
            ])
        );
        assert_eq!(
            stage.get(&analyst(), "/api/v1/fraud/rules/figures?version=0").await.each("rule").len(),
            0
        );
    });
}

#[test]
fn a_list_holds_what_was_put_last_and_rules_ask_it() {
    staged(async |stage, _| {
        stage
            .publishes(&rules(&[
                ("device", "in_list(\"watch\", device)", 100),
                ("near", "in_list(\"watch\", address)", 200),
                ("land", "country == \"NZ\" and in_list(\"watch\", country)", 300),
                ("coin", "in_list(\"watch\", currency)", 150),
            ]))
            .await;
        let country =
            json!([{ "entry": "203.0.0.0/8", "note": "AU" }, { "entry": "203.0.113.0/24", "note": "NZ" }]);
        stage.puts("countries", &country).await.expect(200);
        for (number, entries, score) in [
            (1, json!([]), 0),
            (2, json!([{ "entry": "phone-7" }]), 100),
            (3, json!([{ "entry": "203.0.0.0/16" }]), 200),
            (4, json!([{ "entry": "NZ" }, { "entry": "INR" }, { "entry": "AU" }]), 450),
            (5, json!([{ "entry": "phone-9" }, { "entry": "203.0.113.8" }]), 0),
        ] {
            let said = stage.puts("watch", &entries).await.expect(200);
            assert_eq!(said.body["entries"].as_u64(), Some(entries.as_array().unwrap().len() as u64));
            stage.reserves(&reserved(number, 100)).await;
            assert_eq!(stage.decided(number).await.1, score, "{entries}");
        }
        assert_eq!(
            stage.get(&analyst(), "/api/v1/fraud/lists/watch").await.each("entry"),
            ["203.0.113.8", "phone-9"]
        );
        let first = stage.get(&analyst(), "/api/v1/fraud/lists/watch?limit=1").await.expect(200).body;
        let next =
            format!("/api/v1/fraud/lists/watch?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(stage.get(&analyst(), &next).await.each("entry"), ["phone-9"]);
        // "\u0000", which no entry is and Postgres cannot be asked for.
        let forged = stage.get(&analyst(), "/api/v1/fraud/lists/watch?cursor=Ilx1MDAwMCI").await;
        assert_eq!(forged.problem(), (400, "invalid_input"));
        let refused = stage.puts("watch", &json!([{ "entry": "a" }, { "entry": "203.0.113.0/25" }])).await;
        assert_eq!(refused.expect(422).body["details"]["fields"][0]["field"], "entries[1].entry");
    });
}
