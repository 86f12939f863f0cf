//! `/graphql`: what can be read over the API, in one question.
//!
//! It reads nothing itself. A query becomes calls of the routes it names, made through the door as whoever sent it
//! (`calls.rs`); which those are says the document of the API (`schema.rs`). The language is `packages/graphql`. Here is
//! what HTTP has to do with it: how a query arrives, and with which status and type the answer goes out.

mod calls;
mod page;
mod schema;

use std::sync::Weak;

use axum::Extension;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use graphql::{OperationKind, Plan};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::http::{ClientAddress, Problem, Query, envelope};
use kernel::service::Running;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Front, Inner};
use calls::Asker;

pub use schema::{BadGraph, Graph};

/// Where queries are sent.
pub const PATH: &str = "/graphql";
const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

/// The door that the calls of a query go through.
#[derive(Clone)]
pub struct Doorway(pub Weak<Inner>);

/// A query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "query": "{ getStatus { status } }" }))]
struct Asked {
    /// What is asked for.
    query: String,
    /// Which of its operations, where it has several.
    operation_name: Option<String>,
    /// Values of its variables, by their names.
    #[schema(value_type = Option<Object>)]
    variables: Option<Map<String, Value>>,
    /// Nothing of it is read.
    #[schema(value_type = Option<Object>)]
    #[serde(rename = "extensions")]
    _extensions: Option<Map<String, Value>>,
}

/// A query as a part of an address.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct AskedByAddress {
    /// What is asked for.
    #[param(example = "{ getStatus { status } }")]
    query: Option<String>,
    /// Which of its operations, where it has several.
    operation_name: Option<String>,
    /// Values of its variables, as the text of a JSON object.
    variables: Option<String>,
    /// Nothing of it is read.
    #[serde(rename = "extensions")]
    _extensions: Option<String>,
}

/// What answers a query.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it says how the answer looks; what is written is the language's own response")]
struct GraphAnswer {
    /// What was asked for; null in places where there is none.
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
    /// What is missing, and why: `message`, `locations`, `path`, `extensions`.
    #[schema(value_type = Option<Vec<Object>>)]
    errors: Option<Vec<Value>>,
}

/// The routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new().routes(routes!(get_graphql, query_graphql))
}

/// Answers a GraphQL query: any routes that read, asked at once, cut to the fields that are wanted.
///
/// Each field of `Query` is a route of this API that answers GET with JSON, called as whoever sent the query. What a
/// route refuses is null in `data`, with its status and code in `errors[].extensions`. A query that is wrong as a whole is
/// 200 with `errors` alone, or 400 for whoever accepts `application/graphql-response+json`.
#[utoipa::path(post, path = "/graphql", tag = "gateway", security(()), request_body = Asked,
    extensions(("x-stoa" = json!({"tier": "read"}))),
    responses((status = 200, description = "The answer, in parts where some of it is missing.", content(
        (GraphAnswer = "application/json"), (GraphAnswer = "application/graphql-response+json")))))]
async fn query_graphql(
    door: Option<Extension<Doorway>>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(JSON) {
        let message = "a query is sent as `application/json`";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message, &headers);
    }
    match serde_json::from_slice::<Asked>(&body) {
        Ok(asked) => answered(door, address, &headers, asked).await,
        Err(error) => unreadable(&headers, &error.to_string()),
    }
}

/// Answers a GraphQL query that stands in the address; without one, shows a page to people.
#[utoipa::path(get, path = "/graphql", tag = "gateway", security(()), params(AskedByAddress),
    responses((status = 200, description = "The answer, in parts where some of it is missing.", content(
        (GraphAnswer = "application/json"), (GraphAnswer = "application/graphql-response+json")))))]
async fn get_graphql(
    door: Option<Extension<Doorway>>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    Query(asked): Query<AskedByAddress>,
) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(query) = asked.query else {
        return match standing(door) {
            Some(door) if accepted.contains("text/html") => page::shown(&door.0.behind.routing.now().graph),
            _ => unreadable(&headers, "`query` is missing"),
        };
    };
    let is_other = |kind: OperationKind| kind != OperationKind::Query;
    let document = graphql::parse(&query);
    let changes = document
        .is_ok_and(|document| document.kind_of(asked.operation_name.as_deref()).is_some_and(is_other));
    if changes {
        let mut answer = refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "GET asks and changes nothing; there are no mutations and no subscriptions",
            &headers,
        );
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return answer;
    }
    let variables = match asked.variables.as_deref().map(serde_json::from_str::<Option<Map<String, Value>>>) {
        None => None,
        Some(Ok(variables)) => variables,
        Some(Err(error)) => return unreadable(&headers, &format!("`variables` is no JSON object: {error}")),
    };
    let asked = Asked { query, operation_name: asked.operation_name, variables, _extensions: None };
    answered(door, address, &headers, asked).await
}

fn standing(door: Option<Extension<Doorway>>) -> Option<Front> {
    door.and_then(|Extension(door)| door.0.upgrade()).map(Front)
}

async fn answered(
    door: Option<Extension<Doorway>>,
    address: Option<Extension<ClientAddress>>,
    headers: &HeaderMap,
    asked: Asked,
) -> Response {
    let Some(door) = standing(door) else {
        return refused(StatusCode::NOT_FOUND, "not_found", "there is no door in this process", headers);
    };
    let asker = Asker::of(headers, address.map(|Extension(address)| address));
    let answer = door.respond(&asked, &asker).await;
    let kind = wanted(headers);
    // Under the plain type a status below 200 or above 299 could be anybody's; under its own it is ours.
    let refused = answer.is_refused() && kind == GRAPHQL;
    written(if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK }, kind, &answer)
}

impl Front {
    async fn respond(&self, asked: &Asked, asker: &Asker) -> graphql::Response {
        let document = match graphql::parse(&asked.query) {
            Ok(document) => document,
            Err(error) => return graphql::Response::refused(vec![error]),
        };
        let none = Map::new();
        let variables = asked.variables.as_ref().unwrap_or(&none);
        let ways = self.0.behind.routing.now();
        // An empty name is what some clients send for none.
        let name = asked.operation_name.as_deref().filter(|name| !name.is_empty());
        match Plan::new(&ways.graph.schema, &document, name, variables) {
            Ok(plan) => plan.answer(&self.fetch(plan.calls(), asker).await),
            Err(errors) => graphql::Response::refused(errors),
        }
    }
}

/// Which of the two types of answers the caller likes better; the plain one where they do not say.
fn wanted(headers: &HeaderMap) -> &'static str {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut best = (JSON, 0.0);
    for one in accepted.flat_map(|value| value.split(',')) {
        let mut parts = one.split(';').map(str::trim);
        let kind = match parts.next() {
            Some(GRAPHQL) => GRAPHQL,
            Some(JSON | "application/*" | "*/*") => JSON,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        if weight > best.1 {
            best = (kind, weight);
        }
    }
    best.0
}

fn written(status: StatusCode, kind: &'static str, answer: &graphql::Response) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::VARY, HeaderValue::from_static("accept")),
    ];
    match serde_json::to_vec(answer) {
        Ok(bytes) => (status, headers, bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A request in which there is no query to be found.
fn unreadable(headers: &HeaderMap, message: &str) -> Response {
    refused(StatusCode::BAD_REQUEST, "bad_request", message, headers)
}

fn refused(status: StatusCode, code: &'static str, message: &str, headers: &HeaderMap) -> Response {
    let correlation_id = headers.get("x-correlation-id").and_then(|value| value.to_str().ok());
    envelope(&Problem::new(status, code, message), correlation_id.unwrap_or_default())
}
