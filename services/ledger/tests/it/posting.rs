//! Accounts and transfers, one or many.

use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn money_comes_from_outside_and_a_bound_account_gives_no_more_than_it_has() {
    staged(async |stage, _| {
        stage.opens("a", "debits_must_not_exceed_credits").await;
        stage.opens("b", "debits_must_not_exceed_credits").await;
        assert_eq!(stage.posts(&pay(1, "outside:INR", "a", 100)).await, ["created"]);
        assert_eq!(stage.posts(&pay(2, "a", "b", 101)).await, ["exceeds_credits"]);
        assert_eq!(stage.posts(&pay(3, "a", "b", 40)).await, ["created"]);
        assert_eq!(stage.columns("outside:INR").await, [0, 100, 0, 0]);
        assert_eq!((stage.balance("a", "").await, stage.balance("b", "").await), (60, 40));
        let seen = stage.get(&bank(), &format!("{TRANSFERS}/{}", txn(3))).await.expect(200).body;
        assert_eq!((&seen["act"], &seen["amount"]), (&json!("transfer"), &json!(40)));
        stage.adds_up().await;
    });
}

#[test]
fn the_same_id_is_done_once_and_a_failed_one_never() {
    staged(async |stage, _| {
        stage.opens("a", "debits_must_not_exceed_credits").await;
        assert_eq!(stage.posts(&pay(1, "a", "outside:INR", 5)).await, ["exceeds_credits"]);
        assert_eq!(stage.posts(&pay(2, "outside:INR", "a", 5)).await, ["created"]);
        assert_eq!(stage.posts(&pay(2, "outside:INR", "a", 5)).await, ["exists"]);
        assert_eq!(stage.posts(&pay(2, "outside:INR", "a", 6)).await, ["exists_with_different_amount"]);
        assert_eq!(stage.posts(&pay(1, "a", "outside:INR", 5)).await, ["id_already_failed"]);
        assert_eq!(stage.balance("a", "").await, 5);
        let body = json!({ "debit_account_id": "outside:INR", "credit_account_id": "a", "amount": 1, "currency": "INR" });
        let (caller, keyed) = (bank(), [("idempotency-key", "k")]);
        for _ in 0..2 {
            let said =
                stage.ask(Method::POST, TRANSFERS, Some(&caller), Some(&body), &keyed).await.expect(200);
            assert_eq!(results(&said), ["created"]);
        }
        assert_eq!(stage.balance("a", "").await, 6, "a transfer without an id is once by its key");
    });
}

#[test]
fn each_of_a_batch_is_answered_and_an_atomic_one_is_done_whole_or_not_at_all() {
    staged(async |stage, _| {
        stage.opens("a", "debits_must_not_exceed_credits").await;
        let batch = |first| {
            json!([
                pay(first, "outside:INR", "a", 10),
                pay(first + 1, "a", "outside:INR", 11),
                pay(first + 2, "a", "outside:INR", 10)
            ])
        };
        assert_eq!(stage.posts(&batch(1)).await, ["created", "exceeds_credits", "created"]);
        let said = stage.post(&bank(), &format!("{TRANSFERS}?atomic=true"), &batch(11)).await.expect(200);
        assert_eq!(results(&said), ["linked_event_failed", "exceeds_credits", "linked_event_failed"]);
        assert_eq!(stage.columns("a").await, [0, 10, 0, 10]);
        let chain = json!([
            with(pay(21, "outside:INR", "a", 1), &json!({ "linked": true })),
            pay(22, "a", "outside:INR", 1)
        ]);
        assert_eq!(stage.posts(&chain).await, ["created", "created"]);
        stage.adds_up().await;
    });
}

