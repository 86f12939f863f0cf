//! A running audit service and those who call it.

use std::ops::Deref;
use std::time::Duration;

use contracts::{Id, ProjectId};
use http::{Method, StatusCode};
use kernel::testing::{self, Place};
pub use kernel::testing::{Player as Caller, Said};
use serde_json::{Value, json};

/// The service with everything around it.
pub struct Stage(pub testing::Stage);

pub const ALL: &[&str] = &["audit:append", "audit:read", "audit:manage"];

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

/// A person of project 1 who may do everything.
pub fn ann() -> Caller {
    user(1, ALL)
}

/// The same in another project.
pub fn stranger() -> Caller {
    user(2, ALL)
}

pub fn user(project: u128, permissions: &[&str]) -> Caller {
    Caller::user(1, project, permissions)
}

pub fn program(permissions: &[&str]) -> Caller {
    Caller::program(1, 1, permissions)
}

pub fn service(name: &str) -> Caller {
    Caller::service(name, 1, ALL)
}

/// Somebody of the platform itself.
pub fn operator() -> Caller {
    Caller::operator(9, ALL)
}

/// Something that happened.
pub fn entry(action: &str) -> Value {
    json!({ "action": action, "object": { "kind": "order", "id": "ord_7" }, "outcome": "succeeded",
        "class": "operational", "details": { "note": action } })
}

/// The entry with other fields.
pub fn with(mut entry: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        entry[name] = value.clone();
    }
    entry
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage, &Place)) {
    testing::on_both(async |place| {
        let stage = Stage(testing::Stage::new(place, audit::service()).await);
        test(&stage, place).await;
    });
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.0
    }
}

impl Stage {
    pub async fn get(&self, caller: &Caller, path: &str) -> Said {
        self.ask(Method::GET, path, Some(caller), None, &[]).await
    }

    pub async fn post(&self, caller: &Caller, path: &str, body: &Value) -> Said {
        self.ask(Method::POST, path, Some(caller), Some(body), &[]).await
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        caller: Option<&Caller>,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Said {
        self.0.ask(method, &format!("/api/v1/audit{path}"), caller, body, headers).await
    }

    /// Tells entries; returns their ids.
    pub async fn tell(&self, caller: &Caller, entries: &[Value]) -> Vec<String> {
        let said = self.post(caller, "/records/batch", &json!({ "records": entries })).await;
        assert_eq!(said.status, StatusCode::CREATED, "{}", said.body);
        said.body["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Has everything sealed that waits.
    pub async fn seal(&self) {
        self.wait(Duration::from_secs(1)).await;
    }

    /// What a verification by `caller` says.
    pub async fn verify(&self, caller: &Caller, digests: &Value) -> Value {
        let said = self.post(caller, "/verify", &json!({ "digests": digests })).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.body);
        said.body
    }
}
