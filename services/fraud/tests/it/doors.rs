//! Who is let in: each route with nobody, without its permission, and from another project.

use http::Method;
use kernel::testing::isolation;
use serde_json::{Value, json};

use crate::stage::*;

const READ: &[&str] = &["fraud:read", "fraud:manage"];
const MANAGE: &[&str] = &["fraud:manage"];

/// Each route, what it takes, and the permissions of which one lets in.
fn routes(simulation: &str, waiting: u128) -> Vec<(Method, String, Option<Value>, &'static [&'static str])> {
    let (get, post) = (Method::GET, Method::POST);
    let at = |rest: &str| format!("/api/v1/fraud/{rest}");
    let asked = json!({ "amount": 5, "currency": "INR", "payer": user(1) });
    let times = json!({ "from": "2026-01-01T00:00:00.000Z", "to": "2027-01-01T00:00:00.000Z" });
    let finding = json!({ "fraud": false, "reason": "x" });
    let payment = payment(waiting);
    vec![
        (post.clone(), at("rule-sets"), Some(by_amount()), MANAGE),
        (get.clone(), at("rule-sets"), None, READ),
        (get.clone(), at("rule-sets/1"), None, READ),
        (post.clone(), at("rule-sets/1/publish"), None, MANAGE),
        (post.clone(), at("rule-sets/1/simulate"), Some(times), MANAGE),
        (get.clone(), at(&format!("simulations/{simulation}")), None, READ),
        (get.clone(), at(&format!("simulations/{simulation}/live")), None, READ),
        (get.clone(), at("rules/figures"), None, READ),
        (get.clone(), at("decisions"), None, READ),
        (get.clone(), at(&format!("decisions/{payment}")), None, READ),
        (post.clone(), at("assess"), Some(asked), READ),
        (get.clone(), at("reviews"), None, READ),
        (post.clone(), at(&format!("reviews/{payment}/assign")), Some(json!({})), MANAGE),
        (post, at(&format!("reviews/{payment}/decide")), Some(finding), MANAGE),
        (get.clone(), at("alerts"), None, READ),
        (get, at("lists/watch"), None, READ),
        (Method::PUT, at("lists/watch"), Some(json!({ "entries": [{ "entry": "a" }] })), MANAGE),
    ]
}

/// A project with a row in each table; returns a simulation.
async fn furnished(stage: &Stage) -> String {
    let version = stage.publishes(&by_amount()).await;
    stage.puts("watch", &json!([{ "entry": "a" }])).await.expect(200);
    stage.reserves(&reserved(1, 2_000)).await;
    stage.reserves(&reserved(1_000, 6_000)).await;
    let path = format!("/api/v1/fraud/rule-sets/{version}/simulate");
    let times = json!({ "from": "2000-01-01T00:00:00.000Z", "to": "2100-01-01T00:00:00.000Z" });
    let begun = stage.post(&analyst(), &path, &times).await.expect(202).body;
    begun["id"].as_str().unwrap().to_owned()
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage, _| {
        let simulation = furnished(stage).await;
        let mut waiting = 1;
        for at in 0..routes("", 0).len() {
            for permission in ["fraud:read", "fraud:manage", "payments:manage"] {
                waiting += 1;
                stage.reserves(&reserved(waiting, 2_000)).await;
                let (method, path, body, lets_in) = routes(&simulation, waiting).swap_remove(at);
                let nobody = stage.status(&method, &path, None, body.as_ref()).await;
                assert_eq!(nobody, 401, "{method} {path}");
                let who = Player::program(1, 1, &[permission]);
                let said = stage.status(&method, &path, Some(&who), body.as_ref()).await;
                if lets_in.contains(&permission) {
                    assert!((200..300).contains(&said), "{method} {path} with {permission}: {said}");
                } else {
                    assert_eq!(said, 403, "{method} {path} with {permission}");
                }
            }
        }
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = fraud::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(declared, routes("", 0).len());
}

#[test]
fn another_project_sees_nothing() {
    staged(async |stage, _| {
        let simulation = furnished(stage).await;
        let named = |path: &str| {
            ["/rule-sets/", "/simulations/", "/decisions/", "/reviews/"]
                .iter()
                .any(|part| path.contains(part))
        };
        for (method, path, body, _) in routes(&simulation, 1).into_iter().filter(|(_, path, ..)| named(path))
        {
            let said = stage.ask(method.clone(), &path, Some(&stranger()), body.as_ref(), &[]).await;
            assert_eq!(said.problem(), (404, "not_found"), "{method} {path}");
        }
        for list in ["rule-sets", "rules/figures", "decisions", "reviews", "alerts", "lists/watch"] {
            let said = stage.get(&stranger(), &format!("/api/v1/fraud/{list}")).await.expect(200);
            assert_eq!(said.body["data"], json!([]), "{list}");
        }
        let asked = json!({ "amount": 2_000, "currency": "INR", "payer": user(1) });
        let said = stage.post(&stranger(), "/api/v1/fraud/assess", &asked).await.expect(200).body;
        assert_eq!(said["verdict"]["rule_set_version"], 0);
        assert_eq!(said["evidence"]["counts"][0], json!([0, 0, 0, 0, 0]));
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage, _| {
        furnished(stage).await;
        let found = isolation(stage.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in [
            "rule_heads",
            "rule_sets",
            "profiles",
            "list_entries",
            "decisions",
            "reviews",
            "alerts",
            "rule_figures",
            "simulations",
        ] {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}

#[test]
fn no_profile_names_a_device_or_an_address() {
    staged(async |stage, _| {
        stage.reserves(&reserved(1, 100)).await;
        let rows: Vec<(String, String)> = stage
            .running
            .store()
            .read(kernel::store::Scope::Project(project(1)), |tx| {
                let project = tx.project()?;
                tx.rows("select subject, body from profiles where project_id = $1", kernel::params![project])
            })
            .await
            .map_err(|error: kernel::store::StoreError| error.to_string())
            .unwrap();
        assert_eq!(rows.len(), 4);
        let all = format!("{rows:?}");
        assert!(!all.contains("phone-7") && !all.contains("203.0.113"), "{all}");
    });
}
