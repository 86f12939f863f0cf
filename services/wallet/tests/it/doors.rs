//! Who is let in: each route with nobody, without its permission, and from another project.

use axum::body::Body;
use contracts::events::wallet::RiskDecision;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kernel::testing::isolation;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::*;

/// What a row of the table needs to be there.
struct Props {
    from: String,
    to: String,
    review: String,
    done: String,
    request: String,
    schedule: String,
    top_up: String,
    withdrawal: String,
    fresh: &'static str,
}

type Row = (Method, String, Option<Value>, &'static [&'static str]);

/// Each route, what it takes, and the permissions of which one lets Ann in, or Ben where he is the payee.
fn routes(p: &Props) -> Vec<Row> {
    let (get, post) = (Method::GET, Method::POST);
    let read: &[&str] = &["wallet:read", "wallet:manage"];
    let write: &[&str] = &["wallet:write", "wallet:manage"];
    let (own_read, own_write): (&[&str], &[&str]) = (&["wallet:read"], &["wallet:write"]);
    let manage: &[&str] = &["wallet:manage"];
    let account = |rest: &str| format!("/api/v1/accounts/{}{rest}", p.from);
    let wallet = |rest: String| format!("/api/v1/wallet/{rest}");
    let pay = || Some(paying(&p.from, &p.to, 1));
    let plan = json!({ "from_account": p.from, "to": p.to, "amount": 1, "every": "once",
        "starts_at": "2090-01-01T00:00:00Z" });
    let verdict = json!({ "decision": "reject", "reason": "x" });
    let asking = json!({ "to_account": p.from, "from": p.to, "amount": 1 });
    vec![
        (post.clone(), "/api/v1/accounts".into(), Some(json!({ "currency": p.fresh })), write),
        (get.clone(), "/api/v1/accounts".into(), None, read),
        (get.clone(), account(""), None, read),
        (get.clone(), wallet("reconciliations".into()), None, manage),
        (get.clone(), account("/limits"), None, read),
        (get.clone(), account("/live"), None, read),
        (get.clone(), account("/statement.csv?from=2026-01-01&to=2026-01-02"), None, read),
        (get.clone(), account("/statement?from=2026-01-01&to=2026-01-02"), None, read),
        (get.clone(), account("/activity"), None, read),
        (post.clone(), account("/top-ups"), Some(json!({ "amount": 500 })), own_write),
        (get.clone(), account("/top-ups"), None, read),
        (get.clone(), account(&format!("/top-ups/{}", p.top_up)), None, read),
        (get.clone(), account(&format!("/top-ups/{}/live", p.top_up)), None, read),
        (
            post.clone(),
            account("/withdrawals"),
            Some(json!({ "amount": 1, "destination": "ba_1QK7m2LkdIwHu7ix" })),
            own_write,
        ),
        (get.clone(), account("/withdrawals"), None, read),
        (get.clone(), account(&format!("/withdrawals/{}", p.withdrawal)), None, read),
        (get.clone(), account(&format!("/withdrawals/{}/live", p.withdrawal)), None, read),
        (post.clone(), account(&format!("/withdrawals/{}/cancel", p.withdrawal)), None, write),
        (post.clone(), account("/thaw"), None, manage),
        (Method::PUT, account("/merchant"), Some(json!({ "fee_basis_points": null })), manage),
        (get.clone(), wallet(format!("payees?q={}", p.to)), None, own_read),
        (get.clone(), wallet(format!("qr/{}", p.from)), None, read),
        (post.clone(), wallet("payments".into()), pay(), own_write),
        (post.clone(), "/api/v1/payments".into(), pay(), own_write),
        (get.clone(), wallet("payments".into()), None, read),
        (get.clone(), wallet(format!("payments/{}", p.review)), None, read),
        (get.clone(), format!("/api/v1/payments/{}", p.review), None, read),
        (get.clone(), wallet(format!("payments/{}/live", p.review)), None, read),
        (post.clone(), wallet(format!("payments/{}/cancel", p.review)), None, write),
        (post.clone(), wallet(format!("payments/{}/review", p.review)), Some(verdict.clone()), manage),
        (post.clone(), format!("/api/v1/payments/{}/review", p.review), Some(verdict), manage),
        (post.clone(), wallet(format!("payments/{}/refund", p.done)), Some(json!({ "amount": 1 })), write),
        (post.clone(), format!("/api/v1/payments/{}/refund", p.done), Some(json!({ "amount": 1 })), write),
        (post.clone(), wallet("requests".into()), Some(asking), own_write),
        (get.clone(), wallet("requests".into()), None, own_read),
        (get.clone(), wallet(format!("requests/{}", p.request)), None, own_read),
        (
            post.clone(),
            wallet(format!("requests/{}/accept", p.request)),
            Some(json!({ "from_account": p.from })),
            own_write,
        ),
        (post.clone(), wallet(format!("requests/{}/decline", p.request)), None, own_write),
        (post.clone(), wallet("schedules".into()), Some(plan), own_write),
        (get.clone(), wallet("schedules".into()), None, own_read),
        (get, wallet(format!("schedules/{}", p.schedule)), None, own_read),
        (Method::DELETE, wallet(format!("schedules/{}", p.schedule)), None, own_write),
        (post, account("/freeze"), Some(json!({ "reason": "x" })), manage),
    ]
}

