//! Who comes in: tokens, keys, cookies; what is taken out of requests; from which pages and addresses.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use contracts::events::access::{ApiKeyExpiring, ApiKeyRevoked, SessionsEnded};
use contracts::{ApiKeyId, Id, SessionId, UserId};
use http::Method;
use kernel::auth::{CSRF_USE, csrf_token};
use kernel::testing::Player;
use serde_json::{Value, json};

use crate::stage::*;

const NOTES: &str = "/api/v1/notes";

#[test]
fn nobody_comes_in_without_a_proof_except_where_none_is_needed() {
    staged(async |stage| {
        assert_eq!(stage.ask(asked(Method::GET, NOTES)).await.problem(), (401, "unauthenticated"));
        let open = stage.ask(asked(Method::GET, "/api/v1/notes/open")).await;
        assert_eq!((open.status.as_u16(), &open.body["caller"]), (200, &json!(null)));
        let known = stage.ask(asked(Method::GET, NOTES).bearer(&stage.token())).await;
        assert_eq!(known.body["caller"], json!(format!("user:{}", UserId::from_u128(7))), "{}", known.body);
        assert_eq!(known.body["project"], json!(project()));
        for wrong in ["nonsense", "a.b.c", ""] {
            let refused = stage.ask(asked(Method::GET, NOTES).bearer(wrong)).await;
            assert_eq!(refused.problem(), (401, "unauthenticated"), "{wrong}");
        }
        let refused = stage.ask(asked(Method::GET, NOTES)).await;
        assert_eq!(refused.header("x-correlation-id"), refused.body["correlation_id"].as_str().unwrap());
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    });
}

#[test]
fn a_key_opens_until_it_is_revoked_or_its_time_is_over() {
    staged(async |stage| {
        let key = stage.key(9, None).await;
        let ask = async |key: &str| stage.ask(asked(Method::GET, NOTES).with("x-api-key", key)).await;
        let known = ask(&key).await;
        assert_eq!(known.body["caller"], json!(format!("key:{}", ApiKeyId::from_u128(9))), "{}", known.body);
        assert_eq!(
            stage.ask(asked(Method::GET, NOTES).bearer(&key)).await.status,
            200,
            "as a bearer token too"
        );
        let other = stage.key(10, None).await;
        let mixed = format!("{}{}", &key[..36], &other[36..]);
        for wrong in ["stoa_pk_x", "", "dev-key-124", &mixed, &key.replace("_pk_", "_sk_")] {
            assert_eq!(ask(wrong).await.problem(), (401, "unauthenticated"), "{wrong}");
        }
        stage.tell("k", &ApiKeyRevoked { api_key_id: ApiKeyId::from_u128(9) }).await;
        assert_eq!(ask(&key).await.problem(), (401, "unauthenticated"));
        assert_eq!(ask(&other).await.status, 200);
        let end = stage.gateway.clock.now().saturating_add(Duration::from_secs(60));
        stage.tell("k", &ApiKeyExpiring { api_key_id: ApiKeyId::from_u128(10), expires_at: end }).await;
        assert_eq!(ask(&other).await.status, 200);
        stage.gateway.clock.advance(Duration::from_secs(61));
        assert_eq!(ask(&other).await.problem(), (401, "unauthenticated"));
    });
}

#[test]
fn the_key_of_the_examples_opens_the_sandbox_alone() {
    kernel::testing::on_both(async |place| {
        let stage = Stage::new(place, &[]).await;
        let ask =
            async |stage: &Stage| stage.ask(asked(Method::GET, NOTES).with("x-api-key", "dev-key-123")).await;
        assert_eq!(ask(&stage).await.problem(), (401, "unauthenticated"), "only where demo data has it");
        stage.key(1, None).await;
        assert_eq!(ask(&stage).await.status, 200);
        let production = stage.in_production();
        production.door.learn().await;
        assert_eq!(ask(&production).await.problem(), (401, "unauthenticated"));
    });
}

#[test]
fn the_tokens_of_a_session_that_is_over_are_refused() {
    staged(async |stage| {
        let session = SessionId::from_u128(5);
        let ann = Player::user(7, PROJECT, &["notes:*"]);
        let (token, other) = (
            stage.gateway.token(&ann.clone().in_session(session)),
            stage.gateway.token(&ann.in_session(SessionId::from_u128(6))),
        );
        let ask =
            async |token: &str| stage.ask(asked(Method::GET, NOTES).bearer(token)).await.status.as_u16();
        assert_eq!((ask(&token).await, ask(&other).await), (200, 200));
        let ended = SessionsEnded {
            user_id: UserId::from_u128(7),
            session_ids: vec![session],
            reason: "logout".to_owned(),
        };
        stage.tell("s", &ended).await;
        assert_eq!((ask(&token).await, ask(&other).await), (401, 200));
    });
}

