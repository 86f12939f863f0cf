//! Queries at the door: each is calls of routes, made as whoever sent it, and answered as GraphQL over HTTP says.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::{HeaderMap, Method, StatusCode};
use kernel::auth::{ACCESS_COOKIE, Caller};
use kernel::http::{ClientAddress, Problem, envelope};
use kernel::testing;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::stage::{Asked, Said, Stage, asked};

const OWN: &str = "application/graphql-response+json";
const BOTH: &str = "application/graphql-response+json, application/json;q=0.9";

/// How often a route was called.
type Calls = Arc<AtomicUsize>;

fn documents() -> Vec<(&'static str, Value)> {
    let answers = |name: &str| {
        json!({ "200": { "content": { "application/json": {
            "schema": { "$ref": format!("#/components/schemas/{name}") } } } } })
    };
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
    let shelf = json!({ "name": "on-shelf", "in": "query", "schema": { "type": "boolean" } });
    let page = json!({ "name": "page", "in": "query", "schema": { "type": "integer", "format": "int64" } });
    let books = json!({
        "paths": {
            "/api/v1/books": { "get": { "operationId": "list_books", "summary": "Lists books.",
                "parameters": [shelf, page], "responses": answers("Page_Book") } },
            "/api/v1/books/{id}": { "get": { "operationId": "get_book", "parameters": [id], "responses": answers("Book") } },
            "/api/v1/books/live": { "get": { "operationId": "follow_books",
                "responses": { "200": { "content": { "text/event-stream": {} } } } } },
            "/api/v1/books/open": { "get": { "operationId": "get_hours", "security": [{}], "responses": answers("Hours") } },
            "/api/v1/pairs/{id}": { "get": { "operationId": "get_pair", "parameters": [id], "responses": answers("Hours") } },
        },
        "components": { "schemas": {
            "Page_Book": { "type": "object", "required": ["data"], "properties": {
                "data": { "type": "array", "items": { "$ref": "#/components/schemas/Book" } } } },
            "Book": { "type": "object", "required": ["id", "state", "sold", "seen"], "properties": {
                "id": { "type": "string" }, "title": { "type": ["string", "null"] },
                "state": { "$ref": "#/components/schemas/State" }, "sold": { "type": "integer", "format": "int64" },
                "shelf.name": { "oneOf": [{ "type": "null" }, { "type": "string" }] }, "seen": {} } },
            "State": { "type": "string", "enum": ["lent", "here"] },
            "Hours": { "type": "object", "required": ["hours"], "properties": { "hours": { "type": "string" } } },
        } },
    });
    vec![("books", books), ("gateway", gateway::service().document().unwrap())]
}

fn book(id: &str, seen: Value) -> Value {
    json!({ "id": id, "title": null, "state": "here", "sold": 4_000_000_000_i64, "shelf.name": "A", "seen": seen })
}

async fn get_book(
    Extension(calls): Extension<Calls>,
    caller: Option<Extension<Arc<Caller>>>,
    address: Option<Extension<ClientAddress>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    calls.fetch_add(1, Ordering::Relaxed);
    if id == "gone" {
        return envelope(&Problem::not_found("book"), headers["x-correlation-id"].to_str().unwrap());
    }
    let seen = json!({ "caller": caller.map(|caller| caller.name()), "address": address.map(|at| at.0.0.to_string()),
        "accept": headers["accept"].to_str().unwrap(), "project": headers.contains_key("x-project-id") });
    Json(book(&id, seen)).into_response()
}

/// Two of these at once, or neither.
async fn get_pair(Extension(barrier): Extension<Arc<Barrier>>) -> Json<Value> {
    barrier.wait().await;
    Json(json!({ "hours": "together" }))
}

