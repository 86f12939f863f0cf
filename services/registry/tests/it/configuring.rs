//! Setting things: what is set, what is refused, who wins, and what is told.

use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn several_values_are_set_as_one_revision_and_told_whole() {
    staged(async |stage, _| {
        let fresh = stage.get(&operator(), "/config/shop").await.expect(200);
        assert_eq!((&fresh.body["revision"], &fresh.headers["etag"]), (&json!(0), &"\"0\"".parse().unwrap()));
        let set = stage.set(&operator(), json!({ "shop.tables": "6", "jobs.kept": "3d" })).await.expect(200);
        assert_eq!(set.body["values"], json!({ "shop.tables": "6", "jobs.kept": "3d" }));
        stage.set(&operator(), json!({ "shop.tables": "8", "shop.greeting": "Moin" })).await.expect(200);
        let shown = stage.get(&operator(), "/config/shop").await;
        assert_eq!((&shown.body["revision"], &shown.headers["etag"]), (&json!(2), &"\"2\"".parse().unwrap()));
        let values = json!({ "shop.tables": "8", "jobs.kept": "3d", "shop.greeting": "Moin" });
        assert_eq!(shown.body["values"], values);
        let told = stage.told().await;
        let expected =
            json!({ "service": "shop", "environment": "default", "revision": 2, "values": values });
        assert_eq!(told.len(), 2);
        assert_eq!(told[1], ("config.published".to_owned(), expected));
    });
}

#[test]
fn null_takes_a_value_back_and_what_changes_nothing_makes_no_revision() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "6", "shop.till_key": "hunter2" })).await.expect(200);
        let same = stage
            .set(
                &operator(),
                json!({ "shop.tables": "6", "shop.till_key": "hunter2", "shop.greeting": null }),
            )
            .await;
        assert_eq!(same.body["revision"], 1);
        let less = stage.set(&operator(), json!({ "shop.tables": null })).await.expect(200);
        assert_eq!(
            (&less.body["revision"], &less.body["values"]),
            (&json!(2), &json!({ "shop.till_key": "***" }))
        );
        assert_eq!(stage.told().await.len(), 2);
    });
}

#[test]
fn each_value_that_cannot_be_is_named_and_then_nothing_is_set() {
    staged(async |stage, _| {
        let wish = json!({ "shop.tables": "many", "shop.roof": "red", "shop.door": "back", "shop.greeting": "Moin" });
        for (method, path) in [(Method::PUT, "/config/shop"), (Method::POST, "/config/shop/check")] {
            let body = json!({ "values": wish });
            let said = stage.ask(method, path, Some(&operator()), Some(&body), &[]).await.expect(422);
            assert_eq!(said.problem(), (422, "invalid_input"));
            let fields = json!([
                { "field": "values.shop.door", "message": "can be set at a start only" },
                { "field": "values.shop.roof", "message": "is no setting of this service" },
                { "field": "values.shop.tables", "message": "is not a whole number from 0 to 4294967295" },
            ]);
            assert_eq!(said.body["details"]["fields"], fields);
        }
        assert_eq!(stage.get(&operator(), "/config/shop").await.body["revision"], 0);
        let long = "x".repeat(9_000);
        for values in [json!({}), json!({ "shop.greeting": long }), json!({ "shop.tables": 6 }), json!([])] {
            stage.set(&operator(), values).await.expect(422);
        }
        let comment = json!({ "values": { "shop.tables": "6" }, "comment": "a\u{0}b" });
        stage.put(&operator(), "/config/shop", &comment).await.expect(422);
        assert_eq!(stage.told().await, []);
    });
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "6", "shop.till_key": "hunter2" })).await.expect(200);
        let wish =
            json!({ "values": { "shop.tables": "8", "shop.till_key": "hunter3", "shop.greeting": "Moin" } });
        let plan = stage.post(&operator(), "/config/shop/check", &wish).await.expect(200);
        let changes = json!([
            { "key": "shop.greeting", "from": null, "to": "Moin" },
            { "key": "shop.tables", "from": "6", "to": "8" },
            { "key": "shop.till_key", "from": "***", "to": "***" },
        ]);
        assert_eq!(plan.body, json!({ "revision": 1, "changes": changes }));
        assert_eq!(stage.get(&operator(), "/config/shop").await.body["revision"], 1);
        assert_eq!(stage.told().await.len(), 1);
    });
}

#[test]
fn of_two_who_saw_the_same_one_wins() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "1" })).await.expect(200);
        let put = async |tables: &str| {
            let body = json!({ "values": { "shop.tables": tables } });
            let path = "/config/shop";
            stage.ask(Method::PUT, path, Some(&operator()), Some(&body), &[("if-match", "\"1\"")]).await
        };
        let all = tokio::join!(put("2"), put("3"), put("4"), put("5"));
        let mut statuses: Vec<u16> =
            [&all.0, &all.1, &all.2, &all.3].iter().map(|said| said.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409]);
        assert_eq!(stage.get(&operator(), "/config/shop").await.body["revision"], 2);
        assert_eq!(stage.told().await.len(), 2);
    });
}