const ALL: [&str; 3] = ["wallet:read", "wallet:write", "wallet:manage"];

/// New things for a row: payments in review and done, a request to Ann, a schedule of hers.
async fn props(stage: &Stage, world: &mut World, from: &str, to: &str, fresh: &'static str) -> Props {
    stage
        .ask(Method::POST, &format!("/api/v1/accounts/{from}/thaw"), Some(&staff()), None, &[])
        .await
        .expect(200);
    stage.settles(world).await;
    world.decision = RiskDecision::Approve;
    let done = stage.pays(&ben(), to, from, 1).await;
    stage.settles(world).await;
    world.decision = RiskDecision::Review;
    let review = stage.pays(&ann(), from, to, 1).await;
    stage.settles(world).await;
    let asking = json!({ "to_account": to, "from": from, "amount": 1 });
    let request = id(&stage.post(&ben(), "/api/v1/wallet/requests", &asking).await.expect(201));
    let plan = json!({ "from_account": from, "to": to, "amount": 1, "every": "once",
        "starts_at": "2090-01-01T00:00:00Z" });
    let schedule = id(&stage.post(&ann(), "/api/v1/wallet/schedules", &plan).await.expect(201));
    let under = |kind: &str| format!("/api/v1/accounts/{from}/{kind}");
    let top_up = id(&stage.post(&ann(), &under("top-ups"), &json!({ "amount": 500 })).await.expect(201));
    let leaving = json!({ "amount": 1, "destination": "ba_1QK7m2LkdIwHu7ix" });
    let withdrawal = id(&stage.post(&ann(), &under("withdrawals"), &leaving).await.expect(202));
    let (from, to) = (from.to_owned(), to.to_owned());
    Props { from, to, review, done, request, schedule, top_up, withdrawal, fresh }
}

async fn status(stage: &Stage, (method, path, body, _): &Row, who: Option<&Player>) -> u16 {
    stage.status(method, path, who, body.as_ref()).await
}