#[test]
fn what_only_the_door_may_say_is_taken_out_of_requests() {
    staged(async |stage| {
        let lies = [
            "x-project-id",
            "x-user-id",
            "x-user-roles",
            "x-stoa-caller",
            "x-stoa-anything",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "forwarded",
            "baggage",
        ];
        let request = lies.iter().fold(asked(Method::GET, NOTES), |asked, name| asked.with(name, "lie"));
        let seen = stage.ask(request.bearer(&stage.token()).with("x-correlation-id", "mine-1")).await;
        for name in lies {
            assert_eq!(seen.body["headers"][name], json!(null), "{name}");
        }
        assert_eq!(seen.body["headers"]["x-correlation-id"], "mine-1");
        assert_eq!(seen.body["address"], "192.0.2.1");
        let odd =
            stage.ask(asked(Method::GET, "/api/v1/notes/open").with("x-correlation-id", "a b\u{e9}")).await;
        assert_ne!(odd.body["headers"]["x-correlation-id"], "a b\u{e9}");
    });
    staged_with(&[("gateway.trusted_proxies", "10.0.0.0/8")], async |stage| {
        let open = |from| {
            asked(Method::GET, "/api/v1/notes/open")
                .with("x-forwarded-for", "6.6.6.6, 203.0.113.9")
                .from(from)
        };
        assert_eq!(stage.ask(open("10.1.1.1")).await.body["address"], "203.0.113.9");
        assert_eq!(stage.ask(open("192.0.2.1")).await.body["address"], "192.0.2.1");
    });
}

#[test]
fn a_service_that_is_nowhere_is_told_as_down() {
    kernel::testing::on_both(async |place| {
        let stage = Stage::new(place, &[]).await;
        let status = async |stage: &Stage| stage.ask(asked(Method::GET, "/api/v1/status")).await.body;
        assert_eq!(status(&stage).await["status"], "ok");
        let documents = [("notes", notes_document()), ("gateway", gateway::service().document().unwrap())];
        let told = status(&stage.before(&documents, HashMap::new())).await;
        let notes = json!({ "service": "notes", "status": "down", "instances": 0 });
        assert_eq!(told["status"], "degraded");
        assert!(told["services"].as_array().unwrap().contains(&notes), "{told}");
    });
}

#[test]
fn a_request_says_once_who_sends_it_and_paths_take_their_methods_alone() {
    staged(async |stage| {
        let twice = asked(Method::GET, NOTES).bearer(&stage.token()).with("x-api-key", "dev-key-123");
        assert_eq!(stage.ask(twice).await.problem(), (400, "two_credentials"));
        let put = asked(Method::PUT, NOTES).bearer(&stage.token());
        assert_eq!(stage.ask(put).await.problem(), (405, "method_not_allowed"));
        let large = asked(Method::POST, NOTES).bearer(&stage.token()).with("content-length", "99999999999");
        assert_eq!(stage.ask(large).await.problem(), (413, "body_too_large"));
        let old = asked(Method::POST, "/api/v1/auth/login").bearer("an.old.token").body("{}");
        assert_eq!(stage.ask(old).await.status, 200, "whoever signs in may still hold an old token");
    });
}

