//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::Id;
use contracts::ProjectId;
use http::Method;
use kernel::testing::{Player, Stage, isolation, staged};
use serde_json::{Value, json};

use crate::stage::*;

const ALL: [&str; 3] = ["notifications:read", "notifications:write", "notifications:manage"];

struct Door {
    method: Method,
    path: String,
    body: Option<Value>,
    permission: &'static str,
    /// Whether it is about the caller alone.
    own: bool,
}

/// What the project has, by its ids.
struct Owned {
    line: String,
    endpoint: String,
}

async fn owned(stage: &Stage) -> Owned {
    let identity = stage.neighbour("identity").await;
    ann_registers(stage, &identity).await;
    let line = json!({ "channel": "in_app", "to": { "user_id": user(ANN) }, "subject": "a", "text": "b" });
    let line = send(stage, &line).await;
    let endpoint = json!({ "url": "https://example.com/mine", "kinds": [] });
    let endpoint = stage.post(&boss(), &path("/endpoints"), &endpoint).await.expect(201).body;
    let template = json!({ "name": "mine", "category": "order", "contents": [{ "locale": "en", "sms": { "text": "a" } }] });
    stage.post(&boss(), "/api/v1/templates", &template).await.expect(201);
    let created = contracts::events::OrderCreated {
        order_id: contracts::OrderId::from_u128(1),
        amount: 1,
        currency: contracts::Currency::INR,
        user_id: user(ANN),
    };
    stage.hear(&identity, scope(), "ord", &created).await;
    send(stage, &mail()).await;
    stage.work().await;
    put(stage, &ann(), &path("/preferences"), &json!({})).await.expect(200);
    stage
        .as_owner(format!(
            "insert into suppressions (project_id, channel, address, category, reason, created_at)
             values ('{0}', 'email', 'gone@example.com', '', 'bad_recipient', 0);
             insert into hushed (project_id, name, until_at) values ('{0}', 'x', 0)",
            project()
        ))
        .await;
    Owned { line, endpoint: endpoint["id"].as_str().unwrap().to_owned() }
}

fn doors(Owned { line, endpoint }: &Owned) -> Vec<Door> {
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let [read, write, manage] = ALL;
    let door = |method: &Method, path: &str, body: Option<Value>, permission| Door {
        method: method.clone(),
        path: format!("/api/v1{path}"),
        body,
        permission,
        own: false,
    };
    let own = |door: Door| Door { own: true, ..door };
    let ann = user(ANN);
    let words = json!([{ "locale": "en", "sms": { "text": "a" } }]);
    vec![
        door(&post, "/notifications", Some(log("a")), write),
        door(&get, "/notifications", None, read),
        door(&post, "/notifications/send", Some(log("a")), write),
        door(&post, "/notifications/batch", Some(json!({ "notifications": [log("a")] })), write),
        own(door(&get, &format!("/notifications/{line}"), None, read)),
        door(&get, "/notifications/dead", None, manage),
        door(&post, "/notifications/dead/redrive", Some(json!({})), manage),
        door(
            &post,
            "/templates",
            Some(json!({ "name": "new", "category": "order", "contents": words })),
            manage,
        ),
        door(&get, "/templates", None, manage),
        door(&get, "/templates/mine", None, manage),
        door(&post, "/templates/mine/versions", Some(json!({ "contents": words })), manage),
        door(&get, "/templates/mine/versions", None, manage),
        door(&post, "/templates/mine/versions/1/publish", Some(json!({})), manage),
        door(&post, "/templates/mine/preview", Some(json!({})), manage),
        own(door(&get, "/notifications/preferences", None, read)),
        own(door(&put, "/notifications/preferences", Some(json!({})), read)),
        own(door(&get, &format!("/preferences/{ann}"), None, read)),
        own(door(&put, &format!("/preferences/{ann}"), Some(json!({})), read)),
        door(&get, "/notifications/suppressions", None, manage),
        door(&delete, "/notifications/suppressions?channel=email&address=gone@example.com", None, manage),
        own(door(&get, "/notifications/inbox", None, read)),
        own(door(&post, &format!("/notifications/inbox/{line}/read"), Some(json!({})), read)),
        own(door(&post, "/notifications/inbox/read-all", Some(json!({})), read)),
        door(
            &post,
            "/notifications/endpoints",
            Some(json!({ "url": "https://example.com/new", "kinds": [] })),
            manage,
        ),
        door(&get, "/notifications/endpoints", None, manage),
        door(&get, &format!("/notifications/endpoints/{endpoint}"), None, manage),
        door(&post, &format!("/notifications/endpoints/{endpoint}/rotate"), Some(json!({})), manage),
        door(&delete, &format!("/notifications/endpoints/{endpoint}"), None, manage),
    ]
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(notifications::service, async |stage, _| {
        for Door { method, path, body, permission, .. } in doors(&owned(stage).await) {
            let ask = async |player: Option<Player>| {
                stage.ask(method.clone(), &path, player.as_ref(), body.as_ref(), &[]).await
            };
            assert_eq!(ask(None).await.problem(), (401, "unauthenticated"), "{method} {path}");
            let others: Vec<&str> = ALL.into_iter().filter(|other| *other != permission).collect();
            for player in [Player::user(ANN, 1, &others), Player::operator(9, &["*"])] {
                assert_eq!(ask(Some(player)).await.problem(), (403, "forbidden"), "{method} {path}");
            }
            let said = ask(Some(Player::user(ANN, 1, &[permission]))).await;
            assert!(said.status.is_success(), "{method} {path}: {} {}", said.status, said.body);
        }
    });
}

