//! Transactions: several legs under a name, dry runs, reversals, exchanges.

use serde_json::{Value, json};

use crate::stage::*;

fn leg(from: &str, to: &str, amount: i64) -> Value {
    json!({ "debit_account_id": from, "credit_account_id": to, "amount": amount, "currency": "INR" })
}

async fn open(stage: &Stage) {
    for name in ["a", "b"] {
        stage.opens(name, "debits_must_not_exceed_credits").await;
    }
    stage.posts(&pay(100, "outside:INR", "a", 100)).await;
}

#[test]
fn all_legs_are_done_or_none_and_a_reference_is_used_once() {
    staged(async |stage, _| {
        open(stage).await;
        let body = |legs: &[Value]| json!({ "legs": legs, "reference": "r-1", "metadata": { "till": "3" } });
        let said = stage.post(&bank(), TRANSACTIONS, &body(&[leg("a", "b", 60), leg("a", "b", 41)])).await;
        assert_eq!((said.problem(), &said.body["details"]["leg"]), ((409, "exceeds_credits"), &json!(1)));
        assert_eq!(stage.columns("a").await, [0, 0, 0, 100]);
        let good = body(&[leg("a", "b", 60), leg("b", "outside:INR", 10)]);
        let made = stage.post(&bank(), TRANSACTIONS, &good).await.expect(201);
        assert_eq!(made.body["legs"].as_array().unwrap().len(), 2);
        let said = stage.post(&bank(), TRANSACTIONS, &good).await;
        assert_eq!(said.problem(), (409, "reference_taken"));
        for path in [TRANSACTIONS, "/api/v1/transactions"] {
            let seen = stage.get(&bank(), &format!("{path}/{}", id(&made))).await.expect(200);
            assert_eq!(
                (&seen.body["metadata"]["till"], &seen.body["reference"]),
                (&json!("3"), &json!("r-1"))
            );
            assert_eq!(seen.body["legs"], made.body["legs"]);
        }
        assert_eq!(stage.get(&bank(), TRANSACTIONS).await.each("id"), [id(&made)]);
        let named = async |name| stage.get(&bank(), &format!("{TRANSACTIONS}?reference={name}")).await;
        assert_eq!(named("r-1").await.each("id"), [id(&made)]);
        assert!(named("r-2").await.each("id").is_empty(), "another name, nobody's");
        assert_eq!((stage.balance("a", "").await, stage.balance("b", "").await), (40, 50));
        assert_eq!(stage.told_of("transaction.settled").await.len(), 1);
        stage.adds_up().await;
    });
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    staged(async |stage, _| {
        open(stage).await;
        let body = json!({ "legs": [leg("a", "b", 60)], "reference": "r" });
        let dry = format!("{TRANSACTIONS}?dry_run=true");
        let said = stage.post(&bank(), &dry, &body).await.expect(200);
        let left: Vec<i64> = said.body["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of["balance"].as_i64().unwrap())
            .collect();
        assert_eq!(left, [40, 60]);
        assert_eq!((stage.balance("a", "").await, stage.told().await.len()), (100, 0));
        let many = json!({ "legs": [leg("a", "b", 101)] });
        assert_eq!(stage.post(&bank(), &dry, &many).await.problem(), (409, "exceeds_credits"));
        stage.post(&bank(), TRANSACTIONS, &body).await.expect(201);
        assert_eq!(stage.post(&bank(), &dry, &body).await.problem(), (409, "reference_taken"));
    });
}

#[test]
fn a_transaction_goes_back_in_parts_and_never_more_than_it_was() {
    staged(async |stage, _| {
        open(stage).await;
        let made =
            stage.post(&bank(), TRANSACTIONS, &json!({ "legs": [leg("a", "b", 60)] })).await.expect(201);
        let path = format!("{TRANSACTIONS}/{}/reverse", id(&made));
        let part = stage.post(&bank(), &path, &json!({ "amount": 25 })).await.expect(201);
        assert_eq!((&part.body["kind"], &part.body["reverses"]), (&json!("reversal"), &made.body["id"]));
        let said = stage.post(&bank(), &path, &json!({ "amount": 36 })).await;
        assert_eq!((said.problem(), &said.body["details"]["left"]), ((409, "exceeds_remainder"), &json!(35)));
        stage.post(&bank(), &format!("{path}?dry_run=true"), &json!({})).await.expect(200);
        stage.post(&bank(), &path, &json!({})).await.expect(201);
        assert_eq!(stage.post(&bank(), &path, &json!({})).await.problem(), (409, "already_reversed"));
        assert_eq!((stage.balance("a", "").await, stage.balance("b", "").await), (100, 0));
        let seen = stage.get(&bank(), &format!("{TRANSACTIONS}/{}", id(&made))).await;
        assert_eq!(seen.body["reversed"], 60);
        let back = format!("{TRANSACTIONS}/{}/reverse", id(&part));
        assert_eq!(stage.post(&bank(), &back, &json!({})).await.problem(), (409, "nothing_moved"));
        stage.adds_up().await;
    });
}

#[test]
fn several_legs_go_back_whole_and_one_of_them_alone_does_not() {
    staged(async |stage, _| {
        open(stage).await;
        let legs = json!({ "legs": [leg("a", "b", 60), leg("a", "b", 10)] });
        let made = stage.post(&bank(), TRANSACTIONS, &legs).await.expect(201);
        let one = made.body["legs"][1]["id"].as_str().unwrap();
        let said = stage.post(&bank(), &format!("{TRANSACTIONS}/{one}/reverse"), &json!({})).await;
        assert_eq!(
            (said.problem(), &said.body["details"]["transaction_id"]),
            ((409, "leg_of_transaction"), &made.body["id"])
        );
        let path = format!("{TRANSACTIONS}/{}/reverse", id(&made));
        assert_eq!(stage.post(&bank(), &path, &json!({ "amount": 5 })).await.problem(), (409, "only_whole"));
        stage.post(&bank(), &path, &json!({})).await.expect(201);
        assert_eq!(stage.balance("b", "").await, 0);
        let alone = format!("{TRANSACTIONS}/{}/reverse", txn(100));
        stage.post(&bank(), &alone, &json!({ "amount": 30 })).await.expect(201);
        assert_eq!(stage.balance("a", "").await, 70, "a transfer that is no leg goes back by its own id");
        let said = stage.post(&bank(), &alone, &json!({})).await.expect(201);
        assert_eq!(said.body["legs"][0]["amount"], 70);
        stage.adds_up().await;
    });
}

#[test]
fn what_was_spent_meanwhile_does_not_go_back() {
    staged(async |stage, _| {
        open(stage).await;
        let made =
            stage.post(&bank(), TRANSACTIONS, &json!({ "legs": [leg("a", "b", 60)] })).await.expect(201);
        stage.posts(&pay(1, "b", "outside:INR", 1)).await;
        let path = format!("{TRANSACTIONS}/{}/reverse", id(&made));
        assert_eq!(stage.post(&bank(), &path, &json!({})).await.problem(), (409, "exceeds_credits"));
        stage.post(&bank(), &path, &json!({ "amount": 59 })).await.expect(201);
    });
}

#[test]
fn currencies_are_exchanged_through_liquidity() {
    staged(async |stage, _| {
        open(stage).await;
        let usd = json!({ "id": "a-usd", "currency": "USD" });
        stage.post(&bank(), ACCOUNTS, &usd).await.expect(201);
        let exchange = |sell: i64| {
            json!({ "from_account_id": "a", "to_account_id": "a-usd", "sell_amount": sell, "sell_currency": "INR",
                "buy_amount": 1, "buy_currency": "USD" })
        };
        let path = "/api/v1/ledger/exchanges";
        assert_eq!(stage.post(&bank(), path, &exchange(101)).await.problem(), (409, "exceeds_credits"));
        let said = stage.post(&bank(), path, &exchange(84)).await.expect(201);
        assert_eq!(said.body["kind"], "exchange");
        assert_eq!((stage.balance("a", "").await, stage.balance("a-usd", "").await), (16, 1));
        assert_eq!(
            (stage.balance("liquidity:INR", "").await, stage.balance("liquidity:USD", "").await),
            (84, -1)
        );
        stage.adds_up().await;
    });
}
