//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::{AuditRecordId, Id};
use http::{Method, StatusCode};
use kernel::testing::isolation;
use serde_json::{Value, json};

use crate::stage::*;

/// Each route, what it takes, and the permission that it needs.
fn routes(id: &str) -> Vec<(Method, String, Option<Value>, &'static str)> {
    let get = |path: &str| (Method::GET, path.to_owned(), None, "audit:read");
    vec![
        (Method::POST, "/records".into(), Some(entry("a.b")), "audit:append"),
        (Method::POST, "/records/batch".into(), Some(json!({ "records": [entry("a.b")] })), "audit:append"),
        get("/records"),
        get(&format!("/records/{id}")),
        get(&format!("/records/{id}/proof")),
        get("/blocks"),
        get("/digests"),
        get("/keys"),
        get("/retention"),
        (
            Method::PUT,
            "/retention".into(),
            Some(json!({ "operational_days": 90, "financial_days": 2557 })),
            "audit:manage",
        ),
        (Method::POST, "/subjects/usr_1/erase".into(), Some(json!({})), "audit:manage"),
        (Method::POST, "/verify".into(), Some(json!({})), "audit:manage"),
    ]
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage, _| {
        let id = stage.tell(&ann(), &[entry("order.paid")]).await.remove(0);
        stage.seal().await;
        for (method, path, body, permission) in routes(&id) {
            let ask = async |caller: Option<&Caller>| {
                stage.ask(method.clone(), &path, caller, body.as_ref(), &[]).await
            };
            assert_eq!(ask(None).await.problem(), (401, "unauthenticated"), "{method} {path}");
            let others: Vec<&str> = ALL.iter().copied().filter(|other| *other != permission).collect();
            assert_eq!(ask(Some(&user(1, &others))).await.problem(), (403, "forbidden"), "{method} {path}");
            let said = ask(Some(&user(1, &[permission]))).await;
            assert!(said.status.is_success(), "{method} {path}: {}", said.body);
        }
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = audit::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(declared, routes("id").len());
}

#[test]
fn another_project_sees_nothing() {
    staged(async |stage, _| {
        let id =
            stage.tell(&ann(), &[with(entry("order.paid"), json!({ "subject": "usr_1" }))]).await.remove(0);
        stage.seal().await;
        let other = stranger();
        for path in [format!("/records/{id}"), format!("/records/{id}/proof")] {
            assert_eq!(stage.get(&other, &path).await.problem(), (404, "not_found"));
        }
        for path in ["/records", "/blocks", "/digests"] {
            assert_eq!(stage.get(&other, path).await.body["data"], json!([]), "{path}");
        }
        let erased = stage.post(&other, "/subjects/usr_1/erase", &json!({})).await;
        assert_eq!(erased.body["erased"], false);
        assert_eq!(stage.verify(&other, &json!([])).await["records"], 0);
        assert_eq!(stage.get(&ann(), &format!("/records/{id}")).await.body["erased"], false);
        let unknown = AuditRecordId::from_u128(7);
        assert_eq!(stage.get(&ann(), &format!("/records/{unknown}")).await.problem(), (404, "not_found"));
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage, _| {
        stage.tell(&ann(), &[with(entry("order.paid"), json!({ "subject": "usr_1" }))]).await;
        let kept = json!({ "operational_days": 1, "financial_days": 400 });
        stage.ask(Method::PUT, "/retention", Some(&ann()), Some(&kept), &[("idempotency-key", "k")]).await;
        stage.seal().await;
        stage.wait(std::time::Duration::from_secs(3 * 86_400)).await;
        stage.tell(&ann(), &[entry("order.paid")]).await;
        let found = isolation(stage.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in
            ["records", "unsealed", "chains", "leaves", "blocks", "subject_keys", "retention", "purged"]
        {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}

#[test]
fn the_platform_has_a_trail_of_its_own() {
    staged(async |stage, _| {
        stage.tell(&ann(), &[entry("order.paid")]).await;
        stage.tell(&operator(), &[entry("region.added")]).await;
        assert_eq!(stage.get(&operator(), "/records").await.each("action"), ["region.added"]);
        assert_eq!(stage.get(&ann(), "/records").await.each("action"), ["order.paid"]);
        let refused = stage.get(&user(1, &[]), "/records").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    });
}