#[test]
fn neither_a_stranger_nor_another_customer_sees_what_is_not_theirs() {
    staged(notifications::service, async |stage, _| {
        let owned = owned(stage).await;
        for Door { method, path, body, own, .. } in doors(&owned) {
            let names_a_thing = path.contains('_') || path.contains("/mine") || path.contains("gone@");
            let said = stage.ask(method.clone(), &path, Some(&stranger()), body.as_ref(), &[]).await;
            let is_preference = path.contains("/preferences/");
            match names_a_thing && !is_preference {
                true => assert_eq!(said.problem(), (404, "not_found"), "{method} {path}"),
                false => assert!(said.status.is_success(), "{method} {path}: {}", said.body),
            }
            for secret in [&owned.line, &owned.endpoint, "gone@example.com"] {
                assert!(!said.body.to_string().contains(secret), "{method} {path}: {}", said.body);
            }
            let ben = stage.ask(method.clone(), &path, Some(&ben()), body.as_ref(), &[]).await;
            let expected = match (own, names_a_thing) {
                (true, true) => (404, "not_found"),
                (true, false) => (200, ""),
                (false, _) if method == Method::GET && path.ends_with("/notifications") => (200, ""),
                (false, _) => (403, "forbidden"),
            };
            assert_eq!(ben.problem(), expected, "{method} {path}: {}", ben.body);
            assert!(!ben.body.to_string().contains(&owned.line), "{method} {path}: {}", ben.body);
        }
        let hers = stage.get(&ann(), NOTIFICATIONS).await;
        assert!(hers.each("user_id").iter().all(|one| *one == user(ANN).to_string()));
        assert!(!hers.each("id").is_empty());
        let asked = format!("{NOTIFICATIONS}?user_id={}", user(ANN));
        assert_eq!(stage.get(&ben(), &asked).await.each("id").len(), 0);
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = notifications::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    let owned = Owned { line: "ntf_1".to_owned(), endpoint: "whe_1".to_owned() };
    // The link that ends mail and the receipts of a provider are public, and an inbox that is followed does not end: all
    // three have tests of their own.
    assert_eq!(declared, doors(&owned).len() + 3);
}

#[test]
fn the_examples_of_the_document_are_taken() {
    staged(notifications::service, async |stage, _| {
        owned(stage).await;
        let document = notifications::service().document().unwrap();
        let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
        for (method, path, schema) in [
            (Method::POST, "/api/v1/notifications", "Asked"),
            (Method::POST, "/api/v1/notifications/batch", "SendBatch"),
            (Method::POST, "/api/v1/notifications/dead/redrive", "Redrive"),
            (Method::POST, "/api/v1/templates", "CreateTemplate"),
            (Method::POST, "/api/v1/templates/mine/versions", "AddVersion"),
            (Method::POST, "/api/v1/templates/welcome/preview", "PreviewTemplate"),
            (Method::PUT, "/api/v1/notifications/preferences", "Preferences"),
            (Method::POST, "/api/v1/notifications/endpoints", "CreateEndpoint"),
        ] {
            let body = example(schema);
            assert!(body.is_object(), "{schema} has no example");
            let said = stage.ask(method, path, Some(&boss()), Some(&body), &[]).await;
            assert!(said.status.is_success(), "{path}: {} {}", said.status, said.body);
        }
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(notifications::service, async |stage, _| {
        owned(stage).await;
        let found = isolation(stage.running.store(), project(), ProjectId::from_u128(3)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in [
            "notifications",
            "notification_attempts",
            "templates",
            "template_versions",
            "contacts",
            "orders",
            "preferences",
            "suppressions",
            "inbox",
            "endpoints",
            "rate_counts",
            "hushed",
        ] {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}
