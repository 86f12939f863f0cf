//! Bad input over real HTTP: the right status, the envelope, no panic, and nothing secret in the log.

use std::time::Instant;

use serde_json::{Value, json};

use crate::server::Server;
use crate::stage::{ALL, Stage, project};
use crate::wire::{Reply, Request};

pub const RECORDS: &str = "/api/v1/audit/records";
/// Stands in details, which no log may show.
const SECRET: &str = "4111-secret-details-1111";

/// A request and how it must be answered.
pub struct Case {
    pub name: String,
    pub request: Request,
    /// One of these.
    statuses: &'static [u16],
    envelope: Envelope,
}

/// Who answers: what the server library itself refuses never reaches the code that writes the envelope.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Envelope {
    Ours,
    Bare,
}

fn case(name: &str, statuses: &'static [u16], request: Request) -> Case {
    Case { name: name.to_owned(), request, statuses, envelope: Envelope::Ours }
}

fn bare(name: &str, statuses: &'static [u16], request: Request) -> Case {
    Case { envelope: Envelope::Bare, ..case(name, statuses, request) }
}

/// An append that is as it should be.
pub fn entry() -> Value {
    json!({ "action": "thing.made", "object": { "kind": "thing", "id": "thing-1" }, "outcome": "succeeded",
        "class": "operational", "details": { "card": SECRET } })
}

/// The same with one thing that is not.
fn but(pointer: &str, value: Value) -> Value {
    let mut entry = entry();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    entry.pointer_mut(parent).unwrap()[name] = value;
    entry
}

fn append(body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", RECORDS).json(body)
}

/// Every bad request that a caller with a good token can make.
pub fn cases() -> Vec<Case> {
    let mut all = bad_bodies();
    all.extend(bad_values());
    all.extend(bad_queries());
    all.extend(bad_heads());
    all
}

fn bad_bodies() -> Vec<Case> {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let with_details =
        |details: &str| entry().to_string().replace(&json!({ "card": SECRET }).to_string(), details);
    let mut invalid = entry().to_string().into_bytes();
    let at = invalid.windows(5).position(|bytes| bytes == b"thing").unwrap();
    invalid[at] = 0xFF;
    vec![
        case("malformed JSON", &[400], append("{\"action\": ")),
        case("two documents", &[400], append(format!("{}{}", entry(), entry()))),
        case("an empty body", &[400], append("").header("content-length", "0")),
        case("null", &[422], append("null")),
        case("a list", &[422], append("[]")),
        case("a string", &[422], append("\"record\"")),
        case("an unknown field", &[422], append(but("/surprise", json!(1)).to_string())),
        case("an unknown field inside", &[422], append(but("/object/surprise", json!(1)).to_string())),
        case("a missing field", &[422], append("{}")),
        case("a field twice", &[422], append(entry().to_string().replacen('{', "{\"action\":\"a.b\",", 1))),
        case("details twice", &[201, 422], append(with_details("{\"a\":1,\"a\":2}"))),
        case("10 MB", &[413], append(but("/details/card", json!("x".repeat(10 << 20))).to_string())),
        case(
            "details of 100 KB",
            &[422],
            append(but("/details/card", json!("x".repeat(100_000))).to_string()),
        ),
        case(
            "a list of depth 100,000",
            &[400, 422],
            append(with_details(&format!("{{\"a\":{}}}", deep(100_000)))),
        ),
        case(
            "a list of depth 120",
            &[201, 400, 422],
            append(with_details(&format!("{{\"a\":{}}}", deep(120)))),
        ),
        case("a number out of range", &[400, 422], append(with_details("{\"n\":1e999}"))),
        case(
            "a number of 400 digits",
            &[400, 422],
            append(with_details(&format!("{{\"n\":{}}}", "9".repeat(400)))),
        ),
        case("invalid UTF-8", &[400], append(invalid)),
        case("a lone surrogate", &[400, 422], append(with_details("{\"a\":\"\\ud800\"}"))),
        case("text that says it is JSON", &[400], append("action=thing.made")),
        case(
            "a form",
            &[415],
            Request::new("POST", RECORDS)
                .header("content-type", "application/x-www-form-urlencoded")
                .with("a=1"),
        ),
        case("no content type", &[415], Request::new("POST", RECORDS).with(&entry().to_string())),
        case(
            "a batch of none",
            &[422],
            Request::post("/api/v1/audit/records/batch", &json!({ "records": [] })),
        ),
        case(
            "a batch of 501",
            &[422, 413],
            Request::post("/api/v1/audit/records/batch", &json!({ "records": vec![entry(); 501] })),
        ),
        case(
            "a key in the body that is no text",
            &[400, 422],
            append(but("/idempotency_key", json!(7)).to_string()),
        ),
    ]
}

