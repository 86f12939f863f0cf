//! Which routes there are, and where they are answered, changes while requests come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use contracts::events::fleet::{InstanceChanged, InstanceState};
use gateway::upstreams::{Tuning, Upstreams};
use http::Method;
use kernel::store::Scope;
use serde_json::{Value, json};

use crate::stage::*;
use crate::upstreams_backend::Backend;

fn document(paths: &[&str]) -> Value {
    let paths: serde_json::Map<String, Value> =
        paths.iter().map(|path| ((*path).to_owned(), json!({ "get": { "security": [{}] } }))).collect();
    json!({ "paths": paths })
}

#[test]
fn a_service_elsewhere_changes_its_routes_and_no_request_is_dropped() {
    staged(async |stage| {
        let says = Arc::new(Mutex::new(document(&["/old", "/always"])));
        let told = Arc::clone(&says);
        let tell = move || async move { axum::Json(told.lock().unwrap().clone()) };
        let answers = || async { axum::Json(json!({})) };
        let routes = Router::new()
            .route("/openapi/notes.json", get(tell))
            .route("/old", get(answers))
            .route("/new", get(answers))
            .route("/always", get(answers));
        let backend = Backend::start(routes);
        let upstreams = Upstreams::new(Tuning::default(), None);
        upstreams.set_instances("notes", vec![backend.at().parse().unwrap()]);
        let documents = [("notes", document(&["/old", "/always"]))];
        let door = door_of(&stage.gateway, true, &documents, HashMap::new(), upstreams);
        let asks = async |path: &str| {
            let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            tower::ServiceExt::oneshot(door.routes(), request).await.unwrap().status().as_u16()
        };
        door.look_for_routes().await;
        assert_eq!((asks("/old").await, asks("/new").await), (200, 404));
        *says.lock().unwrap() = document(&["/new", "/always"]);
        let crowd = async || {
            for _ in 0..200 {
                assert_eq!(asks("/always").await, 200);
            }
        };
        tokio::join!(crowd(), crowd(), door.look_for_routes());
        assert_eq!((asks("/old").await, asks("/new").await, asks("/always").await), (404, 200, 200));
        *says.lock().unwrap() = json!("no document at all");
        door.look_for_routes().await;
        assert_eq!((asks("/new").await, asks("/always").await), (200, 200), "nobody goes by that");
    });
}

#[test]
fn instances_of_another_environment_are_not_called() {
    staged(async |stage| {
        let registry = stage.gateway.neighbour("registry").await;
        for (service, environment) in [("bakery", Some("staging")), ("mill", Some("default")), ("well", None)]
        {
            let told = InstanceChanged {
                service: service.to_owned(),
                instance: "a".to_owned(),
                address: "http://127.0.0.1:9".to_owned(),
                state: InstanceState::Up,
                environment: environment.map(str::to_owned),
            };
            stage.gateway.hear(&registry, Scope::System("where services are"), service, &told).await;
        }
        stage.door.learn().await;
        let status = stage.ask(asked(Method::GET, "/api/v1/status")).await.body;
        let called = |name: &str| {
            status["services"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["service"] == name && one["instances"] == 1)
        };
        assert!(!called("bakery") && called("mill") && called("well"), "{status}");
    });
}
