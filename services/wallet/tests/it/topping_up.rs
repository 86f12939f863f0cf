//! Putting money in: what a provider took is credited once, whatever happens on the way.

use std::time::Duration;

use contracts::Currency;
use contracts::events::{PaymentFailed, PaymentKind};
use serde_json::{Value, json};

use crate::stage::*;

const MINUTE: Duration = Duration::from_secs(60);

async fn asks(stage: &Stage, who: &Player, account: &str, amount: i64) -> Said {
    stage.post(who, &format!("/api/v1/accounts/{account}/top-ups"), &json!({ "amount": amount })).await
}

async fn begins(stage: &Stage, account: &str, amount: i64) -> String {
    id(&asks(stage, &ann(), account, amount).await.expect(201))
}

fn stands(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

#[test]
fn what_a_provider_took_is_put_in_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let said = asks(stage, &ann(), &account, 500).await.expect(201);
        let top_up = id(&said);
        assert_eq!(
            (&said.body["status"], &said.body["amount"], &said.body["paid_amount"]),
            (&json!("pending"), &json!(500), &Value::Null)
        );
        let requested = json!({ "topUpId": top_up, "accountId": account, "userId": user(1), "amount": 500,
            "currency": "INR" });
        assert_eq!(stage.told_of("top_up.requested").await, [requested]);
        for _ in 0..2 {
            stage.takes(&top_up, 1, Some(480), Some(Currency::INR)).await;
        }
        assert_eq!(stage.funding(&account, &top_up).await, stands("paid", ""));
        let paid = json!({ "topUpId": top_up, "accountId": account, "amount": 480, "currency": "INR" });
        assert_eq!(stage.told_of("top_up.paid").await, [paid], "what was taken counts, and once");
        stage.settles(&mut world).await;
        stage.takes(&top_up, 1, Some(480), Some(Currency::INR)).await;
        stage.settles(&mut world).await;
        let seen = stage.under(&account, &format!("top-ups/{top_up}")).await;
        assert_eq!((&seen["status"], &seen["paid_amount"]), (&json!("completed"), &json!(480)));
        assert!(seen["transaction_id"].as_str().unwrap().starts_with("txn_"));
        assert_eq!(stage.balance(&account).await, (480, 480, 0));
        assert_eq!(stage.spent(&account).await, (0, 0), "putting in is not limited");
        let sentences = stage.said_to(1).await;
        assert_eq!(sentences.iter().filter(|text| *text == "You put 4.80 INR into your wallet.").count(), 1);
    });
}

#[test]
fn another_currency_or_nothing_is_not_believed_and_what_is_not_said_is_as_asked() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        stage.takes(&top_up, 1, Some(500), Some(Currency::USD)).await;
        stage.takes(&top_up, 2, Some(0), None).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("pending", ""));
        stage.takes(&top_up, 3, None, None).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.balance(&account).await.0, 500);
    });
}

#[test]
fn a_second_payment_for_the_same_top_up_is_not_put_in() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        for payment in [1, 2, 1] {
            stage.takes(&top_up, payment, Some(500), None).await;
            stage.settles(&mut world).await;
        }
        assert_eq!((stage.balance(&account).await.0, stage.told_of("top_up.paid").await.len()), (500, 1));
    });
}

#[test]
fn a_card_that_was_declined_may_be_tried_again() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        let declined = PaymentFailed {
            order_id: None,
            invoice_id: None,
            top_up_id: Some(top_up_id(&top_up)),
            payment_intent_id: Some("pi_1".to_owned()),
            payment_id: None,
            kind: PaymentKind::Provider,
            user_id: None,
            reason: Some("card_declined".to_owned()),
        };
        stage.hears_of_payments(&declined).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("pending", ""));
        stage.takes(&top_up, 1, Some(500), None).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.balance(&account).await.0, 500);
    });
}

#[test]
fn a_top_up_that_nobody_pays_is_given_up_and_money_that_comes_late_is_taken() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        stage.wait(MINUTE * 60 * 23).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("pending", ""));
        stage.wait(MINUTE * 61).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("failed", "expired"));
        let last = stage.said_to(1).await.pop().unwrap();
        assert_eq!(last, "Your top-up of 5.00 INR came to nothing: expired.");
        let expired = json!({ "topUpId": top_up });
        assert_eq!(
            stage.told_of("top_up.expired").await,
            [expired],
            "so that nothing is taken for it any more"
        );
        stage.takes(&top_up, 1, Some(500), None).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("completed", ""));
        assert_eq!(stage.balance(&account).await.0, 500);
    });
}

