//! What others are shown of people: a first name and an initial, to whoever pays them or is paid by them.

use contracts::events::access::{UserErased, UserNamed};
use serde_json::{Value, json};

use crate::stage::*;

async fn is_called(stage: &Stage, number: u128, name: Option<&str>) {
    stage.meets(&UserNamed { user_id: user(number), name: name.map(str::to_owned) }).await;
}

async fn seen(stage: &Stage, who: &Player, payment: &str) -> (Value, Value) {
    let seen = stage.get(who, &format!("/api/v1/wallet/payments/{payment}")).await.expect(200).body;
    (seen["payer_name"].clone(), seen["payee_name"].clone())
}

#[test]
fn both_sides_of_a_payment_are_shown_a_first_name_and_an_initial() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        is_called(stage, 1, Some("Ann Lee")).await;
        is_called(stage, 2, Some("Ben Kowalski")).await;
        let begun = stage.post(&ann(), "/api/v1/wallet/payments", &paying(&from, &to, 300)).await.expect(202);
        assert_eq!(
            (&begun.body["payer_name"], &begun.body["payee_name"]),
            (&json!("Ann L."), &json!("Ben K."))
        );
        stage.settles(&mut world).await;
        let payment = id(&begun);
        for who in [ann(), ben(), staff()] {
            assert_eq!(seen(stage, &who, &payment).await, (json!("Ann L."), json!("Ben K.")));
        }
        let listed = stage.get(&ben(), "/api/v1/wallet/payments").await.expect(200).body;
        assert_eq!(listed["data"][0]["payer_name"], "Ann L.");
        assert!(!listed.to_string().contains("Lee"), "never the whole name: {listed}");
        let today = begun.body["created_at"].as_str().unwrap()[..10].to_owned();
        let statement = stage.under(&to, &format!("statement?from={today}&to={today}")).await;
        assert_eq!(statement["lines"][0]["other_name"], "Ann L.");
    });
}

#[test]
fn who_is_to_be_paid_is_shown_by_name_before_money_moves() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.signs_up(2).await;
        is_called(stage, 2, Some("Ben Kowalski")).await;
        for q in [to.as_str(), "person2@example.com"] {
            let found = stage.get(&ann(), &format!("/api/v1/wallet/payees?q={q}")).await.expect(200).body;
            let payee = json!({ "account_id": to, "currency": "INR", "merchant": false, "name": "Ben K." });
            assert_eq!(found["data"], json!([payee]), "neither mail nor number");
        }
        let plan = json!({ "from_account": from, "to": to, "amount": 5, "every": "month",
            "starts_at": "2090-01-31T09:00:00Z" });
        let planned = stage.post(&ann(), "/api/v1/wallet/schedules", &plan).await.expect(201).body;
        assert_eq!(planned["payee_name"], "Ben K.");
        let listed = stage.get(&ann(), "/api/v1/wallet/schedules").await.expect(200).body;
        assert_eq!(listed["data"][0]["payee_name"], "Ben K.");
        let asking = json!({ "to_account": to, "from": from, "amount": 7 });
        let asked = stage.post(&ben(), "/api/v1/wallet/requests", &asking).await.expect(201).body;
        assert_eq!((&asked["requester_name"], &asked["payer_name"]), (&json!("Ben K."), &Value::Null));
        is_called(stage, 1, Some("Ann")).await;
        let listed = stage.get(&ann(), "/api/v1/wallet/requests").await.expect(200).body;
        assert_eq!(
            (&listed["data"][0]["payer_name"], &listed["data"][0]["requester_name"]),
            (&json!("Ann"), &json!("Ben K."))
        );
    });
}

#[test]
fn a_name_changes_is_taken_back_and_is_forgotten_with_its_owner() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        let payee = async || seen(stage, &ann(), &payment).await.1;
        assert_eq!(payee().await, Value::Null, "who has not said it has no name");
        is_called(stage, 2, Some("Ben Kowalski")).await;
        assert_eq!(payee().await, "Ben K.");
        is_called(stage, 2, Some("ben@example.com")).await;
        assert_eq!(payee().await, Value::Null, "an address is no name");
        is_called(stage, 2, Some("Benno")).await;
        assert_eq!(payee().await, "Benno");
        is_called(stage, 2, None).await;
        assert_eq!(payee().await, Value::Null);
        stage.meets(&UserErased { user_id: user(2) }).await;
        assert_eq!(payee().await, "Former customer");
        is_called(stage, 2, Some("Ben Kowalski")).await;
        assert_eq!(payee().await, "Former customer", "an older word does not bring them back");
    });
}

#[test]
fn more_people_than_are_looked_up_at_once_all_have_their_names() {
    staged(async |stage, _| {
        let mut world = World::default();
        let from = stage.opens(&mut world, &ann(), 1_000).await;
        for number in 100..153 {
            let to = stage.opens(&mut world, &Player::user(number, 1, OWN), 0).await;
            is_called(stage, number, Some(&format!("Somebody{number}"))).await;
            stage.pays(&ann(), &from, &to, 1).await;
        }
        let said = stage.get(&ann(), "/api/v1/wallet/payments?limit=100").await;
        let wanted: Vec<String> = (100..153).rev().map(|number| format!("Somebody{number}")).collect();
        assert_eq!(said.each("payee_name"), wanted);
    });
}
