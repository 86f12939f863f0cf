//! A newcomer with nothing but HTTP: from registering to being refused, and a key from its making to its end.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use contracts::{Id, ProjectId};
use serde_json::{Value, json};

use crate::person::{PASSWORD, Person, SHOP_NUMBER, text};
use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage, demo_project};
use crate::wire::Request;

const MAIL: &str = "nina@example.com";
/// As soon as that, whatever was taken back is refused.
const SOON: Duration = Duration::from_secs(1);
/// Longer than a used refresh token gives its successor again.
const AFTER_THE_GRACE_S: u64 = 21;

/// Waits until these are refused and fails when that takes long.
fn refused_soon(what: &str, mut is_refused: impl FnMut() -> bool) {
    let asked = Instant::now();
    wait_for("the refusal", || is_refused().then_some(()));
    let took = asked.elapsed();
    eprintln!("{what} is refused after {took:?}");
    assert!(took < SOON, "{what} is refused within a second, not after {took:?}");
}

#[test]
fn a_newcomer_registers_signs_in_calls_refreshes_signs_out_and_is_refused() {
    for stage in Stage::both() {
        let server = stage.start();
        let nina = Person::at(&server, MAIL);
        nina.register();
        let wrong = nina.sign_in_with("not the password");
        let unknown = Person::at(&server, "nobody@example.com").sign_in_with("not the password");
        assert_eq!((wrong.status, unknown.status), (401, 401));
        assert_eq!(wrong.json()["code"], unknown.json()["code"]);

        let login = nina.sign_in();
        let token = text(&login, "access_token");
        assert_eq!(nina.me(&token).json()["email"], MAIL, "{}", nina.me(&token).text());

        let refreshed = nina.refresh(&text(&login, "refresh_token"));
        assert_eq!(refreshed.status, 200, "{}", refreshed.text());
        let token = text(&refreshed, "access_token");
        assert_eq!((nina.me(&token).status, nina.at_the_trail(&token)), (200, 403));

        let out = server.ask(&Request::post("/api/v1/auth/logout", &json!({})).bearer(&token));
        assert!(out.status < 300, "{}", out.text());
        assert_eq!(nina.me(&token).status, 401, "identity knows at once");
        refused_soon("a session that is over", || nina.at_the_trail(&token) == 401);
        let late = nina.refresh(&text(&refreshed, "refresh_token"));
        assert_eq!(late.status, 401, "{}", late.text());
        server.has_not_panicked();
    }
}

#[test]
fn in_the_project_of_the_demo_an_account_opens_at_once() {
    let stage = Stage::embedded();
    let server = stage.start();
    let account = json!({ "email": MAIL, "password": PASSWORD });
    let registered = server.post("/api/v1/auth/register", &account);
    assert_eq!((registered.status, registered.json()), (202, json!({ "status": "registered" })));
    let login = server.post("/api/v1/auth/login", &account);
    assert_eq!(login.status, 200, "{}", login.text());
    assert!(login.json()["access_token"].is_string());
}

#[test]
fn where_a_code_is_required_a_password_alone_gives_no_token() {
    for stage in Stage::both() {
        let server = stage.start();
        let nina = Person::at(&server, MAIL);
        nina.register();
        let strict = json!({ "settings": { "auth.otp": "required" } }).to_string();
        let shop = ProjectId::from_u128(SHOP_NUMBER);
        let project = format!("/api/v1/projects/{shop}");
        let strict = Request::new("PATCH", &project).json(strict).bearer(&stage.token(shop, ALL));
        let set = server.ask(&strict);
        assert_eq!(set.status, 200, "{}", set.text());
        let (login, code) = nina.coded(|| nina.sign_in_with(PASSWORD));
        let body = login.json();
        assert_eq!(
            (&body["status"], &body["access_token"]),
            (&json!("otp_required"), &Value::Null),
            "{body}"
        );
        let challenge = text(&login, "challenge");
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(nina.answer(&challenge, wrong).status, 401);
        let verified = nina.answer(&challenge, &code);
        assert_eq!(verified.status, 200, "{}", verified.text());
        assert!(verified.json()["access_token"].is_string());
        assert_eq!(nina.answer(&challenge, &code).status, 401, "a code is good once");
        server.has_not_panicked();
    }
}

