//! The one route table: read from the documents of the services, so that what is documented is what is routed.
//!
//! A service may say more of an operation than OpenAPI knows, in `x-stoa`: its tier, its time, and, where two services
//! share a path, by which id prefix or body field its requests are told from the other's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All routes of all services.
#[derive(Debug)]
pub struct RouteTable {
    paths: matchit::Router<Vec<Arc<Route>>>,
    all: Vec<Arc<Route>>,
}

/// One operation of one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Which service answers.
    pub service: Arc<str>,
    /// By which method.
    pub method: Method,
    /// At which path, as it was declared.
    pub path: String,
    /// What kind of call it is: it decides how many may come.
    pub tier: Tier,
    /// Whether nobody needs to say who they are.
    pub public: bool,
    /// Whether it is for administrators: logged, and bound to their addresses.
    pub admin: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether its answer goes on, as server-sent events.
    live: bool,
    told: Told,
}

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Signing in and all that may be tried over and over.
    Auth,
    /// Codes: guessing and sending them both cost.
    Otp,
    /// What changes something.
    Write,
    /// What only reads.
    Read,
    /// What providers tell us.
    Webhook,
}

/// By what a request is told from those that another service takes at the same path.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Told {
    tier: Option<Tier>,
    admin: bool,
    /// Its answer holds a secret and is kept for no idempotency key: twice is twice.
    unkept: bool,
    timeout_ms: Option<u64>,
    /// The prefix of the id in the path: `wpay`.
    id_prefix: Option<String>,
    /// Fields that the body has, with their values; null is any value.
    body: BTreeMap<String, Value>,
}

/// What was found for a request.
#[derive(Debug)]
pub enum Found<'t> {
    /// One route.
    One(&'t Arc<Route>),
    /// Several, to be told apart by the body.
    ByBody(Vec<&'t Arc<Route>>),
    /// The path is there and does not take this method.
    OtherMethods,
    /// There is no such path.
    Nothing,
}

/// The documents contradict each other.
#[derive(Debug, thiserror::Error)]
#[error("the route {method} {path} of `{service}`: {why}")]
pub struct BadRoute {
    service: Arc<str>,
    method: String,
    path: String,
    why: String,
}

/// Where a document says that an answer goes on.
const LIVE_ANSWER: &str = "/responses/200/content/text~1event-stream";
const TIMEOUT: Duration = Duration::from_secs(30);

impl RouteTable {
    /// The table of all operations in the documents.
    pub fn of(documents: &[(impl AsRef<str>, Value)]) -> Result<Self, BadRoute> {
        let mut by_path: BTreeMap<String, Vec<Arc<Route>>> = BTreeMap::new();
        for (service, document) in documents {
            let service: Arc<str> = Arc::from(service.as_ref());
            for (path, item) in document["paths"].as_object().into_iter().flatten() {
                for (method, operation) in item.as_object().into_iter().flatten() {
                    let route = Route::of(&service, method, path, operation)?;
                    let there = by_path.entry(path.clone()).or_default();
                    if let Some(other) = there.iter().find(|other| !route.is_told_from(other)) {
                        return Err(route.bad(format!("`{}` takes it already", other.service)));
                    }
                    there.push(Arc::new(route));
                }
            }
        }
        let all = by_path.values().flatten().cloned().collect();
        let mut paths = matchit::Router::new();
        for (path, mut found) in by_path {
            // Who says most of what is theirs is asked first.
            found.sort_by_key(|route| std::cmp::Reverse(route.told.strictness()));
            let first = found.first().cloned();
            if let (Err(error), Some(route)) = (paths.insert(&path, found), first) {
                return Err(route.bad(error.to_string()));
            }
        }
        Ok(Self { paths, all })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.all.iter().map(AsRef::as_ref)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The route of a request, as far as its method and path tell.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(matched) = self.paths.at(path) else { return Found::Nothing };
        // What answers GET answers HEAD, without its body.
        let takes = |route: &&Arc<Route>| {
            route.method == *method || (*method == Method::HEAD && route.method == Method::GET)
        };
        let mut of_method = matched.value.iter().filter(takes);
        let (Some(only), None) = (of_method.next(), of_method.next()) else {
            return several(
                matched.value.iter().filter(takes),
                matched.params.iter().map(|(_, value)| value),
            );
        };
        Found::One(only)
    }
}

fn several<'t, 'p>(
    routes: impl Iterator<Item = &'t Arc<Route>>,
    ids: impl Iterator<Item = &'p str>,
) -> Found<'t> {
    let ids: Vec<&str> = ids.collect();
    let has_prefix =
        |prefix: &str| ids.iter().any(|id| id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_')));
    let mut fitting: Vec<&Arc<Route>> = routes.collect();
    if fitting.is_empty() {
        return Found::OtherMethods;
    }
    if let Some(own) = fitting.iter().find(|route| route.told.id_prefix.as_deref().is_some_and(has_prefix)) {
        return Found::One(own);
    }
    fitting.retain(|route| route.told.id_prefix.is_none());
    match fitting.as_slice() {
        [] => Found::Nothing,
        [only] => Found::One(only),
        _ => Found::ByBody(fitting),
    }
}

/// The route that the fields of a body ask for; the one that asks for none takes the rest.
pub fn by_body<'t>(routes: &[&'t Arc<Route>], body: &[u8]) -> Option<&'t Arc<Route>> {
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let fits = |route: &&&Arc<Route>| {
        route.told.body.iter().all(|(name, wanted)| match fields.get(name) {
            None => false,
            Some(value) => wanted.is_null() || value == wanted,
        })
    };
    routes.iter().find(fits).copied()
}

