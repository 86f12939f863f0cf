//! How much may be sent, and that nobody sends more by being quick.

use std::time::Duration;

use contracts::events::access::{KycReviewed, KycState};
use serde_json::json;

use crate::stage::*;

const SMALL: &[(&str, &str)] =
    &[("wallet.limits_unverified", "500/1000/1500"), ("wallet.limits_basic", "2000/4000/8000")];

async fn asks(stage: &Stage, from: &str, to: &str, amount: i64) -> Said {
    stage.post(&ann(), "/api/v1/wallet/payments", &paying(from, to, amount)).await
}

#[test]
fn a_payment_a_day_and_a_month_have_limits() {
    staged_with(SMALL, async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 100_000).await;
        // The clock starts anywhere in a month; the first of the next is a good day to begin.
        let now = stage.clock.now().to_string();
        let day: u64 = now[8..10].parse().unwrap();
        stage.clock.advance(Duration::from_secs(86_400 * (40 - day)));
        let today: u64 = stage.clock.now().to_string()[8..10].parse().unwrap();
        assert!(today < 15, "there are days left in this month");
        let refused = |said: &Said| {
            assert_eq!(said.problem(), (409, "limit_exceeded"));
            (said.body["details"]["period"].clone(), said.body["details"]["left"].clone())
        };
        assert_eq!(refused(&asks(stage, &from, &to, 501).await), (json!("payment"), json!(500)));
        asks(stage, &from, &to, 500).await.expect(202);
        asks(stage, &from, &to, 400).await.expect(202);
        assert_eq!(refused(&asks(stage, &from, &to, 101).await), (json!("day"), json!(100)));
        stage.settles(&mut world).await;
        stage.clock.advance(Duration::from_secs(86_400));
        assert_eq!(stage.spent(&from).await, (0, 900));
        asks(stage, &from, &to, 500).await.expect(202);
        assert_eq!(refused(&asks(stage, &from, &to, 101).await), (json!("month"), json!(100)));
    });
}

#[test]
fn an_account_has_the_limits_of_its_currency() {
    let settings = [("wallet.limits_unverified", "500/1000/1500, JPY=90000/100000/150000")];
    staged_with(&settings, async |stage, _| {
        let mut world = World::default();
        let (rupees, _) = stage.two(&mut world, 100_000).await;
        let open = async |who: &Player| {
            id(&stage.post(who, "/api/v1/accounts", &json!({ "currency": "JPY" })).await.expect(201))
        };
        let (from, to) = (open(&ann()).await, open(&ben()).await);
        stage.settles(&mut world).await;
        stage.hears(&world.fund(account_id(&from), 500_000)).await;
        let limits = async |account: &str| {
            let seen =
                stage.get(&ann(), &format!("/api/v1/accounts/{account}/limits")).await.expect(200).body;
            json!([seen["currency"], seen["payment"], seen["day"], seen["month"]])
        };
        assert_eq!(limits(&rupees).await, json!(["INR", 500, 1_000, 1_500]));
        assert_eq!(limits(&from).await, json!(["JPY", 90_000, 100_000, 150_000]));
        let asks = async |amount: i64| {
            let body = json!({ "from_account": from, "to": to, "amount": amount, "currency": "JPY" });
            stage.post(&ann(), "/api/v1/wallet/payments", &body).await
        };
        assert_eq!(asks(90_001).await.problem(), (409, "limit_exceeded"));
        asks(90_000).await.expect(202);
        let said = asks(10_001).await;
        assert_eq!(said.problem(), (409, "limit_exceeded"));
        assert_eq!(
            (&said.body["details"]["period"], &said.body["details"]["left"]),
            (&json!("day"), &json!(10_000))
        );
    });
}

#[test]
fn whoever_is_known_better_may_send_more_and_the_latest_word_holds() {
    staged_with(SMALL, async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 100_000).await;
        let reviewed = |state, level| KycReviewed { user_id: user(1), state, level };
        stage.meets(&reviewed(KycState::Verified, 1)).await;
        asks(stage, &from, &to, 1_900).await.expect(202);
        let path = format!("/api/v1/accounts/{from}/limits");
        let seen = stage.get(&ann(), &path).await.expect(200).body;
        let expected = json!({ "currency": "INR", "kyc_level": 1, "payment": 2_000, "day": 4_000, "month": 8_000,
            "spent_today": 1_900, "spent_this_month": 1_900 });
        assert_eq!(seen, expected);
        stage.clock.advance(Duration::from_secs(1));
        stage.meets(&reviewed(KycState::Rejected, 0)).await;
        assert_eq!(asks(stage, &from, &to, 1).await.problem(), (409, "limit_exceeded"));
        stage.clock.advance(Duration::from_secs(1));
        stage.meets(&reviewed(KycState::Verified, 99)).await;
        assert_eq!(stage.get(&ann(), &path).await.expect(200).body["kyc_level"], 2);
    });
}

#[test]
fn many_at_once_do_not_send_more_than_the_limit() {
    staged_with(SMALL, async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 100_000).await;
        let body = paying(&from, &to, 300);
        let (first, second) = (ann(), Player::user(1, 1, OWN));
        let asked = (0..16).map(|at| {
            stage.post(if at % 2 == 0 { &first } else { &second }, "/api/v1/wallet/payments", &body)
        });
        let said = join_all(asked).await;
        let begun = said.iter().filter(|said| said.status == 202).count();
        let refused = said.iter().filter(|said| said.problem() == (409, "limit_exceeded")).count();
        assert_eq!((begun, refused), (3, 13), "three of 300 are 900, a fourth would be more than 1000");
        assert_eq!(stage.spent(&from).await, (900, 900));
        assert_eq!(stage.told_of("payment.initiated").await.len(), 3);
    });
}

#[test]
fn what_failed_can_be_sent_by_many_at_once_again_and_not_more() {
    staged_with(SMALL, async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 0).await;
        for _ in 0..3 {
            asks(stage, &from, &to, 300).await.expect(202);
        }
        let words = stage.words(&mut world).await;
        let body = paying(&from, &to, 300);
        let who = ann();
        let hearing = async {
            for word in &words {
                stage.hears(word).await;
            }
        };
        let asking = join_all((0..8).map(|_| stage.post(&who, "/api/v1/wallet/payments", &body)));
        let ((), said) = tokio::join!(hearing, asking);
        let begun = said.iter().filter(|said| said.status == 202).count() as i64;
        assert!(begun <= 3, "{begun}");
        assert_eq!(stage.spent(&from).await, (300 * begun, 300 * begun));
    });
}
