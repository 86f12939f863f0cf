//! What is kept in memory beside the journal is never taken for more than the journal says.

use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn a_process_that_starts_goes_on_where_the_journal_ends() {
    staged(async |stage, place| {
        stage.opens("a", "debits_must_not_exceed_credits").await;
        for number in 1..=90 {
            stage.posts(&pay(number, "outside:INR", "a", 1)).await;
        }
        stage.posts(&pay(100, "a", "nobody", 1)).await;
        let again = on(place).await;
        assert_eq!(again.balance("a", "").await, 90);
        for number in [1, 40, 89, 90] {
            assert_eq!(again.posts(&pay(number, "outside:INR", "a", 1)).await, ["exists"], "{number}");
        }
        assert_eq!(again.posts(&pay(100, "a", "outside:INR", 1)).await, ["id_already_failed"]);
        assert_eq!(again.posts(&pay(101, "a", "outside:INR", 91)).await, ["exceeds_credits"]);
        assert_eq!(again.posts(&pay(102, "a", "outside:INR", 90)).await, ["created"]);
        again.adds_up().await;
    });
}

#[test]
fn two_processes_see_what_the_other_did() {
    staged(async |stage, place| {
        if matches!(place.engine, kernel::store::Engine::Sqlite { .. }) {
            return;
        }
        let other = on(place).await;
        stage.opens("a", "debits_must_not_exceed_credits").await;
        for number in 0..40 {
            let (one, two) = if number % 3 == 0 { (stage, &other) } else { (&other, stage) };
            one.posts(&pay(1_000 + number, "outside:INR", "a", 2)).await;
            assert_eq!(two.posts(&pay(1_000 + number, "outside:INR", "a", 2)).await, ["exists"]);
            two.posts(&pay(2_000 + number, "a", "outside:INR", 1)).await;
            let expected = i64::try_from(number).unwrap() + 1;
            assert_eq!((one.balance("a", "").await, two.balance("a", "").await), (expected, expected));
        }
        stage.adds_up().await;
    });
}

#[test]
fn what_was_rolled_back_is_forgotten() {
    staged(async |stage, _| {
        stage.opens("a", "debits_must_not_exceed_credits").await;
        stage.posts(&pay(1, "outside:INR", "a", 10)).await;
        let transaction = json!({ "reference": "once",
            "legs": [{ "debit_account_id": "a", "credit_account_id": "outside:INR", "amount": 4, "currency": "INR" }] });
        stage.post(&bank(), TRANSACTIONS, &transaction).await.expect(201);
        let said = stage.post(&bank(), TRANSACTIONS, &transaction).await;
        assert_eq!(said.problem(), (409, "reference_taken"));
        stage
            .post(
                &bank(),
                &format!("{TRANSACTIONS}?dry_run=true"),
                &with(transaction, &json!({ "reference": "twice" })),
            )
            .await;
        assert_eq!(stage.columns("a").await, [0, 4, 0, 10]);
        assert_eq!(stage.posts(&pay(2, "a", "outside:INR", 6)).await, ["created"]);
        stage.adds_up().await;
    });
}

#[test]
fn a_balance_at_any_time_and_a_statement_read_on_through_the_index() {
    staged(async |stage, _| {
        stage.opens("a", "none").await;
        let many: Vec<Value> = (1..=300).map(|number| pay(number, "outside:INR", "a", 1)).collect();
        stage.posts(&json!(many)).await;
        let mut cursor = String::new();
        let mut seen = 0;
        loop {
            let page =
                stage.get(&bank(), &format!("{ACCOUNTS}/a/statement?limit=90{cursor}")).await.expect(200);
            seen += page.body["data"].as_array().unwrap().len();
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 300);
        let shown = stage.get(&bank(), &format!("{TRANSFERS}/{}", txn(7))).await.expect(200);
        assert_eq!(shown.body["amount"], 1);
        let listed = stage.get(&bank(), ACCOUNTS).await.expect(200);
        let of = |name: &str| {
            let found = listed.body["data"].as_array().unwrap().iter().find(|one| one["id"] == name).unwrap();
            found["columns"].clone()
        };
        assert_eq!(of("a")["credits_posted"], 300);
        assert_eq!(of("outside:INR")["debits_posted"], 300);
    });
}
