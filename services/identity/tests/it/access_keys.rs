//! API keys: shown once, replaced with an overlap, taken back at once.

use std::time::Duration;

use contracts::events::access::{ApiKeyKind, ApiKeyUsed};
use contracts::{ApiKeyId, Id, Timestamp};
use identity::Error;
use kernel::auth::ApiKeyText;
use kernel::store::Scope;
use kernel::testing::{Player, Stage};
use serde_json::{Value, json};

use crate::access_stage::*;

const KEYS: &str = "/api/v1/api-keys";
const DAY: Duration = Duration::from_secs(86_400);

fn id(key: &Value) -> ApiKeyId {
    key["id"].as_str().unwrap().parse().unwrap()
}

async fn state(stage: &Stage, key: &Value) -> String {
    let said = stage.get(&ann(), &format!("{KEYS}/{}", id(key))).await.expect(200);
    said.body["state"].as_str().unwrap().to_owned()
}

#[test]
fn the_text_of_a_key_is_shown_once_and_its_mark_is_told_to_the_gateways() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:read"]).await;
        let text = key["api_key"].as_str().unwrap();
        let parsed = ApiKeyText::parse(text).unwrap();
        assert_eq!((parsed.id, parsed.kind), (id(&key), ApiKeyKind::Project));
        assert!(text.starts_with(key["prefix"].as_str().unwrap()));
        assert_eq!(parsed.last_four(), key["last_four"]);
        let issued = told(stage, "api_key.issued").await.pop().unwrap();
        let macs = stage.running.store().keys().keyring.macs(b"api key");
        assert!(macs.is_of(issued["mac"].as_str().unwrap(), &parsed.proof()));
        assert_eq!(issued["scopes"], json!(["audit:read"]));
        let secret = &text[text.len() - 49..text.len() - 6];
        for path in [KEYS.to_owned(), format!("{KEYS}/{}", id(&key))] {
            let shown = stage.get(&ann(), &path).await.expect(200).body.to_string();
            assert!(!shown.contains(secret) && !shown.contains("m1."), "{shown}");
        }
        let year = stage.clock.now().saturating_add(DAY * 365);
        assert_eq!(key["expires_at"], year.to_string());
    });
}

#[test]
fn a_lost_answer_means_another_key_and_never_the_same_secret_again() {
    settled(async |stage, _| {
        let wanted = json!({ "name": "Till", "kind": "project", "scopes": ["audit:read"] });
        let once = [("idempotency-key", "till")];
        let ask = async || {
            stage.ask(http::Method::POST, KEYS, Some(&ann()), Some(&wanted), &once).await.expect(201)
        };
        let (first, second) = (ask().await.body, ask().await.body);
        assert_ne!(first["id"], second["id"]);
        assert_ne!(first["api_key"], second["api_key"]);
    });
}

#[test]
fn a_key_may_do_no_more_than_its_maker() {
    settled(async |stage, _| {
        for scope in ["*", "audit:*", "audit:read"] {
            let wanted = json!({ "name": "Till", "kind": "service", "scopes": ["tickets:read", scope] });
            assert_eq!(stage.post(&ben(), KEYS, &wanted).await.problem(), (403, "forbidden"), "{scope}");
        }
        let own = json!({ "name": "Till", "kind": "service", "scopes": ["tickets:*"] });
        let own = stage.post(&ben(), KEYS, &own).await.expect(201).body;
        assert_eq!(own["expires_at"], Value::Null, "keys of services run out when somebody says so");
        let mighty = new_key(stage, &["*"]).await;
        let rotated = stage.post(&ben(), &format!("{KEYS}/{}/rotate", id(&mighty)), &json!({})).await;
        assert_eq!(rotated.problem(), (403, "forbidden"), "nor comes by one through a rotation");
        let program = Player::program(5, 1, &["api_keys:write", "tickets:read"]);
        let wanted = json!({ "name": "Copy", "kind": "project", "scopes": ["tickets:*"] });
        assert_eq!(stage.post(&program, KEYS, &wanted).await.problem(), (403, "forbidden"));
    });
}

