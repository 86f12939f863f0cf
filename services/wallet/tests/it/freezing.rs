//! Frozen accounts: nothing leaves or enters, and what was pending comes to nothing.

use std::time::Duration;

use contracts::events::funding::WithdrawalCancelRequested;
use contracts::events::wallet::RiskDecision;
use http::Method;
use serde_json::json;

use crate::stage::*;

async fn freeze(stage: &Stage, account: &str) -> Said {
    stage.post(&staff(), &format!("/api/v1/accounts/{account}/freeze"), &json!({ "reason": "Stolen" })).await
}

#[test]
fn what_is_pending_on_a_frozen_account_comes_to_nothing() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let other = stage.opens(&mut world, &Player::user(3, 1, OWN), 500).await;
        let out = stage.pays(&ann(), &from, &to, 300).await;
        let into = stage.pays(&Player::user(3, 1, OWN), &other, &from, 200).await;
        let apart = stage.pays(&Player::user(3, 1, OWN), &other, &to, 100).await;
        stage.settles(&mut world).await;
        let unheard = stage.pays(&ann(), &from, &to, 50).await;
        let said = freeze(stage, &from).await.expect(200);
        assert_eq!((&said.body["state"], &said.body["freeze_reason"]), (&json!("frozen"), &json!("Stolen")));
        stage.settles(&mut world).await;
        for payment in [&out, &into] {
            assert_eq!(stage.stands(payment).await, ("failed".to_owned(), "frozen".to_owned()));
        }
        assert_eq!(stage.stands(&unheard).await.0, "failed");
        assert_eq!(stage.stands(&apart).await.0, "in_review");
        assert_eq!((stage.spent(&from).await, world.purse(account_id(&from))), ((0, 0), (1_000, 0)));
        let frozen = json!({ "accountId": from, "userId": user(1), "reason": "Stolen" });
        freeze(stage, &from).await.expect(200);
        assert_eq!(stage.told_of("account.frozen").await, [frozen], "twice is once");
    });
}

#[test]
fn nothing_leaves_or_enters_a_frozen_account_until_it_is_thawed() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        freeze(stage, &to).await.expect(200);
        let pay = async |who: &Player, from: &str, to: &str| {
            stage.post(who, "/api/v1/wallet/payments", &paying(from, to, 1)).await
        };
        assert_eq!(pay(&ann(), &from, &to).await.problem(), (409, "payee_unavailable"));
        assert_eq!(pay(&ben(), &to, &from).await.problem(), (409, "account_frozen"));
        for _ in 0..2 {
            let path = format!("/api/v1/accounts/{to}/thaw");
            let said = stage.ask(Method::POST, &path, Some(&staff()), None, &[]).await.expect(200);
            assert_eq!(said.body["state"], "open");
        }
        assert_eq!(stage.told_of("account.thawed").await.len(), 1);
        pay(&ann(), &from, &to).await.expect(202);
    });
}

#[test]
fn a_payment_that_is_approved_as_its_account_freezes_does_not_go_on() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        let words = stage.words(&mut world).await;
        // The freeze is stored, and its sweep has not run yet.
        freeze(stage, &from).await.expect(200);
        for word in &words {
            stage.hears(word).await;
        }
        assert_eq!(stage.stands(&payment).await, ("releasing".to_owned(), "frozen".to_owned()));
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&payment).await, ("failed".to_owned(), "frozen".to_owned()));
        assert_eq!(stage.told_of("payment.processing").await.len(), 0);
    });
}

#[test]
fn more_payments_than_are_looked_up_at_a_time_all_come_to_nothing() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000_000).await;
        for _ in 0..205 {
            stage.pays(&ann(), &from, &to, 1).await;
        }
        freeze(stage, &from).await.expect(200);
        stage.work().await;
        let left = stage.get(&staff(), "/api/v1/wallet/payments?state=initiated").await;
        assert_eq!(left.each("id").len(), 0);
        assert_eq!(stage.told_of("payment.release.requested").await.len(), 205);
    });
}

async fn withdraws(stage: &Stage, account: &str, amount: i64) -> String {
    let body = json!({ "amount": amount, "destination": "ba_1QK7m2LkdIwHu7ix" });
    id(&stage.post(&ann(), &format!("/api/v1/accounts/{account}/withdrawals"), &body).await.expect(202))
}

#[test]
fn a_withdrawal_of_a_frozen_account_is_called_off_unless_its_payout_has_begun() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let (waiting, begun) = (withdraws(stage, &account, 300).await, withdraws(stage, &account, 200).await);
        stage.settles(&mut world).await;
        let unheard = withdraws(stage, &account, 100).await;
        freeze(stage, &account).await.expect(200);
        stage.settles(&mut world).await;
        let told = stage.told_of("withdrawal.cancel.requested").await;
        let wanted = |id: &str| json!({ "withdrawalId": id, "reason": "frozen" });
        assert_eq!(told, [wanted(&waiting), wanted(&begun), wanted(&unheard)]);
        assert_eq!(stage.funding(&account, &waiting).await, ("cancelling".into(), "frozen".into()));
        let mut words = world.pays_out(begun.parse().unwrap());
        for asked in [&told[0], &told[2]] {
            let asked: WithdrawalCancelRequested = serde_json::from_value(asked.clone()).unwrap();
            words.extend(world.calls_off(&asked));
        }
        for word in words.iter().chain(&words) {
            stage.hears(word).await;
        }
        for withdrawal in [&waiting, &unheard] {
            assert_eq!(stage.funding(&account, withdrawal).await, ("returned".into(), "frozen".into()));
        }
        assert_eq!(stage.funding(&account, &begun).await.0, "completed", "the provider had begun");
        assert_eq!((stage.balance(&account).await, stage.spent(&account).await), ((800, 800, 0), (200, 200)));
        let last = stage.said_to(1).await;
        assert!(
            last.contains(&"Your withdrawal of 3.00 INR did not go through: frozen.".to_owned()),
            "{last:?}"
        );
    });
}

#[test]
fn a_withdrawal_that_is_set_aside_as_its_account_freezes_is_called_off() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        let withdrawal = withdraws(stage, &account, 300).await;
        let words = stage.words(&mut world).await;
        // The freeze is stored, and its sweep has not run yet.
        freeze(stage, &account).await.expect(200);
        for word in words.iter().chain(&words) {
            stage.hears(word).await;
        }
        assert_eq!(stage.funding(&account, &withdrawal).await, ("cancelling".into(), "frozen".into()));
        stage.settles(&mut world).await;
        assert_eq!(stage.told_of("withdrawal.cancel.requested").await.len(), 1, "and asked for once");
    });
}

#[test]
fn what_is_withdrawn_after_a_thaw_is_not_called_off() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        // Frozen and thawed before its sweep has run.
        freeze(stage, &account).await.expect(200);
        stage.turns(&account, "thaw").await;
        stage.clock.advance(Duration::from_secs(1));
        let withdrawal = withdraws(stage, &account, 300).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.funding(&account, &withdrawal).await.0, "reserved");
    });
}

#[test]
fn more_withdrawals_than_are_looked_up_at_a_time_are_all_called_off() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 1_000).await;
        for _ in 0..205 {
            withdraws(stage, &account, 1).await;
        }
        freeze(stage, &account).await.expect(200);
        stage.work().await;
        assert_eq!(stage.told_of("withdrawal.cancel.requested").await.len(), 205);
    });
}
