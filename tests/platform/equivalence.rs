//! The same requests get the same answers on both engines, but for ids, times and what is made of them.

use serde_json::{Value, json};

use crate::bad_input::{RECORDS, cases, entry};
use crate::kill9::list;
use crate::server::wait_for;
use crate::stage::{ALL, Stage, project};
use crate::wire::{Reply, Request};

/// What two runs can never have in common.
fn blank(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "recorded_at" | "sealed_at" | "correlation_id" | "next_cursor" | "signature" | "x"
                    | "kid" | "key_id"
                        if value.is_string() =>
                    {
                        *value = json!("…")
                    }
                    // What happened at a time that was said, happened then on both.
                    "occurred_at" if value.as_str().is_some_and(|at| !at.starts_with("2026-01-02")) => {
                        *value = json!("…")
                    }
                    _ => blank(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blank),
        Value::String(text) if is_id(text) => *value = json!("id"),
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(kind, number)| {
        (2..=4).contains(&kind.len())
            && number.len() == 26
            && number.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

fn told(name: &str, reply: &Reply) -> String {
    let mut body = reply.json();
    blank(&mut body);
    let kept =
        ["etag", "idempotency-replayed", "content-type", "retry-after", "www-authenticate", "cache-control"];
    let headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| kept.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{name}: {} [{}] {body}", reply.status, headers.join(" "))
}

/// Good requests, in the order in which they are made.
fn good() -> Vec<(&'static str, Request)> {
    let at = |second: u32, kind: &str, class: &str, subject: Option<&str>| {
        let mut entry = entry();
        entry["occurred_at"] = json!(format!("2026-01-02T03:04:{second:02}.123Z"));
        entry["object"]["kind"] = json!(kind);
        entry["object"]["id"] = json!(format!("{kind}-{second}"));
        entry["class"] = json!(class);
        entry["details"] = json!({ "text": "ünïcode 🜁 \" \\ '", "number": 1.5, "big": 9_007_199_254_740_993_i64, "nil": null, "list": [1, [2]] });
        if let Some(subject) = subject {
            entry["subject"] = json!(subject);
        }
        entry
    };
    let batch: Vec<Value> = (10..30).map(|second| at(second, "order", "financial", None)).collect();
    let retention = |days: u32| json!({ "operational_days": days, "financial_days": 2557 }).to_string();
    let keep = |tag: &str, days: u32| {
        Request::new("PUT", "/api/v1/audit/retention").json(retention(days)).header("if-match", tag)
    };
    let get = |query: &str| Request::get(&format!("{RECORDS}?{query}"));
    vec![
        ("append", Request::post(RECORDS, &at(1, "thing", "operational", None)).once("one")),
        ("append again", Request::post(RECORDS, &at(1, "thing", "operational", None)).once("one")),
        ("another body", Request::post(RECORDS, &at(2, "thing", "operational", None)).once("one")),
        (
            "about a person",
            Request::post(RECORDS, &at(3, "thing", "operational", Some("person-1"))).once("two"),
        ),
        ("batch", Request::post("/api/v1/audit/records/batch", &json!({ "records": batch }))),
        ("list", get("limit=5")),
        ("filter by kind", get("object_kind=thing")),
        ("filter by id", get("object_id=order-12")),
        ("filter by class", get("class=financial&limit=3")),
        ("filter by time", get("from=2026-01-02T03:04:12Z&to=2026-01-02T03:04:15Z")),
        ("filter by all", get("action=thing.made&outcome=succeeded&class=operational&object_kind=thing")),
        ("nothing", get("actor=nobody")),
        ("retention", Request::get("/api/v1/audit/retention")),
        ("retention first", keep("\"0\"", 100)),
        ("retention stale", keep("\"0\"", 200)),
        ("retention next", keep("\"1\"", 300)),
        ("retention now", Request::get("/api/v1/audit/retention")),
        ("erase", Request::new("POST", "/api/v1/audit/subjects/person-1/erase").once("three")),
        ("erased", get("object_id=thing-3")),
        ("erase again", Request::new("POST", "/api/v1/audit/subjects/person-1/erase")),
        ("erase nobody", Request::new("POST", "/api/v1/audit/subjects/nobody/erase")),
        ("keys", Request::get("/api/v1/audit/keys")),
        ("document", Request::get("/openapi.json")),
    ]
}

fn run(stage: &Stage) -> Vec<String> {
    let server = stage.start();
    let token = stage.token(project(1), ALL);
    let mut answers = Vec::new();
    for (name, request) in good() {
        answers.push(told(name, &server.wire().ask(&request.bearer(&token)).unwrap()));
    }
    // One page after the other is the same list as one page.
    let pages = list(&mut server.wire(), &token, "class=financial");
    answers.push(format!("pages: {:?}", pages.iter().map(|(object, _)| object).collect::<Vec<_>>()));
    let verify = Request::post("/api/v1/audit/verify", &json!({ "digests": [] })).bearer(&token);
    let report = wait_for("the seal", || {
        let report = server.wire().ask(&verify).unwrap().json();
        (report["unsealed"] == 0).then_some(report)
    });
    // How records fall into blocks is a matter of time.
    answers.push(format!("verify: {} {} {}", report["whole"], report["records"], report["purged"]));
    for case in cases() {
        answers.push(told(&case.name, &server.wire().ask(&case.request.bearer(&token)).unwrap()));
    }
    server.has_not_panicked();
    answers
}

#[test]
fn both_engines_give_the_same_answers() {
    let Some(postgres) = Stage::postgres() else { return };
    let (files, postgres) = (run(&Stage::embedded()), run(&postgres));
    assert_eq!(files.len(), postgres.len());
    let differences: Vec<_> =
        files.iter().zip(&postgres).filter(|(files, postgres)| files != postgres).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}