#[test]
fn a_full_batch_is_one_write() {
    staged(async |stage, _| {
        let accounts: Vec<String> = (0..600).map(|number| format!("c:{number}")).collect();
        for name in &accounts[..3] {
            stage.opens(name, "none").await;
        }
        let one = |at: usize| {
            json!({ "debit_account_id": accounts[at % 3], "credit_account_id": accounts[(at + 1) % 3], "amount": 1,
                "currency": "INR" })
        };
        let all: Vec<Value> = (0..8_190).map(one).collect();
        let said = stage.post(&bank(), TRANSFERS, &json!(all)).await.expect(200);
        assert!(results(&said).iter().all(|result| result == "created"));
        assert_eq!(results(&said).len(), 8_190);
        assert_eq!(stage.columns("c:1").await, [0, 2_730, 0, 2_730]);
        let many: Vec<Value> = (0..600)
            .map(|at| json!({ "debit_account_id": "c:0", "credit_account_id": accounts[at], "amount": 1, "currency": "INR" }))
            .collect();
        let said = results(&stage.post(&bank(), TRANSFERS, &json!(many)).await.expect(200));
        assert_eq!(said.iter().filter(|result| *result == "credit_account_not_found").count(), 597);
        let long: Vec<Value> = (0..8_191).map(|_| json!({})).collect();
        assert_eq!(stage.post(&bank(), TRANSFERS, &json!(long)).await.problem(), (422, "invalid_input"));
        assert_eq!(stage.post(&bank(), TRANSFERS, &json!([])).await.problem(), (422, "invalid_input"));
        stage.adds_up().await;
    });
}

#[test]
fn what_cannot_be_read_is_refused_at_the_door() {
    staged(async |stage, _| {
        let bad = [
            json!({ "amount": -1 }),
            json!({ "amount": 9_007_199_254_740_992_i64 }),
            json!({ "amount": 1.5 }),
            json!({ "debit_account_id": "a b" }),
            json!({ "currency": "rupees" }),
            json!({ "code": 0 }),
            json!({ "timeout_s": -1 }),
            json!({ "phase": "gone" }),
            json!({ "more": 1 }),
            json!([{ "id": "7" }]),
            json!("x"),
            json!(7),
        ];
        for body in bad {
            assert_eq!(
                stage.post(&bank(), TRANSFERS, &body).await.problem(),
                (422, "invalid_input"),
                "{body}"
            );
        }
        assert_eq!(stage.posts(&json!({})).await, ["debit_account_id_must_not_be_zero"]);
    });
}

#[test]
fn an_address_is_opened_once_and_some_are_kept() {
    staged(async |stage, _| {
        stage.opens("a", "none").await;
        let open = |name: &str| json!({ "id": name, "currency": "INR" });
        assert_eq!(stage.post(&bank(), ACCOUNTS, &open("a")).await.problem(), (409, "address_taken"));
        for kept in ["fees:INR", "outside", "liquidity:x", &acc(1).to_string()] {
            assert_eq!(
                stage.post(&bank(), ACCOUNTS, &open(kept)).await.problem(),
                (409, "address_kept"),
                "{kept}"
            );
        }
        stage.post(&bank(), ACCOUNTS, &open("b")).await.expect(201);
        let first = stage.get(&bank(), &format!("{ACCOUNTS}?limit=1")).await;
        assert_eq!(first.each("id"), ["a"]);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = stage.get(&bank(), &format!("{ACCOUNTS}?limit=1&cursor={cursor}")).await;
        assert_eq!((second.each("id"), second.body.get("next_cursor")), (vec!["b"], None));
    });
}

