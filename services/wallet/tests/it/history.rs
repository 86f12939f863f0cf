//! What happened in an account: one list of all kinds, newest first, in pages, searched and narrowed down.

use std::time::Duration;

use contracts::events::access::UserNamed;
use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

const SECOND: Duration = Duration::from_secs(1);

/// Each thing of a list: its kind, how far it has come, and what it moves.
fn told(page: &Value) -> Vec<(String, String, i64)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| (text(row, "kind"), text(row, "state"), row["net"].as_i64().unwrap())).collect()
}

fn row(kind: &str, state: &str, net: i64) -> (String, String, i64) {
    (kind.to_owned(), state.to_owned(), net)
}

/// Ben is a merchant; Ann tops up, pays him, is given some back, and takes money out.
async fn a_day(stage: &Stage, world: &mut World) -> (String, String) {
    let (hers, his) = stage.two(world, 1_000).await;
    let merchant = json!({ "fee_basis_points": 1_000 });
    let path = format!("/api/v1/accounts/{his}/merchant");
    stage.ask(Method::PUT, &path, Some(&staff()), Some(&merchant), &[]).await.expect(200);
    stage.meets(&UserNamed { user_id: user(2), name: Some("Ben Kowalski".to_owned()) }).await;
    let under = |rest: &str| format!("/api/v1/accounts/{hers}/{rest}");
    let top_up = id(&stage.post(&ann(), &under("top-ups"), &json!({ "amount": 500 })).await.expect(201));
    stage.takes(&top_up, 1, Some(500), None).await;
    stage.settles(world).await;
    stage.passes(SECOND).await;
    let tea =
        json!({ "from_account": hers, "to": his, "amount": 300, "currency": "INR", "note": "Two teas" });
    let payment = id(&stage.post(&ann(), "/api/v1/wallet/payments", &tea).await.expect(202));
    stage.settles(world).await;
    stage.passes(SECOND).await;
    stage.does(&ben(), &payment, "refund", Some(&json!({ "amount": 100 }))).await.expect(202);
    stage.settles(world).await;
    stage.passes(SECOND).await;
    stage.pays(&ann(), &hers, &his, 5_000).await;
    stage.settles(world).await;
    stage.passes(SECOND).await;
    let leaving = json!({ "amount": 50, "destination": "ba_1QK7m2LkdIwHu7ix" });
    stage.post(&ann(), &under("withdrawals"), &leaving).await.expect(202);
    stage.settles(world).await;
    (hers, his)
}

#[test]
fn everything_that_moved_is_in_one_list_newest_first() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (hers, his) = a_day(stage, &mut world).await;
        let of = async |who: &Player, account: &str, query: &str| {
            let path = format!("/api/v1/accounts/{account}/activity{query}");
            stage.get(who, &path).await.expect(200).body
        };
        let all = of(&ann(), &hers, "").await;
        let wanted = [
            row("withdrawal", "pending", -50),
            row("payment", "failed", -5_000),
            row("refund", "completed", 100),
            row("payment", "completed", -300),
            row("top_up", "completed", 500),
        ];
        assert_eq!(told(&all), wanted);
        let paid = &all["data"][3];
        assert_eq!((&paid["other_name"], &paid["note"]), (&json!("Ben K."), &json!("Two teas")));
        assert_eq!((&paid["other_account"], &paid["currency"]), (&json!(his), &json!("INR")));
        assert_eq!(all["data"][1]["reason"], "exceeds_credits");
        let his_list = [
            row("refund", "completed", -100),
            row("fee", "completed", -30),
            row("payment", "completed", 300),
        ];
        assert_eq!(told(&of(&ben(), &his, "").await), his_list, "what did not arrive is no affair of his");
        assert_eq!(told(&of(&staff(), &his, "").await), his_list);
        for (query, found) in [
            ("?kind=fee", 0),
            ("?kind=payment", 2),
            ("?state=failed", 1),
            ("?state=pending", 1),
            ("?kind=payment&state=completed", 1),
            ("?q=TEAS", 1),
            ("?q=ben%20k", 3),
            ("?q=%25", 0),
            ("?to=2020-01-01", 0),
        ] {
            assert_eq!(told(&of(&ann(), &hers, query).await).len(), found, "{query}");
        }
    });
}

#[test]
fn a_list_goes_on_where_its_page_ended_also_between_a_payment_and_its_fee() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (hers, his) = a_day(stage, &mut world).await;
        for (who, account, count) in [(ann(), hers, 5), (ben(), his, 3)] {
            let whole =
                stage.get(&who, &format!("/api/v1/accounts/{account}/activity")).await.expect(200).body;
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/api/v1/accounts/{account}/activity?limit=1{cursor}");
                let page = stage.get(&who, &path).await.expect(200).body;
                found.extend(told(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!((found.len(), found), (count, told(&whole)));
        }
    });
}

#[test]
fn nobody_sees_what_happened_in_somebody_elses_account() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (hers, _) = stage.two(&mut world, 1_000).await;
        for who in [ben(), stranger()] {
            let said = stage.get(&who, &format!("/api/v1/accounts/{hers}/activity")).await;
            assert_eq!(said.problem(), (404, "not_found"));
        }
        for query in ["?cursor=x", "?kind=gift", "?limit=0", "?from=yesterday"] {
            let said = stage.get(&ann(), &format!("/api/v1/accounts/{hers}/activity{query}")).await;
            assert!(matches!(said.status.as_u16(), 400 | 422), "{query} {}", said.status);
        }
    });
}
