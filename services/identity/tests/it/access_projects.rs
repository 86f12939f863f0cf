//! Organisations and projects.

use contracts::{Id, OrganisationId};
use http::Method;
use kernel::testing::Player;
use serde_json::json;

use crate::access_stage::*;

const PROJECTS: &str = "/api/v1/projects";

fn own() -> String {
    format!("{PROJECTS}/{}", project(1))
}

#[test]
fn an_operator_makes_a_project_with_the_roles_and_settings_of_its_blueprint() {
    settled(async |stage, _| {
        let organisation =
            stage.post(&operator(), "/api/v1/organisations", &json!({ "name": "Utilities" })).await;
        let organisation = organisation.expect(201).body["id"].clone();
        let wanted = json!({ "organisation_id": organisation, "slug": "ashva", "name": "Ashva", "blueprint": "ashva",
            "settings": { "auth.session_hours": 12 }, "administrator": "dora@example.com" });
        let made = stage.post(&operator(), PROJECTS, &wanted).await.expect(201).body;
        assert_eq!(made["settings"]["auth.otp"], "required");
        assert_eq!(made["settings"]["auth.default_role"], "subscriber");
        assert_eq!(made["settings"]["auth.session_hours"], 12);
        let id = made["id"].as_str().unwrap().parse::<contracts::ProjectId>().unwrap();
        let there = Player::user(7, id.as_u128(), &["roles:read", "users:read"]);
        let roles = stage.get(&there, "/api/v1/roles").await;
        let mut names = roles.each("name");
        names.sort_unstable();
        assert_eq!(names, ["ADMIN", "AUDITOR", "SUPPORT", "USER", "operator", "subscriber", "technician"]);
        let members = stage.get(&there, "/api/v1/users").await.expect(200).body;
        assert_eq!(members["data"][0]["email"], "dora@example.com");
        assert_eq!(members["data"][0]["roles"], json!(["ADMIN"]));
        let created = told(stage, "project.created").await.pop().unwrap();
        assert_eq!(created["project"]["slug"], "ashva");
        assert_eq!(created["project"]["blueprint"], "ashva");
        let again = stage.post(&operator(), PROJECTS, &wanted).await;
        assert_eq!(again.problem(), (409, "taken"));
    });
}

#[test]
fn organisations_are_the_operators_own() {
    settled(async |stage, _| {
        let first = format!("/api/v1/organisations/{}", OrganisationId::from_u128(1));
        assert_eq!(stage.get(&operator(), &first).await.expect(200).body["name"], "Corner Shops");
        assert_eq!(stage.get(&operator(), "/api/v1/organisations").await.each("name"), ["Corner Shops"]);
        let absent = format!("/api/v1/organisations/{}", OrganisationId::from_u128(2));
        assert_eq!(stage.get(&operator(), &absent).await.problem(), (404, "not_found"));
        for path in [&first, "/api/v1/organisations"] {
            assert_eq!(stage.get(&ann(), path).await.problem(), (403, "forbidden"), "{path}");
        }
        let made = stage.post(&ann(), "/api/v1/organisations", &json!({ "name": "Mine" })).await;
        assert_eq!(made.problem(), (403, "forbidden"));
        assert_eq!(told(stage, "organisation.created").await.len(), 1);
    });
}

#[test]
fn a_project_administrator_makes_no_projects() {
    settled(async |stage, _| {
        let wanted = json!({ "organisation_id": OrganisationId::from_u128(1), "slug": "mine", "name": "Mine",
            "blueprint": "demo" });
        assert_eq!(stage.post(&ann(), PROJECTS, &wanted).await.problem(), (403, "forbidden"));
        let reader = Player::operator(9, &["projects:read"]);
        assert_eq!(stage.post(&reader, PROJECTS, &wanted).await.problem(), (403, "forbidden"));
    });
}

#[test]
fn a_project_needs_an_organisation_a_sound_slug_and_settings_that_can_be_kept_to() {
    settled(async |stage, _| {
        let good = json!({ "organisation_id": OrganisationId::from_u128(1), "slug": "third", "name": "Third",
            "blueprint": "global" });
        let cases = [
            ("organisation_id", json!(OrganisationId::from_u128(2)), "organisation_id"),
            ("slug", json!("Third!"), "slug"),
            ("name", json!(" "), "name"),
            ("blueprint", json!("moon"), "blueprint"),
            ("settings", json!({ "auth.default_role": "boss" }), "settings.auth.default_role"),
            ("settings", json!({ "cors.origins": ["*"] }), "settings.cors.origins"),
            ("settings", json!({ "admin.addresses": ["here"] }), "settings.admin.addresses"),
            ("settings", json!({ "surprise": 1 }), "settings"),
        ];
        for (field, value, wrong) in cases {
            let mut wanted = good.clone();
            wanted[field] = value;
            let said = stage.post(&operator(), PROJECTS, &wanted).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{wanted}");
            assert_eq!(said.body["details"]["fields"][0]["field"], wrong, "{}", said.body);
        }
        assert_eq!(stage.get(&operator(), PROJECTS).await.each("slug").len(), 2);
    });
}

