//! Taking money out: it leaves once or not at all, counts against the limits, and nobody reads where it goes.

use std::time::Duration;

use contracts::events::access::UserErased;
use contracts::events::funding::WithdrawalRequested;
use http::Method;
use kernel::store::{Scope, StoreError};
use serde_json::{Value, json};

use crate::stage::*;

const WHERE: &str = "ba_1QK7m2LkdIwHu7ix";

async fn asks(stage: &Stage, who: &Player, account: &str, amount: i64) -> Said {
    let body = json!({ "amount": amount, "destination": WHERE });
    stage.post(who, &format!("/api/v1/accounts/{account}/withdrawals"), &body).await
}

async fn begins(stage: &Stage, account: &str, amount: i64) -> String {
    id(&asks(stage, &ann(), account, amount).await.expect(202))
}

async fn hears_twice(stage: &Stage, words: &[Word]) {
    for word in words.iter().chain(words) {
        stage.hears(word).await;
    }
}

async fn kept_destination(stage: &Stage, withdrawal: &str) -> Option<String> {
    let withdrawal = withdrawal.to_owned();
    let found = stage.running.store().read(Scope::Project(project(1)), move |tx| {
        tx.one::<Option<String>>(
            "select destination from withdrawals where project_id = $1 and id = $2",
            kernel::params![tx.project()?, withdrawal],
        )
    });
    let found: Result<Option<String>, StoreError> = found.await;
    found.unwrap()
}

#[test]
fn what_is_withdrawn_leaves_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let said = asks(stage, &ann(), &account, 300).await.expect(202);
        let withdrawal = id(&said);
        assert_eq!(
            (&said.body["status"], &said.body["destination"]),
            (&json!("requested"), &json!("****u7ix"))
        );
        let mut told = stage.told_of("withdrawal.requested").await;
        let sealed = told[0].as_object_mut().unwrap().remove("sealedDestination").unwrap();
        let requested = json!({ "withdrawalId": withdrawal, "accountId": account, "userId": user(1), "amount": 300,
            "currency": "INR", "destination": "****u7ix" });
        assert_eq!(told, [requested], "nobody who reads the log learns where it goes");
        let sealed_for = WithdrawalRequested::sealed_for(withdrawal.parse().unwrap());
        let keyring = &stage.running.store().keys().keyring;
        assert_eq!(keyring.open(&sealed_for, sealed.as_str().unwrap()).unwrap(), WHERE.as_bytes());
        assert_eq!(stage.balance(&account).await, (1_000, 700, 300), "what is on its way cannot be spent");
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &withdrawal).await.0, "reserved");
        let left = world.pays_out(withdrawal.parse().unwrap());
        hears_twice(stage, &left).await;
        let seen = stage.under(&account, &format!("withdrawals/{withdrawal}")).await;
        assert_eq!(seen["status"], "completed");
        assert!(seen["transaction_id"].as_str().unwrap().starts_with("txn_"));
        assert_eq!((stage.balance(&account).await, stage.spent(&account).await), ((700, 700, 0), (300, 300)));
        let sentences = stage.said_to(1).await;
        assert_eq!(sentences.iter().filter(|text| *text == "3.00 INR left your wallet.").count(), 1);
    });
}

#[test]
fn what_is_not_there_is_not_withdrawn_and_what_came_back_counts_no_more() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let refused = begins(stage, &account, 1_001).await;
        assert_eq!(stage.spent(&account).await, (1_001, 1_001), "it counts while it is on its way");
        let words = stage.words(&mut world).await;
        hears_twice(stage, &words).await;
        assert_eq!(stage.funding(&account, &refused).await, ("refused".into(), "exceeds_credits".into()));
        assert_eq!((stage.spent(&account).await, stage.balance(&account).await.2), ((0, 0), 0));
        let returned = begins(stage, &account, 400).await;
        stage.settles(&mut world).await;
        let words = world.gives_back(returned.parse().unwrap());
        hears_twice(stage, &words).await;
        assert_eq!(stage.funding(&account, &returned).await, ("returned".into(), "account_closed".into()));
        assert_eq!((stage.spent(&account).await, stage.balance(&account).await), ((0, 0), (1_000, 1_000, 0)));
        let last = stage.said_to(1).await.pop().unwrap();
        assert_eq!(last, "Your withdrawal of 4.00 INR did not go through: account_closed.");
    });
}

#[test]
fn a_withdrawal_is_called_off_once_and_ends_as_the_ledger_says() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let cancel = async |who: &Player, withdrawal: &str| {
            let path = format!("/api/v1/accounts/{account}/withdrawals/{withdrawal}/cancel");
            stage.ask(Method::POST, &path, Some(who), None, &[]).await
        };
        let (given_back, paid_out) = (begins(stage, &account, 300).await, begins(stage, &account, 200).await);
        stage.settles(&mut world).await;
        assert_eq!(cancel(&ben(), &given_back).await.problem(), (404, "not_found"));
        for withdrawal in [&given_back, &paid_out, &given_back] {
            let said = cancel(&ann(), withdrawal).await.expect(202).body;
            assert_eq!((&said["status"], &said["reason"]), (&json!("cancelling"), &json!("cancelled")));
        }
        let wanted = |id: &str| json!({ "withdrawalId": id, "reason": "cancelled" });
        let told = stage.told_of("withdrawal.cancel.requested").await;
        assert_eq!(told, [wanted(&given_back), wanted(&paid_out)], "twice is once");
        assert_eq!(
            stage.balance(&account).await,
            (1_000, 500, 500),
            "it cannot be spent before it is certain"
        );
        let words =
            [world.gives_back(given_back.parse().unwrap()), world.pays_out(paid_out.parse().unwrap())];
        hears_twice(stage, &words.concat()).await;
        assert_eq!(stage.funding(&account, &given_back).await.0, "returned");
        assert_eq!(stage.funding(&account, &paid_out).await.0, "completed", "the provider had begun");
        assert_eq!((stage.balance(&account).await, stage.spent(&account).await), ((800, 800, 0), (200, 200)));
        for withdrawal in [&given_back, &paid_out] {
            assert_eq!(cancel(&ann(), withdrawal).await.problem(), (409, "wrong_state"));
        }
    });
}

