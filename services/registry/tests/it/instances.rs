//! Where instances are: leases, what is told, and who is behind.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

const ONE: &str = "/instances/shop/shop-1";

fn second(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn alive() -> Value {
    json!({ "address": "http://10.0.0.7:8091", "version": "0.1.0" })
}

fn with(fields: &Value) -> Value {
    let mut body = alive();
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// What was told of instances: the state and the address.
async fn news(stage: &Stage) -> Vec<(String, String)> {
    let told = stage.told().await.into_iter().filter(|(kind, _)| kind == "instance.changed");
    told.map(|(_, data)| {
        (data["state"].as_str().unwrap().to_owned(), data["address"].as_str().unwrap().to_owned())
    })
    .collect()
}

fn at(state: &str, host: &str) -> (String, String) {
    (state.to_owned(), format!("http://{host}"))
}

#[test]
fn an_instance_stays_as_long_as_it_gives_signs_of_life() {
    staged(async |stage, _| {
        let first = stage.put(&program(), ONE, &alive()).await.expect(200);
        assert_eq!((&first.body["state"], &first.body["silent_ms"]), (&json!("up"), &json!(0)));
        for _ in 0..3 {
            stage.wait(second(14)).await;
            stage.put(&program(), ONE, &alive()).await.expect(200);
        }
        assert_eq!(news(stage).await, [at("up", "10.0.0.7:8091")], "a heartbeat is no news");
        stage.wait(second(14)).await;
        let shown = stage.get(&operator(), "/instances?service=shop").await;
        assert_eq!((shown.each("state"), &shown.body["data"][0]["silent_ms"]), (vec!["up"], &json!(14_000)));
        stage.wait(second(1)).await;
        let shown = stage.get(&operator(), "/instances").await;
        assert_eq!(
            (shown.each("state"), &shown.body["data"][0]["lease_until"]),
            (vec!["down"], &Value::Null)
        );
        assert_eq!(news(stage).await.last(), Some(&at("down", "10.0.0.7:8091")));
        stage.wait(second(60)).await;
        assert_eq!(news(stage).await.len(), 2, "down is told once");
        stage.put(&program(), ONE, &alive()).await.expect(200);
        assert_eq!(news(stage).await.last(), Some(&at("up", "10.0.0.7:8091")));
    });
}

#[test]
fn draining_moving_and_going_are_told() {
    staged(async |stage, _| {
        stage.put(&program(), ONE, &alive()).await.expect(200);
        stage.put(&program(), ONE, &with(&json!({ "state": "draining" }))).await.expect(200);
        let moved = with(&json!({ "address": "https://shop.internal", "state": "draining" }));
        stage.put(&program(), ONE, &moved).await.expect(200);
        let gone = stage.ask(Method::DELETE, ONE, Some(&program()), None, &[]).await.expect(200);
        assert_eq!(gone.body["state"], "down");
        let twice = stage.ask(Method::DELETE, ONE, Some(&program()), None, &[]).await.expect(200);
        assert_eq!(twice.body["state"], "down");
        let told = [
            at("up", "10.0.0.7:8091"),
            at("draining", "10.0.0.7:8091"),
            ("draining".to_owned(), "https://shop.internal".to_owned()),
            ("down".to_owned(), "https://shop.internal".to_owned()),
        ];
        assert_eq!(news(stage).await, told);
        let never = stage.ask(Method::DELETE, "/instances/shop/shop-9", Some(&program()), None, &[]).await;
        assert_eq!(never.problem(), (404, "not_found"));
    });
}

#[test]
fn who_is_down_for_a_day_is_forgotten() {
    staged(async |stage, _| {
        stage.put(&program(), ONE, &alive()).await.expect(200);
        stage.ask(Method::DELETE, ONE, Some(&program()), None, &[]).await.expect(200);
        stage.wait(second(86_399)).await;
        assert_eq!(stage.get(&operator(), "/instances").await.each("instance"), ["shop-1"]);
        stage.wait(second(1)).await;
        assert!(stage.get(&operator(), "/instances").await.each("instance").is_empty());
        assert_eq!(news(stage).await.len(), 2);
    });
}

#[test]
fn an_instance_that_is_behind_its_settings_is_seen() {
    staged(async |stage, _| {
        let said = stage.put(&program(), ONE, &with(&json!({ "config_revision": 0 }))).await.expect(200);
        assert_eq!((&said.body["drifts"], &said.body["latest_revision"]), (&json!(false), &json!(0)));
        stage.set(&operator(), json!({ "shop.tables": "6" })).await.expect(200);
        stage.set(&admin(1), json!({ "shop.greeting": "Moin" })).await.expect(200);
        stage
            .put(&program(), "/instances/shop/shop-2", &with(&json!({ "config_revision": 1 })))
            .await
            .expect(200);
        stage.put(&program(), "/instances/shop/shop-3", &alive()).await.expect(200);
        let staging = with(&json!({ "config_revision": 0, "environment": "staging" }));
        stage.put(&program(), "/instances/shop/shop-4", &staging).await.expect(200);
        let shown = stage.get(&program(), "/instances").await;
        let drifts: Vec<&Value> =
            shown.body["data"].as_array().unwrap().iter().map(|row| &row["drifts"]).collect();
        assert_eq!(drifts, [true, false, false, false]);
    });
}

#[test]
fn instances_are_listed_in_pages_by_service_and_name() {
    staged(async |stage, _| {
        for name in ["b/1", "a/2", "a/10", "c/1"] {
            stage.put(&program(), &format!("/instances/{name}"), &alive()).await.expect(200);
        }
        let first = stage.get(&operator(), "/instances?limit=3").await;
        assert_eq!(first.each("instance"), ["10", "2", "1"]);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let rest = stage.get(&operator(), &format!("/instances?limit=3&cursor={cursor}")).await;
        assert_eq!((rest.each("service"), &rest.body["next_cursor"]), (vec!["c"], &Value::Null));
        assert_eq!(stage.get(&operator(), "/instances?service=a").await.each("instance"), ["10", "2"]);
        // A cursor that we did not make: ["\u0000", "x"].
        let bad = stage.get(&operator(), "/instances?cursor=WyJcdTAwMDAiLCJ4Il0").await;
        assert_eq!(bad.status.as_u16(), 400);
    });
}

#[test]
fn what_says_nothing_sound_is_refused() {
    staged(async |stage, _| {
        for (fields, field) in [
            (json!({ "address": "10.0.0.7:8091" }), "address"),
            (json!({ "address": "http://user:pass@host" }), "address"),
            (json!({ "version": "a b" }), "version"),
            (json!({ "state": "down" }), "state"),
            (json!({ "config_revision": u64::MAX }), "config_revision"),
            (json!({ "surprise": 1 }), "surprise"),
        ] {
            let said = stage.put(&program(), ONE, &with(&fields)).await.expect(422);
            assert_eq!(said.body["details"]["fields"][0]["field"], field);
        }
        stage.put(&program(), "/instances/Shop/1", &alive()).await.expect(400);
        stage.put(&program(), "/instances/shop/a%00b", &alive()).await.expect(400);
        assert_eq!(stage.told().await, []);
    });
}

#[test]
fn how_long_the_lease_is_can_be_changed_while_running() {
    staged(async |stage, _| {
        let body = json!({ "values": { "registry.instance_lease": "60s" } });
        stage.put(&operator(), "/config/registry", &body).await.expect(200);
        let own = stage.running.store();
        kernel::events::catch_up(own, own, stage.running.handlers()).await.unwrap();
        stage.running.refresh_settings().await.unwrap();
        stage.put(&program(), ONE, &alive()).await.expect(200);
        stage.wait(second(59)).await;
        assert_eq!(stage.get(&operator(), "/instances").await.each("state"), ["up"]);
    });
}