#[test]
fn a_replaced_key_goes_on_for_the_overlap_and_no_longer() {
    settled(async |stage, _| {
        let old = new_key(stage, &["audit:read"]).await;
        let path = format!("{KEYS}/{}/rotate", id(&old));
        let new = stage.post(&ann(), &path, &json!({ "overlap_seconds": 3600 })).await.expect(201).body;
        assert_eq!((&new["name"], &new["scopes"]), (&old["name"], &old["scopes"]));
        assert_ne!(new["api_key"], old["api_key"]);
        let expiring = told(stage, "api_key.expiring").await.pop().unwrap();
        let end = stage.clock.now().saturating_add(Duration::from_secs(3600));
        assert_eq!(expiring, json!({ "apiKeyId": id(&old), "expiresAt": end }));
        assert_eq!(
            (state(stage, &old).await, state(stage, &new).await),
            ("replaced".into(), "active".into())
        );
        let shown = stage.get(&ann(), &format!("{KEYS}/{}", id(&old))).await.expect(200).body;
        assert_eq!(shown["replaced_by"], new["id"]);
        let again = stage.post(&ann(), &path, &json!({})).await;
        assert_eq!(again.problem(), (409, "key_not_active"));
        stage.clock.advance(Duration::from_secs(3599));
        assert_eq!(state(stage, &old).await, "replaced");
        stage.clock.advance(Duration::from_secs(1));
        assert_eq!((state(stage, &old).await, state(stage, &new).await), ("expired".into(), "active".into()));
    });
}

#[test]
fn a_rotation_lasts_a_day_unless_said_and_never_longer_than_a_week_or_the_key() {
    settled(async |stage, _| {
        let (first, second) = (new_key(stage, &["audit:read"]).await, new_key(stage, &["audit:read"]).await);
        let rotate = |key: &Value| format!("{KEYS}/{}/rotate", id(key));
        stage.ask(http::Method::POST, &rotate(&first), Some(&ann()), None, &[]).await.expect(201);
        let end = told(stage, "api_key.expiring").await.pop().unwrap()["expiresAt"].clone();
        assert_eq!(end, json!(stage.clock.now().saturating_add(DAY)));
        for overlap in [json!(604_801), json!(-1), json!("long")] {
            let said = stage.post(&ann(), &rotate(&second), &json!({ "overlap_seconds": overlap })).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{overlap}");
        }
        stage.clock.advance(DAY * 364);
        stage.post(&ann(), &rotate(&second), &json!({ "overlap_seconds": 604_800 })).await.expect(201);
        let end = told(stage, "api_key.expiring").await.pop().unwrap()["expiresAt"].clone();
        assert_eq!(end, second["expires_at"]);
        let third = new_key(stage, &["audit:read"]).await;
        stage.post(&ann(), &rotate(&third), &json!({ "overlap_seconds": 0 })).await.expect(201);
        assert_eq!(state(stage, &third).await, "expired");
    });
}

#[test]
fn a_revoked_key_is_told_of_once_and_stays_revoked() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:read"]).await;
        let path = format!("{KEYS}/{}", id(&key));
        for _ in 0..2 {
            assert_eq!(delete(stage, &ann(), &path).await.expect(200).body["state"], "revoked");
        }
        assert_eq!(told(stage, "api_key.revoked").await, [json!({ "apiKeyId": id(&key) })]);
        let rotated = stage.post(&ann(), &format!("{path}/rotate"), &json!({})).await;
        assert_eq!(rotated.problem(), (409, "key_not_active"));
    });
}

#[test]
fn a_key_gives_itself_up_without_any_permission() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:read"]).await;
        let path = format!("{KEYS}/self");
        assert_eq!(delete(stage, &ann(), &path).await.problem(), (403, "forbidden"), "a person is no key");
        let itself = |project| Player::program(id(&key).as_u128(), project, &[]);
        assert_eq!(delete(stage, &itself(2), &path).await.problem(), (404, "not_found"));
        assert_eq!(delete(stage, &itself(1), &path).await.expect(200).body["state"], "revoked");
        assert_eq!(told(stage, "api_key.revoked").await.len(), 1);
    });
}

