//! Why somebody may do something or not.

use std::time::Duration;

use contracts::{ApiKeyId, Id};
use kernel::testing::{Player, Stage};
use serde_json::{Value, json};

use crate::access_stage::*;

async fn explained(stage: &Stage, who: Value, permission: &str) -> Value {
    let mut body = who;
    body["permission"] = json!(permission);
    stage.post(&ann(), "/api/v1/access/explain", &body).await.expect(200).body
}

fn person(number: u128) -> Value {
    json!({ "user_id": user(number) })
}

#[test]
fn a_person_may_what_one_of_their_roles_grants() {
    settled(async |stage, _| {
        let allowed = explained(stage, person(BEN), "tickets:close").await;
        assert_eq!(
            allowed,
            json!({ "allowed": true, "because": ["SUPPORT grants tickets:*"],
                "rule": { "role": "SUPPORT", "grant": "tickets:*" } })
        );
        let refused = explained(stage, person(BEN), "orders:write").await;
        assert_eq!(
            refused,
            json!({ "allowed": false, "rule": null, "because": ["the person is SUPPORT",
                "no role of theirs grants orders:write; ADMIN, USER, operator would"] })
        );
    });
}

#[test]
fn strangers_and_those_not_let_in_may_nothing() {
    settled(async |stage, _| {
        for number in [CAT, 77] {
            let told = explained(stage, person(number), "tickets:close").await;
            assert_eq!(told["because"], json!(["the person is no member of this project"]), "{number}");
        }
        let path = format!("/api/v1/users/{}", user(BEN));
        patch(stage, &ann(), &path, &json!({ "active": false })).await.expect(200);
        let told = explained(stage, person(BEN), "tickets:close").await;
        assert_eq!(told["allowed"], false);
        assert_eq!(told["because"], json!(["the membership is switched off", "SUPPORT grants tickets:*"]));
        stage.as_owner(format!("update users set status = 'disabled' where id = '{}'", user(ANN))).await;
        let told = explained(stage, person(ANN), "tickets:close").await;
        assert_eq!(told["because"], json!(["the person's account is disabled", "ADMIN grants *"]));
    });
}

#[test]
fn a_key_may_what_its_scopes_grant_as_long_as_it_is_good() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:*"]).await;
        let asked = json!({ "api_key_id": key["id"] });
        let allowed = explained(stage, asked.clone(), "audit:read").await;
        assert_eq!(allowed["because"], json!(["the key's scope grants audit:*"]));
        assert_eq!(allowed["rule"], json!({ "role": null, "grant": "audit:*" }));
        let refused = explained(stage, asked.clone(), "users:read").await;
        assert_eq!(refused["because"], json!(["no scope of the key grants users:read"]));
        let at = stage.clock.now();
        delete(stage, &ann(), &format!("/api/v1/api-keys/{}", key["id"].as_str().unwrap())).await.expect(200);
        stage.clock.advance(Duration::from_secs(5));
        let revoked = explained(stage, asked, "audit:read").await;
        assert_eq!(revoked["allowed"], false);
        assert_eq!(revoked["because"][0], format!("the key was revoked at {at}"));
        let absent = explained(stage, json!({ "api_key_id": ApiKeyId::from_u128(7) }), "audit:read").await;
        assert_eq!(absent["because"], json!(["there is no such key in this project"]));
    });
}

#[test]
fn nothing_is_explained_across_projects() {
    settled(async |stage, _| {
        let key = new_key(stage, &["audit:*"]).await;
        let of_cat = Player::user(CAT, 2, &["access:explain"]);
        for who in [json!({ "api_key_id": key["id"] }), person(BEN)] {
            let mut body = who.clone();
            body["permission"] = json!("audit:read");
            let told = stage.post(&of_cat, "/api/v1/access/explain", &body).await.expect(200).body;
            assert_eq!((&told["allowed"], &told["rule"]), (&json!(false), &json!(null)), "{who}");
            assert_eq!(told["because"].as_array().unwrap().len(), 1);
        }
    });
}

#[test]
fn exactly_one_is_asked_about() {
    settled(async |stage, _| {
        for body in [
            json!({ "permission": "audit:read" }),
            json!({ "user_id": user(1), "api_key_id": ApiKeyId::from_u128(1), "permission": "audit:read" }),
            json!({ "user_id": user(1), "permission": "audit:*" }),
        ] {
            let said = stage.post(&ann(), "/api/v1/access/explain", &body).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{body}");
        }
    });
}
