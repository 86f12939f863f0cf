//! How payments come to nothing, and that all comes back then.

use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use serde_json::json;

use crate::stage::*;

const MINUTE: Duration = Duration::from_secs(60);

/// What must hold of a payment that came to nothing.
async fn came_to_nothing(stage: &Stage, world: &World, from: &str, payment: &str, reason: &str) {
    assert_eq!(stage.stands(payment).await, ("failed".to_owned(), reason.to_owned()));
    let failed = json!({ "kind": "wallet", "userId": user(1), "reason": reason });
    assert_eq!(stage.told_of("payment.failed").await, [failed]);
    assert_eq!(stage.told_of("payment.completed").await.len(), 0);
    assert_eq!((stage.spent(from).await, world.purse(account_id(from)).1), ((0, 0), 0));
    let last = stage.said_to(1).await.pop().unwrap();
    assert_eq!(last, format!("Your payment of 3.00 INR did not go through: {reason}."));
}

#[test]
fn what_is_not_there_is_not_paid() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 200).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        assert_eq!(stage.spent(&from).await, (300, 300), "it counts while it is on its way");
        stage.settles(&mut world).await;
        came_to_nothing(stage, &world, &from, &payment, "exceeds_credits").await;
    });
}

#[test]
fn a_blocked_payment_comes_to_nothing() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Block);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        came_to_nothing(stage, &world, &from, &payment, "blocked").await;
    });
}

#[test]
fn a_person_lets_a_payment_go_on_or_not_and_once() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let good = stage.pays(&ann(), &from, &to, 100).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&good).await.0, "in_review");
        assert_eq!(stage.said_to(1).await.pop().unwrap(), "Your payment of 1.00 INR is being looked at.");
        let verdict = |decision: &str| json!({ "decision": decision, "reason": "She called back" });
        let said = stage.does(&staff(), &good, "review", Some(&verdict("approve"))).await.expect(200);
        assert_eq!(said.body["status"], "processing");
        let again = stage.does(&staff(), &good, "review", Some(&verdict("reject"))).await;
        assert_eq!(again.problem(), (409, "wrong_state"));
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&good).await.0, "completed");
        let bad = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        stage.does(&staff(), &bad, "review", Some(&verdict("reject"))).await.expect(200);
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&bad).await, ("failed".to_owned(), "rejected".to_owned()));
        assert_eq!((stage.spent(&from).await, world.purse(account_id(&from))), ((100, 100), (900, 0)));
    });
}

#[test]
fn what_fraud_makes_of_a_payment_in_review_lets_it_go_on_or_not() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let good = stage.pays(&ann(), &from, &to, 100).await;
        stage.settles(&mut world).await;
        stage.hears(&World::reviewed(&good, RiskDecision::Review)).await;
        assert_eq!(stage.stands(&good).await.0, "in_review", "nobody has looked at it yet");
        for _ in 0..2 {
            stage.hears(&World::reviewed(&good, RiskDecision::Approve)).await;
        }
        assert_eq!(stage.told_of("payment.processing").await.len(), 1, "twice is once");
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&good).await.0, "completed");
        let bad = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        stage.hears(&World::reviewed(&bad, RiskDecision::Block)).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&bad).await, ("failed".to_owned(), "rejected".to_owned()));
        assert_eq!((stage.spent(&from).await, world.purse(account_id(&from))), ((100, 100), (900, 0)));
    });
}

#[test]
fn a_payment_that_nobody_looks_at_comes_to_nothing_after_a_day() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        stage.wait(MINUTE * 60 * 23).await;
        assert_eq!(stage.stands(&payment).await.0, "in_review", "people have longer than services");
        stage.wait(MINUTE * 61).await;
        stage.settles(&mut world).await;
        came_to_nothing(stage, &world, &from, &payment, "review_timed_out").await;
    });
}

#[test]
fn its_payer_may_cancel_a_payment_until_it_is_processed() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.does(&ben(), &payment, "cancel", None).await.problem(), (404, "not_found"));
        let said = stage.does(&ann(), &payment, "cancel", None).await.expect(200);
        assert_eq!((&said.body["status"], &said.body["reason"]), (&json!("releasing"), &json!("cancelled")));
        stage.settles(&mut world).await;
        came_to_nothing(stage, &world, &from, &payment, "cancelled").await;
        world.decision = RiskDecision::Approve;
        let done = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        let late = stage.does(&ann(), &done, "cancel", None).await;
        assert_eq!(
            (late.problem(), &late.body["details"]["status"]),
            ((409, "wrong_state"), &json!("completed"))
        );
    });
}

#[test]
fn a_payment_that_nobody_answers_is_given_up_and_the_ledger_asked_until_it_answers() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        stage.wait(MINUTE + MINUTE / 2).await;
        assert_eq!(stage.stands(&payment).await.0, "initiated");
        for asked in 1..=4 {
            stage.wait(MINUTE * 2).await;
            let requested = stage.told_of("payment.release.requested").await;
            assert_eq!(requested.len(), asked);
            assert_eq!(requested[0]["reason"], "timed_out");
        }
        assert_eq!(stage.stands(&payment).await.0, "releasing");
        assert_eq!(stage.spent(&from).await, (300, 300), "it is not certain yet that it failed");
        stage.settles(&mut world).await;
        came_to_nothing(stage, &world, &from, &payment, "timed_out").await;
        stage.wait(MINUTE * 10).await;
        assert_eq!(stage.told_of("payment.release.requested").await.len(), 4, "nobody asks any more");
    });
}

#[test]
fn money_that_moved_as_the_payment_was_given_up_is_paid() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        let words = stage.words(&mut world).await;
        for word in &words {
            stage.hears(word).await;
        }
        let settled = stage.words(&mut world).await;
        assert!(matches!(settled[0], Word::Settled(_)));
        stage.wait(MINUTE * 3).await;
        assert_eq!(stage.stands(&payment).await, ("releasing".to_owned(), "timed_out".to_owned()));
        for word in &settled {
            stage.hears(word).await;
        }
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&payment).await, ("completed".to_owned(), String::new()));
        assert_eq!((stage.told_of("payment.failed").await.len(), stage.spent(&from).await), (0, (300, 300)));
    });
}

#[test]
fn a_payment_on_its_way_has_no_job_until_its_time_is_over() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.as_owner("delete from jobs".to_owned()).await;
        let paid = stage.pays(&ann(), &from, &to, 300).await;
        stage.settles(&mut world).await;
        let hung = stage.pays(&ann(), &from, &to, 300).await;
        assert_eq!(stage.jobs().await, 0, "of a thousand payments that are paid none costs a job");
        stage.wait(MINUTE * 3).await;
        assert_eq!(stage.jobs().await, 1);
        assert_eq!(stage.stands(&paid).await.0, "completed");
        assert_eq!(stage.stands(&hung).await, ("releasing".to_owned(), "timed_out".to_owned()));
    });
}

#[test]
fn a_payment_whose_job_is_gone_is_given_up_all_the_same() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        let handed_until = stage.clock.now().saturating_add(MINUTE * 5).as_micros();
        stage.as_owner(format!("update payments set handed_until = {handed_until}")).await;
        stage.wait(MINUTE * 4).await;
        assert_eq!(stage.stands(&payment).await.0, "initiated", "its job has time left");
        stage.wait(MINUTE * 2).await;
        stage.settles(&mut world).await;
        came_to_nothing(stage, &world, &from, &payment, "timed_out").await;
    });
}
