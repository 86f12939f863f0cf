//! The services of a payment in one process: each can be asked over its routes, and each can die and come back on what
//! it has stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use contracts::{Id, ProjectId, UserId};
use http::{Request, header};
use kernel::auth::{Claims, JwkSet, Kind, Signer, StaticKeys, TokenType, Verifier};
use kernel::clock::Clock;
use kernel::config::Settings;
use kernel::service::{self, Platform, Running, Service};
use kernel::testing::{Place, outside, surroundings};
use serde_json::Value;
use tower::ServiceExt;

/// Who takes part, by name.
pub const SERVICES: [&str; 4] = ["wallet", "ledger", "fraud", "notifications"];

const BODY_BYTES_MAX: usize = 64 << 20;
const TOKEN_S: i64 = 300;
/// Nobody is stopped by a limit but who wants too much at once, and people look at what seems odd within minutes.
const SETTINGS: [(&str, &str); 5] = [
    ("wallet.review_timeout", "10m"),
    ("wallet.limits_unverified", "1000000/100000000000/100000000000"),
    ("wallet.limits_basic", "1000000/100000000000/100000000000"),
    ("wallet.limits_full", "1000000/100000000000/100000000000"),
    ("http.body_max", "4MiB"),
];

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub number: u128,
    pub permissions: &'static [&'static str],
}

/// The services on one place, with one clock.
pub struct House {
    platform: Platform,
    signer: Signer,
    open: BTreeMap<&'static str, Open>,
    pub deaths: u64,
}

struct Open {
    running: Running,
    routes: Router,
}

/// Whoever looks after everything.
pub const KEEPER: Caller = Caller {
    number: 0xFFFF,
    permissions: &["wallet:manage", "ledger:manage", "fraud:manage", "notifications:manage"],
};

/// Somebody with a wallet and an inbox.
pub fn person(number: usize) -> Caller {
    let permissions = &["wallet:read", "wallet:write", "notifications:read"];
    Caller { number: number as u128 + 1, permissions }
}

fn named(name: &str) -> Service {
    match name {
        "wallet" => wallet::service(),
        "ledger" => ledger::service(),
        "fraud" => fraud::service(),
        _ => notifications::service(),
    }
}

impl House {
    /// All of them, on empty databases.
    pub async fn open(place: &Place) -> Self {
        let (signer, _) = Signer::generate().unwrap();
        let keys = StaticKeys(JwkSet { keys: vec![signer.jwk()] });
        let services = SERVICES.map(named);
        let own = services.iter().flat_map(|service| service.declarations().to_vec());
        let flags = SETTINGS.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let declared = service::settings().into_iter().chain(own).collect();
        let platform = Platform {
            settings: Settings::load(declared, None, [], &flags).unwrap(),
            surroundings: surroundings(),
            engine: place.engine.clone(),
            internal: Arc::new(Verifier::new("stoa", "services", TokenType::Internal, keys.clone())),
            verifier: Arc::new(Verifier::new("stoa", "stoa", TokenType::Access, keys)),
            catalogue: Arc::new(service::catalogue(&services)),
            outside: outside(),
        };
        let mut house = Self { platform, signer, open: BTreeMap::new(), deaths: 0 };
        for name in SERVICES {
            house.begin(name).await;
        }
        house
    }

    /// A service that is running.
    pub fn running(&self, name: &str) -> &Running {
        &self.open[name].running
    }

    /// The clock of all.
    pub fn clock(&self) -> &Clock {
        &self.platform.surroundings.clock
    }

    /// Nothing is left of a service but what it has stored; then it begins again.
    pub async fn dies(&mut self, name: &'static str) {
        self.deaths += 1;
        if let Some(Open { running, routes }) = self.open.remove(name) {
            drop(routes);
            tokio::task::spawn_blocking(move || running.store().close()).await.unwrap();
        }
        self.begin(name).await;
    }

    async fn begin(&mut self, name: &'static str) {
        let platform = self.platform.clone();
        let opened = tokio::task::spawn_blocking(move || named(name).open(&platform)).await.unwrap();
        let running = opened.unwrap_or_else(|error| panic!("{name} does not open: {error}"));
        let routes = running.routes().0;
        self.open.insert(name, Open { running, routes });
    }

    /// What a service answers.
    pub async fn ask(&self, service: &str, who: Caller, request: Asked<'_>) -> (u16, Value) {
        let Asked { method, path, body, key } = request;
        let mut built = Request::builder().method(method).uri(path);
        built = built.header(header::AUTHORIZATION, format!("Bearer {}", self.token(who)));
        if let Some(key) = key {
            built = built.header("idempotency-key", key);
        }
        let content = match body {
            Some(body) => {
                built = built.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let routes = self.open[service].routes.clone();
        let answer =
            routes.oneshot(built.body(content).unwrap()).await.unwrap_or_else(|never| match never {});
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), BODY_BYTES_MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// What a service shows.
    pub async fn get(&self, service: &str, who: Caller, path: &str) -> Value {
        let (status, body) =
            self.ask(service, who, Asked { method: "GET", path, body: None, key: None }).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// All pages of a list.
    pub async fn all(&self, service: &str, who: Caller, path: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(service, who, &format!("{path}{joint}limit=200{cursor}")).await;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// Something that has to be done before anything else can happen.
    pub async fn sets(&self, service: &str, who: Caller, method: &str, path: &str, body: &Value) -> Value {
        let asked = Asked { method, path, body: Some(body), key: None };
        let (status, answer) = self.ask(service, who, asked).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// Time passes for all of them.
    pub fn time_passes(&self, time: Duration) {
        self.clock().advance(time);
    }

    fn token(&self, who: Caller) -> String {
        let now_s = self.clock().wall().as_millis() / 1_000;
        let claims = Claims {
            iss: "stoa".into(),
            aud: vec!["stoa".into()],
            sub: UserId::from_u128(who.number).to_string(),
            kind: Kind::User,
            project: Some(ProjectId::from_u128(1)),
            perms: who.permissions.iter().map(|name| (*name).to_owned()).collect(),
            user_id: None,
            project_ids: Vec::new(),
            roles: Vec::new(),
            sid: None,
            iat: now_s,
            nbf: None,
            exp: now_s + TOKEN_S,
            jti: None,
        };
        self.signer.sign(&claims, TokenType::Access)
    }
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub body: Option<&'a Value>,
    pub key: Option<&'a str>,
}