impl Found<'_> {
    /// What kind of call it is, which is the same for all that it may be.
    pub fn tier(&self) -> Option<Tier> {
        match self {
            Self::One(route) => Some(route.tier),
            Self::ByBody(routes) => routes.first().map(|route| route.tier),
            Self::OtherMethods | Self::Nothing => None,
        }
    }
}

impl Route {
    fn of(service: &Arc<str>, method: &str, path: &str, operation: &Value) -> Result<Self, BadRoute> {
        let bad = |why: String| BadRoute {
            service: Arc::clone(service),
            method: method.to_uppercase(),
            path: path.to_owned(),
            why,
        };
        let parsed: Method =
            method.to_uppercase().parse().map_err(|_| bad("there is no such method".to_owned()))?;
        let told: Told = match operation.get("x-stoa") {
            Some(told) => serde_json::from_value(told.clone()).map_err(|error| bad(error.to_string()))?,
            None => Told::default(),
        };
        // `security: []` and `security: [{}]` both say that nobody needs to be known.
        let public = operation["security"].as_array().is_some_and(|ways| {
            ways.iter().all(|way| way.as_object().is_some_and(serde_json::Map::is_empty))
        });
        Ok(Self {
            service: Arc::clone(service),
            tier: told.tier.unwrap_or_else(|| Tier::of(&parsed, path)),
            admin: told.admin,
            timeout: told.timeout_ms.map_or(TIMEOUT, Duration::from_millis),
            method: parsed,
            path: path.to_owned(),
            public,
            live: operation.pointer(LIVE_ANSWER).is_some(),
            told,
        })
    }

    /// Whether doing it twice is doing it once; `keyed` says whether it comes with an idempotency key.
    pub fn is_idempotent(&self, keyed: bool) -> bool {
        self.method.is_idempotent() || (keyed && !self.told.unkept)
    }

    /// Whether its answer is a stream that can be followed.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Whether each request is one's or the other's, and what holds before that is known is the same for both.
    fn is_told_from(&self, other: &Self) -> bool {
        let (own, others) = (&self.told, &other.told);
        let by_body = own.id_prefix.is_none() && others.id_prefix.is_none();
        let alike = self.tier == other.tier && self.public == other.public && self.admin == other.admin;
        self.method != other.method
            || own.id_prefix != others.id_prefix
            || (by_body && own.body != others.body && alike)
    }

    fn bad(&self, why: String) -> BadRoute {
        let service = Arc::clone(&self.service);
        BadRoute { service, method: self.method.to_string(), path: self.path.clone(), why }
    }
}

impl Tier {
    fn of(method: &Method, path: &str) -> Self {
        if path.starts_with("/api/v1/auth/otp/")
            || path.ends_with("/verify") && path.starts_with("/api/v1/users/me/")
        {
            return Self::Otp;
        }
        // Refreshing and signing out need a secret that nobody guesses: they are writes like others.
        if path.starts_with("/api/v1/auth/")
            && !["/refresh", "/logout", "/introspect"].iter().any(|end| path.ends_with(end))
        {
            return Self::Auth;
        }
        if path.contains("/webhooks/") {
            return Self::Webhook;
        }
        if method.is_safe() { Self::Read } else { Self::Write }
    }
}