fn behind(calls: &Calls) -> HashMap<&'static str, Router> {
    let list = async |uri: http::Uri| Json(json!({ "data": [book("b1", json!(uri.to_string()))] }));
    let routes = Router::new()
        .route("/api/v1/books", get(list))
        .route("/api/v1/books/{id}", get(get_book))
        .route("/api/v1/books/live", get(async || "data: for ever\n\n"))
        .route("/api/v1/books/open", get(async || Json(json!({ "hours": "9 to 5" }))))
        .route("/api/v1/pairs/{id}", get(get_pair))
        .layer(Extension(Arc::clone(calls)))
        .layer(Extension(Arc::new(Barrier::new(2))));
    HashMap::from([("books", routes)])
}

fn staged_with(settings: &[(&str, &str)], test: impl AsyncFn(&Stage, &Calls)) {
    testing::on_both(async |place| {
        let calls = Calls::default();
        test(&Stage::new(place, settings).await.before(&documents(), behind(&calls)), &calls).await;
    });
}

fn staged(test: impl AsyncFn(&Stage, &Calls)) {
    staged_with(&[], test);
}

fn query(text: &str) -> Asked {
    asked(Method::POST, "/graphql").body(&json!({ "query": text }).to_string())
}

fn codes(said: &Said) -> Vec<(u64, &str)> {
    let errors = said.body["errors"].as_array().into_iter().flatten();
    let told = errors.map(|error| &error["extensions"]);
    told.map(|told| (told["status"].as_u64().unwrap_or_default(), told["code"].as_str().unwrap())).collect()
}

#[test]
fn a_query_is_answered_by_the_routes_it_names_as_who_sent_it() {
    staged(async |stage, _| {
        let text = "{ getBook(id: \"b 1/ü\") { id title state sold shelf_name seen }
            listBooks(on_shelf: true, page: 3) { data { seen __typename } } }";
        let said = stage
            .ask(query(text).bearer(&stage.token()).with("x-project-id", "prj_x").from("192.0.2.77"))
            .await;
        assert_eq!(said.status, StatusCode::OK);
        let me = stage.ask(query("{ getBook(id: \"me\") { seen } }").bearer(&stage.token())).await;
        let caller = &me.body["data"]["getBook"]["seen"]["caller"];
        assert!(caller.is_string(), "{me:?}");
        assert_eq!(
            said.body,
            json!({ "data": {
                "getBook": { "id": "b 1/ü", "title": null, "state": "here", "sold": 4_000_000_000_i64, "shelf_name": "A",
                    "seen": { "caller": caller, "address": "192.0.2.77", "accept": "application/json", "project": false } },
                "listBooks": { "data": [{ "seen": "/api/v1/books?on-shelf=true&page=3", "__typename": "BooksBook" }] },
            } })
        );
    });
}