#[test]
fn fifty_refreshes_at_once_have_one_successor_and_log_nobody_out() {
    for stage in Stage::both() {
        let server = stage.start();
        let nina = Person::at(&server, MAIL);
        let shown = text(&nina.register(), "refresh_token");
        let replies: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..50).map(|_| scope.spawn(|| nina.refresh(&shown))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        for reply in &replies {
            assert_eq!(reply.status, 200, "{}: {}", stage.engine(), reply.text());
        }
        let successors: BTreeSet<String> = replies.iter().map(|reply| text(reply, "refresh_token")).collect();
        assert_eq!(successors.len(), 1, "{}", stage.engine());
        for reply in &replies {
            assert_eq!(nina.me(&text(reply, "access_token")).status, 200, "{}", stage.engine());
        }
        let next = nina.refresh(successors.first().unwrap());
        assert_eq!(next.status, 200, "{}: {}", stage.engine(), next.text());
        server.has_not_panicked();
    }
}

#[test]
fn an_old_refresh_token_that_is_shown_again_ends_the_session() {
    for stage in Stage::both() {
        let server = stage.start();
        let nina = Person::at(&server, MAIL);
        let stolen = text(&nina.register(), "refresh_token");
        let own = nina.refresh(&stolen);
        let (token, next) = (text(&own, "access_token"), text(&own, "refresh_token"));
        assert_eq!(nina.refresh(&stolen).status, 200, "an answer may have been lost a moment ago");
        move_clock(&stage, &server, AFTER_THE_GRACE_S);
        assert_eq!(
            nina.me(&token).status,
            200,
            "a token counts real time, whatever the sandbox's clock says"
        );

        let thief = nina.refresh(&stolen);
        assert_eq!(thief.status, 401, "{}", thief.text());
        assert_eq!(thief.json()["code"], "sign_in_again");
        refused_soon("the token of a session whose token was stolen", || nina.at_the_trail(&token) == 401);
        assert_eq!(nina.refresh(&next).status, 401, "{}: the successor went with it", stage.engine());
        let again = nina.sign_in();
        assert_eq!(nina.me(&text(&again, "access_token")).status, 200, "whoever has the password is let in");
        server.has_not_panicked();
    }
}

fn move_clock(stage: &Stage, server: &Server, seconds: u64) {
    let forward = Request::post("/api/v1/sandbox/clock", &json!({ "seconds": seconds }));
    let moved = server.ask(&forward.bearer(&stage.token(demo_project(), ALL)));
    assert_eq!(moved.status, 200, "{}", moved.text());
}

#[test]
fn a_key_is_made_used_rotated_and_revoked() {
    for stage in Stage::both() {
        let server = stage.start();
        let operator = stage.token(demo_project(), ALL);
        let wanted = json!({ "name": "shop", "kind": "project", "scopes": ["audit:read"] });
        let made = server.ask(&Request::post("/api/v1/api-keys", &wanted).bearer(&operator));
        assert_eq!(made.status, 201, "{}", made.text());
        let (key, id) = (text(&made, "api_key"), text(&made, "id"));
        let records = |key: &str| Request::get("/api/v1/audit/records").header("x-api-key", key);
        let call = |key: &str| server.ask(&records(key)).status;
        wait_for("the key to open", || (call(&key) == 200).then_some(()));

        let overlap = json!({ "overlap_seconds": 3600 });
        let rotate = Request::post(&format!("/api/v1/api-keys/{id}/rotate"), &overlap);
        let rotated = server.ask(&rotate.bearer(&operator));
        assert_eq!(rotated.status, 201, "{}", rotated.text());
        let (new_key, new_id) = (text(&rotated, "api_key"), text(&rotated, "id"));
        wait_for("the new key to open", || (call(&new_key) == 200).then_some(()));
        assert_eq!(call(&key), 200, "the old one opens for a while longer");

        let revoke = Request::new("DELETE", &format!("/api/v1/api-keys/{new_id}")).bearer(&operator);
        assert!(server.ask(&revoke).status < 300);
        refused_soon("a revoked key", || call(&new_key) == 401);
        server.has_not_panicked();
    }
}

#[test]
fn the_example_of_every_page_works_in_the_sandbox() {
    let stage = Stage::embedded();
    let server = stage.start();
    let example = Request::get("/api/v1/audit/records").header("x-api-key", "dev-key-123");
    wait_for("the demo key", || (server.ask(&example).status == 200).then_some(()));
    let production = stage.another();
    let mut command = production.command(&["up"]);
    command.env("STOA_MODE", "production");
    let server = production.start_by(command);
    assert_eq!(server.ask(&example).status, 401, "and opens nothing in production");
}