async fn two_with_money(stage: &Stage, world: &mut World) -> (String, String) {
    (stage.opens(world, &ann(), 10_000).await, stage.opens(world, &ben(), 10_000).await)
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = two_with_money(stage, &mut world).await;
        let currencies = ["EUR", "USD", "GBP"];
        let count = routes(&props(stage, &mut world, &from, &to, "JPY").await).len();
        for at in 0..count {
            for (permission, fresh) in ALL.into_iter().zip(currencies) {
                let row = routes(&props(stage, &mut world, &from, &to, fresh).await).swap_remove(at);
                let (method, path) = (&row.0, &row.1);
                assert_eq!(status(stage, &row, None).await, 401, "{method} {path}");
                let said = status(stage, &row, Some(&Player::user(1, 1, &[permission]))).await;
                if row.3.contains(&permission) {
                    assert!((200..300).contains(&said), "{method} {path} with {permission}: {said}");
                } else {
                    assert_eq!(said, 403, "{method} {path} with {permission}");
                }
            }
        }
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = wallet::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    let nothing = || String::new();
    let p = Props {
        from: nothing(),
        to: nothing(),
        review: nothing(),
        done: nothing(),
        request: nothing(),
        schedule: nothing(),
        top_up: nothing(),
        withdrawal: nothing(),
        fresh: "EUR",
    };
    assert_eq!(declared, routes(&p).len());
}

#[test]
fn another_project_sees_nothing() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = two_with_money(stage, &mut world).await;
        let p = props(stage, &mut world, &from, &to, "EUR").await;
        for (method, path, body, _) in routes(&p) {
            let names_ours =
                path.contains('_') || body.as_ref().is_some_and(|body| body.to_string().contains("acc_"));
            if names_ours && !path.contains("payees") {
                let said = stage.ask(method.clone(), &path, Some(&stranger()), body.as_ref(), &[]).await;
                assert_eq!(said.problem(), (404, "not_found"), "{method} {path}");
            }
        }
        for list in ["accounts", "wallet/payments", "wallet/requests", "wallet/schedules"] {
            assert_eq!(
                stage.get(&stranger(), &format!("/api/v1/{list}")).await.each("id").len(),
                0,
                "{list}"
            );
        }
        let found = stage.get(&stranger(), &format!("/api/v1/wallet/payees?q={to}")).await.expect(200);
        assert_eq!(found.body["data"], json!([]));
        assert_eq!(stage.stands(&p.review).await.0, "in_review");
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = two_with_money(stage, &mut world).await;
        stage.signs_up(1).await;
        let p = props(stage, &mut world, &from, &to, "EUR").await;
        let verdict = json!({ "decision": "reject", "reason": "x" });
        stage.does(&staff(), &p.review, "review", Some(&verdict)).await.expect(200);
        stage.ledger_tells(&world.books(stage.clock.now())).await;
        let found = isolation(stage.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        let people = ["people", "accounts", "spent", "mornings", "reviews", "reconciliations"];
        for table in
            people.into_iter().chain(["payments", "requests", "pay_schedules", "top_ups", "withdrawals"])
        {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}

#[test]
fn a_payment_and_a_balance_can_be_followed() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = two_with_money(stage, &mut world).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        let follow = async |path: String| {
            let request = Request::get(path)
                .header(header::AUTHORIZATION, format!("Bearer {}", stage.token(&ann())))
                .body(Body::empty());
            stage.running.routes().0.oneshot(request.unwrap()).await.unwrap()
        };
        let mut paying = follow(format!("/api/v1/wallet/payments/{payment}/live")).await;
        let mut balance = follow(format!("/api/v1/accounts/{from}/live")).await;
        assert_eq!(paying.headers()[header::CONTENT_TYPE], "text/event-stream");
        let (mut seen, mut had, mut moved) = (String::new(), String::new(), false);
        while !seen.contains("\"status\":\"completed\"") {
            let frame = paying.body_mut().frame().await.unwrap().unwrap();
            seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
            if !moved && seen.contains("\"status\":\"initiated\"") {
                stage.settles(&mut world).await;
                moved = true;
            }
        }
        while !had.contains("\"balance\":9700") {
            let frame = balance.body_mut().frame().await.unwrap().unwrap();
            had += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
        }
        assert!(moved && had.contains("\"balance\":10000"), "as it was, and again when it had changed");
    });
}

#[test]
fn the_document_refers_to_nothing_that_it_does_not_have() {
    let document = wallet::service().document().unwrap();
    let text = document.to_string();
    let start = "\"$ref\":\"#/components/schemas/";
    let named: Vec<&str> = text.split(start).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.len() > 20);
    for name in named {
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not there");
    }
}
