//! One running service without a network: its routes, callers of every kind, a clock that the test holds, what it
//! told, and other services to hear.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use contracts::{ApiKeyId, Event, Id, ProjectId, SessionId, UserId};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;

use super::{Place, on_both, outside, surroundings};
use crate::auth::{Claims, JwkSet, Kind, Signer, StaticKeys, TokenType, Verifier};
use crate::clock::Clock;
use crate::config::Settings;
use crate::events;
use crate::http::Entrance;
use crate::jobs;
use crate::service::{self, Catalogue, Platform, Running, Service};
use crate::store::{Engine, Scope, Store, StoreError};

/// The service with everything around it.
pub struct Stage {
    /// The service.
    pub running: Running,
    /// Its clock, which stands still.
    pub clock: Clock,
    routes: Router,
    signer: Signer,
    platform: Platform,
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Player {
    kind: Kind,
    name: String,
    project: Option<ProjectId>,
    permissions: Vec<String>,
    session: Option<SessionId>,
}

/// An answer.
#[derive(Debug)]
pub struct Said {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, null where it is no JSON.
    pub body: Value,
}

impl Player {
    /// A person of a project; the project's number is its id.
    pub fn user(number: u128, project: u128, permissions: &[&str]) -> Self {
        Self::of(Kind::User, UserId::from_u128(number).to_string(), Some(project), permissions)
    }

    /// A program of a project, with an API key.
    pub fn program(number: u128, project: u128, permissions: &[&str]) -> Self {
        Self::of(Kind::Key, ApiKeyId::from_u128(number).to_string(), Some(project), permissions)
    }

    /// A service of the platform.
    pub fn service(name: &str, project: u128, permissions: &[&str]) -> Self {
        Self::of(Kind::Service, name.to_owned(), Some(project), permissions)
    }

    /// Somebody of the platform itself, bound to no project.
    pub fn operator(number: u128, permissions: &[&str]) -> Self {
        Self::of(Kind::User, UserId::from_u128(number).to_string(), None, permissions)
    }

    /// The same in a session.
    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    fn of(kind: Kind, name: String, project: Option<u128>, permissions: &[&str]) -> Self {
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        Self { kind, name, project: project.map(ProjectId::from_u128), permissions, session: None }
    }
}

impl Stage {
    /// The service with its default settings, on a fresh database of `place`.
    pub async fn new(place: &Place, service: Service) -> Self {
        Self::with(place, service, &[]).await
    }

    /// The service with settings of its own.
    pub async fn with(place: &Place, service: Service, settings: &[(&str, &str)]) -> Self {
        Self::knowing(place, service, settings, Vec::new()).await
    }

    /// The service with settings of its own, where `others` can be set too.
    pub async fn knowing(
        place: &Place,
        service: Service,
        settings: &[(&str, &str)],
        others: Catalogue,
    ) -> Self {
        let (signer, _) = Signer::generate().unwrap_or_else(|error| panic!("no keys for a test: {error}"));
        let keys = StaticKeys(JwkSet { keys: vec![signer.jwk()] });
        let internal = Verifier::new("stoa", "services", TokenType::Internal, keys.clone());
        let settings = settings_of(&service, settings);
        let mut catalogue = service::catalogue(std::slice::from_ref(&service));
        catalogue.extend(others);
        let surroundings = surroundings();
        let clock = surroundings.clock.clone();
        let platform = Platform {
            settings,
            surroundings,
            engine: place.engine.clone(),
            verifier: Arc::new(Verifier::new("stoa", "stoa", TokenType::Access, keys)),
            internal: Arc::new(internal),
            catalogue: Arc::new(catalogue),
            outside: outside(),
        };
        let running = open(service, platform.clone()).await;
        Self { routes: running.routes().0, running, clock, signer, platform }
    }

    /// Another service of the same platform, running beside this one: its clock and its keys are the same.
    pub async fn beside(&self, service: Service) -> Running {
        let settings = settings_of(&service, &[]);
        open(service, Platform { settings, ..self.platform.clone() }).await
    }

    /// Asks for something.
    pub async fn get(&self, player: &Player, path: &str) -> Said {
        self.ask(Method::GET, path, Some(player), None, &[]).await
    }

    /// Sends something.
    pub async fn post(&self, player: &Player, path: &str, body: &Value) -> Said {
        self.ask(Method::POST, path, Some(player), Some(body), &[]).await
    }

    /// Any request; without a player, one of nobody.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        player: Option<&Player>,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Said {
        self.send(self.request(method, path, player, body, headers)).await
    }

