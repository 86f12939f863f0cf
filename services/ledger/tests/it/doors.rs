//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::{Id, TransactionId};
use http::Method;
use kernel::testing::isolation;
use serde_json::{Value, json};

use crate::stage::*;

const READ: &[&str] = &["ledger:read", "ledger:manage"];
const MANAGE: &[&str] = &["ledger:manage"];

/// Each route, what it takes, and the permissions of which one lets in.
fn routes() -> Vec<(Method, String, Option<Value>, &'static [&'static str])> {
    let (get, post) = (Method::GET, Method::POST);
    let leg = json!({ "debit_account_id": "outside:INR", "credit_account_id": "a", "amount": 1, "currency": "INR" });
    let exchange = json!({ "from_account_id": "a", "to_account_id": "usd", "sell_amount": 1, "sell_currency": "INR",
        "buy_amount": 1, "buy_currency": "USD" });
    let at = |path: &str| format!("/api/v1/ledger/{path}");
    let of = |what: &str, number: u128, rest: &str| format!("/api/v1/ledger/{what}/{}{rest}", txn(number));
    vec![
        (post.clone(), at("accounts"), Some(json!({ "id": "new", "currency": "INR" })), MANAGE),
        (get.clone(), at("accounts"), None, READ),
        (get.clone(), at("accounts/a"), None, READ),
        (get.clone(), at("accounts/a/balance"), None, READ),
        (get.clone(), at("accounts/a/statement"), None, READ),
        (post.clone(), at("transfers"), Some(leg.clone()), MANAGE),
        (get.clone(), of("transfers", 1, ""), None, READ),
        (post.clone(), at("transactions"), Some(json!({ "legs": [leg] })), MANAGE),
        (get.clone(), at("transactions"), None, READ),
        (get.clone(), of("transactions", 1, ""), None, READ),
        (get.clone(), format!("/api/v1/transactions/{}", txn(1)), None, READ),
        (post.clone(), of("transactions", 1, "/reverse"), Some(json!({})), MANAGE),
        (post.clone(), at("exchanges"), Some(exchange), MANAGE),
        (get.clone(), at("holds"), None, READ),
        (get.clone(), of("holds", 2, ""), None, READ),
        (post.clone(), of("holds", 2, "/post"), Some(json!({})), MANAGE),
        (post.clone(), of("holds", 3, "/void"), None, MANAGE),
        (post, at("periods"), None, MANAGE),
        (get.clone(), at("periods"), None, READ),
        (get, at("verification"), None, MANAGE),
    ]
}

async fn open(stage: &Stage) {
    stage.opens("a", "none").await;
    stage.post(&bank(), ACCOUNTS, &json!({ "id": "usd", "currency": "USD" })).await.expect(201);
    let hold =
        |number| with(pay(number, "outside:INR", "a", 5), &json!({ "phase": "pending", "timeout_s": 60 }));
    let all = json!([pay(1, "outside:INR", "a", 5), hold(2), hold(3)]);
    assert_eq!(stage.posts(&all).await, ["created"; 3]);
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage, _| {
        open(stage).await;
        for (method, path, body, lets_in) in routes() {
            let nobody = stage.ask(method.clone(), &path, None, body.as_ref(), &[]).await;
            assert_eq!(nobody.status, 401, "{method} {path}");
            let other = Player::program(1, 1, &["wallet:manage", "orders:manage"]);
            let said = stage.ask(method.clone(), &path, Some(&other), body.as_ref(), &[]).await;
            assert_eq!(said.status, 403, "{method} {path}");
            for permission in ["ledger:read", "ledger:manage"] {
                let caller = Player::program(1, 1, &[permission]);
                let said = stage.ask(method.clone(), &path, Some(&caller), body.as_ref(), &[]).await;
                if lets_in.contains(&permission) {
                    assert!(said.status.is_success(), "{method} {path} with {permission}: {}", said.body);
                } else {
                    assert_eq!(said.status, 403, "{method} {path} with {permission}");
                }
            }
        }
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = ledger::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(declared, routes().len());
}

#[test]
fn another_project_sees_nothing() {
    staged(async |stage, _| {
        open(stage).await;
        let single = |path: &str| path.contains("txn_") || path.contains("/accounts/");
        for (method, path, body, _) in routes().into_iter().filter(|(_, path, ..)| single(path)) {
            let said = stage.ask(method.clone(), &path, Some(&stranger()), body.as_ref(), &[]).await;
            assert_eq!(said.problem(), (404, "not_found"), "{method} {path}");
        }
        for list in ["accounts", "transactions", "holds", "periods"] {
            let said = stage.get(&stranger(), &format!("/api/v1/ledger/{list}")).await.expect(200);
            assert_eq!(said.body["data"], json!([]), "{list}");
        }
        let said = stage.post(&stranger(), TRANSFERS, &pay(1, "outside:INR", "a", 5)).await.expect(200);
        assert_eq!(results(&said), ["credit_account_not_found"], "neither the account nor the id is theirs");
        let said = stage.get(&bank(), &format!("{TRANSFERS}/{}", TransactionId::from_u128(77))).await;
        assert_eq!(said.problem(), (404, "not_found"));
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage, _| {
        open(stage).await;
        stage.wallet(1, 100).await;
        stage.wallet(2, 0).await;
        stage.initiates(&facts(1, 1, 2, 10, 0)).await;
        stage.tops_up_once().await;
        stage.opens("poor", "debits_must_not_exceed_credits").await;
        stage.posts(&pay(50, "poor", "a", 1)).await;
        let many: Vec<Value> = (60..190).map(|number| pay(number, "outside:INR", "a", 1)).collect();
        stage.posts(&json!(many)).await;
        for (method, path, body, _) in routes() {
            let keyed = [("idempotency-key", "k")];
            stage.ask(method, &path, Some(&bank()), body.as_ref(), &keyed).await;
        }
        let found = isolation(stage.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        let ours = [
            "heads",
            "accounts",
            "journal",
            "id_runs",
            "id_pages",
            "checkpoints",
            "holds",
            "transactions",
            "reversals",
            "payments",
            "periods",
            "funding",
        ];
        assert!(found.unproved.iter().all(|table| !ours.contains(&table.as_str())), "{:?}", found.unproved);
    });
}
