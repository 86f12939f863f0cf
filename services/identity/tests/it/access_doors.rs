//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::{Id, OrganisationId};
use http::Method;
use kernel::store::Scope;
use kernel::testing::{Player, Stage, isolation};
use serde_json::{Value, json};

use crate::access_stage::*;

const ALL: [&str; 11] = [
    "users:read",
    "users:write",
    "users:erase",
    "roles:read",
    "roles:write",
    "api_keys:read",
    "api_keys:write",
    "projects:read",
    "projects:manage",
    "kyc:review",
    "access:explain",
];

/// One route, and what it needs.
struct Door {
    method: Method,
    path: String,
    body: Option<Value>,
    /// None where being somebody is enough.
    permission: Option<&'static str>,
    /// Whether it is the platform's operators' alone.
    operators: bool,
}

fn door(method: Method, path: &str, body: Option<Value>, permission: &'static str) -> Door {
    Door { method, path: format!("/api/v1{path}"), body, permission: Some(permission), operators: false }
}

/// What the first project has, by its ids.
struct Owned {
    role: String,
    key: String,
    case: String,
}

async fn owned(stage: &Stage) -> Owned {
    let role = json!({ "name": "porter", "permissions": [] });
    let role = stage.post(&ann(), "/api/v1/roles", &role).await.expect(201).body;
    let key = new_key(stage, &["tickets:read"]).await;
    let case =
        stage.post(&Player::user(BEN, 1, &[]), "/api/v1/users/me/kyc", &papers(1)).await.expect(201).body;
    let [role, key, case] = [role, key, case].map(|made| made["id"].as_str().unwrap().to_owned());
    Owned { role, key, case }
}

fn doors(Owned { role, key, case }: &Owned) -> Vec<Door> {
    let (get, post, patch) = (Method::GET, Method::POST, Method::PATCH);
    let (put, delete) = (Method::PUT, Method::DELETE);
    let operators = |door: Door| Door { operators: true, ..door };
    let anybody = |door: Door| Door { permission: None, ..door };
    let organisation = OrganisationId::from_u128(1);
    let (ben, project) = (user(BEN), project(1));
    let new_project =
        json!({ "organisation_id": organisation, "slug": "third", "name": "Third", "blueprint": "demo" });
    let new_key = json!({ "name": "Till", "kind": "project", "scopes": ["api_keys:write"] });
    let explain = json!({ "user_id": ben, "permission": "tickets:read" });
    vec![
        operators(door(post.clone(), "/organisations", Some(json!({ "name": "Shops" })), "projects:manage")),
        operators(door(get.clone(), "/organisations", None, "projects:read")),
        operators(door(get.clone(), &format!("/organisations/{organisation}"), None, "projects:read")),
        operators(door(post.clone(), "/projects", Some(new_project), "projects:manage")),
        anybody(door(get.clone(), "/projects", None, "")),
        door(get.clone(), &format!("/projects/{project}"), None, "projects:read"),
        door(
            patch.clone(),
            &format!("/projects/{project}"),
            Some(json!({ "name": "Shop" })),
            "projects:manage",
        ),
        operators(door(
            post.clone(),
            &format!("/projects/{project}/administrators"),
            Some(json!({ "email": "boss@example.com" })),
            "projects:manage",
        )),
        door(post.clone(), "/roles", Some(json!({ "name": "helper", "permissions": [] })), "roles:write"),
        door(get.clone(), "/roles", None, "roles:read"),
        door(get.clone(), &format!("/roles/{role}"), None, "roles:read"),
        door(patch.clone(), &format!("/roles/{role}"), Some(json!({ "permissions": [] })), "roles:write"),
        door(post.clone(), "/users", Some(json!({ "email": "new@example.com" })), "users:write"),
        door(get.clone(), "/users", None, "users:read"),
        door(get.clone(), &format!("/users/{ben}"), None, "users:read"),
        door(patch, &format!("/users/{ben}"), Some(json!({ "active": true })), "users:write"),
        door(get.clone(), &format!("/users/{ben}/roles"), None, "users:read"),
        door(put, &format!("/users/{ben}/roles/{role}"), None, "users:write"),
        door(delete.clone(), &format!("/users/{ben}/roles/{role}"), None, "users:write"),
        door(post.clone(), "/api-keys", Some(new_key), "api_keys:write"),
        door(get.clone(), "/api-keys", None, "api_keys:read"),
        door(get.clone(), &format!("/api-keys/{key}"), None, "api_keys:read"),
        door(delete.clone(), &format!("/api-keys/{key}"), None, "api_keys:write"),
        anybody(door(post.clone(), "/users/me/kyc", Some(papers(1)), "")),
        anybody(door(get.clone(), "/users/me/kyc", None, "")),
        door(get.clone(), "/kyc/cases", None, "kyc:review"),
        door(get, &format!("/kyc/cases/{case}"), None, "kyc:review"),
        door(
            post.clone(),
            &format!("/kyc/cases/{case}/review"),
            Some(json!({ "decision": "verified" })),
            "kyc:review",
        ),
        door(post.clone(), "/access/explain", Some(explain), "access:explain"),
        door(delete, &format!("/roles/{role}"), None, "roles:write"),
        // Those who hold it and nothing else may not do what the key or the person may: see the tests of those.
        door(post.clone(), &format!("/api-keys/{key}/rotate"), Some(json!({})), "api_keys:write"),
        door(post, &format!("/users/{ben}/erase"), Some(json!({})), "users:erase"),
    ]
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    settled(async |stage, _| {
        for door in doors(&owned(stage).await) {
            let Door { method, path, body, permission, operators } = door;
            let ask = async |player: Option<Player>| {
                stage.ask(method.clone(), &path, player.as_ref(), body.as_ref(), &[]).await
            };
            assert_eq!(ask(None).await.problem(), (401, "unauthenticated"), "{method} {path}");
            let Some(permission) = permission else {
                let said = ask(Some(Player::user(ANN, 1, &[]))).await;
                assert!(said.status.is_success(), "{method} {path}: {}", said.body);
                continue;
            };
            let others: Vec<&str> = ALL.into_iter().filter(|other| *other != permission).collect();
            for player in [Player::user(ANN, 1, &others), Player::operator(9, &others)] {
                assert_eq!(ask(Some(player)).await.problem(), (403, "forbidden"), "{method} {path}");
            }
            let allowed = match operators {
                true => Player::operator(9, &[permission]),
                false => Player::user(ANN, 1, &[permission]),
            };
            let beyond_their_own = path.ends_with("/rotate") || path.ends_with("/erase");
            let expected = if beyond_their_own { 400..410 } else { 200..300 };
            let said = ask(Some(allowed)).await;
            assert!(
                expected.contains(&said.status.as_u16()),
                "{method} {path}: {} {}",
                said.status,
                said.body
            );
        }
    });
}

