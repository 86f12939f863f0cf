//! Payments between wallets: set aside, moved, let go, in any order and twice.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::stage::*;

#[test]
fn a_payment_is_set_aside_and_then_moves_in_the_order_of_its_events() {
    staged(async |stage, _| {
        stage.wallet(1, 1_000).await;
        stage.wallet(2, 0).await;
        let payment = facts(7, 1, 2, 600, 20);
        let seen = stage.told().await.len();
        stage.initiates(&payment).await;
        assert_eq!(stage.told_since(seen).await, ["account.balance.reserved"]);
        assert_eq!(stage.columns(acc(1)).await, [600, 0, 0, 1_000]);
        let reserved = &stage.told_of("account.balance.reserved").await[0];
        assert_eq!((&reserved["available"], &reserved["fee"]), (&json!(400), &json!(20)));
        stage.processes(&payment).await;
        assert_eq!(
            stage.told_since(seen + 1).await,
            [
                "transaction.created",
                "transaction.settled",
                "account.balance.updated",
                "account.balance.updated"
            ]
        );
        assert_eq!(stage.balance(acc(1), "").await, 400, "the payer gives the amount");
        assert_eq!(stage.balance(acc(2), "").await, 580, "the payee takes what the fee leaves");
        assert_eq!(stage.balance("fees:INR", "").await, 20);
        let updated = stage.told_of("account.balance.updated").await;
        assert_eq!(updated[updated.len() - 1]["balance"], 580);
        assert_eq!(updated[updated.len() - 1]["paymentId"], json!(wpay(7)));
        let settled = &stage.told_of("transaction.settled").await[0];
        let path = format!("/api/v1/transactions/{}", settled["transactionId"].as_str().unwrap());
        let transaction = stage.get(&bank(), &path).await.expect(200).body;
        assert_eq!(
            (&transaction["kind"], transaction["legs"].as_array().unwrap().len()),
            (&json!("payment"), 2)
        );
        let back = format!("{TRANSACTIONS}/{}/reverse", transaction["id"].as_str().unwrap());
        let said = stage.post(&bank(), &back, &json!({})).await;
        assert_eq!(said.problem(), (409, "of_something_else"), "the wallet would pay it back once more");
        stage.adds_up().await;
    });
}

#[test]
fn everything_twice_is_once() {
    staged(async |stage, _| {
        stage.wallet(1, 1_000).await;
        stage.wallet(2, 0).await;
        stage.wallet(2, 0).await;
        let (paid, blocked) = (facts(1, 1, 2, 100, 0), facts(2, 1, 2, 50, 0));
        let seen = stage.told().await.len();
        for _ in 0..2 {
            stage.initiates(&paid).await;
            stage.initiates(&blocked).await;
        }
        for _ in 0..2 {
            stage.processes(&paid).await;
            stage.releases(&blocked, "blocked").await;
            stage.releases(&paid, "timed_out").await;
            stage.processes(&blocked).await;
        }
        let told = stage.told_since(seen).await;
        let count = |kind: &str| told.iter().filter(|told| *told == kind).count();
        assert_eq!(count("account.balance.reserved"), 2);
        assert_eq!((count("transaction.settled"), count("account.balance.released")), (1, 1));
        assert_eq!(stage.columns(acc(1)).await, [0, 100, 0, 1_000]);
        assert_eq!(stage.told_of("account.balance.released").await[0]["reason"], "blocked");
        stage.adds_up().await;
    });
}

#[test]
fn what_cannot_be_set_aside_is_refused_with_its_reason() {
    staged(async |stage, _| {
        stage.wallet(1, 100).await;
        stage.wallet(2, 0).await;
        stage.wallet(3, 100).await;
        stage.freezes(3).await;
        let cases = [
            (facts(1, 1, 2, 101, 0), "exceeds_credits"),
            (facts(2, 1, 8, 10, 0), "credit_account_not_found"),
            (facts(3, 3, 2, 10, 0), "debit_account_frozen"),
            (facts(4, 1, 3, 10, 0), "credit_account_frozen"),
            (facts(5, 1, 1, 10, 0), "accounts_must_be_different"),
            (facts(6, 1, 2, 0, 0), "amount_must_not_be_zero"),
            (facts(7, 1, 2, 10, 11), "amount_must_not_be_zero"),
        ];
        for (payment, reason) in cases {
            stage.initiates(&payment).await;
            stage.processes(&payment).await;
            let told = stage.told_of("account.balance.refused").await;
            let last = told.last().unwrap();
            assert_eq!((&last["paymentId"], &last["reason"]), (&json!(payment.payment_id), &json!(reason)));
        }
        assert_eq!(stage.told_of("account.balance.refused").await.len(), 7);
        assert_eq!(stage.columns(acc(1)).await, [0, 0, 0, 100]);
        stage.thaws(3).await;
        stage.initiates(&facts(9, 3, 2, 10, 0)).await;
        assert_eq!(stage.told_of("account.balance.reserved").await.len(), 1);
    });
}