impl Told {
    fn strictness(&self) -> usize {
        usize::from(self.id_prefix.is_some()) + self.body.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> RouteTable {
        let identity = json!({ "paths": {
            "/api/v1/users/me": { "get": {}, "patch": {} },
            "/api/v1/users/{id}": { "get": { "x-stoa": { "admin": true } } },
            "/api/v1/auth/login": { "post": { "security": [{}] } },
            "/api/v1/auth/otp/verify": { "post": { "security": [] } },
            "/api/v1/auth/refresh": { "post": { "security": [{}] } },
        } });
        let payments = json!({ "paths": {
            "/api/v1/payments": { "post": {}, "get": {} },
            "/api/v1/payments/{id}": { "get": {} },
            "/api/v1/payments/webhooks/{provider}": { "post": { "security": [{}], "x-stoa": { "timeout_ms": 5000 } } },
        } });
        let wallet = json!({ "paths": {
            "/api/v1/payments": { "post": { "x-stoa": { "body": { "method": "wallet" } } } },
            "/api/v1/payments/{id}": { "get": { "x-stoa": { "id_prefix": "wpay" } } },
        } });
        RouteTable::of(&[("identity", identity), ("payments", payments), ("wallet", wallet)]).unwrap()
    }

    fn one<'t>(table: &'t RouteTable, method: &Method, path: &str) -> &'t Arc<Route> {
        match table.find(method, path) {
            Found::One(route) => route,
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    #[test]
    fn a_request_finds_the_service_that_declared_its_path() {
        let table = table();
        assert_eq!(table.len(), 12);
        let me = one(&table, &Method::GET, "/api/v1/users/me");
        assert_eq!(
            (me.service.as_ref(), me.path.as_str(), me.admin, me.public),
            ("identity", "/api/v1/users/me", false, false)
        );
        let other = one(&table, &Method::GET, "/api/v1/users/usr_1");
        assert_eq!((other.path.as_str(), other.admin), ("/api/v1/users/{id}", true));
        assert_eq!(one(&table, &Method::HEAD, "/api/v1/users/me").method, Method::GET);
        assert!(matches!(table.find(&Method::PUT, "/api/v1/users/me"), Found::OtherMethods));
        assert!(matches!(table.find(&Method::GET, "/api/v1/nothing"), Found::Nothing));
    }

    #[test]
    fn each_kind_of_call_has_its_tier() {
        let table = table();
        for (method, path, tier, public) in [
            (Method::POST, "/api/v1/auth/login", Tier::Auth, true),
            (Method::POST, "/api/v1/auth/otp/verify", Tier::Otp, true),
            (Method::POST, "/api/v1/auth/refresh", Tier::Write, true),
            (Method::PATCH, "/api/v1/users/me", Tier::Write, false),
            (Method::GET, "/api/v1/users/me", Tier::Read, false),
            (Method::POST, "/api/v1/payments/webhooks/stripe", Tier::Webhook, true),
        ] {
            let route = one(&table, &method, path);
            assert_eq!((route.tier, route.public), (tier, public), "{path}");
        }
        assert_eq!(
            one(&table, &Method::POST, "/api/v1/payments/webhooks/stripe").timeout,
            Duration::from_secs(5)
        );
    }

    #[test]
    fn payments_go_to_the_wallet_by_their_id_or_their_method() {
        let table = table();
        assert_eq!(one(&table, &Method::GET, "/api/v1/payments/wpay_1").service.as_ref(), "wallet");
        assert_eq!(one(&table, &Method::GET, "/api/v1/payments/pay_1").service.as_ref(), "payments");
        assert_eq!(one(&table, &Method::GET, "/api/v1/payments/wpayment").service.as_ref(), "payments");
        let Found::ByBody(both) = table.find(&Method::POST, "/api/v1/payments") else { panic!("one of two") };
        for (body, service) in [
            (r#"{"method":"wallet","amount":1}"#, "wallet"),
            (r#"{"method":"card"}"#, "payments"),
            ("{}", "payments"),
            ("no json", "payments"),
        ] {
            assert_eq!(by_body(&both, body.as_bytes()).unwrap().service.as_ref(), service, "{body}");
        }
    }

    #[test]
    fn a_key_makes_a_write_repeatable_unless_its_answer_is_kept_nowhere() {
        let document = json!({ "paths": {
            "/a": { "post": {} }, "/b": { "post": { "x-stoa": { "unkept": true } } }, "/c": { "get": {} },
        } });
        let table = RouteTable::of(&[("x", document)]).unwrap();
        let repeatable = |keyed: bool| -> Vec<&str> {
            table.iter().filter(|route| route.is_idempotent(keyed)).map(|route| route.path.as_str()).collect()
        };
        assert_eq!((repeatable(true), repeatable(false)), (vec!["/a", "/c"], vec!["/c"]));
    }

    #[test]
    fn two_services_share_a_path_where_each_request_can_be_told_apart() {
        let of = |operation: Value| json!({ "paths": { "/a": { "post": operation } } });
        let both = |one: Value, other: Value| RouteTable::of(&[("x", of(one)), ("y", of(other))]).map(|_| ());
        let by_body = json!({ "x-stoa": { "body": { "way": "y" } } });
        assert!(both(json!({}), by_body.clone()).is_ok());
        let twice = both(json!({}), json!({})).unwrap_err().to_string();
        assert!(twice.contains("`x` takes it already") && twice.contains("of `y`"), "{twice}");
        assert!(
            both(json!({ "security": [{}] }), by_body).is_err(),
            "who may come is known before the body is"
        );
    }

    #[test]
    fn a_document_with_a_wrong_word_is_told_by_its_route() {
        let wrong = json!({ "paths": { "/a": { "get": { "x-stoa": { "teir": "read" } } } } });
        let error = RouteTable::of(&[("x", wrong)]).err().unwrap().to_string();
        assert!(error.starts_with("the route GET /a of `x`") && error.contains("teir"), "{error}");
    }
}
