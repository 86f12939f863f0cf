//! Whether the balances here are those of the ledger, which says each night what they are there.

use std::time::Duration;

use contracts::events::wallet::BalancesTold;
use serde_json::{Value, json};

use crate::stage::*;

const PATH: &str = "/api/v1/wallet/reconciliations";
const A_DAY: Duration = Duration::from_secs(86_400);

async fn runs(stage: &Stage) -> Vec<Value> {
    let listed = stage.get(&staff(), PATH).await.expect(200).body;
    listed["data"].as_array().unwrap().clone()
}

/// What was compared, what agrees, and what differs.
fn counts(run: &Value) -> [u64; 3] {
    ["checked", "agreeing", "differing"].map(|field| run[field].as_u64().unwrap())
}

async fn failures(stage: &Stage) -> Vec<Value> {
    stage.told_of("wallet.reconciliation.failed").await
}

/// Somebody writes another balance past all guards.
async fn tamper(stage: &Stage, account: &str, balance: i64) {
    stage.as_owner(format!("update accounts set balance = {balance} where id = '{account}'")).await;
}

#[test]
fn balances_that_are_the_ledgers_agree_and_nobody_is_told() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        stage.post(&ann(), "/api/v1/accounts", &json!({ "currency": "EUR" })).await.expect(201);
        let books = world.books(stage.clock.now());
        stage.ledger_tells(&books).await;
        let seen = runs(stage).await;
        assert_eq!(seen.len(), 1);
        assert_eq!(counts(&seen[0]), [2, 2, 0], "what the ledger has not heard of is no difference");
        assert_eq!(seen[0]["accounts"], json!([]));
        assert_eq!(seen[0]["started_at"], json!(books.started_at));
        assert!(seen[0]["ended_at"].is_string());
        assert_eq!(failures(stage).await, Vec::<Value>::new());
    });
}

#[test]
fn a_balance_that_was_tampered_with_is_found_and_told_of_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, _) = stage.two(&mut world, 1_000).await;
        tamper(stage, &from, 5_000).await;
        let books = world.books(stage.clock.now());
        // The same night again, also by another run, is that night.
        let again = BalancesTold {
            started_at: books.started_at.saturating_add(Duration::from_millis(1)),
            ..books.clone()
        };
        for told in [&books, &books, &again] {
            stage.ledger_tells(told).await;
        }
        let seen = runs(stage).await;
        assert_eq!((seen.len(), counts(&seen[0])), (1, [2, 1, 1]));
        let both = json!([{ "account_id": from, "ledger": 1_000, "wallet": 5_000 }]);
        assert_eq!(seen[0]["accounts"], both);
        let day = seen[0]["day"].clone();
        assert_eq!(failures(stage).await, [json!({ "day": day, "checked": 2, "differing": 1 })]);
        tamper(stage, &from, 1_000).await;
        stage.clock.advance(A_DAY);
        stage.ledger_tells(&world.books(stage.clock.now())).await;
        let seen = runs(stage).await;
        assert_eq!(seen.iter().map(counts).collect::<Vec<_>>(), [[2, 2, 0], [2, 1, 1]], "newest first");
        assert_eq!(failures(stage).await.len(), 1);
    });
}

#[test]
fn a_word_that_was_never_heard_and_an_account_that_the_ledger_lost_are_found() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        drop(world.fund(account_id(&from), 20));
        let known = world.fund(account_id(&to), 7);
        stage.hears(&known).await;
        let mut books = world.books(stage.clock.now());
        books.balances.retain(|told| told.account_id == account_id(&from));
        stage.ledger_tells(&books).await;
        let found = json!([{ "account_id": from, "ledger": 1_020, "wallet": 1_000 },
            { "account_id": to, "ledger": null, "wallet": 7 }]);
        assert_eq!(runs(stage).await[0]["accounts"], found);
    });
}

#[test]
fn a_page_that_is_heard_twice_counts_once_and_the_last_one_ends_the_night() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let third = stage.opens(&mut world, &Player::user(3, 1, OWN), 50).await;
        tamper(stage, &third, 51).await;
        let whole = world.books(stage.clock.now());
        let page = |page: u32, last: bool, balances: &[_]| BalancesTold {
            page,
            last,
            balances: balances.to_vec(),
            ..whole.clone()
        };
        let (first, second) = (page(0, false, &whole.balances[..2]), page(1, true, &whole.balances[2..]));
        stage.ledger_tells(&first).await;
        stage.ledger_tells(&first).await;
        let seen = runs(stage).await;
        assert_eq!((counts(&seen[0]), &seen[0]["ended_at"]), ([2, 2, 0], &Value::Null), "{from} {to}");
        // What moves after its page was told has a later word here, and what moves before is told as it is then.
        let moved = world.fund(account_id(&from), 5);
        stage.hears(&moved).await;
        for told in [&second, &second, &first] {
            stage.ledger_tells(told).await;
        }
        let seen = runs(stage).await;
        assert_eq!((seen.len(), counts(&seen[0])), (1, [3, 2, 1]));
        assert_eq!(failures(stage).await.len(), 1);
    });
}

#[test]
fn nights_are_listed_page_by_page_for_staff_alone_and_kept_for_a_year() {
    staged(async |stage, _| {
        let mut world = World::default();
        stage.two(&mut world, 1_000).await;
        for _ in 0..3 {
            stage.ledger_tells(&world.books(stage.clock.now())).await;
            stage.clock.advance(A_DAY);
        }
        let all = stage.get(&staff(), PATH).await;
        let days = all.each("day");
        assert_eq!(days.len(), 3);
        assert!(days.is_sorted_by(|newer, older| newer > older), "{days:?}");
        let page = stage.get(&staff(), &format!("{PATH}?limit=2")).await.expect(200);
        assert_eq!(page.each("day"), days[..2]);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        let rest = stage.get(&staff(), &format!("{PATH}?limit=2&cursor={cursor}")).await;
        assert_eq!(rest.each("day"), days[2..]);
        assert_eq!(stage.get(&ann(), PATH).await.problem(), (403, "forbidden"));
        assert_eq!(stage.get(&stranger(), PATH).await.expect(200).body["data"], json!([]));
        stage.clock.advance(401 * A_DAY);
        stage.ledger_tells(&world.books(stage.clock.now())).await;
        assert_eq!(runs(stage).await.len(), 1);
    });
}
