//! A newcomer with nothing but HTTP: from registering to being refused, and a key from its making to its end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage};
use crate::wire::{Reply, Request};

const MAIL: &str = "nina@example.com";
const PASSWORD: &str = "correct horse battery staple";

fn ask(server: &Server, request: &Request) -> Reply {
    server.wire().ask(request).unwrap()
}

fn post(server: &Server, path: &str, body: &Value) -> Reply {
    ask(server, &Request::post(path, body))
}

/// The newest code that would have reached this address.
fn code_for(server: &Server, address: &str) -> String {
    let inbox = Request::get(&format!("/api/v1/sandbox/messages?to={address}"));
    wait_for("the code", || {
        let found = ask(server, &inbox).json();
        found["data"][0]["says"]["code"].as_str().map(str::to_owned)
    })
}

fn text(reply: &Reply, field: &str) -> String {
    let body = reply.json();
    body[field].as_str().unwrap_or_else(|| panic!("no `{field}` in {}: {body}", reply.status)).to_owned()
}

/// Registers and verifies the address; the answer holds tokens.
fn registered(server: &Server) -> Reply {
    let account = json!({ "email": MAIL, "password": PASSWORD, "name": "Nina" });
    let begun = post(server, "/api/v1/auth/register", &account);
    assert_eq!(begun.status, 202, "{}", begun.text());
    let code = code_for(server, MAIL);
    let verified = post(
        server,
        "/api/v1/auth/otp/verify",
        &json!({ "challenge": text(&begun, "challenge"), "code": code }),
    );
    assert_eq!(verified.status, 200, "{}", verified.text());
    verified
}

#[test]
fn a_newcomer_registers_signs_in_calls_refreshes_signs_out_and_is_refused() {
    for stage in Stage::both() {
        let server = stage.start();
        registered(&server);
        let wrong =
            post(&server, "/api/v1/auth/login", &json!({ "email": MAIL, "password": "not the password" }));
        let nobody = json!({ "email": "nobody@example.com", "password": "not the password" });
        let unknown = post(&server, "/api/v1/auth/login", &nobody);
        assert_eq!((wrong.status, unknown.status), (401, 401));
        assert_eq!(wrong.json()["code"], unknown.json()["code"]);

        let login = post(&server, "/api/v1/auth/login", &json!({ "email": MAIL, "password": PASSWORD }));
        assert_eq!(login.status, 200, "{}", login.text());
        let (token, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
        let me = |token: &str| ask(&server, &Request::get("/api/v1/users/me").bearer(token));
        assert_eq!(me(&token).json()["email"], MAIL, "{}", me(&token).text());

        let refreshed = post(&server, "/api/v1/auth/refresh", &json!({ "refresh_token": refresh }));
        assert_eq!(refreshed.status, 200, "{}", refreshed.text());
        let token = text(&refreshed, "access_token");
        assert_eq!(me(&token).status, 200);

        let out = ask(&server, &Request::post("/api/v1/auth/logout", &json!({})).bearer(&token));
        assert!(out.status < 300, "{}", out.text());
        let asked = Instant::now();
        wait_for("the refusal", || (me(&token).status == 401).then_some(()));
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "a session that is over is refused within a second"
        );
        let late = post(
            &server,
            "/api/v1/auth/refresh",
            &json!({ "refresh_token": text(&refreshed, "refresh_token") }),
        );
        assert_eq!(late.status, 401, "{}", late.text());
        server.has_not_panicked();
    }
}

#[test]
fn where_a_code_is_required_a_password_alone_gives_no_token() {
    for stage in Stage::both() {
        let server = stage.start();
        registered(&server);
        let operator = stage.token(contracts::Id::from_u128(1), ALL);
        let project = format!("/api/v1/projects/{}", stage.demo_project());
        let strict = Request::new("PATCH", &project)
            .json(json!({ "settings": { "auth.otp": "required" } }).to_string())
            .bearer(&operator);
        let set = ask(&server, &strict);
        assert_eq!(set.status, 200, "{}", set.text());
        let login = post(&server, "/api/v1/auth/login", &json!({ "email": MAIL, "password": PASSWORD }));
        let body = login.json();
        assert_eq!(
            (&body["status"], &body["access_token"]),
            (&json!("otp_required"), &Value::Null),
            "{body}"
        );
        let challenge = text(&login, "challenge");
        let verify = |code: &str| {
            post(&server, "/api/v1/auth/otp/verify", &json!({ "challenge": challenge, "code": code }))
        };
        let code = code_for(&server, MAIL);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(verify(wrong).status, 401);
        let verified = verify(&code);
        assert_eq!(verified.status, 200, "{}", verified.text());
        assert!(verified.json()["access_token"].is_string());
        assert_eq!(verify(&code).status, 401, "a code is good once");
        server.has_not_panicked();
    }
}

#[test]
fn a_key_is_made_used_rotated_and_revoked() {
    for stage in Stage::both() {
        let server = stage.start();
        let operator = stage.token(contracts::Id::from_u128(1), ALL);
        let wanted = json!({ "name": "shop", "kind": "project", "scopes": ["audit:read"] });
        let made = ask(&server, &Request::post("/api/v1/api-keys", &wanted).bearer(&operator));
        assert_eq!(made.status, 201, "{}", made.text());
        let (key, id) = (text(&made, "key"), text(&made, "id"));
        let call =
            |key: &str| ask(&server, &Request::get("/api/v1/audit/records").header("x-api-key", key)).status;
        wait_for("the key to open", || (call(&key) == 200).then_some(()));

        let rotate =
            Request::post(&format!("/api/v1/api-keys/{id}/rotate"), &json!({ "overlap_seconds": 3600 }));
        let rotated = ask(&server, &rotate.bearer(&operator));
        assert_eq!(rotated.status, 201, "{}", rotated.text());
        let (new_key, new_id) = (text(&rotated, "key"), text(&rotated, "id"));
        wait_for("the new key to open", || (call(&new_key) == 200).then_some(()));
        assert_eq!(call(&key), 200, "the old one opens for a while longer");

        let revoke = Request::new("DELETE", &format!("/api/v1/api-keys/{new_id}")).bearer(&operator);
        assert!(ask(&server, &revoke).status < 300);
        let asked = Instant::now();
        wait_for("the refusal", || (call(&new_key) == 401).then_some(()));
        assert!(asked.elapsed() < Duration::from_secs(1), "a revoked key is refused within a second");
        server.has_not_panicked();
    }
}

#[test]
fn the_example_of_every_page_works_in_the_sandbox() {
    let stage = Stage::embedded();
    let server = stage.start();
    let example = Request::get("/api/v1/audit/records").header("x-api-key", "dev-key-123");
    wait_for("the demo key", || (ask(&server, &example).status == 200).then_some(()));
    let production = stage.another();
    let mut command = production.command(&["up"]);
    command.env("STOA_MODE", "production");
    let server = production.start_by(command);
    assert_eq!(ask(&server, &example).status, 401, "and opens nothing in production");
}