#[test]
fn a_stranger_cannot_tell_what_is_not_theirs_from_what_is_not_there() {
    settled(async |stage, _| {
        let owned = owned(stage).await;
        let before = stage.get(&ann(), "/api/v1/users").await.body;
        for Door { method, path, body, operators, .. } in doors(&owned) {
            let said = stage.ask(method.clone(), &path, Some(&cat()), body.as_ref(), &[]).await;
            let names_a_thing = path.contains('_');
            match (operators, names_a_thing) {
                (true, _) => assert_eq!(said.problem(), (403, "forbidden"), "{method} {path}"),
                (false, true) => assert_eq!(said.problem(), (404, "not_found"), "{method} {path}"),
                (false, false) => assert!(said.status.is_success(), "{method} {path}: {}", said.body),
            }
            for secret in [&owned.role, &owned.key, &owned.case, "ben@example.com"] {
                assert!(!said.body.to_string().contains(secret), "{method} {path}: {}", said.body);
            }
        }
        assert_eq!(stage.get(&ann(), "/api/v1/users").await.body, before);
        let role = stage.get(&ann(), &format!("/api/v1/roles/{}", owned.role)).await.expect(200);
        assert_eq!(role.body["version"], 1);
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = identity::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let ours = ["projects", "roles", "members", "api-keys", "kyc"];
    let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let declared =
        operations.filter(|one| ours.contains(&one["tags"][0].as_str().unwrap_or_default())).count();
    let [role, key, case] = ["rol_1", "key_1", "kyc_1"].map(str::to_owned);
    // A key that gives itself up has tests of its own.
    assert_eq!(declared, doors(&Owned { role, key, case }).len() + 1);
}

#[test]
fn the_examples_of_the_document_are_taken() {
    settled(async |stage, _| {
        let organisation: OrganisationId = "org_01jd3sa4k8qm7v2x9c5f0t6w1b".parse().unwrap();
        let made = stage.running.store().write(Scope::System("a test"), move |tx| {
            identity::create_organisation(tx, organisation, &title("Of the example")).map(drop)
        });
        made.await.unwrap();
        let document = identity::service().document().unwrap();
        let mut tried = 0;
        for Door { method, path, body, operators, .. } in doors(&owned(stage).await) {
            if body.is_none() {
                continue;
            }
            let Some(example) = example(&document, &method, &path) else { continue };
            let player = if operators { operator() } else { ann() };
            let said = stage.ask(method.clone(), &path, Some(&player), Some(&example), &[]).await;
            assert!(said.status.is_success(), "{method} {path} {example}: {}", said.body);
            tried += 1;
        }
        assert_eq!(tried, 13);
    });
}

/// The body that the document shows for a route.
fn example(document: &Value, method: &Method, path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |declared: &str| {
        let declared: Vec<&str> = declared.split('/').collect();
        let alike = |(a, b): (&&str, &&str)| a == b || (a.starts_with('{') && b.contains('_'));
        declared.len() == parts.len() && declared.iter().zip(&parts).all(alike)
    };
    let (_, item) = document["paths"].as_object().unwrap().iter().find(|(declared, _)| fits(declared))?;
    let operation = &item[method.as_str().to_lowercase()];
    let schema = operation["requestBody"]["content"]["application/json"]["schema"].clone();
    let named = schema["$ref"].as_str().or_else(|| schema["oneOf"][0]["$ref"].as_str())?;
    let named = named.rsplit('/').next().unwrap();
    Some(document["components"]["schemas"][named]["example"].clone()).filter(|example| !example.is_null())
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    settled(async |stage, _| {
        owned(stage).await;
        // Whoever intrudes has nothing of their own, so that whatever they see is not theirs.
        let found = isolation(stage.running.store(), project(1), project(3)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in ["memberships", "roles", "user_roles", "api_keys", "kyc_cases"] {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}
