//! A running audit service without a network: its routes, callers, a clock that the test holds, and the
//! database's owner.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use contracts::{ApiKeyId, Id, ProjectId, UserId};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kernel::auth::{Claims, JwkSet, Kind, Signer, StaticKeys, TokenType, Verifier};
use kernel::clock::Clock;
use kernel::config::Settings;
use kernel::jobs;
use kernel::service::{Platform, Running};
use kernel::store::Engine;
use kernel::testing::{Place, on_both, surroundings};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The service with everything around it.
pub struct Stage {
    pub running: Running,
    pub clock: Clock,
    routes: Router,
    signer: Signer,
    engine: Engine,
}

/// Who calls.
#[derive(Clone)]
pub struct Caller {
    kind: Kind,
    name: String,
    project: Option<ProjectId>,
    permissions: Vec<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

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

pub fn user(number: u128, permissions: &[&str]) -> Caller {
    caller(Kind::User, UserId::from_u128(1).to_string(), Some(project(number)), permissions)
}

pub fn program(permissions: &[&str]) -> Caller {
    caller(Kind::Key, ApiKeyId::from_u128(1).to_string(), Some(project(1)), permissions)
}

pub fn service(name: &str) -> Caller {
    caller(Kind::Service, name.to_owned(), Some(project(1)), ALL)
}

/// Somebody of the platform itself.
pub fn operator() -> Caller {
    caller(Kind::User, UserId::from_u128(9).to_string(), None, ALL)
}

fn caller(kind: Kind, name: String, project: Option<ProjectId>, permissions: &[&str]) -> Caller {
    Caller { kind, name, project, permissions: permissions.iter().map(|name| (*name).to_owned()).collect() }
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
    on_both(async |place| {
        let stage = Stage::new(place).await;
        test(&stage, place).await;
    });
}

impl Stage {
    async fn new(place: &Place) -> Self {
        let (signer, _) = Signer::generate().unwrap();
        let keys = StaticKeys(JwkSet { keys: vec![signer.jwk()] });
        let surroundings = surroundings();
        let clock = surroundings.clock.clone();
        let platform = Platform {
            settings: Settings::load(kernel::service::settings(), None, [], &[]).unwrap(),
            surroundings,
            engine: place.engine.clone(),
            verifier: Arc::new(Verifier::new("stoa", "stoa", TokenType::Access, keys)),
        };
        let running =
            tokio::task::spawn_blocking(move || audit::service().open(&platform).unwrap()).await.unwrap();
        Self { routes: running.routes().0, running, clock, signer, engine: place.engine.clone() }
    }

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
        let mut request = Request::builder().method(method).uri(format!("/api/v1/audit{path}"));
        if let Some(caller) = caller {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token(caller)));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.routes.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Said { status: parts.status, headers: parts.headers, body }
    }

    fn token(&self, caller: &Caller) -> String {
        let now_s = self.clock.now().as_millis() / 1000;
        let claims = Claims {
            iss: "stoa".into(),
            aud: vec!["stoa".into()],
            sub: caller.name.clone(),
            kind: caller.kind,
            project: caller.project,
            perms: caller.permissions.clone(),
            sid: None,
            iat: now_s,
            nbf: None,
            exp: now_s + 300,
            jti: None,
        };
        self.signer.sign(&claims, TokenType::Access)
    }

    /// Tells entries; returns their ids.
    pub async fn tell(&self, caller: &Caller, entries: &[Value]) -> Vec<String> {
        let said = self.post(caller, "/records/batch", &json!({ "records": entries })).await;
        assert_eq!(said.status, StatusCode::CREATED, "{}", said.body);
        said.body["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Lets time pass, and does what is due then.
    pub async fn wait(&self, time: Duration) {
        self.work().await;
        self.clock.advance(time);
        self.work().await;
    }

    /// Has everything sealed that waits.
    pub async fn seal(&self) {
        self.wait(Duration::from_secs(1)).await;
    }

    async fn work(&self) {
        while jobs::work_once(self.running.store(), self.running.jobs()).await.unwrap() > 0 {}
    }

    /// What a verification by `caller` says.
    pub async fn verify(&self, caller: &Caller, digests: &Value) -> Value {
        let said = self.post(caller, "/verify", &json!({ "digests": digests })).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.body);
        said.body
    }

    /// What the database's owner does, past all guards.
    pub async fn as_owner(&self, sql: String) {
        let engine = self.engine.clone();
        let done = tokio::task::spawn_blocking(move || match engine {
            Engine::Sqlite { directory } => {
                let owner = rusqlite::Connection::open(directory.join("audit.db")).unwrap();
                owner.busy_timeout(Duration::from_secs(5)).unwrap();
                owner.execute_batch(&sql).unwrap();
            }
            Engine::Postgres { url, .. } => {
                let mut owner = postgres::Client::connect(&url, postgres::NoTls).unwrap();
                owner.batch_execute(&format!("set search_path to audit; {sql}")).unwrap();
            }
        });
        done.await.unwrap();
    }
}

impl Said {
    /// The values of `field` in a list.
    pub fn each(&self, field: &str) -> Vec<&str> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body["data"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
    }

    /// The status and the code of a problem.
    pub fn problem(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }
}
