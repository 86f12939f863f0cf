//! A door with one small service behind it, in one process and without a network.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use contracts::events::access::{ApiKeyIssued, ApiKeyKind, ProjectCreated, ProjectFacts};
use contracts::{ApiKeyId, Id, OrganisationId, ProjectId, Timestamp};
use gateway::upstreams::{Tuning, Upstreams};
use gateway::{Behind, Front, Routing};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kernel::auth::{ApiKeyText, Caller, Signer};
use kernel::http::ClientAddress;
use kernel::store::{Scope, Store};
use kernel::testing::{self, Place, Player};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::live_notes::LiveNotes;

/// A door and all around it.
pub struct Stage {
    pub door: Front,
    pub gateway: testing::Stage,
    pub identity: Store,
    /// What is followed behind the door.
    pub notes: LiveNotes,
    routes: Router,
}

/// An answer.
#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A request, put together step by step.
#[derive(Clone)]
pub struct Asked {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    from: &'static str,
}

pub const PROJECT: u128 = 1;

pub fn project() -> ProjectId {
    ProjectId::from_u128(PROJECT)
}

pub fn asked(method: Method, path: &str) -> Asked {
    Asked { method, path: path.to_owned(), headers: Vec::new(), body: String::new(), from: "192.0.2.1" }
}

impl Asked {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub fn body(self, body: &str) -> Self {
        Self { body: body.to_owned(), ..self }.with("content-type", "application/json")
    }

    pub fn from(self, from: &'static str) -> Self {
        Self { from, ..self }
    }
}

/// What the service behind the door declares.
pub fn notes_document() -> Value {
    json!({ "paths": {
        "/api/v1/notes": { "get": {}, "post": {} },
        "/api/v1/notes/{id}/live": { "get": { "responses": { "200": { "content": { "text/event-stream": {} } } } } },
        "/api/v1/notes/open": { "get": { "security": [{}] } },
        "/api/v1/auth/login": { "post": { "security": [{}] } },
        "/api/v1/roles": { "get": { "x-stoa": { "admin": true } } },
    } })
}

/// Answers with what arrived.
async fn echo(request: Request<Body>) -> axum::Json<Value> {
    let headers: HashMap<String, String> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
        .collect();
    let caller = request.extensions().get::<Arc<Caller>>();
    let address = request.extensions().get::<ClientAddress>().map(|address| address.0.to_string());
    axum::Json(json!({
        "headers": headers,
        "caller": caller.map(|caller| caller.name()),
        "project": caller.and_then(|caller| caller.project()),
        "address": address,
    }))
}

pub fn notes() -> Router {
    Router::new()
        .route("/api/v1/notes", any(echo))
        .route("/api/v1/notes/open", get(echo))
        .route("/api/v1/auth/login", any(echo))
        .route("/api/v1/roles", any(echo))
}

pub fn staged(test: impl AsyncFn(&Stage)) {
    staged_with(&[], test);
}

pub fn staged_with(settings: &[(&str, &str)], test: impl AsyncFn(&Stage)) {
    testing::on_both(async |place| {
        test(&Stage::new(place, settings).await).await;
    });
}

impl Stage {
    pub async fn new(place: &Place, settings: &[(&str, &str)]) -> Self {
        let gateway = testing::Stage::with(place, gateway::service(), settings).await;
        let identity = gateway.neighbour("identity").await;
        let notes = LiveNotes::default();
        let door = door(&gateway, true, &notes);
        Self { routes: door.routes(), door, gateway, identity, notes }
    }

    /// The door on a port, as clients find it; it is there until `stop` changes.
    pub async fn listen(&self, stop: watch::Receiver<bool>) -> SocketAddr {
        listened(&self.door, stop).await
    }