fn bad_values() -> Vec<Case> {
    let mut all = Vec::new();
    let fields = [
        "/action",
        "/object/kind",
        "/object/id",
        "/outcome",
        "/class",
        "/occurred_at",
        "/subject",
        "/details",
        "/actor",
    ];
    for field in fields {
        for wrong in [json!(7), json!([]), json!(true), json!(-1.5e300)] {
            all.push(case(&format!("{field} is {wrong}"), &[422], append(but(field, wrong).to_string())));
        }
        all.push(case(
            &format!("{field} holds a NUL"),
            &[422],
            append(but(field, json!("a\u{0}b")).to_string()),
        ));
        all.push(case(
            &format!("{field} is endless"),
            &[422],
            append(but(field, json!("a".repeat(10_000))).to_string()),
        ));
        for sql in [
            "'; drop table records; --",
            "' or '1'='1",
            "x') ; delete from records where (''='",
            "$1",
            "\\'; --",
        ] {
            // Free text may hold whatever it likes; it is stored as text.
            all.push(case(
                &format!("{field} is {sql}"),
                &[201, 403, 422],
                append(but(field, json!(sql)).to_string()),
            ));
        }
    }
    all.push(case(
        "details hold a NUL",
        &[201, 422],
        append(but("/details/card", json!("a\u{0}b")).to_string()),
    ));
    for action in ["", "Thing.Made", "thing made", "thing.mäde", "audit.purged"] {
        all.push(case(
            &format!("the action {action:?}"),
            &[422],
            append(but("/action", json!(action)).to_string()),
        ));
    }
    for time in
        ["yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "9999999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]
    {
        all.push(case(
            &format!("the time {time}"),
            &[422],
            append(but("/occurred_at", json!(time)).to_string()),
        ));
    }
    all
}

fn bad_queries() -> Vec<Case> {
    let mut all = Vec::new();
    let ask = |query: &str| Request::get(&format!("{RECORDS}?{query}"));
    for id in [
        "nonsense",
        "1",
        "ord_00000000000000000000000001",
        "aud_",
        "aud_0000000000000000000000000U",
        "%00",
        "%ff",
        "'%20or%201=1--",
        "aud_00000000000000000000000001%00",
        "..%2f..%2fetc%2fpasswd",
    ] {
        all.push(case(&format!("the id {id}"), &[400], Request::get(&format!("{RECORDS}/{id}"))));
        all.push(case(&format!("a proof of {id}"), &[400], Request::get(&format!("{RECORDS}/{id}/proof"))));
    }
    for query in [
        "limit=0",
        "limit=-1",
        "limit=201",
        "limit=99999999999999999999",
        "limit=ten",
        "cursor=nonsense",
        "cursor=",
        "cursor=bnVsbA",
        "cursor=W10",
        "cursor=%00",
        "surprise=1",
        "class=secret",
        "outcome=maybe",
        "from=yesterday",
        "to=1e9",
        "limit=1&limit=2",
        "actor=%00",
    ] {
        all.push(case(&format!("?{query}"), &[400], ask(query)));
    }
    for name in ["actor", "action", "object_kind", "object_id", "correlation_id"] {
        for sql in ["'%20or%20'1'='1", "';drop%20table%20records;--", "%25", "_%25", "$1"] {
            all.push(case(&format!("?{name}={sql}"), &[200, 400, 422], ask(&format!("{name}={sql}"))));
        }
    }
    for name in ["class", "outcome", "from", "to", "cursor", "limit"] {
        all.push(case(&format!("?{name}=' or 1=1"), &[400], ask(&format!("{name}='%20or%201=1--"))));
    }
    all.push(case(
        "?limit=1' or 1=1 in blocks",
        &[400],
        Request::get("/api/v1/audit/blocks?limit=1'%20or%201=1"),
    ));
    all
}