#[test]
fn a_statement_walks_back_page_by_page_and_a_balance_is_known_at_any_time() {
    staged(async |stage, _| {
        stage.opens("a", "debits_must_not_exceed_credits").await;
        let start = stage.clock.now();
        for number in 1..=150 {
            stage.clock.advance(std::time::Duration::from_secs(1));
            stage.posts(&pay(number, "outside:INR", "a", number as i64)).await;
        }
        for after_s in [0_u64, 1, 63, 64, 65, 100, 127, 128, 129, 149, 150, 999] {
            let at = start.saturating_add(std::time::Duration::from_millis(after_s * 1_000 + 500));
            let upto = after_s.min(150) as i64;
            assert_eq!(stage.balance("a", &format!("?at={at}")).await, upto * (upto + 1) / 2, "{after_s}");
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                stage.get(&bank(), &format!("{ACCOUNTS}/a/statement?limit=40{cursor}")).await.expect(200);
            seen.extend(page.body["data"].as_array().unwrap().clone());
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), 150);
        for (at, line) in seen.iter().enumerate() {
            let number = 150 - at as i64;
            assert_eq!(
                (line["amount"].as_i64(), line["balance"].as_i64()),
                (Some(number), Some(number * (number + 1) / 2))
            );
            assert_eq!((&line["side"], &line["other_account_id"]), (&json!("credit"), &json!("outside:INR")));
        }
        let second = |after_s: u64| start.saturating_add(std::time::Duration::from_secs(after_s));
        let part = format!("{ACCOUNTS}/a/statement?from={}&until={}", second(10), second(12));
        let part = stage.get(&bank(), &part).await.expect(200);
        let amounts: Vec<i64> = part.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["amount"].as_i64().unwrap())
            .collect();
        assert_eq!(amounts, [12, 11, 10]);
        let early = stage.get(&bank(), &format!("{ACCOUNTS}/a/statement?until={}", second(0))).await;
        assert_eq!(early.each("transfer_id").len(), 0);
    });
}

#[test]
fn a_batch_comes_as_lines_too_and_a_line_that_cannot_be_read_is_named() {
    staged(async |stage, _| {
        stage.opens("a", "none").await;
        let lines = |lines: &[String]| {
            let request = http::Request::post(TRANSFERS)
                .header(http::header::CONTENT_TYPE, "application/x-ndjson")
                .header(http::header::AUTHORIZATION, format!("Bearer {}", stage.token(&bank())));
            stage.send(request.body(lines.join("\n").into()).unwrap())
        };
        let sound: Vec<String> =
            (1..=3).map(|number| pay(number, "outside:INR", "a", 5).to_string()).collect();
        assert_eq!(results(&lines(&sound).await.expect(200)), ["created"; 3]);
        assert_eq!(stage.balance("a", "").await, 15);
        let spaced = [String::new(), pay(4, "outside:INR", "a", 5).to_string(), " ".to_owned()];
        assert_eq!(results(&lines(&spaced).await.expect(200)), ["created"]);
        let broken = [pay(5, "outside:INR", "a", 5).to_string(), "{\"amount\": -1}".to_owned()];
        let said = lines(&broken).await;
        assert_eq!(said.problem(), (422, "invalid_input"));
        assert!(said.body.to_string().contains("line 2"), "{}", said.body);
        assert_eq!(stage.balance("a", "").await, 20, "nothing of it was done");
        assert_eq!(lines(&[]).await.problem(), (422, "invalid_input"));
    });
}

#[test]
fn chains_of_callers_who_come_together_do_not_run_into_each_other() {
    staged(async |stage, _| {
        stage.opens("poor", "debits_must_not_exceed_credits").await;
        stage.opens("a", "none").await;
        let open =
            |number: u128| json!([with(pay(number, "outside:INR", "a", 1), &json!({ "linked": true }))]);
        let sound = |number: u128| json!([pay(number, "outside:INR", "a", 1)]);
        let caller = bank();
        let bodies: Vec<Value> = (0..40)
            .map(|number| if number % 2 == 0 { open(100 + number) } else { sound(100 + number) })
            .collect();
        let said = join_all(bodies.iter().map(|body| stage.post(&caller, TRANSFERS, body))).await;
        for (number, said) in said.iter().enumerate() {
            let expected = if number % 2 == 0 { "linked_event_chain_open" } else { "created" };
            assert_eq!(results(said), [expected], "{number}");
        }
        assert_eq!(stage.balance("a", "").await, 20);
        stage.adds_up().await;
    });
}
