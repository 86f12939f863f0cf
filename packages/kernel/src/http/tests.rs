//! What every route promises, shown on a small service.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use contracts::{Id, ProjectId, UserId};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::*;
use crate::auth::{Claims, JwkSet, Kind, Permission, Signer, StaticKeys, TokenType, Verifier};
use crate::config::Settings;
use crate::params;
use crate::service::{Platform, Running, Service};
use crate::store::{Migration, Page, PageQuery, StoreError};
use crate::testing::{Place, on_both, surroundings};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_notes.sql",
    sql: "create table notes (project_id text not null, id text not null, text text not null,
          primary key (project_id, id));",
}];
const WRITE: Permission = Permission::new("notes:write");
const READ: Permission = Permission::new("notes:read");

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct WriteNote {
    text: String,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct Line {
    #[serde(rename = "price")]
    _price: i64,
}

#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
struct Note {
    id: UserId,
    text: String,
}

#[utoipa::path(post, path = "/api/v1/notes", request_body = WriteNote, responses((status = 201, body = Note)))]
async fn write_note(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<WriteNote>,
) -> Answer<Note> {
    let scope = caller.require(WRITE)?;
    ctx.write(scope, key, move |tx| {
        if body.text == "panic" {
            panic!("a bug in a command");
        }
        let note = Note { id: tx.new_id(), text: format!("{} {}", body.text, body.lines.len()) };
        tx.run(
            "insert into notes (project_id, id, text) values ($1, $2, $3)",
            params![tx.project()?, note.id, note.text],
        )?;
        Ok::<_, StoreError>(note)
    })
    .await
    .created()
}

#[utoipa::path(get, path = "/api/v1/notes", params(PageQuery), responses((status = 200, body = Page<Note>)))]
async fn list_notes(ctx: Ctx, caller: Caller, Query(page): Query<PageQuery>) -> Answer<Page<Note>> {
    let scope = caller.require(READ)?;
    let (limit, after) = (page.limit()?, page.after::<UserId>()?);
    ctx.read(scope, move |tx| {
        let rows = tx.rows(
            "select id, text from notes where project_id = $1 and (cast($2 as text) is null or id > $2)
             order by id limit $3",
            params![tx.project()?, after, limit + 1],
        )?;
        Ok::<_, StoreError>(Page::of(rows, limit, |note: &Note| note.id))
    })
    .await
    .answered()
}

#[utoipa::path(get, path = "/api/v1/notes/{id}", params(("id" = UserId, Path)), responses((status = 200, body = Note)))]
async fn get_note(ctx: Ctx, caller: Caller, Path(id): Path<UserId>) -> Answer<Note> {
    let scope = caller.require(READ)?;
    ctx.read(scope, move |tx| {
        tx.one::<Note>(
            "select id, text from notes where project_id = $1 and id = $2",
            params![tx.project()?, id],
        )
    })
    .await
    .answered()
    .map(|note: Reply<Note>| note.versioned(7))
}

async fn echo(body: bytes::Bytes) -> bytes::Bytes {
    body
}

async fn panics() -> &'static str {
    panic!("a bug in a handler")
}

fn notes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(write_note, list_notes))
        .routes(routes!(get_note))
        .route("/panics", axum::routing::get(panics))
        .route("/echo", axum::routing::post(echo))
}

struct Stage {
    routes: Router,
    document: Value,
    signer: Signer,
    running: Running,
}

struct Said {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Value,
}

impl Stage {
    fn new(place: &Place) -> Self {
        let (signer, _) = Signer::generate().unwrap();
        let keys = StaticKeys(JwkSet { keys: vec![signer.jwk()] });
        let declarations = crate::service::settings();
        let internal = Verifier::new("stoa", "services", TokenType::Internal, keys.clone());
        let platform = Platform {
            settings: Settings::load(declarations, None, [], &[]).unwrap(),
            surroundings: surroundings(),
            engine: place.engine.clone(),
            verifier: Arc::new(Verifier::new("stoa", "stoa", TokenType::Access, keys)),
            internal: Arc::new(internal),
            catalogue: Arc::default(),
            outside: crate::testing::outside(),
        };
        let running = Service::new("notes").migrations(MIGRATIONS).routes(notes).open(&platform).unwrap();
        let (routes, document) = running.routes();
        let edge = crate::service::edge("notes", running.settings(), running.store().ids());
        Self { routes: with_fallback(routes, edge), document, signer, running }
    }

    fn token(&self, project: u128, perms: &[&str]) -> String {
        let now_s = self.running.store().clock().now().as_millis() / 1000;
        let claims = Claims {
            iss: "stoa".into(),
            aud: vec!["stoa".into()],
            sub: UserId::from_u128(1).to_string(),
            kind: Kind::User,
            project: Some(ProjectId::from_u128(project)),
            perms: perms.iter().map(|name| (*name).to_owned()).collect(),
            sid: None,
            iat: now_s,
            nbf: None,
            exp: now_s + 600,
            user_id: None,
            project_ids: Vec::new(),
            roles: Vec::new(),
            jti: None,
        };
        self.signer.sign(&claims, TokenType::Access)
    }