#[test]
fn a_withdrawal_that_nobody_ends_is_called_off_and_asked_for_until_it_ends() {
    staged_with(&[("wallet.withdrawal_timeout", "1h")], async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let withdrawal = begins(stage, &account, 300).await;
        stage.settles(&mut world).await;
        let asked = async || stage.told_of("withdrawal.cancel.requested").await.len();
        stage.passes(Duration::from_secs(3_599)).await;
        stage.work().await;
        assert_eq!((stage.funding(&account, &withdrawal).await.0, asked().await), ("reserved".into(), 0));
        for times in 1..=2 {
            stage.passes(Duration::from_secs(3_601)).await;
            stage.work().await;
            assert_eq!(stage.funding(&account, &withdrawal).await, ("cancelling".into(), "timed_out".into()));
            assert_eq!(asked().await, times);
        }
        let words = world.gives_back(withdrawal.parse().unwrap());
        hears_twice(stage, &words).await;
        stage.passes(Duration::from_secs(7_200)).await;
        stage.work().await;
        assert_eq!((stage.funding(&account, &withdrawal).await.0, asked().await), ("returned".into(), 2));
    });
}

#[test]
fn payments_and_withdrawals_count_against_the_same_limits_however_many_at_once() {
    staged_with(&[("wallet.limits_unverified", "500/1000/1500")], async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 100_000).await;
        assert_eq!(asks(stage, &ann(), &from, 501).await.problem(), (409, "limit_exceeded"));
        stage.pays(&ann(), &from, &to, 300).await;
        let who = ann();
        let said = join_all((0..8).map(|_| asks(stage, &who, &from, 300))).await;
        assert_eq!(said.iter().filter(|said| said.status == 202).count(), 2, "900 of 1000");
        assert_eq!(said.iter().filter(|said| said.problem() == (409, "limit_exceeded")).count(), 6);
        assert_eq!(stage.spent(&from).await, (900, 900));
        assert_eq!(stage.told_of("withdrawal.requested").await.len(), 2);
    });
}

#[test]
fn nothing_is_withdrawn_from_a_frozen_account_or_somebody_elses() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (hers, his) = stage.two(&mut world, 1_000).await;
        let withdrawal = begins(stage, &hers, 100).await;
        stage.turns(&hers, "freeze").await;
        assert_eq!(asks(stage, &ann(), &hers, 100).await.problem(), (409, "account_frozen"));
        assert_eq!(asks(stage, &ann(), &his, 100).await.problem(), (404, "not_found"));
        for (account, rest) in [(&hers, ""), (&hers, "/live"), (&his, ""), (&his, "/live")] {
            let path = format!("/api/v1/accounts/{account}/withdrawals/{withdrawal}{rest}");
            assert_eq!(stage.get(&ben(), &path).await.problem(), (404, "not_found"), "{path}");
        }
        let path = format!("/api/v1/accounts/{his}/withdrawals");
        for destination in ["", "a b c d", "abc"] {
            let body = json!({ "amount": 1, "destination": destination });
            assert_eq!(stage.post(&ben(), &path, &body).await.problem(), (422, "invalid_input"));
        }
        assert_eq!(stage.told_of("withdrawal.requested").await.len(), 1);
        assert_eq!(stage.spent(&his).await, (0, 0));
    });
}

#[test]
fn where_money_goes_is_sealed_shown_by_its_end_and_forgotten_with_its_owner() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let withdrawal = begins(stage, &account, 100).await;
        let sealed = kept_destination(stage, &withdrawal).await.unwrap();
        assert!(sealed.starts_with("v1.") && !sealed.contains("Hu7ix"), "{sealed}");
        let path = format!("/api/v1/accounts/{account}/withdrawals");
        let listed =
            async || stage.get(&ann(), &path).await.expect(200).body["data"][0]["destination"].clone();
        assert_eq!(listed().await, "****u7ix");
        stage.meets(&UserErased { user_id: user(1) }).await;
        assert_eq!((kept_destination(stage, &withdrawal).await, listed().await), (None, Value::Null));
        stage.settles(&mut world).await;
        let left = world.pays_out(withdrawal.parse().unwrap());
        hears_twice(stage, &left).await;
        assert_eq!(stage.funding(&account, &withdrawal).await.0, "completed");
    });
}

#[test]
fn withdrawals_are_found_by_where_they_stand() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 500).await;
        let good = begins(stage, &account, 300).await;
        let bad = begins(stage, &account, 300).await;
        stage.settles(&mut world).await;
        let of = async |query: &str| {
            stage.get(&ann(), &format!("/api/v1/accounts/{account}/withdrawals{query}")).await
        };
        assert_eq!(of("?state=reserved").await.each("id"), [&good]);
        assert_eq!(of("?state=refused").await.each("id"), [&bad]);
        assert_eq!(of("").await.each("id"), [&bad, &good], "newest first");
    });
}
