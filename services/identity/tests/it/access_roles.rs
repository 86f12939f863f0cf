//! Roles, and that nobody gives what they do not have.

use kernel::testing::Player;
use serde_json::json;

use crate::access_stage::*;

const ROLES: &str = "/api/v1/roles";

#[test]
fn a_role_is_made_changed_and_taken_away() {
    settled(async |stage, _| {
        let wanted =
            json!({ "name": "cashier", "permissions": ["payments:*", "orders:read", "orders:read"] });
        let made = stage.post(&ann(), ROLES, &wanted).await.expect(201).body;
        assert_eq!(made["permissions"], json!(["orders:read", "payments:*"]));
        assert_eq!(stage.post(&ann(), ROLES, &wanted).await.problem(), (409, "taken"));
        let path = format!("{ROLES}/{}", made["id"].as_str().unwrap());
        assert_eq!(stage.get(&ann(), &path).await.expect(200).headers["etag"], "\"1\"");
        let change = json!({ "name": "till", "permissions": ["orders:write"] });
        let changed = patch(stage, &ann(), &path, &change).await.expect(200).body;
        assert_eq!((changed["name"].as_str(), changed["version"].as_u64()), (Some("till"), Some(2)));
        let taken = patch(stage, &ann(), &path, &json!({ "name": "USER" })).await;
        assert_eq!(taken.problem(), (409, "taken"));
        delete(stage, &ann(), &path).await.expect(200);
        assert_eq!(stage.get(&ann(), &path).await.problem(), (404, "not_found"));
        assert_eq!(told(stage, "role.created").await.len(), 1);
        assert_eq!(told(stage, "role.changed").await[0]["permissions"], json!(["orders:write"]));
        assert_eq!(told(stage, "role.deleted").await[0]["name"], "till");
    });
}

#[test]
fn a_role_is_changed_on_the_state_that_was_seen() {
    settled(async |stage, _| {
        let path = format!("{ROLES}/{}", role_id(stage, "SUPPORT").await);
        let change = json!({ "permissions": ["tickets:*"] });
        let seen = [("if-match", "\"7\"")];
        let late = stage.ask(http::Method::PATCH, &path, Some(&ann()), Some(&change), &seen).await;
        assert_eq!(late.problem(), (409, "conflict"));
        patch(stage, &ann(), &path, &change).await.expect(200);
    });
}

#[test]
fn a_role_of_the_blueprint_keeps_its_name_and_stays() {
    settled(async |stage, _| {
        let support = format!("{ROLES}/{}", role_id(stage, "SUPPORT").await);
        let renamed = patch(stage, &ann(), &support, &json!({ "name": "helpdesk" })).await;
        assert_eq!(renamed.problem(), (409, "role_built_in"));
        assert_eq!(delete(stage, &ann(), &support).await.problem(), (409, "role_built_in"));
        let admin = format!("{ROLES}/{}", role_id(stage, "ADMIN").await);
        let lessened = patch(stage, &ann(), &admin, &json!({ "permissions": ["users:read"] })).await;
        assert_eq!(lessened.problem(), (409, "role_fixed"));
    });
}

#[test]
fn a_role_that_somebody_has_or_newcomers_get_is_not_taken_away() {
    settled(async |stage, _| {
        let made =
            stage.post(&ann(), ROLES, &json!({ "name": "cashier", "permissions": [] })).await.expect(201);
        let id = made.body["id"].as_str().unwrap().to_owned();
        let (path, held) = (format!("{ROLES}/{id}"), format!("/api/v1/users/{}/roles/{id}", user(BEN)));
        put(stage, &ann(), &held).await.expect(200);
        assert_eq!(delete(stage, &ann(), &path).await.problem(), (409, "role_in_use"));
        delete(stage, &ann(), &held).await.expect(200);
        let settings = json!({ "settings": { "auth.default_role": "cashier" } });
        patch(stage, &ann(), &format!("/api/v1/projects/{}", project(1)), &settings).await.expect(200);
        assert_eq!(delete(stage, &ann(), &path).await.problem(), (409, "role_in_use"));
        assert_eq!(
            patch(stage, &ann(), &path, &json!({ "name": "till" })).await.problem(),
            (409, "role_in_use")
        );
        let settings = json!({ "settings": { "auth.default_role": "USER" } });
        patch(stage, &ann(), &format!("/api/v1/projects/{}", project(1)), &settings).await.expect(200);
        delete(stage, &ann(), &path).await.expect(200);
    });
}