    async fn send(&self, request: Request<Body>) -> Said {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Said { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn post(&self, key: Option<&str>, body: &str) -> Said {
        let mut request = Request::post("/api/v1/notes")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(1, &["notes:*"])))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn get(&self, token: &str, path: &str) -> Said {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn count(&self) -> usize {
        let said = self.get(&self.token(1, &["notes:read"]), "/api/v1/notes").await;
        said.body["data"].as_array().unwrap().len()
    }
}

const NOTE: &str = r#"{"text": "milk", "lines": [{"price": 1}]}"#;

#[test]
fn the_same_key_and_body_get_the_stored_answer() {
    on_both(async |place| {
        let stage = Stage::new(place);
        let first = stage.post(Some("k1"), NOTE).await;
        let again = stage.post(Some("\"k1\""), NOTE).await;
        assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
        assert_eq!(first.body, again.body);
        assert_eq!(first.headers.get("idempotency-replayed"), None);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(stage.count().await, 1);
    });
}

#[test]
fn the_key_may_stand_in_the_body() {
    on_both(async |place| {
        let stage = Stage::new(place);
        let body = r#"{"text": "milk", "lines": [], "idempotency_key": "k2"}"#;
        stage.post(None, body).await;
        assert_eq!(stage.post(None, body).await.headers["idempotency-replayed"], "true");
        assert_eq!(stage.count().await, 1);
    });
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    on_both(async |place| {
        let stage = Stage::new(place);
        stage.post(Some("k"), NOTE).await;
        let other = stage.post(Some("k"), r#"{"text": "beer", "lines": []}"#).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other.body["code"], "idempotency_key_reused");
    });
}

#[test]
fn a_crowd_with_one_key_makes_one_thing() {
    on_both(async |place| {
        let stage = Stage::new(place);
        let crowd = (0..30).map(|_| stage.post(Some("crowd"), NOTE));
        let mut statuses = Vec::new();
        for said in join_all(crowd).await {
            statuses.push(said.status);
        }
        assert!(
            statuses.iter().all(|s| [StatusCode::CREATED, StatusCode::CONFLICT].contains(s)),
            "{statuses:?}"
        );
        assert!(statuses.contains(&StatusCode::CREATED));
        assert_eq!(stage.count().await, 1);
    });
}

async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pinned: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, slot) in pinned.iter_mut().zip(&mut done) {
            if slot.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *slot = Some(value),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[test]
fn bad_input_is_told_by_its_field() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let cases = [
            ("{", StatusCode::BAD_REQUEST, "malformed_json", Value::Null),
            ("{} trailing", StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", json!("text")),
            (r#"{"text": 5, "lines": []}"#, StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", json!("text")),
            (r#"{"text": "a"}"#, StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", json!("lines")),
            (
                r#"{"text": "a", "lines": [{"price": "x"}]}"#,
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_input",
                json!("lines[0].price"),
            ),
            (
                r#"{"text": "a", "lines": [{}]}"#,
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_input",
                json!("lines[0].price"),
            ),
            (
                r#"{"text": "a", "lines": [], "x": 1}"#,
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_input",
                json!("x"),
            ),
        ];
        for (body, status, code, field) in cases {
            let said = stage.post(None, body).await;
            assert_eq!((said.status, &said.body["code"]), (status, &json!(code)), "{body}");
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{body}: {}", said.body);
            assert_eq!(said.body["correlation_id"], said.headers["x-correlation-id"].to_str().unwrap());
        }
        assert_eq!(stage.count().await, 0);
    });
}

#[test]
fn whoever_checks_a_signature_gets_the_bytes_as_they_came() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        for kind in ["application/json", "text/plain"] {
            let request = Request::post("/echo").header("content-type", kind);
            let said = stage.send(request.body(Body::from("{ \"b\": 1,  \"a\":2 }")).unwrap()).await;
            assert_eq!((said.status, &said.body), (StatusCode::OK, &json!({ "a": 2, "b": 1 })), "{kind}");
        }
    });
}

#[test]
fn what_cannot_be_read_is_refused_with_the_right_status() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let token = stage.token(1, &["*"]);
        for (path, status) in [
            ("/api/v1/notes?limit=0", 400),
            ("/api/v1/notes?limit=abc", 400),
            ("/api/v1/notes?cursor=%27", 400),
            ("/api/v1/notes?nope=1", 400),
            ("/api/v1/notes/usr_1", 400),
            ("/api/v1/notes/ord_00000000000000000000000001", 400),
            ("/api/v1/notes/%27%20or%201=1", 400),
            ("/api/v1/notes/usr_00000000000000000000000001", 404),
            ("/nothing", 404),
        ] {
            let said = stage.get(&token, path).await;
            assert_eq!(said.status.as_u16(), status, "{path}: {}", said.body);
            assert!(said.body["code"].is_string() && said.body["message"].is_string(), "{path}");
        }
        let not_json =
            Request::post("/api/v1/notes").header(header::AUTHORIZATION, format!("Bearer {token}"));
        assert_eq!(stage.send(not_json.body(Body::from("a=b")).unwrap()).await.status, 415);
        let method = Request::delete("/api/v1/notes").body(Body::empty()).unwrap();
        assert_eq!(stage.send(method).await.status, 405);
        let large = format!(r#"{{"text": "{}", "lines": []}}"#, "x".repeat(2 << 20));
        assert_eq!(stage.post(None, &large).await.status, 413);
    });
}