#[test]
fn a_crowd_without_a_revision_in_hand_loses_nothing() {
    staged(async |stage, _| {
        let operator = operator();
        let a = stage.set(&operator, json!({ "shop.tables": "1" }));
        let b = stage.set(&operator, json!({ "shop.greeting": "Moin" }));
        let c = stage.set(&operator, json!({ "jobs.kept": "3d" }));
        let said = tokio::join!(a, b, c);
        assert!([said.0, said.1, said.2].iter().all(|said| said.status.is_success()));
        let shown = stage.get(&operator, "/config/shop").await.body;
        let values = json!({ "shop.tables": "1", "shop.greeting": "Moin", "jobs.kept": "3d" });
        assert_eq!((&shown["revision"], &shown["values"]), (&json!(3), &values));
        let revisions: Vec<Value> =
            stage.told().await.iter().map(|(_, data)| data["revision"].clone()).collect();
        assert_eq!(revisions, [1, 2, 3]);
    });
}

#[test]
fn the_same_key_sets_once() {
    staged(async |stage, _| {
        for value in ["7", "7"] {
            let body = json!({ "values": { "shop.tables": value } });
            let headers = [("idempotency-key", "k1"), ("if-match", "\"0\"")];
            let said = stage.ask(Method::PUT, "/config/shop", Some(&operator()), Some(&body), &headers).await;
            assert_eq!(said.expect(200).body["revision"], 1);
        }
    });
}

#[test]
fn secrets_are_in_clear_nowhere() {
    staged(async |stage, _| {
        let body = json!({ "values": { "shop.till_key": "hunter2" }, "comment": "A new till" });
        let headers = [("idempotency-key", "k1")];
        let set = stage.ask(Method::PUT, "/config/shop", Some(&operator()), Some(&body), &headers).await;
        assert_eq!(set.expect(200).body["values"]["shop.till_key"], "***");
        stage.set(&operator(), json!({ "shop.till_key": "hunter3" })).await.expect(200);
        let bad = stage.set(&operator(), json!({ "shop.safe_code": "hunter4" })).await.expect(422);
        assert_eq!(bad.body["details"]["fields"][0]["message"], "is no value of this kind: whole number");
        let everything = format!("{} {}", bad.body, stage.everything().await);
        assert!(everything.contains("***") && everything.contains("v1."), "{everything}");
        assert!(!everything.contains("hunter"), "{everything}");
        assert!(crate::log_lines::heard().contains("kernel::"), "the log was listened to");
    });
}

#[test]
fn environments_are_set_apart() {
    staged(async |stage, _| {
        let body = json!({ "environment": "staging", "values": { "shop.tables": "9" } });
        stage.put(&operator(), "/config/shop", &body).await.expect(200);
        assert_eq!(stage.get(&operator(), "/config/shop").await.body["revision"], 0);
        let staging = stage.get(&operator(), "/config/shop?environment=staging").await;
        assert_eq!(staging.body["values"], json!({ "shop.tables": "9" }));
        let bad = stage.get(&operator(), "/config/shop?environment=a%20b").await;
        assert_eq!(bad.status.as_u16(), 400);
    });
}

#[test]
fn what_can_be_set_is_listed_for_those_who_may_set_it() {
    staged(async |stage, _| {
        let all = stage.get(&operator(), "/config/schema?service=shop").await;
        let keys = [
            "events.kept",
            "http.idempotency_kept",
            "jobs.kept",
            "shop.greeting",
            "shop.safe_code",
            "shop.tables",
            "shop.till_key",
        ];
        assert_eq!(all.each("key"), keys);
        assert_eq!(all.each("kind")[5], "whole number");
        let till = &all.body["data"][6];
        assert_eq!((&till["secret"], &till["default"]), (&json!(true), &Value::Null));
        assert_eq!(stage.get(&admin(1), "/config/schema").await.each("key"), ["shop.greeting"]);
        let mut path = "/config/schema?limit=4".to_owned();
        let mut listed = Vec::new();
        loop {
            let page = stage.get(&operator(), &path).await;
            listed.extend(page.each("key").into_iter().map(str::to_owned));
            let Some(cursor) = page.body["next_cursor"].as_str() else { break };
            path = format!("/config/schema?limit=4&cursor={cursor}");
        }
        assert_eq!(listed.len(), 11, "{listed:?}");
        assert!(listed.contains(&"registry.instance_lease".to_owned()));
    });
}