#[test]
fn a_payment_that_was_called_off_ends_a_top_up_unless_it_was_paid() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let off = begins(stage, &account, 500).await;
        let paid = begins(stage, &account, 300).await;
        stage.takes(&paid, 1, Some(300), None).await;
        for top_up in [&off, &paid] {
            stage.calls_off(top_up).await;
        }
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &off).await, stands("failed", "cancelled"));
        assert_eq!(stage.funding(&account, &paid).await, stands("completed", ""));
        let of = async |state: &str| {
            stage.get(&ann(), &format!("/api/v1/accounts/{account}/top-ups?state={state}")).await
        };
        assert_eq!(of("failed").await.each("id"), [&off]);
        assert_eq!(of("completed").await.each("id"), [&paid]);
    });
}

#[test]
fn what_comes_for_a_frozen_account_is_kept_and_enters_when_it_is_thawed() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        stage.turns(&account, "freeze").await;
        assert_eq!(asks(stage, &ann(), &account, 500).await.problem(), (409, "account_frozen"));
        stage.takes(&top_up, 1, Some(500), None).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("held", "credit_account_frozen"));
        stage.wait(MINUTE * 20).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.told_of("top_up.paid").await.len(), 1, "it is no use to ask a frozen account");
        stage.turns(&account, "thaw").await;
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("completed", ""));
        assert_eq!((stage.balance(&account).await.0, stage.told_of("top_up.paid").await.len()), (500, 2));
    });
}

#[test]
fn a_word_that_the_thaw_has_overtaken_does_not_keep_the_money_for_ever() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        stage.turns(&account, "freeze").await;
        stage.work().await;
        stage.takes(&top_up, 1, Some(500), None).await;
        let kept = stage.words(&mut world).await;
        assert!(matches!(kept.as_slice(), [Word::Kept(_)]), "{kept:?}");
        stage.turns(&account, "thaw").await;
        stage.work().await;
        for word in &kept {
            stage.hears(word).await;
        }
        assert_eq!(stage.funding(&account, &top_up).await.0, "held");
        stage.wait(MINUTE * 16).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("completed", ""));
        assert_eq!(stage.balance(&account).await.0, 500);
    });
}

#[test]
fn the_ledger_is_told_until_it_answers_and_credits_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        stage.takes(&top_up, 1, Some(500), None).await;
        for told in 2..=4 {
            stage.wait(MINUTE * 2).await;
            assert_eq!(stage.told_of("top_up.paid").await.len(), told);
        }
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &top_up).await, stands("completed", ""));
        stage.wait(MINUTE * 30).await;
        assert_eq!((stage.told_of("top_up.paid").await.len(), stage.balance(&account).await.0), (4, 500));
    });
}

#[test]
fn a_top_up_whose_job_is_gone_ends_all_the_same() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let top_up = begins(stage, &account, 500).await;
        stage.as_owner("delete from jobs".to_owned()).await;
        stage.wait(MINUTE * 60 * 24).await;
        for _ in 0..3 {
            stage.wait(MINUTE * 5).await;
        }
        assert_eq!(stage.funding(&account, &top_up).await, stands("failed", "expired"));
    });
}

#[test]
fn only_ones_own_account_is_topped_up_and_by_an_amount_that_is_allowed() {
    let settings = &[("wallet.top_up_min", "200"), ("wallet.top_up_max", "900")];
    staged_with(settings, async |stage, _| {
        let mut world = World::default();
        let (hers, his) = stage.two(&mut world, 0).await;
        for amount in [199, 901] {
            let said = asks(stage, &ann(), &hers, amount).await;
            assert_eq!(said.problem(), (409, "amount_out_of_range"));
            assert_eq!(said.body["details"], json!({ "min": 200, "max": 900 }));
        }
        assert_eq!(asks(stage, &ann(), &hers, 0).await.problem(), (422, "invalid_input"));
        assert_eq!(asks(stage, &ann(), &his, 500).await.problem(), (404, "not_found"));
        let top_up = begins(stage, &hers, 500).await;
        for (account, rest) in [(&hers, ""), (&hers, "/live"), (&his, ""), (&his, "/live")] {
            let path = format!("/api/v1/accounts/{account}/top-ups/{top_up}{rest}");
            assert_eq!(stage.get(&ben(), &path).await.problem(), (404, "not_found"), "{path}");
        }
        let elsewhere = format!("/api/v1/accounts/{his}/top-ups/{top_up}");
        assert_eq!(stage.get(&staff(), &elsewhere).await.problem(), (404, "not_found"));
        assert_eq!(stage.told_of("top_up.requested").await.len(), 1);
    });
}

#[test]
fn top_ups_come_in_pages_the_newest_first() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let mut begun = Vec::new();
        for _ in 0..3 {
            begun.push(begins(stage, &account, 500).await);
        }
        begun.reverse();
        let path = format!("/api/v1/accounts/{account}/top-ups?limit=2");
        let first = stage.get(&ann(), &path).await.expect(200);
        assert_eq!(first.each("id"), begun[..2]);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = stage.get(&ann(), &format!("{path}&cursor={cursor}")).await;
        assert_eq!(second.each("id"), begun[2..]);
        assert_eq!(second.body.get("next_cursor"), None);
    });
}
