//! Telling what happened, and finding it again.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn what_is_told_is_found() {
    staged(async |stage, _| {
        let told = stage.post(&ann(), "/records", &entry("order.refunded")).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
        let id = told.body["id"].as_str().unwrap();
        let found = stage.get(&ann(), &format!("/records/{id}")).await;
        assert_eq!(found.status, StatusCode::OK);
        let expected = json!({
            "id": id, "occurred_at": "2026-09-21T14:13:20.000Z", "recorded_at": "2026-09-21T14:13:20.000Z",
            "class": "operational", "actor": "user:usr_00000000000000000000000001", "action": "order.refunded",
            "object": { "kind": "order", "id": "ord_7" }, "outcome": "succeeded", "source": "api",
            "correlation_id": found.body["correlation_id"], "details": { "note": "order.refunded" }, "erased": false,
        });
        assert_eq!(found.body, expected);
    });
}

#[test]
fn a_list_is_newest_first_and_goes_on_where_a_page_ended() {
    staged(async |stage, _| {
        let mut told = Vec::new();
        for number in 0..5 {
            told.extend(stage.tell(&ann(), &[entry(&format!("a.n{number}")), entry("a.twin")]).await);
            stage.clock.advance(Duration::from_millis(1));
        }
        told.reverse();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = stage.get(&ann(), &format!("/records?limit=3{cursor}")).await;
            seen.extend(page.each("id").into_iter().map(str::to_owned));
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, told);
    });
}

#[test]
fn each_filter_finds_what_it_names_and_nothing_else() {
    staged(async |stage, _| {
        let service = service("orders");
        let special = with(
            entry("payment.failed"),
            json!({ "actor": "user:bob", "object": { "kind": "payment", "id": "pay_1" }, "outcome": "failed",
                "class": "financial", "occurred_at": "2026-01-01T00:00:00Z" }),
        );
        let headers = [("x-correlation-id", "req-1")];
        stage.ask(Method::POST, "/records", Some(&service), Some(&special), &headers).await;
        stage.tell(&service, &[entry("order.paid"), entry("order.shipped")]).await;
        for (query, expected) in [
            ("actor=user:bob", 1),
            ("actor=service:orders", 2),
            ("action=payment.failed", 1),
            ("action=order.paid&outcome=succeeded", 1),
            ("action=order.paid&outcome=failed", 0),
            ("object_kind=payment", 1),
            ("object_id=ord_7", 2),
            ("object_kind=payment&object_id=ord_7", 0),
            ("class=financial", 1),
            ("class=permanent", 0),
            ("outcome=failed", 1),
            ("correlation_id=req-1", 1),
            ("correlation_id=req-1&actor=user:bob&action=payment.failed&object_id=pay_1", 1),
            ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00.001Z", 1),
            ("to=2026-01-01T00:00:00Z", 0),
            ("from=2026-01-02T00:00:00Z", 2),
            ("", 3),
        ] {
            let found = stage.get(&service, &format!("/records?{query}")).await;
            assert_eq!(found.each("id").len(), expected, "{query}");
        }
    });
}

#[test]
fn the_same_key_tells_once() {
    staged(async |stage, _| {
        let tell = async |body: &Value| {
            stage.ask(Method::POST, "/records", Some(&ann()), Some(body), &[("idempotency-key", "k1")]).await
        };
        let (first, again) = (tell(&entry("order.paid")).await, tell(&entry("order.paid")).await);
        assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
        assert_eq!(first.body, again.body);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(tell(&entry("order.shipped")).await.problem(), (422, "idempotency_key_reused"));
        let in_body = with(entry("order.paid"), json!({ "idempotency_key": "k2" }));
        for _ in 0..2 {
            assert_eq!(stage.post(&ann(), "/records", &in_body).await.status, StatusCode::CREATED);
        }
        assert_eq!(stage.get(&ann(), "/records").await.each("id").len(), 2);
    });
}

#[test]
fn a_wrong_field_is_named() {
    staged(async |stage, _| {
        for (fields, wrong) in [
            (json!({ "action": "audit.purged" }), "action"),
            (json!({ "action": "Order Paid" }), "action"),
            (json!({ "object": { "kind": "order", "id": "" } }), "object.id"),
            (json!({ "object": { "kind": "Order", "id": "1" } }), "object.kind"),
            (json!({ "outcome": "fine" }), "outcome"),
            (json!({ "class": "secret" }), "class"),
            (json!({ "details": [1] }), "details"),
            (json!({ "details": { "a": "x".repeat(32 * 1024) } }), "details"),
            (json!({ "subject": "../x" }), "subject"),
            (json!({ "occurred_at": "yesterday" }), "occurred_at"),
            (json!({ "occurred_at": "2027-01-01T00:00:00Z" }), "occurred_at"),
            (json!({ "source": "audit" }), "source"),
        ] {
            let said = stage.post(&ann(), "/records", &with(entry("order.paid"), fields.clone())).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{fields}: {}", said.body);
            assert_eq!(said.body["details"]["fields"][0]["field"], wrong, "{}", said.body);
        }
        let second = json!({ "records": [entry("a.b"), with(entry("a.b"), json!({ "action": "" }))] });
        let said = stage.post(&ann(), "/records/batch", &second).await;
        assert_eq!(said.body["details"]["fields"][0]["field"], "records[1].action", "{}", said.body);
        for records in [vec![], vec![entry("a.b"); 501]] {
            let said = stage.post(&ann(), "/records/batch", &json!({ "records": records })).await;
            assert_eq!(said.body["details"]["fields"][0]["field"], "records", "{}", said.body);
        }
        assert_eq!(stage.get(&ann(), "/records").await.each("id").len(), 0, "all or none");
        for bad in [
            "/records?limit=0",
            "/records?cursor=x",
            "/records?from=now",
            "/records?colour=red",
            "/records/1",
        ] {
            assert_eq!(stage.get(&ann(), bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
        }
    });
}

#[test]
fn only_services_say_what_somebody_else_did() {
    staged(async |stage, _| {
        let of_bob = with(entry("order.paid"), json!({ "actor": "user:bob" }));
        assert_eq!(stage.post(&ann(), "/records", &of_bob).await.problem(), (403, "forbidden"));
        assert_eq!(stage.post(&program(ALL), "/records", &of_bob).await.problem(), (403, "forbidden"));
        let own = with(entry("order.paid"), json!({ "actor": "user:usr_00000000000000000000000001" }));
        assert_eq!(stage.post(&ann(), "/records", &own).await.status, StatusCode::CREATED);
        assert_eq!(stage.post(&service("orders"), "/records", &of_bob).await.status, StatusCode::CREATED);
        assert_eq!(stage.post(&service("audit"), "/records", &of_bob).await.problem(), (403, "forbidden"));
        let told = stage.get(&ann(), "/records").await;
        assert_eq!(told.each("source"), ["orders", "api"]);
        assert_eq!(told.each("actor"), ["user:bob", "user:usr_00000000000000000000000001"]);
    });
}