    /// The same with another service behind its door.
    pub fn before(self, documents: &[(&'static str, Value)], here: HashMap<&'static str, Router>) -> Self {
        let door = door_of(&self.gateway, true, documents, here, Upstreams::new(Tuning::default(), None));
        Self { routes: door.routes(), door, ..self }
    }

    /// The same door in production, where the key of the examples opens nothing.
    pub fn in_production(self) -> Self {
        let door = door(&self.gateway, false, &self.notes);
        Self { routes: door.routes(), door, ..self }
    }

    pub async fn ask(&self, asked: Asked) -> Said {
        let mut request = Request::builder().method(asked.method).uri(asked.path);
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(asked.body)).unwrap();
        request.extensions_mut().insert(ClientAddress(asked.from.parse::<IpAddr>().unwrap()));
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Said { status: parts.status, headers: parts.headers, body }
    }

    pub fn token(&self) -> String {
        self.gateway.token(&Player::user(7, PROJECT, &["notes:*"]))
    }

    /// Identity tells it, and the door learns it.
    pub async fn tell<E: contracts::Event + Clone>(&self, key: &str, event: &E) {
        self.gateway.hear(&self.identity, Scope::Project(project()), key, event).await;
        self.door.learn().await;
    }

    /// An API key that identity has given out.
    pub async fn key(&self, number: u128, expires_at: Option<Timestamp>) -> String {
        let text = ApiKeyText::generate(ApiKeyKind::Project, ApiKeyId::from_u128(number)).unwrap();
        let macs = self.gateway.running.store().keys().keyring.macs(b"api key");
        let issued = ApiKeyIssued {
            api_key_id: text.id,
            kind: text.kind,
            scopes: vec!["notes:read".to_owned()],
            mac: macs.mark(&text.proof()),
            expires_at,
        };
        self.tell(&text.id.to_string(), &issued).await;
        text.reveal().into_exposed()
    }

    /// A project with these origins and administrators' addresses.
    pub async fn project(&self, origins: &[&str], admins: &[&str], active: bool) {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let facts = ProjectFacts {
            project_id: project(),
            organisation_id: OrganisationId::from_u128(1),
            slug: "demo".to_owned(),
            name: "Demo".to_owned(),
            blueprint: "demo".to_owned(),
            active,
            cors_origins: texts(origins),
            admin_addresses: texts(admins),
        };
        self.tell("p", &ProjectCreated { project: facts }).await;
    }
}

fn door(gateway: &testing::Stage, demo_key: bool, live: &LiveNotes) -> Front {
    let here = HashMap::from([("notes", notes().merge(live.routes()))]);
    door_before(gateway, demo_key, here, Upstreams::new(Tuning::default(), None))
}

/// Opens a port for a door.
pub async fn listened(door: &Front, stop: watch::Receiver<bool>) -> SocketAddr {
    let listening = kernel::http::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listening.address();
    tokio::spawn(listening.serve(door.clone(), stop, std::time::Duration::ZERO));
    address
}

/// A door before these services of its process, and those elsewhere.
pub fn door_before(
    gateway: &testing::Stage,
    demo_key: bool,
    here: HashMap<&'static str, Router>,
    upstreams: Upstreams,
) -> Front {
    let documents = [("notes", notes_document()), ("gateway", gateway::service().document().unwrap())];
    door_of(gateway, demo_key, &documents, here, upstreams)
}

/// A door that knows the routes of these documents.
pub fn door_of(
    gateway: &testing::Stage,
    demo_key: bool,
    documents: &[(&'static str, Value)],
    mut here: HashMap<&'static str, Router>,
    upstreams: Upstreams,
) -> Front {
    here.insert("gateway", gateway.running.routes().0);
    let documents: Vec<_> =
        documents.iter().map(|(name, document)| ((*name).to_owned(), document.clone())).collect();
    let routing = Routing::new(move || documents.clone()).unwrap();
    let behind = Behind { routing, here, rest: Router::new(), upstreams, demo_key };
    Front::new(gateway.running.clone(), behind, Signer::generate().unwrap().0, "stoa".to_owned())
}

impl Said {
    pub fn problem(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn allows(&self) -> &str {
        self.header(header::ACCESS_CONTROL_ALLOW_ORIGIN.as_str())
    }
}