#[test]
fn nobody_makes_or_changes_a_role_beyond_their_own() {
    settled(async |stage, _| {
        for grant in ["*", "orders:*", "orders:write", "audit:read"] {
            let wanted = json!({ "name": "mighty", "permissions": ["tickets:read", grant] });
            let said = stage.post(&ben(), ROLES, &wanted).await;
            assert_eq!(said.problem(), (403, "forbidden"), "{grant}");
            assert!(said.body["message"].as_str().unwrap().contains(grant), "{}", said.body);
        }
        let own = json!({ "name": "helper", "permissions": ["tickets:read", "users:read"] });
        let own = stage.post(&ben(), ROLES, &own).await.expect(201).body;
        let path = format!("{ROLES}/{}", own["id"].as_str().unwrap());
        let more =
            patch(stage, &ben(), &path, &json!({ "permissions": ["tickets:read", "ledger:read"] })).await;
        assert_eq!(more.problem(), (403, "forbidden"));
        patch(stage, &ben(), &path, &json!({ "permissions": ["tickets:close"] })).await.expect(200);
        let auditor = format!("{ROLES}/{}", role_id(stage, "AUDITOR").await);
        let lessened = patch(stage, &ben(), &auditor, &json!({ "permissions": [] })).await;
        assert_eq!(lessened.problem(), (403, "forbidden"), "nor takes away what they could not give");
    });
}

#[test]
fn a_role_that_may_do_more_than_its_deleter_stays() {
    settled(async |stage, _| {
        let made =
            stage.post(&ann(), ROLES, &json!({ "name": "boss", "permissions": ["*"] })).await.expect(201);
        let path = format!("{ROLES}/{}", made.body["id"].as_str().unwrap());
        assert_eq!(delete(stage, &ben(), &path).await.problem(), (403, "forbidden"));
        delete(stage, &ann(), &path).await.expect(200);
    });
}

#[test]
fn roles_come_in_pages_and_malformed_ones_are_refused() {
    settled(async |stage, _| {
        let first = stage.get(&ann(), &format!("{ROLES}?limit=5")).await;
        let second = format!("{ROLES}?limit=5&cursor={}", first.body["next_cursor"].as_str().unwrap());
        let second = stage.get(&ann(), &second).await;
        assert_eq!((first.each("id").len(), second.each("id").len()), (5, 2));
        for body in [
            json!({ "name": "a,b", "permissions": [] }),
            json!({ "name": "", "permissions": [] }),
            json!({ "name": "a", "permissions": ["ord*"] }),
            json!({ "name": "a", "permissions": vec!["orders:read"; 201] }),
            json!({ "name": "a" }),
        ] {
            assert_eq!(stage.post(&ann(), ROLES, &body).await.problem(), (422, "invalid_input"), "{body}");
        }
    });
}

#[test]
fn a_project_has_at_most_a_hundred_roles() {
    settled(async |stage, _| {
        for number in 0..93 {
            let wanted = json!({ "name": format!("role-{number}"), "permissions": [] });
            stage.post(&ann(), ROLES, &wanted).await.expect(201);
        }
        let beyond = stage.post(&ann(), ROLES, &json!({ "name": "beyond", "permissions": [] })).await;
        assert_eq!(beyond.problem(), (409, "too_many_roles"));
        let elsewhere = Player::user(CAT, 2, &["*"]);
        stage.post(&elsewhere, ROLES, &json!({ "name": "beyond", "permissions": [] })).await.expect(201);
    });
}