#[test]
fn who_sends_a_body_that_decides_is_known_before_it_is_read() {
    kernel::testing::on_both(async |place| {
        let of = |told: Value| json!({ "paths": { "/api/v1/pay": { "post": { "x-stoa": told } } } });
        let documents = [("till", of(json!({}))), ("purse", of(json!({ "body": { "from": null } })))];
        let answers = |name: &'static str| {
            Router::new().route("/api/v1/pay", post(async move || axum::Json(json!(name))))
        };
        let here = HashMap::from([("till", answers("till")), ("purse", answers("purse"))]);
        let stage = Stage::new(place, &[]).await.before(&documents, here);
        let pay = |body: &str| asked(Method::POST, "/api/v1/pay").body(body);
        let large = format!("{{\"from\": \"{}\"}}", "x".repeat(2 << 20));
        assert_eq!(stage.ask(pay(&large)).await.problem(), (401, "unauthenticated"));
        assert_eq!(stage.ask(pay(&large).bearer(&stage.token())).await.problem(), (413, "body_too_large"));
        assert_eq!(stage.ask(pay(r#"{"from": "me"}"#).bearer(&stage.token())).await.body, "purse");
        assert_eq!(stage.ask(pay("{}").bearer(&stage.token())).await.body, "till");
    });
}

#[test]
fn a_browser_may_change_something_from_our_own_page_alone() {
    staged(async |stage| {
        stage.project(&["https://shop.example.com"], &[], true).await;
        let session = SessionId::from_u128(5);
        let token = stage.gateway.token(&Player::user(7, PROJECT, &["notes:*"]).in_session(session));
        let csrf = csrf_token(&stage.gateway.running.store().keys().keyring.macs(CSRF_USE), session);
        let other =
            csrf_token(&stage.gateway.running.store().keys().keyring.macs(CSRF_USE), SessionId::from_u128(6));
        let browser = |method| {
            asked(method, NOTES).with("cookie", &format!("stoa_access={token}")).with("host", "stoa.example")
        };
        assert_eq!(stage.ask(browser(Method::GET)).await.status, 200);
        let post = || browser(Method::POST);
        for (request, status) in [
            (post(), 403),
            (post().with("x-csrf-token", &other), 403),
            (post().with("x-csrf-token", &csrf), 200),
            (post().with("x-csrf-token", &csrf).with("origin", "https://stoa.example"), 200),
            (post().with("x-csrf-token", &csrf).with("origin", "https://shop.example.com"), 200),
            (post().with("x-csrf-token", &csrf).with("origin", "https://evil.example"), 403),
            (post().with("x-csrf-token", &csrf).with("origin", "null"), 403),
        ] {
            let said = stage.ask(request).await;
            assert_eq!(said.status.as_u16(), status, "{}", said.body);
        }
    });
}

#[test]
fn pages_of_a_projects_origins_read_its_answers_and_others_do_not() {
    staged(async |stage| {
        stage.project(&["https://shop.example.com"], &[], true).await;
        let from = |origin| asked(Method::GET, NOTES).bearer(&stage.token()).with("origin", origin);
        let ours = stage.ask(from("https://shop.example.com")).await;
        assert_eq!((ours.status.as_u16(), ours.allows()), (200, "https://shop.example.com"));
        assert!(ours.header("vary").contains("origin"));
        assert_eq!(stage.ask(from("https://evil.example")).await.allows(), "");
        let asks = |origin| {
            asked(Method::OPTIONS, NOTES).with("origin", origin).with("access-control-request-method", "POST")
        };
        let preflight = stage.ask(asks("https://shop.example.com")).await;
        assert_eq!((preflight.status.as_u16(), preflight.allows()), (204, "https://shop.example.com"));
        assert!(preflight.header("access-control-allow-headers").contains("x-api-key"));
        assert_eq!(stage.ask(asks("https://evil.example")).await.allows(), "");
    });
}

#[test]
fn administrators_call_from_their_addresses_and_nobody_calls_for_a_project_that_rests() {
    staged(async |stage| {
        let roles = |from| asked(Method::GET, "/api/v1/roles").bearer(&stage.token()).from(from);
        assert_eq!(stage.ask(roles("192.0.2.1")).await.status, 200);
        stage.project(&[], &["203.0.113.0/24"], true).await;
        assert_eq!(stage.ask(roles("192.0.2.1")).await.problem(), (403, "address_not_allowed"));
        assert_eq!(stage.ask(roles("203.0.113.7")).await.status, 200);
        let note = asked(Method::GET, NOTES).bearer(&stage.token());
        assert_eq!(stage.ask(note.clone()).await.status, 200, "only the routes of administrators are bound");
        stage.project(&[], &[], false).await;
        assert_eq!(stage.ask(note).await.problem(), (403, "project_inactive"));
    });
}

#[test]
fn what_was_heard_can_be_forgotten_and_heard_again() {
    staged(async |stage| {
        let key = stage.key(9, None).await;
        stage.tell("k", &ApiKeyRevoked { api_key_id: ApiKeyId::from_u128(9) }).await;
        let good = stage.key(10, None).await;
        let gateway = &stage.gateway.running;
        kernel::events::rebuild(gateway.store(), gateway.clear().unwrap()).await.unwrap();
        kernel::events::catch_up(gateway.store(), &stage.identity, gateway.handlers()).await.unwrap();
        stage.door.learn().await;
        let ask = async |key: &str| stage.ask(asked(Method::GET, NOTES).with("x-api-key", key)).await.status;
        assert_eq!((ask(&key).await.as_u16(), ask(&good).await.as_u16()), (401, 200));
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage| {
        stage.key(9, None).await;
        stage.project(&[], &[], true).await;
        let ended = SessionsEnded {
            user_id: UserId::from_u128(7),
            session_ids: vec![SessionId::from_u128(5)],
            reason: "logout".to_owned(),
        };
        stage.tell("s", &ended).await;
        let store = stage.gateway.running.store();
        let found =
            kernel::testing::isolation(store, project(), contracts::ProjectId::from_u128(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in ["known_keys", "known_projects", "ended_sessions"] {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}