    /// The status alone: the answer is not read, since a stream does not end.
    pub async fn status(
        &self,
        method: &Method,
        path: &str,
        player: Option<&Player>,
        body: Option<&Value>,
    ) -> u16 {
        let request = self.request(method.clone(), path, player, body, &[]);
        self.routes.clone().answer(request).await.status().as_u16()
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        player: Option<&Player>,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(player) = player {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token(player)));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        request.body(body).unwrap_or_else(|error| panic!("no request: {error}"))
    }

    /// A request as it is, such as a provider's, whose body is no JSON of ours.
    pub async fn send(&self, request: Request<Body>) -> Said {
        let answer = self.routes.clone().answer(request).await;
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Said { status: parts.status, headers: parts.headers, body }
    }

    /// The player's token.
    pub fn token(&self, player: &Player) -> String {
        let now_s = self.clock.wall().as_millis() / 1000;
        let claims = Claims {
            iss: "stoa".into(),
            aud: vec!["stoa".into()],
            sub: player.name.clone(),
            kind: player.kind,
            project: player.project,
            perms: player.permissions.clone(),
            user_id: None,
            project_ids: Vec::new(),
            roles: Vec::new(),
            sid: player.session,
            iat: now_s,
            nbf: None,
            exp: now_s + 300,
            jti: None,
        };
        self.signer.sign(&claims, TokenType::Access)
    }

    /// Lets time pass, and does what is due then.
    pub async fn wait(&self, time: Duration) {
        self.work().await;
        self.clock.advance(time);
        self.work().await;
    }

    /// Does the jobs that are due.
    pub async fn work(&self) {
        loop {
            match jobs::work_once(self.running.store(), self.running.jobs()).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => panic!("the jobs of a test do not run: {error}"),
            }
        }
    }

    /// What the service told so far: the type and the data of each event, oldest first.
    pub async fn told(&self) -> Vec<(String, Value)> {
        let store = self.running.store();
        let told = async {
            events::position_all(store).await?;
            events::tail(store, 0, 10_000).await
        };
        let told = told.await.unwrap_or_else(|error| panic!("the log of a test cannot be read: {error}"));
        let each = told.into_iter().map(|logged| logged.envelope);
        each.map(|event| (event.event_type, serde_json::from_str(event.data.get()).unwrap_or_default()))
            .collect()
    }

    /// Another service of the same place, for this one to hear.
    pub async fn neighbour(&self, name: &'static str) -> Store {
        let engine = self.platform.engine.clone();
        let opened =
            tokio::task::spawn_blocking(move || Store::open(name, engine, &[], surroundings())).await;
        match opened {
            Ok(Ok(store)) => store,
            failed => panic!("a neighbour does not open: {:?}", failed.map(|opened| opened.err())),
        }
    }

    /// Has this service hear one event that `neighbour` tells.
    pub async fn hear<E: Event + Clone>(&self, neighbour: &Store, scope: Scope, key: &str, event: &E) {
        let (key, event) = (key.to_owned(), event.clone());
        let told = async {
            let publish = move |tx: &mut crate::store::Tx<'_>| tx.publish(&key, &event).map(drop);
            neighbour.write::<_, StoreError, _>(scope, publish).await?;
            events::catch_up(self.running.store(), neighbour, self.running.handlers()).await?;
            self.running.refresh_settings().await
        };
        told.await.unwrap_or_else(|error| panic!("the event of a test is not heard: {error}"));
    }

    /// What the database's owner does, past all guards.
    pub async fn as_owner(&self, sql: String) {
        let (engine, service) = (self.platform.engine.clone(), self.running.name());
        let done = tokio::task::spawn_blocking(move || match engine {
            Engine::Sqlite { directory } => {
                let owner = rusqlite::Connection::open(directory.join(format!("{service}.db")));
                owner
                    .and_then(|owner| owner.busy_timeout(Duration::from_secs(5)).map(|()| owner))
                    .and_then(|owner| owner.execute_batch(&sql))
                    .map_err(|error| error.to_string())
            }
            Engine::Postgres { url, .. } => postgres::Client::connect(&url, postgres::NoTls)
                .and_then(|mut owner| owner.batch_execute(&format!("set search_path to {service}; {sql}")))
                .map_err(|error| error.to_string()),
        });
        match done.await {
            Ok(Ok(())) => {}
            failed => panic!("the owner's statement failed: {failed:?}"),
        }
    }
}

impl Said {
    /// The same, which must have this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// The values of `field` in a list.
    pub fn each(&self, field: &str) -> Vec<&str> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        let rows = self.body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| row[field].as_str().unwrap_or_default()).collect()
    }

    /// The status and the code of a problem.
    pub fn problem(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }
}

fn settings_of(service: &Service, set: &[(&str, &str)]) -> Settings {
    let declared = service::settings().into_iter().chain(service.declarations().to_vec()).collect();
    let flags: Vec<_> = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings::load(declared, None, [], &flags).unwrap_or_else(|error| panic!("{error}"))
}

async fn open(service: Service, platform: Platform) -> Running {
    match tokio::task::spawn_blocking(move || service.open(&platform)).await {
        Ok(Ok(running)) => running,
        failed => panic!("the service of a test does not open: {:?}", failed.map(|opened| opened.err())),
    }
}

/// Runs the test on each engine, with the service on a stage of its own.
pub fn staged(service: fn() -> Service, test: impl AsyncFn(&Stage, &Place)) {
    on_both(async |place| {
        let stage = Stage::new(place, service()).await;
        test(&stage, place).await;
    });
}
