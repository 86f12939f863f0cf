//! Money that comes from outside into wallets, and leaves them for it.

use contracts::events::funding::{PayoutFailed, PayoutPaid, TopUpPaid, WithdrawalRequested};
use contracts::{Currency, Id, TopUpId, UserId, WithdrawalId};

use crate::stage::*;

fn paid(number: u128, account: u128, amount: i64) -> TopUpPaid {
    let (top_up_id, account_id) = (TopUpId::from_u128(number), acc(account));
    TopUpPaid { top_up_id, account_id, amount, currency: Currency::INR }
}

fn wanted(number: u128, account: u128, amount: i64) -> WithdrawalRequested {
    WithdrawalRequested {
        withdrawal_id: WithdrawalId::from_u128(number),
        account_id: acc(account),
        user_id: UserId::from_u128(account),
        amount,
        currency: Currency::INR,
        destination: "ba_1".to_owned(),
        sealed_destination: Some("v1.sealed".to_owned()),
    }
}

fn paid_out(number: u128, amount: i64) -> PayoutPaid {
    let (withdrawal_id, provider_ref) = (WithdrawalId::from_u128(number), "po_1".to_owned());
    PayoutPaid { withdrawal_id, amount, currency: Currency::INR, provider_ref }
}

fn failed(number: u128) -> PayoutFailed {
    PayoutFailed { withdrawal_id: WithdrawalId::from_u128(number), reason: "account_closed".to_owned() }
}

impl Stage {
    pub async fn tops_up_once(&self) {
        self.hears("topup", &paid(1, 1, 500)).await;
    }
}

#[test]
fn a_top_up_is_credited_once() {
    staged(async |stage, _| {
        stage.wallet(1, 0).await;
        for _ in 0..3 {
            stage.hears("topup", &paid(1, 1, 500)).await;
        }
        assert_eq!(stage.balance(acc(1), "").await, 500);
        let told = stage.told_of("top_up.credited").await;
        assert!(
            told.len() == 3 && told.iter().all(|one| *one == told[0]),
            "who asks again hears it again: {told:?}"
        );
        let transaction = told[0]["transactionId"].as_str().unwrap();
        let shown = stage.get(&bank(), &format!("{TRANSACTIONS}/{transaction}")).await.expect(200);
        assert_eq!((&shown.body["kind"], &shown.body["legs"][0]["amount"]), (&"top_up".into(), &500.into()));
        let back = format!("{TRANSACTIONS}/{transaction}/reverse");
        let said = stage.post(&bank(), &back, &serde_json::json!({})).await;
        assert_eq!(said.problem(), (409, "of_something_else"), "the provider would know nothing of it");
        stage.adds_up().await;
    });
}

#[test]
fn money_for_a_frozen_account_is_kept_until_it_is_thawed() {
    staged(async |stage, _| {
        stage.wallet(1, 0).await;
        stage.freezes(1).await;
        stage.hears("topup", &paid(1, 1, 500)).await;
        assert_eq!(stage.balance(acc(1), "").await, 0);
        assert_eq!(stage.balance("suspense:INR", "").await, 500);
        assert_eq!(stage.told_of("top_up.held").await[0]["reason"], "credit_account_frozen");
        stage.thaws(1).await;
        stage.hears("topup", &paid(1, 1, 500)).await;
        assert_eq!((stage.balance(acc(1), "").await, stage.balance("suspense:INR", "").await), (500, 0));
        stage.hears("topup", &paid(1, 1, 500)).await;
        assert_eq!(stage.balance(acc(1), "").await, 500);
        stage.adds_up().await;
    });
}

#[test]
fn a_withdrawal_is_set_aside_and_leaves_when_it_is_paid_out() {
    staged(async |stage, _| {
        stage.wallet(1, 800).await;
        for _ in 0..2 {
            stage.hears("wdr", &wanted(1, 1, 500)).await;
        }
        assert_eq!(stage.columns(acc(1)).await, [500, 0, 0, 800]);
        let reserved = stage.told_of("withdrawal.reserved").await.remove(0);
        assert_eq!(
            (reserved["destination"].as_str(), reserved["sealedDestination"].as_str()),
            (Some("ba_1"), Some("v1.sealed"))
        );
        for _ in 0..2 {
            stage.hears("payout", &paid_out(1, 500)).await;
        }
        stage.hears("payout", &failed(1)).await;
        assert_eq!(stage.columns(acc(1)).await, [0, 500, 0, 800]);
        assert_eq!(stage.told_of("withdrawal.completed").await.len(), 1);
        assert_eq!(stage.told_of("withdrawal.returned").await.len(), 0);
        stage.adds_up().await;
    });
}

#[test]
fn a_withdrawal_that_cannot_be_paid_out_can_be_spent_again() {
    staged(async |stage, _| {
        stage.wallet(1, 800).await;
        stage.hears("wdr", &wanted(1, 1, 500)).await;
        stage.hears("payout", &failed(1)).await;
        stage.hears("payout", &paid_out(1, 500)).await;
        assert_eq!(stage.columns(acc(1)).await, [0, 0, 0, 800]);
        assert_eq!(stage.told_of("withdrawal.returned").await[0]["reason"], "account_closed");
        stage.hears("wdr", &wanted(2, 1, 801)).await;
        assert_eq!(stage.told_of("withdrawal.refused").await[0]["reason"], "exceeds_credits");
        stage.adds_up().await;
    });
}
