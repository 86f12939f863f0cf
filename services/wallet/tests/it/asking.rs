//! Asking somebody for money, and answering.

use http::Method;
use serde_json::json;

use crate::stage::*;

async fn ask(stage: &Stage, to: &str, amount: i64) -> Said {
    let body = json!({ "to_account": to, "from": "person1@example.com", "amount": amount, "note": "Tea" });
    stage.post(&ben(), "/api/v1/wallet/requests", &body).await
}

async fn accept(stage: &Stage, who: &Player, request: &str, from: &str) -> Said {
    let path = format!("/api/v1/wallet/requests/{request}/accept");
    stage.post(who, &path, &json!({ "from_account": from })).await
}

async fn decline(stage: &Stage, who: &Player, request: &str) -> Said {
    let path = format!("/api/v1/wallet/requests/{request}/decline");
    stage.ask(Method::POST, &path, Some(who), None, &[]).await
}

async fn states(stage: &Stage, who: &Player, query: &str) -> Vec<String> {
    let said = stage.get(who, &format!("/api/v1/wallet/requests?{query}")).await;
    said.each("state").into_iter().map(str::to_owned).collect()
}

#[test]
fn a_request_is_paid_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.signs_up(1).await;
        let request = id(&ask(stage, &to, 300).await.expect(201));
        assert_eq!(stage.said_to(1).await.pop().unwrap(), "You are asked for 3.00 INR.");
        let said = accept(stage, &ann(), &request, &from).await.expect(202);
        let payment = said.body["payment_id"].as_str().unwrap().to_owned();
        assert_eq!(said.body["state"], "accepted");
        assert_eq!(accept(stage, &ann(), &request, &from).await.problem(), (409, "wrong_state"));
        stage.settles(&mut world).await;
        assert_eq!(states(stage, &ann(), "").await, ["paid"]);
        assert_eq!(states(stage, &ben(), "direction=outgoing&state=paid").await, ["paid"]);
        assert_eq!(states(stage, &ben(), "").await, Vec::<String>::new());
        assert_eq!(stage.payment(&payment).await["request_id"], json!(request));
        assert_eq!(decline(stage, &ann(), &request).await.problem(), (409, "wrong_state"));
    });
}

#[test]
fn a_request_whose_payment_came_to_nothing_is_open_again() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 100).await;
        stage.signs_up(1).await;
        let request = id(&ask(stage, &to, 300).await.expect(201));
        accept(stage, &ann(), &request, &from).await.expect(202);
        stage.settles(&mut world).await;
        let seen = stage.get(&ann(), "/api/v1/wallet/requests").await.expect(200).body;
        assert_eq!(
            (&seen["data"][0]["state"], &seen["data"][0]["payment_id"]),
            (&json!("open"), &json!(null))
        );
        decline(stage, &ann(), &request).await.expect(200);
        assert_eq!(states(stage, &ann(), "state=declined").await, ["declined"]);
        assert_eq!(stage.said_to(2).await.pop().unwrap(), "Your request for 3.00 INR was turned down.");
    });
}

#[test]
fn only_who_is_asked_answers_and_only_ones_own_account_is_paid() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.signs_up(1).await;
        let request = id(&ask(stage, &to, 300).await.expect(201));
        for who in [ben(), Player::user(3, 1, OWN)] {
            assert_eq!(accept(stage, &who, &request, &from).await.problem(), (404, "not_found"));
            assert_eq!(decline(stage, &who, &request).await.problem(), (404, "not_found"));
        }
        assert_eq!(
            accept(stage, &ann(), &request, &to).await.problem(),
            (404, "not_found"),
            "of Ben's account"
        );
        assert_eq!(ask(stage, &from, 300).await.problem(), (404, "not_found"), "for Ann's account");
        let himself = json!({ "to_account": to, "from": to, "amount": 5 });
        let said = stage.post(&ben(), "/api/v1/wallet/requests", &himself).await;
        assert_eq!(said.problem(), (409, "same_account"));
        assert_eq!(states(stage, &ann(), "").await, ["open"]);
    });
}

#[test]
fn both_sides_see_a_request_and_nobody_else() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.signs_up(1).await;
        let request = id(&ask(stage, &to, 300).await.expect(201));
        let path = format!("/api/v1/wallet/requests/{request}");
        for who in [ann(), ben()] {
            let seen = stage.get(&who, &path).await.expect(200).body;
            assert_eq!(
                (&seen["id"], &seen["state"], &seen["note"]),
                (&json!(request), &json!("open"), &json!("Tea"))
            );
        }
        let absent = stage.get(&ann(), "/api/v1/wallet/requests/wreq_00000000000000000000000000").await;
        for who in [Player::user(3, 1, OWN), Player::user(1, 2, OWN)] {
            let said = stage.get(&who, &path).await;
            assert_eq!(
                (said.problem(), said.body["message"].clone()),
                (absent.problem(), absent.body["message"].clone())
            );
        }
        accept(stage, &ann(), &request, &from).await.expect(202);
        stage.settles(&mut world).await;
        assert_eq!(stage.get(&ben(), &path).await.expect(200).body["state"], "paid");
    });
}

#[test]
fn a_request_accepted_by_many_at_once_is_one_payment() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.signs_up(1).await;
        let request = id(&ask(stage, &to, 100).await.expect(201));
        let who = ann();
        let said = join_all((0..8).map(|_| accept(stage, &who, &request, &from))).await;
        assert_eq!(said.iter().filter(|said| said.status == 202).count(), 1);
        assert_eq!(stage.told_of("payment.initiated").await.len(), 1);
        assert_eq!(stage.spent(&from).await, (100, 100));
    });
}