#[test]
fn a_person_sees_the_projects_they_belong_to_and_an_operator_sees_all() {
    settled(async |stage, _| {
        assert_eq!(stage.get(&operator(), PROJECTS).await.each("slug"), ["shop-1", "shop-2"]);
        let first = stage.get(&operator(), &format!("{PROJECTS}?limit=1")).await.expect(200).body;
        let rest = format!("{PROJECTS}?cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(stage.get(&operator(), &rest).await.each("slug"), ["shop-2"]);
        assert_eq!(stage.get(&Player::user(ANN, 1, &[]), PROJECTS).await.each("slug"), ["shop-1"]);
        assert_eq!(stage.get(&cat(), PROJECTS).await.each("slug"), ["shop-2"]);
        assert_eq!(stage.get(&Player::user(77, 1, &["*"]), PROJECTS).await.each("slug"), [""; 0]);
        assert_eq!(stage.get(&Player::program(1, 1, &["*"]), PROJECTS).await.problem(), (403, "forbidden"));
    });
}

#[test]
fn an_administrator_changes_their_own_project_and_no_other() {
    settled(async |stage, _| {
        let change =
            json!({ "name": "Corner Shop II", "settings": { "cors.origins": ["https://shop.example.com"] } });
        let changed = patch(stage, &ann(), &own(), &change).await.expect(200).body;
        assert_eq!(
            (changed["name"].as_str(), changed["version"].as_u64()),
            (Some("Corner Shop II"), Some(2))
        );
        assert_eq!(changed["settings"]["auth.verify_email"], false, "what was left out stays");
        let heard = told(stage, "project.changed").await.pop().unwrap();
        assert_eq!(heard["project"]["corsOrigins"], json!(["https://shop.example.com"]));
        for player in [cat(), Player::user(BEN, 2, &["projects:*"])] {
            assert_eq!(patch(stage, &player, &own(), &change).await.problem(), (404, "not_found"));
            assert_eq!(stage.get(&player, &own()).await.problem(), (404, "not_found"));
        }
        let powerless = Player::user(BEN, 1, &["users:*"]);
        assert_eq!(patch(stage, &powerless, &own(), &change).await.problem(), (403, "forbidden"));
        assert_eq!(stage.get(&powerless, &own()).await.problem(), (403, "forbidden"));
        assert_eq!(stage.get(&operator(), &own()).await.expect(200).body["name"], "Corner Shop II");
    });
}

#[test]
fn of_two_who_change_the_same_state_the_second_is_told_so() {
    settled(async |stage, _| {
        let seen = stage.get(&ann(), &own()).await.expect(200);
        let tag = seen.headers["etag"].to_str().unwrap().to_owned();
        let change = json!({ "name": "First" });
        let with_tag = [("if-match", tag.as_str())];
        stage.ask(Method::PATCH, &own(), Some(&ann()), Some(&change), &with_tag).await.expect(200);
        let change = json!({ "name": "Second" });
        let late = stage.ask(Method::PATCH, &own(), Some(&ann()), Some(&change), &with_tag).await;
        assert_eq!(late.problem(), (409, "conflict"));
        assert_eq!(stage.get(&ann(), &own()).await.body["name"], "First");
    });
}

#[test]
fn only_an_operator_switches_a_project_on_again() {
    settled(async |stage, _| {
        patch(stage, &ann(), &own(), &json!({ "active": false })).await.expect(200);
        assert_eq!(told(stage, "project.changed").await.pop().unwrap()["project"]["active"], false);
        let again = patch(stage, &ann(), &own(), &json!({ "active": true })).await;
        assert_eq!(again.problem(), (403, "forbidden"));
        patch(stage, &ann(), &own(), &json!({ "name": "Closed Shop" })).await.expect(200);
        patch(stage, &operator(), &own(), &json!({ "active": true })).await.expect(200);
        assert_eq!(stage.get(&ann(), &own()).await.expect(200).body["active"], true);
    });
}

#[test]
fn whoever_runs_a_project_gives_newcomers_no_role_beyond_their_own() {
    settled(async |stage, _| {
        let everybody_admin = json!({ "settings": { "auth.default_role": "ADMIN" } });
        assert_eq!(patch(stage, &ben(), &own(), &everybody_admin).await.problem(), (403, "forbidden"));
        let supporters = json!({ "settings": { "auth.default_role": "SUPPORT" } });
        assert_eq!(patch(stage, &ben(), &own(), &supporters).await.problem(), (403, "forbidden"));
        patch(stage, &ben(), &own(), &json!({ "settings": { "auth.registration": false } }))
            .await
            .expect(200);
        patch(stage, &ann(), &own(), &supporters).await.expect(200);
    });
}

#[test]
fn a_project_that_is_made_twice_with_one_key_is_made_once() {
    settled(async |stage, _| {
        let wanted = json!({ "organisation_id": OrganisationId::from_u128(1), "slug": "third", "name": "Third",
            "blueprint": "kada" });
        let once = [("idempotency-key", "third")];
        let first =
            stage.ask(Method::POST, PROJECTS, Some(&operator()), Some(&wanted), &once).await.expect(201);
        let again =
            stage.ask(Method::POST, PROJECTS, Some(&operator()), Some(&wanted), &once).await.expect(201);
        assert_eq!(first.body["id"], again.body["id"]);
    });
}

#[test]
fn an_operator_gives_a_project_an_administrator_whoever_is_left_in_it() {
    settled(async |stage, _| {
        let path = format!("{}/administrators", own());
        assert_eq!(
            stage.post(&ann(), &path, &json!({ "email": "x@example.com" })).await.problem(),
            (403, "forbidden")
        );
        let ben = format!("/api/v1/users/{}", user(BEN));
        patch(stage, &ann(), &ben, &json!({ "active": false })).await.expect(200);
        for (email, roles) in
            [("ben@example.com", json!(["ADMIN", "SUPPORT"])), ("new@example.com", json!(["ADMIN"]))]
        {
            let made = stage.post(&operator(), &path, &json!({ "email": email })).await.expect(201).body;
            assert_eq!((&made["active"], &made["roles"]), (&json!(true), &roles), "{email}");
        }
        let absent = format!("{PROJECTS}/{}/administrators", project(77));
        let said = stage.post(&operator(), &absent, &json!({ "email": "x@example.com" })).await;
        assert_eq!(said.problem(), (404, "not_found"));
    });
}