fn bad_heads() -> Vec<Case> {
    let one = || append(entry().to_string());
    let many =
        (0..1_000).fold(Request::get(RECORDS), |request, number| request.header(&format!("x-{number}"), "1"));
    vec![
        case("no such path", &[404], Request::get("/api/v1/nothing")),
        case("no such method", &[405], Request::new("DELETE", RECORDS)),
        case("an empty key", &[400], one().once("")),
        case("a key of 300 letters", &[400], one().once(&"k".repeat(300))),
        case("a key that is no ASCII", &[400], one().header("idempotency-key", "schlüssel")),
        case(
            "an If-Match of ours it cannot be",
            &[400],
            Request::new("PUT", "/api/v1/audit/retention")
                .json(json!({ "operational_days": 90, "financial_days": 2557 }).to_string())
                .header("if-match", "\"x\""),
        ),
        bare(
            "a line break in a header",
            &[400],
            Request::get(RECORDS).header("x-correlation-id", "a\rset-cookie: b=c"),
        ),
        bare("a NUL in a header", &[400], Request::get(RECORDS).header("x-correlation-id", "a\0b")),
        bare("two lengths", &[400], one().header("content-length", "1")),
        bare("1,000 headers", &[431], many),
        bare("a header of 64 KB", &[431], Request::get(RECORDS).header("x-long", "a".repeat(64 << 10))),
        bare(
            "a path of 100 KB",
            &[414, 431],
            Request::get(&format!("{RECORDS}?actor={}", "a".repeat(100_000))),
        ),
        bare("no HTTP at all", &[400], Request::new("\u{16}\u{3}\u{1}", "\u{0}")),
    ]
}

fn ask(server: &Server, case: &Case, request: &Request) -> Reply {
    let reply =
        server.wire().ask(request).unwrap_or_else(|error| panic!("{}: no answer: {error}", case.name));
    assert!(case.statuses.contains(&reply.status), "{}: {} {}", case.name, reply.status, reply.text());
    if reply.status >= 400 && case.envelope == Envelope::Ours {
        is_the_envelope(&case.name, &reply);
    }
    reply
}

/// `{"code","message","details","correlation_id"}`, and nothing of what is inside.
pub fn is_the_envelope(name: &str, reply: &Reply) {
    let body = reply.json();
    let names: Vec<&String> =
        body.as_object().unwrap_or_else(|| panic!("{name}: {}", reply.text())).keys().collect();
    assert_eq!(names, ["code", "correlation_id", "details", "message"], "{name}: {}", reply.text());
    assert!(
        body["details"].is_object() && body["message"].as_str().is_some_and(|text| !text.is_empty()),
        "{name}"
    );
    assert_eq!(body["correlation_id"].as_str(), reply.header("x-correlation-id"), "{name}");
    let text = reply.text().to_lowercase();
    for inside in ["sqlite", "postgres", "rusqlite", "panicked", ".rs:", "select ", "src/"] {
        assert!(!text.contains(inside), "{name} tells what is inside: {text}");
    }
}

