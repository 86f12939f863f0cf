//! The first pages: `/` says what runs here, `/docs` shows the API, `/openapi.json` is its document and
//! `/openapi/orders.json` that of one service, which a gateway elsewhere goes by.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use gateway::Routing;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::config::Mode;
use kernel::http::{Problem, merge};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

use crate::demo;

struct Shown {
    services: Vec<&'static str>,
    api: Api,
    mode: Mode,
}

/// The documents of the API.
pub enum Api {
    /// Of the services of this process.
    Here {
        /// All of it.
        whole: Arc<Value>,
        /// What each service says of itself.
        each: HashMap<String, Bytes>,
    },
    /// Of all services, as the door goes by them now.
    Door(Routing),
}

const STYLE: &str = include_str!("pages.css");
/// Our pages need nothing from elsewhere, and run no scripts.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'",
);

/// The routes of the pages.
pub fn routes(services: Vec<&'static str>, api: Api, mode: Mode) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/docs", get(docs))
        .route("/openapi.json", get(openapi))
        .route("/openapi/{service}", get(openapi_of))
        .with_state(Arc::new(Shown { services, api, mode }))
}

impl Api {
    /// The API of these services.
    pub fn of(documents: Vec<(String, Value)>) -> Self {
        let text = |document: &Value| Bytes::from(document.to_string());
        let each = documents.iter().map(|(name, document)| (name.clone(), text(document))).collect();
        Self::Here { whole: Arc::new(merge(documents)), each }
    }

    fn whole(&self) -> Arc<Value> {
        match self {
            Self::Here { whole, .. } => Arc::clone(whole),
            Self::Door(routing) => Arc::clone(&routing.now().document),
        }
    }

    fn of_service(&self, name: &str) -> Option<Bytes> {
        match self {
            Self::Here { each, .. } => each.get(name).cloned(),
            Self::Door(routing) => routing.document_of(name).map(|document| document.to_string().into()),
        }
    }
}

async fn openapi(State(shown): State<Arc<Shown>>) -> Response {
    axum::Json(&*shown.api.whole()).into_response()
}

async fn openapi_of(State(shown): State<Arc<Shown>>, Path(file): Path<String>) -> Response {
    let document = file.strip_suffix(".json").and_then(|service| shown.api.of_service(service));
    let Some(document) = document else {
        let message = "there is no service of this name; documents are at /openapi/orders.json";
        return Problem::new(StatusCode::NOT_FOUND, "not_found", message).into_response();
    };
    let mut hasher = DefaultHasher::new();
    document.hash(&mut hasher);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::ETAG, format!("\"{:016x}\"", hasher.finish())),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, document).into_response()
}

async fn home(State(shown): State<Arc<Shown>>, headers: HeaderMap) -> Response {
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepted| accepted.contains("text/html"));
    if !wants_page {
        let about = json!({ "name": "stoa", "version": env!("CARGO_PKG_VERSION"), "services": shown.services,
            "docs": "/docs", "openapi": "/openapi.json", "ready": "/health/ready", "metrics": "/metrics" });
        return axum::Json(about).into_response();
    }
    page(
        "Stoa",
        html! {
            h1 { "Stoa" }
            p { "The back office of a business that trades online. Version " (env!("CARGO_PKG_VERSION")) "." }
            h2 { "What runs here" }
            ul { @for service in &shown.services { li { code { (service) } } } }
            h2 { "Where to look" }
            ul {
                li { a href="/shop" { "The shop" } " and " a href="/wallet" { "the wallet" } ", and " a href="/gallery" { "what their pages are made of" } }
                li { a href="/docs" { "The API" } " and " a href="/openapi.json" { "its document" } }
                li { a href="/api/v1/status" { "How each service does" } }
                li { a href="/health/ready" { "Health" } " and " a href="/metrics" { "figures" } }
            }
            @if shown.mode == Mode::Sandbox {
                h2 { "Try it" }
                p { "This is the sandbox, with demo data. Call with the key of the examples:" }
                pre tabindex="0" { "curl -H 'x-api-key: dev-key-123' http://localhost:8000/api/v1/audit/records" }
                p { "Or sign in as the demo's administrator:" }
                pre tabindex="0" {
                    "curl http://localhost:8000/api/v1/auth/login -H 'content-type: application/json' \\\n  -d '{\"email\":\""
                    (demo::EMAIL) "\",\"password\":\"" (demo::PASSWORD) "\"}'"
                }
            }
        },
    )
}

async fn docs(State(shown): State<Arc<Shown>>) -> Response {
    let document = shown.api.whole();
    let paths = document["paths"].as_object();
    let operations: Vec<(&str, &str, &Value)> = paths
        .into_iter()
        .flatten()
        .flat_map(|(path, item)| {
            let item = item.as_object();
            item.into_iter()
                .flatten()
                .map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect();
    page(
        "The API of Stoa",
        html! {
            p { a href="/" { "Stoa" } }
            h1 { "The API" }
            p { "Calls carry a bearer token or an " code { "x-api-key" } ", except those that say otherwise. Writes take an " code { "Idempotency-Key" } ": the same key and body get \
                the same answer. Errors are " code { "{code, message, details, correlation_id}" } ". The whole document is "
                a href="/openapi.json" { "/openapi.json" } "." }
            nav aria-label="Operations" {
                ul { @for (method, path, operation) in &operations {
                    li { a href={ "#" (anchor(operation)) } { code { (method.to_uppercase()) " " (path) } } }
                } }
            }
            @for (method, path, operation) in &operations { (section(method, path, operation, &document)) }
        },
    )
}

fn anchor(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap_or("operation")
}

fn section(method: &str, path: &str, operation: &Value, document: &Value) -> Markup {
    let parameters = operation["parameters"].as_array();
    let body = &operation["requestBody"]["content"]["application/json"];
    html! {
        section id=(anchor(operation)) {
            h2 { code { (method.to_uppercase()) " " (path) } }
            p { (prose(&operation["summary"])) }
            @if operation["description"].is_string() { p { (prose(&operation["description"])) } }
            @if let Some(parameters) = parameters {
                table {
                    caption { "Parameters" }
                    thead { tr { th scope="col" { "name" } th scope="col" { "in" } th scope="col" { "meaning" } } }
                    tbody { @for parameter in parameters { tr {
                        td { code { (text(&parameter["name"])) } @if parameter["required"] == true { " *" } }
                        td { (text(&parameter["in"])) }
                        td { (prose(&parameter["description"])) }
                    } } }
                }
            }
            @if body.is_object() {
                h3 { "Body" }
                pre tabindex="0" { (example(body, document)) }
            }
            table {
                caption { "Answers" }
                thead { tr { th scope="col" { "status" } th scope="col" { "when" } } }
                tbody { @for (status, answer) in operation["responses"].as_object().into_iter().flatten() { tr {
                    td { code { (status) } }
                    td { (prose(&answer["description"])) }
                } } }
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A sentence in which `words` between backticks are code.
fn prose(value: &Value) -> Markup {
    html! {
        @for (at, part) in text(value).split('`').enumerate() {
            @if at % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

/// The example of a body, or else its schema.
fn example(body: &Value, document: &Value) -> String {
    let named = body["schema"]["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let schema = named.map_or(&body["schema"], |name| &document["components"]["schemas"][name]);
    let shown = [&body["example"], &schema["example"]].into_iter().find(|value| !value.is_null());
    serde_json::to_string_pretty(shown.unwrap_or(schema)).unwrap_or_default()
}

fn page(title: &str, content: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page.into_string()).into_response()
}
