//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::{Id, ProjectId};
use http::Method;
use kernel::testing::isolation;
use serde_json::{Value, json};

use crate::stage::*;

type Route = (Method, &'static str, Option<Value>, &'static str);

/// Each route with the example of its document, and the permission that it needs.
fn routes() -> Vec<Route> {
    let alive = json!({ "address": "http://10.0.0.7:8091", "version": "0.1.0", "config_revision": 3 });
    let set = json!({ "values": { "jobs.kept": "3d", "http.idempotency_kept": null },
        "comment": "The disk is small" });
    let back = json!({ "to_revision": 0, "comment": "It was better before" });
    vec![
        (Method::GET, "/config/schema", None, "config:read"),
        (Method::GET, "/config/shop", None, "config:read"),
        (Method::PUT, "/config/shop", Some(set.clone()), "config:write"),
        (Method::POST, "/config/shop/check", Some(set), "config:write"),
        (Method::GET, "/config/shop/history", None, "config:read"),
        (Method::POST, "/config/shop/rollback", Some(back), "config:write"),
        (Method::GET, "/instances", None, "instances:read"),
        (Method::PUT, "/instances/shop/shop-1", Some(alive), "instances:write"),
        (Method::DELETE, "/instances/shop/shop-1", None, "instances:write"),
    ]
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage, _| {
        for (method, path, body, permission) in routes() {
            let ask = async |caller: Option<&Player>| {
                stage.ask(method.clone(), path, caller, body.as_ref(), &[]).await
            };
            assert_eq!(ask(None).await.problem(), (401, "unauthenticated"), "{method} {path}");
            let others: Vec<&str> = ALL.iter().copied().filter(|other| *other != permission).collect();
            for player in [Player::operator(9, &others), Player::service("shop", 1, &others)] {
                assert_eq!(ask(Some(&player)).await.problem(), (403, "forbidden"), "{method} {path}");
            }
            let said = ask(Some(&Player::operator(9, &[permission]))).await;
            assert!(said.status.is_success(), "{method} {path}: {}", said.body);
        }
    });
}

#[test]
fn the_examples_of_the_document_are_those_above() {
    let document = registry::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(declared, routes().len());
    for (name, body) in [("SetConfig", 2), ("RollBack", 5), ("TellInstance", 7)] {
        assert_eq!(
            Some(&document["components"]["schemas"][name]["example"]),
            routes()[body].2.as_ref(),
            "{name}"
        );
    }
    let words = |name: &str| document["components"]["schemas"][name]["enum"].clone();
    assert_eq!(words("Presence"), json!(["up", "draining"]));
    assert_eq!(words("InstanceState"), json!(["up", "draining", "down"]));
}

#[test]
fn a_project_has_no_say_in_where_instances_are_and_what_holds_for_all() {
    staged(async |stage, _| {
        stage
            .set(&operator(), json!({ "shop.greeting": "Good morning", "shop.tables": "6" }))
            .await
            .expect(200);
        for player in [admin(1), Player::user(1, 1, &["*"]), Player::program(1, 1, &["*"])] {
            for (method, path, body, _) in
                routes().into_iter().filter(|route| route.1.starts_with("/instances"))
            {
                let said = stage.ask(method, path, Some(&player), body.as_ref(), &[]).await;
                assert_eq!(said.problem(), (403, "forbidden"), "{path}");
            }
            let said = stage.set(&player, json!({ "shop.tables": "7" })).await.expect(422);
            assert_eq!(said.body["details"]["fields"][0]["message"], "is not for a project to choose");
            let own = stage.get(&player, "/config/shop").await.expect(200).body;
            assert_eq!((&own["revision"], &own["values"]), (&json!(0), &json!({})));
        }
        let nowhere = stage.get(&admin(1), "/config/brewery").await;
        assert_eq!(nowhere.problem(), (404, "not_found"));
    });
}

#[test]
fn another_project_sees_and_changes_nothing() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.greeting": "Good morning" })).await.expect(200);
        stage.set(&admin(1), json!({ "shop.greeting": "Moin" })).await.expect(200);
        assert_eq!(stage.get(&admin(2), "/config/shop").await.body["revision"], 0);
        assert_eq!(stage.get(&admin(2), "/config/shop/history").await.body["data"], json!([]));
        let back = stage.post(&admin(2), "/config/shop/rollback", &json!({ "to_revision": 1 })).await;
        assert_eq!(back.problem(), (404, "not_found"));
        stage.set(&admin(2), json!({ "shop.greeting": "Servus" })).await.expect(200);
        let greeting =
            async |player| stage.get(&player, "/config/shop").await.body["values"]["shop.greeting"].clone();
        assert_eq!(greeting(operator()).await, "Good morning");
        assert_eq!(greeting(admin(1)).await, "Moin");
        assert_eq!(greeting(admin(2)).await, "Servus");
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage, _| {
        let (path, body) = ("/config/shop", json!({ "values": { "shop.greeting": "Moin" } }));
        stage
            .ask(Method::PUT, path, Some(&admin(1)), Some(&body), &[("idempotency-key", "k")])
            .await
            .expect(200);
        stage.set(&operator(), json!({ "shop.greeting": "Good morning" })).await.expect(200);
        for owner in [ProjectId::from_u128(1), registry::domain::platform()] {
            let found = isolation(stage.running.store(), owner, ProjectId::from_u128(2)).await.unwrap();
            assert_eq!(found.leaks, Vec::<String>::new());
            for table in ["configs", "config_revisions"] {
                assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
            }
        }
    });
}