#[test]
fn what_a_route_refuses_is_null_with_its_status_and_code_and_the_rest_is_there() {
    staged(async |stage, calls| {
        let text = "{ here: getBook(id: \"b1\") { id } gone: getBook(id: \"gone\") { id } again: getBook(id: \"b1\") { sold } }";
        let said = stage.ask(query(text).bearer(&stage.token()).with("x-correlation-id", "q-1")).await;
        assert_eq!((said.status, said.header("x-correlation-id")), (StatusCode::OK, "q-1"));
        let data = json!({ "here": { "id": "b1" }, "gone": null, "again": { "sold": 4_000_000_000_i64 } });
        assert_eq!(said.body["data"], data);
        let error = &said.body["errors"][0];
        assert_eq!((&error["path"], codes(&said)), (&json!(["gone"]), vec![(404, "not_found")]));
        assert_eq!(error["extensions"]["correlation_id"], "q-1");
        // What is asked for twice is asked once.
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn who_brings_no_proof_hears_from_each_route_what_it_says_to_them() {
    staged(async |stage, calls| {
        let text = "{ getBook(id: \"b1\") { id } getHours { hours } }";
        let alone = stage.ask(asked(Method::GET, "/api/v1/books/b1")).await;
        for nobody in [query(text), query(text).bearer("a.b.c"), query(text).with("x-api-key", "stoa_no")] {
            let said = stage.ask(nobody).await;
            assert_eq!(said.body["data"], json!({ "getBook": null, "getHours": { "hours": "9 to 5" } }));
            assert_eq!(codes(&said), [(401, "unauthenticated")]);
        }
        let said = stage.ask(query(text)).await;
        assert_eq!(said.body["errors"][0]["message"], alone.body["message"]);
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn each_call_of_a_query_is_counted_as_a_call() {
    staged_with(&[("limits.read", "1/m burst 3")], async |stage, calls| {
        let text: String = (0..5).map(|at| format!("b{at}: getBook(id: \"b{at}\") {{ id }} ")).collect();
        let said = stage.ask(query(&format!("{{ {text} }}")).bearer(&stage.token())).await;
        // The query itself is the first of three.
        assert_eq!(codes(&said), [(429, "too_many_requests"); 3], "{said:?}");
        assert!(said.body["errors"][0]["extensions"]["retry_after"].as_u64() > Some(0));
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        let after = stage.ask(query("{ __typename }").bearer(&stage.token())).await;
        assert_eq!(after.problem(), (429, "too_many_requests"));
    });
}

#[test]
fn calls_of_a_query_run_at_once() {
    staged(async |stage, _| {
        let said = stage
            .ask(
                query("{ a: getPair(id: \"1\") { hours } b: getPair(id: \"2\") { hours } }")
                    .bearer(&stage.token()),
            )
            .await;
        let together = json!({ "hours": "together" });
        assert_eq!(said.body["data"], json!({ "a": together, "b": together }));
    });
}

#[test]
fn no_argument_leads_to_another_route() {
    staged(async |stage, calls| {
        for id in ["live", "open", "", "..", "../roles", "b1?x=1", "%2e%2e", "a/b", "#"] {
            let asked = stage
                .ask(query(&format!("{{ getBook(id: {}) {{ id }} }}", json!(id))).bearer(&stage.token()));
            let said = asked.await;
            let before = calls.swap(0, Ordering::Relaxed);
            match id {
                "live" | "open" | "" => {
                    assert_eq!((codes(&said), before), (vec![(404, "not_found")], 0), "{id}")
                }
                _ => assert_eq!(
                    (&said.body["data"]["getBook"]["id"], before),
                    (&json!(id), 1),
                    "{id}: {said:?}"
                ),
            }
        }
    });
}

#[test]
fn answers_have_the_type_and_status_that_clients_of_graphql_expect() {
    staged(async |stage, _| {
        let (good, bad, unreadable) = ("{ getHours { hours } }", "{ getHour }", "{ getHours");
        for (text, accept, status, kind) in [
            (good, "", 200, "application/json"),
            (good, "*/*", 200, "application/json"),
            (good, "text/html", 200, "application/json"),
            (good, BOTH, 200, OWN),
            (good, "application/graphql-response+json;q=0.5, application/json", 200, "application/json"),
            (bad, "application/json", 200, "application/json"),
            (bad, OWN, 400, OWN),
            (unreadable, "application/json", 200, "application/json"),
            (unreadable, OWN, 400, OWN),
        ] {
            let said = stage.ask(query(text).with("accept", accept)).await;
            assert_eq!(
                (said.status.as_u16(), said.header("content-type")),
                (status, kind),
                "{text} {accept}"
            );
            assert_eq!(said.body.get("data").is_some(), text == good, "{text}");
            assert_eq!(said.body.get("errors").is_some(), text != good, "{text}");
        }
        for body in [
            "",
            "no json",
            "[]",
            "{}",
            "{\"query\": 1}",
            "{\"query\": \"{ a }\", \"what\": 1}",
            "{\"query\":\"{a}\",\"variables\":[]}",
        ] {
            let said = stage.ask(asked(Method::POST, "/graphql").body(body)).await;
            assert_eq!(said.problem(), (400, "bad_request"), "{body}");
        }
        let form = asked(Method::POST, "/graphql").with("content-type", "application/x-www-form-urlencoded");
        assert_eq!(stage.ask(form).await.problem(), (415, "not_json"));
        assert_eq!(stage.ask(asked(Method::DELETE, "/graphql")).await.problem(), (405, "method_not_allowed"));
    });
}

#[test]
fn a_query_may_stand_in_the_address_and_people_are_shown_a_page() {
    staged(async |stage, _| {
        let by_address = |rest: &str| asked(Method::GET, &format!("/graphql?{rest}"));
        let text = "query=query+A($id:String!){getBook(id:$id){id}}query+B{getHours{hours}}";
        let said = stage
            .ask(
                by_address(&format!("{text}&operationName=A&variables=%7B%22id%22:%22b7%22%7D"))
                    .bearer(&stage.token()),
            )
            .await;
        assert_eq!(said.body, json!({ "data": { "getBook": { "id": "b7" } } }));
        let cookie = format!("{ACCESS_COOKIE}={}", stage.token());
        let by_cookie = by_address("query={getBook(id:%22b8%22){id}}").with("cookie", &cookie);
        assert_eq!(stage.ask(by_cookie).await.body, json!({ "data": { "getBook": { "id": "b8" } } }));
        // A page of anybody's could have sent this one.
        let posted = query("{ getBook(id: \"b8\") { id } }").with("cookie", &cookie);
        assert_eq!(stage.ask(posted).await.problem(), (403, "csrf"));
        for kind in ["mutation", "subscription"] {
            let said = stage.ask(by_address(&format!("query={kind}{{a}}"))).await;
            assert_eq!((said.problem(), said.header("allow")), ((405, "method_not_allowed"), "POST"));
            let posted = stage.ask(query(&format!("{kind} {{ a }}"))).await;
            assert!(posted.body["errors"][0]["message"].as_str().unwrap().contains(kind), "{posted:?}");
        }
        for wrong in ["", "query={a}&variables=1", "query={a}&variables=no"] {
            assert_eq!(stage.ask(by_address(wrong)).await.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
        let page = stage.ask(asked(Method::GET, "/graphql").with("accept", "text/html,*/*;q=0.8")).await;
        assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    });
}

#[test]
fn the_schema_is_what_the_documents_say() {
    staged(async |stage, _| {
        let said = stage
            .ask(query(
                "{ __schema { queryType { fields { name description args { name type { kind name ofType { name } } } } } }
                book: __type(name: \"BooksBook\") { fields { name type { kind name ofType { name kind } } } }
                page: __type(name: \"BooksBookPage\") { fields { type { ofType { kind ofType { ofType { name } } } } } }
                state: __type(name: \"BooksState\") { enumValues { name } } }",
            ))
            .await;
        let data = &said.body["data"];
        let fields = data["__schema"]["queryType"]["fields"].as_array().unwrap();
        let names: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            ["getBook", "getDoor", "getHours", "getPair", "getStatus", "listBooks", "listRoutes"]
        );
        assert_eq!(fields[5]["description"], "Lists books.\n\n`GET /api/v1/books`");
        assert_eq!(
            fields[5]["args"][1],
            json!({ "name": "page", "type": { "kind": "SCALAR", "name": "Long", "ofType": null } })
        );
        assert_eq!(
            fields[0]["args"][0]["type"],
            json!({ "kind": "NON_NULL", "name": null, "ofType": { "name": "String" } })
        );
        let required = |kind: &str, name: &str| json!({ "kind": "NON_NULL", "name": null, "ofType": { "name": name, "kind": kind } });
        let may = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "ofType": null });
        let of: Vec<Value> = data["book"]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| json!([field["name"], field["type"]]))
            .collect();
        assert_eq!(
            of,
            [
                json!(["id", required("SCALAR", "String")]),
                json!(["seen", may("SCALAR", "JSON")]),
                json!(["shelf_name", may("SCALAR", "String")]),
                json!(["sold", required("SCALAR", "Long")]),
                json!(["state", required("ENUM", "BooksState")]),
                json!(["title", may("SCALAR", "String")]),
            ]
        );
        assert_eq!(
            data["page"]["fields"][0]["type"],
            json!({ "ofType": { "kind": "LIST", "ofType": { "ofType": { "name": "BooksBook" } } } })
        );
        assert_eq!(data["state"]["enumValues"], json!([{ "name": "lent" }, { "name": "here" }]));
    });
}