#[test]
fn the_last_use_of_a_key_is_heard_and_never_goes_back() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:read"]).await;
        let gateway = stage.neighbour("gateway").await;
        let at = |s: u64| stage.clock.now().saturating_add(Duration::from_secs(s));
        for (seen, scope, expected) in
            [(60, 1, Some(60)), (30, 1, Some(60)), (90, 2, Some(60)), (120, 1, Some(120))]
        {
            let used = ApiKeyUsed { api_key_id: id(&key), used_at: at(seen) };
            stage.hear(&gateway, Scope::Project(project(scope)), "key", &used).await;
            let shown = stage.get(&ann(), &format!("{KEYS}/{}", id(&key))).await.expect(200).body;
            assert_eq!(shown["last_used_at"], json!(expected.map(at)), "{seen}");
        }
    });
}

#[test]
fn a_project_has_at_most_a_hundred_good_keys() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:read"]).await;
        for _ in 0..99 {
            new_key(stage, &["audit:read"]).await;
        }
        let wanted = json!({ "name": "Till", "kind": "project", "scopes": ["audit:read"] });
        assert_eq!(stage.post(&ann(), KEYS, &wanted).await.problem(), (409, "too_many_keys"));
        stage.post(&ann(), &format!("{KEYS}/{}/rotate", id(&key)), &json!({})).await.expect(201);
        assert_eq!(stage.post(&ann(), KEYS, &wanted).await.problem(), (409, "too_many_keys"));
        let all = stage.get(&ann(), &format!("{KEYS}?limit=200")).await;
        delete(stage, &ann(), &format!("{KEYS}/{}", all.each("id")[50])).await.expect(200);
        stage.post(&ann(), KEYS, &wanted).await.expect(201);
    });
}

#[test]
fn malformed_wishes_for_keys_are_refused_by_their_field() {
    settled(async |stage, _| {
        let good =
            json!({ "name": "Till", "kind": "project", "scopes": ["audit:read"], "expires_in_days": 1 });
        let cases = [
            ("name", json!("")),
            ("kind", json!("master")),
            ("scopes", json!([])),
            ("scopes", json!(["everything"])),
            ("scopes", json!(vec!["audit:read"; 101])),
            ("expires_in_days", json!(0)),
            ("expires_in_days", json!(3651)),
        ];
        for (field, value) in cases {
            let mut wanted = good.clone();
            wanted[field] = value;
            let said = stage.post(&ann(), KEYS, &wanted).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{wanted}");
            let named = said.body["details"]["fields"][0]["field"].as_str().unwrap().to_owned();
            assert!(named.starts_with(field), "{named}");
        }
    });
}

#[test]
fn a_key_of_a_known_name_is_made_once_and_nobody_has_its_secret() {
    settled(async |stage, _| {
        let known = ApiKeyId::from_u128(1);
        for _ in 0..2 {
            let made = stage.running.store().write(Scope::System("a demo"), move |tx| {
                let scopes = ["*".to_owned().try_into().unwrap()];
                identity::issue_known_key(
                    tx,
                    project(1),
                    known,
                    ApiKeyKind::Project,
                    &title("Demo"),
                    &scopes,
                )?;
                Ok::<_, Error>(())
            });
            made.await.unwrap();
        }
        assert_eq!(told(stage, "api_key.issued").await.len(), 1);
        let shown = stage.get(&ann(), &format!("{KEYS}/{known}")).await.expect(200).body;
        assert_eq!(
            (shown["state"].as_str(), shown["created_by"].as_str()),
            (Some("active"), Some("service:identity"))
        );
        assert_eq!(shown["last_used_at"], json!(None::<Timestamp>));
    });
}