#[test]
fn nobody_gets_in_without_a_valid_token_and_the_permission() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let (stranger, _) = Signer::generate().unwrap();
        let forged = Stage { signer: stranger, ..Stage::new(&Place::sqlite()) }.token(1, &["*"]);
        for (token, status) in [
            (forged.as_str(), 401),
            ("", 401),
            ("x.y.z", 401),
            (stage.token(1, &[]).as_str(), 403),
            (stage.token(1, &["notes:write"]).as_str(), 403),
            (stage.token(1, &["notes:read"]).as_str(), 200),
        ] {
            assert_eq!(stage.get(token, "/api/v1/notes").await.status.as_u16(), status, "{token}");
        }
        let bare = Request::get("/api/v1/notes").header("x-project-id", "prj_00000000000000000000000001");
        let said = stage.send(bare.body(Body::empty()).unwrap()).await;
        assert_eq!(said.status, 401);
        assert_eq!(said.headers["www-authenticate"], "Bearer");
    });
}

#[test]
fn what_belongs_to_another_project_is_not_there() {
    on_both(async |place| {
        let stage = Stage::new(place);
        let made = stage.post(None, NOTE).await;
        let path = format!("/api/v1/notes/{}", made.body["id"].as_str().unwrap());
        let own = stage.get(&stage.token(1, &["notes:read"]), &path).await;
        let other = stage.get(&stage.token(2, &["notes:read"]), &path).await;
        let absent =
            stage.get(&stage.token(2, &["notes:read"]), "/api/v1/notes/usr_0000000000000000000000zzzz").await;
        assert_eq!((own.status.as_u16(), other.status.as_u16()), (200, 404));
        let without_id =
            |body: &Value| (body["code"].clone(), body["message"].clone(), body["details"].clone());
        assert_eq!(without_id(&other.body), without_id(&absent.body));
    });
}

#[test]
fn a_panic_answers_500_and_tells_nothing() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let handler = stage.get("", "/panics").await;
        let command = stage.post(None, r#"{"text": "panic", "lines": []}"#).await;
        for said in [handler, command] {
            assert_eq!((said.status.as_u16(), &said.body["code"]), (500, &json!("internal")));
            assert_eq!(said.body["message"], "something went wrong on our side");
        }
        assert_eq!(stage.post(None, NOTE).await.status, StatusCode::CREATED);
    });
}

#[test]
fn ids_that_tie_things_together_come_back() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = |id: &str| {
            Request::get("/nothing")
                .header("x-correlation-id", id)
                .header("traceparent", trace)
                .body(Body::empty())
                .unwrap()
        };
        let said = stage.send(request("shop-42")).await;
        assert_eq!(said.headers["x-correlation-id"], "shop-42");
        assert!(
            said.headers["traceparent"].to_str().unwrap().starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
        );
        let injected = stage.send(request("a b;c")).await;
        assert_ne!(injected.headers["x-correlation-id"], "a b;c");
    });
}

#[test]
fn an_unchanged_row_is_not_sent_again() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let made = stage.post(None, NOTE).await;
        let path = format!("/api/v1/notes/{}", made.body["id"].as_str().unwrap());
        let token = stage.token(1, &["notes:read"]);
        let request = Request::get(&path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("if-none-match", "\"7\"");
        let said = stage.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(said.status, StatusCode::NOT_MODIFIED);
    });
}

#[test]
fn lists_go_page_by_page_to_their_end() {
    on_both(async |place| {
        let stage = Stage::new(place);
        for _ in 0..5 {
            stage.post(None, NOTE).await;
        }
        let token = stage.token(1, &["notes:read"]);
        let (mut path, mut seen) = ("/api/v1/notes?limit=2".to_owned(), Vec::new());
        loop {
            let said = stage.get(&token, &path).await;
            seen.extend(said.body["data"].as_array().unwrap().iter().map(|note| note["id"].to_string()));
            let Some(next) = said.body["next_cursor"].as_str() else { break };
            path = format!("/api/v1/notes?limit=2&cursor={next}");
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted());
    });
}

#[test]
fn the_document_names_every_error_and_the_idempotency_key() {
    let place = Place::sqlite();
    crate::testing::run(async {
        let stage = Stage::new(&place);
        let post = &stage.document["paths"]["/api/v1/notes"]["post"];
        for status in ["201", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"] {
            assert!(post["responses"][status].is_object(), "{status}");
        }
        assert_eq!(post["operationId"], "write_note");
        let names: Vec<&str> =
            post["parameters"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
        assert_eq!(names, ["Idempotency-Key"]);
        assert!(stage.document["components"]["schemas"]["Problem"]["properties"]["code"].is_object());
    });
}
