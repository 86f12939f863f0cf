//! Giving back what arrived.

use contracts::events::wallet::RiskDecision;
use serde_json::{Value, json};

use crate::stage::*;

async fn refund(stage: &Stage, who: &Player, payment: &str, amount: Option<i64>) -> Said {
    let body = amount.map_or_else(|| json!({}), |amount| json!({ "amount": amount }));
    stage.does(who, payment, "refund", Some(&body)).await
}

/// A payment of 500 that arrived.
async fn arrived(stage: &Stage, world: &mut World) -> (String, String, String) {
    let (from, to) = stage.two(world, 1_000).await;
    let payment = stage.pays(&ann(), &from, &to, 500).await;
    stage.settles(world).await;
    (from, to, payment)
}

#[test]
fn money_goes_back_in_parts_and_never_more_than_arrived() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to, payment) = arrived(stage, &mut world).await;
        let part = refund(stage, &ben(), &payment, Some(200)).await.expect(202);
        let of: &Value = &part.body["refund_of"];
        assert_eq!(
            (of, &part.body["from_account"], &part.body["amount"]),
            (&json!(payment), &json!(to), &json!(200))
        );
        let more = refund(stage, &ben(), &payment, Some(301)).await;
        assert_eq!((more.problem(), &more.body["details"]["left"]), ((409, "refund_too_large"), &json!(300)));
        stage.settles(&mut world).await;
        assert_eq!(refund(stage, &ben(), &payment, None).await.expect(202).body["amount"], 300);
        stage.settles(&mut world).await;
        assert_eq!(refund(stage, &ben(), &payment, None).await.problem(), (409, "refund_too_large"));
        assert_eq!(stage.payment(&payment).await["refunded_amount"], 500);
        assert_eq!((stage.balance(&from).await.0, stage.balance(&to).await.0), (1_000, 0));
        assert_eq!(stage.spent(&to).await, (0, 0), "giving back is not limited");
    });
}

#[test]
fn what_did_not_go_back_can_be_given_back_again() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (_, _, payment) = arrived(stage, &mut world).await;
        world.decision = RiskDecision::Block;
        let back = id(&refund(stage, &ben(), &payment, Some(400)).await.expect(202));
        assert_eq!(stage.payment(&payment).await["refunded_amount"], 400);
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&back).await.0, "failed");
        assert_eq!(stage.payment(&payment).await["refunded_amount"], 0);
        refund(stage, &ben(), &payment, Some(500)).await.expect(202);
    });
}

#[test]
fn only_the_payee_gives_back_and_only_what_arrived() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 500).await;
        assert_eq!(refund(stage, &ben(), &payment, None).await.problem(), (409, "wrong_state"));
        assert_eq!(refund(stage, &ann(), &payment, None).await.problem(), (404, "not_found"));
        assert_eq!(
            refund(stage, &Player::user(3, 1, OWN), &payment, None).await.problem(),
            (404, "not_found")
        );
    });
}

#[test]
fn many_refunds_at_once_are_never_more_than_arrived() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (_, _, payment) = arrived(stage, &mut world).await;
        let who = ben();
        let said = join_all((0..10).map(|_| refund(stage, &who, &payment, Some(200)))).await;
        assert_eq!(said.iter().filter(|said| said.status == 202).count(), 2);
        assert_eq!(said.iter().filter(|said| said.problem() == (409, "refund_too_large")).count(), 8);
        assert_eq!(stage.payment(&payment).await["refunded_amount"], 400);
    });
}
