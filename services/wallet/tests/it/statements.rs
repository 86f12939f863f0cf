//! Statements: what was in an account, what moved, and what was in it then.

use std::time::Duration;

use contracts::events::access::UserNamed;
use http::header;
use serde_json::{Value, json};

use crate::stage::*;

const DAY: Duration = Duration::from_secs(86_400);

async fn statement(stage: &Stage, account: &str, from: &str, to: &str) -> Value {
    stage.under(account, &format!("statement?from={from}&to={to}")).await
}

/// The kind, what it brought and the balance after it, of each line.
fn lines(statement: &Value) -> Vec<(&str, i64, i64)> {
    let number = |line: &Value, field: &str| line[field].as_i64().unwrap();
    let lines = statement["lines"].as_array().unwrap().iter();
    lines.map(|line| (line["kind"].as_str().unwrap(), number(line, "net"), number(line, "balance"))).collect()
}

fn ends(statement: &Value) -> (i64, i64) {
    (statement["opening_balance"].as_i64().unwrap(), statement["closing_balance"].as_i64().unwrap())
}

#[test]
fn a_statement_begins_with_what_was_there_and_ends_with_what_is() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let today = || stage.clock.now().to_string()[..10].to_owned();
        let first = today();
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        stage.passes(DAY * 2).await;
        let second = today();
        let refund = json!({ "amount": 100 });
        stage.does(&ben(), &payment, "refund", Some(&refund)).await.expect(202);
        stage.settles(&mut world).await;
        let body = json!({ "amount": 500 });
        let path = format!("/api/v1/accounts/{from}/top-ups");
        let top_up = id(&stage.post(&ann(), &path, &body).await.expect(201));
        stage.takes(&top_up, 1, Some(500), None).await;
        stage.settles(&mut world).await;
        let body = json!({ "amount": 200, "destination": "ba_1QK7m2LkdIwHu7ix" });
        let path = format!("/api/v1/accounts/{from}/withdrawals");
        let withdrawal = id(&stage.post(&ann(), &path, &body).await.expect(202));
        stage.settles(&mut world).await;
        let left = world.pays_out(withdrawal.parse().unwrap());
        for word in &left {
            stage.hears(word).await;
        }
        stage.passes(DAY).await;
        let third = today();

        let early = statement(stage, &from, "2001-01-01", &first).await;
        assert_eq!(
            (ends(&early), lines(&early)),
            ((0, 700), vec![("adjustment", 1_000, 1_000), ("payment", -300, 700)])
        );
        let late = statement(stage, &from, &second, &third).await;
        assert_eq!(ends(&late), (700, 1_100));
        let mut kinds = lines(&late);
        kinds.sort_unstable();
        assert_eq!(
            kinds.iter().map(|(kind, net, _)| (*kind, *net)).collect::<Vec<_>>(),
            [("refund", 100), ("top_up", 500), ("withdrawal", -200)]
        );
        assert_eq!(late["lines"][2]["balance"], 1_100);
        let none = statement(stage, &from, &third, &third).await;
        assert_eq!((ends(&none), lines(&none)), ((1_100, 1_100), Vec::new()));
        let whole = statement(stage, &from, "2001-01-01", &third).await;
        assert_eq!((ends(&whole), lines(&whole).len()), ((0, 1_100), 5));
    });
}

#[test]
fn a_statement_ends_after_it_begins() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        for sheet in ["statement", "statement.csv"] {
            let path = format!("/api/v1/accounts/{account}/{sheet}?from=2026-02-02&to=2026-02-01");
            assert_eq!(stage.get(&ann(), &path).await.problem(), (422, "invalid_input"), "{sheet}");
        }
    });
}

#[test]
fn a_statement_holds_what_moved_in_its_days_and_no_formula() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.meets(&UserNamed { user_id: user(2), name: Some("+Ben Kowalski".to_owned()) }).await;
        let mut body = paying(&from, &to, 300);
        body["note"] = json!("=1+1, \"so\"");
        stage.post(&ann(), "/api/v1/wallet/payments", &body).await.expect(202);
        stage.pays(&ann(), &from, &to, 5_000).await;
        stage.settles(&mut world).await;
        let today = &stage.clock.now().to_string()[..10];
        let sheet = async |who: &Player, account: &str, from: &str, to: &str| {
            let path = format!("/api/v1/accounts/{account}/statement.csv?from={from}&to={to}");
            let request = http::Request::get(path)
                .header(header::AUTHORIZATION, format!("Bearer {}", stage.token(who)))
                .body(axum::body::Body::empty());
            let answer =
                tower::ServiceExt::oneshot(stage.running.routes().0, request.unwrap()).await.unwrap();
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
            let bytes = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        let hers = sheet(&ann(), &from, today, today).await;
        let lines: Vec<&str> = hers.lines().collect();
        assert_eq!(
            lines[0],
            "moved_at,kind,id,direction,other_account,amount,fee,net,balance,currency,note,other_name"
        );
        assert_eq!(lines.len(), 3, "what came in another way and what was paid; what failed has not moved");
        assert!(lines[1].ends_with(",adjustment,,in,,10.00,0.00,10.00,10.00,INR,\"\",\"\""), "{}", lines[1]);
        let end = format!(",out,{to},3.00,0.00,-3.00,7.00,INR,\"'=1+1, \"\"so\"\"\",\"'+Ben K.\"");
        assert!(lines[2].ends_with(&end), "{}", lines[2]);
        assert!(
            sheet(&ben(), &to, today, today).await.contains(&format!(",in,{from},3.00,0.00,3.00,3.00,INR,"))
        );
        assert_eq!(sheet(&ann(), &from, "2001-01-01", "2001-12-31").await.lines().count(), 1);
    });
}