#[test]
fn bad_input_gets_the_right_status_and_the_envelope_and_tells_the_log_nothing() {
    for stage in Stage::both() {
        let mut command = stage.command(&["up"]);
        command.env("STOA_LOG_FILTER", "debug");
        let server = stage.start_by(command);
        let token = stage.token(project(1), ALL);
        for case in cases() {
            ask(&server, &case, &case.request.clone().bearer(&token));
        }
        let mut told = vec![("good", token)];
        told.extend(stage.refused_tokens(project(1)));
        for (name, token) in &told[1..] {
            let case = case(name, &[401], Request::get(RECORDS).bearer(token));
            let reply = ask(&server, &case, &case.request);
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{name}");
        }
        for scheme in ["", "Bearer", "Bearer ", "Basic YTpi", "bearer\tx"] {
            let case = case(scheme, &[401], Request::get(RECORDS).header("authorization", scheme));
            ask(&server, &case, &case.request);
        }
        let case = case(
            "a service's word",
            &[401],
            Request::get(RECORDS).header("x-user-id", "usr_1").header("x-project-id", "prj_1"),
        );
        ask(&server, &case, &case.request);

        server.has_not_panicked();
        let log = server.log();
        assert!(!log.contains(SECRET), "{}: details are in the log", stage.engine());
        for (name, token) in told.iter().filter(|(_, token)| token.len() > 10) {
            assert!(!log.contains(token.as_str()), "{}: the token `{name}` is in the log", stage.engine());
        }
        assert!(
            !log.contains("\"level\":\"ERROR\"") && !log.contains(" ERROR "),
            "{}: {log}",
            stage.engine()
        );
        assert!(server.is_ready());
        stage.audit_is_whole();
    }
}

#[test]
fn what_a_caller_says_does_not_become_a_header_of_the_answer() {
    let stage = Stage::embedded();
    let server = stage.start();
    for said in ["a%0d%0aset-cookie:%20b=c", "a b", "<script>", "ä", &"x".repeat(200), ""] {
        let request = Request::get("/health/live").header("x-correlation-id", said);
        let reply = server.wire().ask(&request).unwrap();
        assert_eq!(reply.header("set-cookie"), None);
        let request = Request::get(&format!("{RECORDS}/{said}")).header("x-correlation-id", said);
        let reply = server.wire().ask(&request).unwrap();
        assert_ne!(reply.header("x-correlation-id"), Some(said));
        assert_eq!(reply.header("set-cookie"), None);
    }
}

#[test]
fn sql_in_text_is_text() {
    for stage in Stage::both() {
        let server = stage.start();
        let token = stage.token(project(1), ALL);
        let mut wire = server.wire();
        let said = "'; drop table records; -- \" \\ $1 %s";
        let entry = but("/object/id", json!(said));
        let made = wire.ask(&Request::post(RECORDS, &entry).bearer(&token)).unwrap();
        assert_eq!(made.status, 201, "{}", made.text());
        let path = format!("{RECORDS}/{}", made.json()["id"].as_str().unwrap());
        let shown = wire.ask(&Request::get(&path).bearer(&token)).unwrap();
        assert_eq!(shown.json()["object"]["id"], said, "{}", stage.engine());
        // A filter is compared, never run: none of these is the id of anything.
        for filter in ["'%20or%20'1'='1", "%25", "_", "thing-1'--"] {
            let found =
                wire.ask(&Request::get(&format!("{RECORDS}?object_id={filter}")).bearer(&token)).unwrap();
            assert_eq!(found.json()["data"], json!([]), "{}: {filter}", stage.engine());
        }
    }
}

#[test]
fn a_caller_who_is_slow_with_its_headers_is_let_go() {
    let stage = Stage::embedded();
    let server = stage.start();
    let mut wire = server.wire();
    let started = Instant::now();
    wire.write(b"GET /health/live HTTP/1.1\r\nhost: st").unwrap();
    assert!(wire.is_closed(), "still open after {:?}", started.elapsed());
}