#[test]
fn a_release_before_the_beginning_refuses_the_beginning() {
    staged(async |stage, _| {
        stage.wallet(1, 100).await;
        stage.wallet(2, 0).await;
        let payment = facts(1, 1, 2, 10, 0);
        let seen = stage.told().await.len();
        stage.releases(&payment, "timed_out").await;
        stage.initiates(&payment).await;
        stage.processes(&payment).await;
        stage.initiates(&payment).await;
        assert_eq!(stage.told_since(seen).await, ["account.balance.released", "account.balance.refused"]);
        assert_eq!(stage.told_of("account.balance.refused").await[0]["reason"], "timed_out");
        assert_eq!(stage.columns(acc(1)).await, [0, 0, 0, 100]);
    });
}

#[test]
fn a_payment_whose_beginning_comes_last_moves_once() {
    staged(async |stage, _| {
        stage.wallet(1, 100).await;
        stage.wallet(2, 0).await;
        let payment = facts(1, 1, 2, 10, 0);
        stage.processes(&payment).await;
        stage.initiates(&payment).await;
        assert_eq!((stage.balance(acc(1), "").await, stage.balance(acc(2), "").await), (90, 10));
        assert_eq!(stage.told_of("transaction.settled").await.len(), 1);
    });
}

#[test]
fn what_is_set_aside_for_a_payment_follows_that_payment_alone() {
    staged(async |stage, _| {
        stage.wallet(1, 100).await;
        stage.wallet(2, 0).await;
        let payment = facts(1, 1, 2, 10, 0);
        stage.initiates(&payment).await;
        let holds = stage.get(&bank(), "/api/v1/ledger/holds").await;
        let hold = holds.each("id")[0].to_owned();
        for (end, body) in [("post", json!({})), ("void", json!({}))] {
            let said = stage.post(&bank(), &format!("/api/v1/ledger/holds/{hold}/{end}"), &body).await;
            assert_eq!(said.problem(), (409, "pending_transfer_belongs_to_payment"), "{end}");
        }
        let sly = json!({ "phase": "void", "pending_id": hold });
        assert_eq!(stage.posts(&sly).await, ["pending_transfer_belongs_to_payment"]);
        stage.freezes(1).await;
        stage.processes(&payment).await;
        assert_eq!(stage.balance(acc(2), "").await, 10, "what was set aside before the freeze moves");
    });
}

#[test]
fn money_is_conserved_whatever_comes_in_whichever_order_and_how_often() {
    staged(async |stage, _| {
        for number in 1..=3 {
            stage.wallet(number, 500).await;
        }
        let mut runner = TestRunner::deterministic();
        let news = prop::collection::vec((1_u128..25, 0_u8..3), 90);
        let news = news.new_tree(&mut runner).unwrap().current();
        for (number, kind) in news {
            let (from, to) = (number % 3 + 1, (number + 1) % 3 + 1);
            let payment = facts(number, from, to, 40 + number as i64, number as i64 % 5);
            match kind {
                0 => stage.initiates(&payment).await,
                1 => stage.processes(&payment).await,
                _ => stage.releases(&payment, "timed_out").await,
            }
        }
        let mut sums = [0; 4];
        for account in [
            acc(1).to_string(),
            acc(2).to_string(),
            acc(3).to_string(),
            "fees:INR".into(),
            "outside:INR".into(),
        ] {
            let columns = stage.columns(&account).await;
            sums.iter_mut().zip(columns).for_each(|(sum, column)| *sum += column);
        }
        assert_eq!((sums[0], sums[1]), (sums[2], sums[3]));
        let settled = stage.told_of("transaction.settled").await;
        let mut paid: Vec<&str> = settled.iter().map(|told| told["paymentId"].as_str().unwrap()).collect();
        let all = paid.len();
        paid.sort_unstable();
        paid.dedup();
        assert!(all > 2 && paid.len() == all, "each payment moved once at most");
        let released = stage.told_of("account.balance.released").await;
        assert!(released.iter().all(|told| !paid.contains(&told["paymentId"].as_str().unwrap())));
        stage.adds_up().await;
    });
}
