//! What the door goes by at this moment: all routes, what can be asked of them at `/graphql`, and their document.
//!
//! It begins with the documents that are built in. A service in other processes may be of another release: what its
//! instances say of themselves stands in for what is built in, and requests that are under way end by what they began
//! with. While its instances differ, the one that was asked last is believed.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kernel::http::merge;
use serde_json::Value;

use crate::front::graphql::{BadGraph, Graph};
use crate::route::{BadRoute, RouteTable};
use crate::upstreams::{Rules, Upstreams};

/// The documents of services, by name.
pub type Documents = Vec<(String, Value)>;

/// What the door goes by. Clones are the same.
#[derive(Clone)]
pub struct Routing(Arc<Inner>);

struct Inner {
    built_in: Box<dyn Fn() -> Documents + Send + Sync>,
    told: Mutex<HashMap<String, Told>>,
    ways: RwLock<Arc<Ways>>,
}

/// All ways through the door.
pub struct Ways {
    /// All routes.
    pub table: RouteTable,
    /// What can be asked for at `/graphql`.
    pub graph: Graph,
    /// The document of all of it.
    pub document: Arc<Value>,
}

/// The documents cannot all be gone by at once.
#[derive(Debug, thiserror::Error)]
pub enum BadRouting {
    /// Two routes contradict each other.
    #[error(transparent)]
    Route(#[from] BadRoute),
    /// No schema can be made of them.
    #[error(transparent)]
    Graph(#[from] BadGraph),
    /// A service told something else.
    #[error("what the service `{0}` says of itself is no document of an API")]
    NoDocument(String),
}

/// What the instances of a service said of it last.
struct Told {
    tag: Option<HeaderValue>,
    mark: u64,
    /// None where it says what is built in, or what cannot be gone by.
    instead: Option<Bytes>,
}

const DOCUMENT_BYTES_MAX: usize = 4 << 20;
const ASKED: Rules = Rules { timeout: Duration::from_secs(5), tries_max: 1, idempotent: true };

impl Routing {
    /// The door goes by these documents until others are told; they are made again when they are needed again.
    pub fn new(built_in: impl Fn() -> Documents + Send + Sync + 'static) -> Result<Self, BadRouting> {
        let ways = RwLock::new(Arc::new(Ways::of(built_in())?));
        let inner = Inner { built_in: Box::new(built_in), told: Mutex::default(), ways };
        Ok(Self(Arc::new(inner)))
    }

    /// What holds for a request that comes now.
    pub fn now(&self) -> Arc<Ways> {
        Arc::clone(&self.0.ways.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the services in other processes what their routes are now.
    pub async fn look(&self, upstreams: &Upstreams, here: &[&str]) {
        for service in upstreams.states() {
            let name = service.service;
            if here.contains(&name.as_str()) || service.instances.is_empty() {
                continue;
            }
            let Some((document, tag)) = self.asked(upstreams, &name).await else { continue };
            match self.hear(&name, &document, tag) {
                Ok(false) => {}
                Ok(true) => tracing::info!(service = name, "the door goes by other routes of a service"),
                Err(error) => {
                    tracing::error!(service = name, %error, "the routes of a service stay as they were")
                }
            }
        }
    }

    /// The document of a service, if it is not the one that it told last.
    async fn asked(&self, upstreams: &Upstreams, name: &str) -> Option<(Bytes, Option<HeaderValue>)> {
        let mut request = Request::get(format!("/openapi/{name}.json")).body(Body::empty()).ok()?;
        if let Some(tag) = self.told().get(name).and_then(|told| told.tag.clone()) {
            request.headers_mut().insert(header::IF_NONE_MATCH, tag);
        }
        // One that is away, or of a release that has no such page, is asked again.
        let answer = upstreams.send(name, ASKED, request).await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        let tag = answer.headers().get(header::ETAG).cloned();
        let body = Limited::new(answer.into_body(), DOCUMENT_BYTES_MAX).collect().await.ok()?;
        Some((body.to_bytes(), tag))
    }

    /// Goes by what a service says of itself; whether that changes anything. What cannot be gone by is told once.
    pub fn hear(&self, name: &str, text: &Bytes, tag: Option<HeaderValue>) -> Result<bool, BadRouting> {
        let mark = mark_of(text);
        let before = self.told().remove(name);
        let is_new = before.as_ref().is_none_or(|before| before.mark != mark);
        let before = before.and_then(|before| before.instead);
        self.told().insert(name.to_owned(), Told { tag, mark, instead: before.clone() });
        if !is_new {
            return Ok(false);
        }
        let document = read(name, text)?;
        let built_in = (self.0.built_in)();
        let is_built_in = built_in.iter().any(|(known, its)| known == name && *its == document);
        let instead = (!is_built_in).then(|| text.clone());
        if instead.is_none() && before.is_none() {
            return Ok(false);
        }
        self.put(name, instead);
        let ways = self.all(built_in).and_then(Ways::of).inspect_err(|_| self.put(name, before))?;
        *self.0.ways.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ways);
        Ok(true)
    }

    fn put(&self, name: &str, instead: Option<Bytes>) {
        if let Some(told) = self.told().get_mut(name) {
            told.instead = instead;
        }
    }

    /// The document of one service: what it says of itself, or what is built in.
    pub fn document_of(&self, name: &str) -> Option<Value> {
        let told = self.told().get(name).and_then(|told| told.instead.clone());
        match told {
            Some(text) => read(name, &text).ok(),
            None => {
                (self.0.built_in)().into_iter().find(|(known, _)| known == name).map(|(_, document)| document)
            }
        }
    }

    fn all(&self, mut documents: Documents) -> Result<Documents, BadRouting> {
        for (name, told) in self.told().iter() {
            let Some(text) = &told.instead else { continue };
            let document = read(name, text)?;
            match documents.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = document,
                None => documents.push((name.clone(), document)),
            }
        }
        Ok(documents)
    }

    fn told(&self) -> MutexGuard<'_, HashMap<String, Told>> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ways {
    fn of(documents: Documents) -> Result<Self, BadRouting> {
        let table = RouteTable::of(&documents)?;
        let document = merge(documents);
        Ok(Self { table, graph: Graph::of(&document)?, document: Arc::new(document) })
    }
}

fn read(name: &str, text: &[u8]) -> Result<Value, BadRouting> {
    let document: Option<Value> = serde_json::from_slice(text).ok();
    let document = document.filter(|document| document["paths"].is_object());
    document.ok_or_else(|| BadRouting::NoDocument(name.to_owned()))
}

fn mark_of(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Found;
    use http::Method;
    use serde_json::json;

    fn routing() -> Routing {
        Routing::new(|| {
            vec![("till".to_owned(), of(&["/till"])), ("stock".to_owned(), of(&["/stock", "/stock/old"]))]
        })
        .unwrap()
    }

    fn of(paths: &[&str]) -> Value {
        let paths: serde_json::Map<String, Value> =
            paths.iter().map(|path| ((*path).to_owned(), json!({ "get": {} }))).collect();
        json!({ "paths": paths })
    }

    fn says(routing: &Routing, service: &str, document: &Value) -> Result<bool, String> {
        routing.hear(service, &Bytes::from(document.to_string()), None).map_err(|error| error.to_string())
    }

    fn service_of(routing: &Routing, path: &str) -> Option<String> {
        match routing.now().table.find(&Method::GET, path) {
            Found::One(route) => Some(route.service.to_string()),
            _ => None,
        }
    }

    #[test]
    fn a_service_of_another_release_is_gone_by_as_it_says() {
        let routing = routing();
        let before = routing.now();
        assert_eq!(says(&routing, "stock", &of(&["/stock", "/stock/new"])), Ok(true));
        assert_eq!(service_of(&routing, "/stock/new").as_deref(), Some("stock"));
        assert_eq!(service_of(&routing, "/stock/old"), None);
        assert_eq!(service_of(&routing, "/till").as_deref(), Some("till"));
        assert!(routing.now().document["paths"].get("/stock/new").is_some());
        assert!(
            matches!(before.table.find(&Method::GET, "/stock/old"), Found::One(_)),
            "what is under way ends so"
        );
        assert_eq!(says(&routing, "stock", &of(&["/stock", "/stock/new"])), Ok(false), "it is told twice");
        assert_eq!(says(&routing, "stock", &of(&["/stock", "/stock/old"])), Ok(true), "it went back");
        assert_eq!(service_of(&routing, "/stock/new"), None);
    }

    #[test]
    fn what_is_built_in_is_nothing_new() {
        let routing = routing();
        assert_eq!(says(&routing, "till", &of(&["/till"])), Ok(false));
        assert_eq!(routing.document_of("till"), Some(of(&["/till"])));
        assert_eq!(routing.document_of("nobody"), None);
    }

    #[test]
    fn a_service_that_nobody_knew_brings_its_routes() {
        let routing = routing();
        assert_eq!(says(&routing, "bakery", &of(&["/bread"])), Ok(true));
        assert_eq!(service_of(&routing, "/bread").as_deref(), Some("bakery"));
        assert_eq!(routing.document_of("bakery"), Some(of(&["/bread"])));
    }

    #[test]
    fn a_service_takes_no_route_of_another_and_what_it_says_wrongly_is_told_once() {
        let routing = routing();
        let refused = says(&routing, "stock", &of(&["/stock", "/till"])).unwrap_err();
        assert!(refused.contains("/till"), "{refused}");
        assert_eq!(says(&routing, "stock", &of(&["/stock", "/till"])), Ok(false));
        assert_eq!(service_of(&routing, "/till").as_deref(), Some("till"));
        assert_eq!(service_of(&routing, "/stock/old").as_deref(), Some("stock"));
        let babble = routing.hear("stock", &Bytes::from_static(b"hello"), None).unwrap_err().to_string();
        assert!(babble.contains("`stock`"), "{babble}");
        assert_eq!(says(&routing, "stock", &of(&["/stock"])), Ok(true));
    }
}
