//! Money on its way out of a wallet: asked for once, told once, and never paid twice.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::shop::*;
use crate::stripe::{Fault, decoded};

const OFFLINE: &[(&str, &str)] = &[("payments.payouts", "offline")];

async fn the_payout(shop: &Shop) -> Value {
    let list = shop.get(&clerk(), "/api/v1/payouts").await;
    let id = list.each("id")[0].to_owned();
    shop.get(&clerk(), &format!("/api/v1/payouts/{id}")).await.expect(200).body
}

/// Where it stands, why, and whether a person has to look.
async fn stands(shop: &Shop) -> (String, Option<String>, bool) {
    let payout = the_payout(shop).await;
    let text = |field: &str| payout[field].as_str().map(str::to_owned);
    (text("status").unwrap(), text("failure"), payout["needs_review"].as_bool().unwrap())
}

fn so(status: &str, failure: Option<&str>, needs_review: bool) -> (String, Option<String>, bool) {
    (status.into(), failure.map(str::to_owned), needs_review)
}

async fn tell(shop: &Shop, event: &str, kind: &str, fields: Value) {
    let object = shop.stripe.change("po_1", fields);
    shop.told_by_stripe(event, kind, &object).await.expect(200);
}

async fn told(shop: &Shop) -> Vec<(String, Value)> {
    shop.told().await.into_iter().filter(|(kind, _)| kind.starts_with("payout.")).collect()
}

async fn by_hand(shop: &Shop, what: &str, body: Option<&Value>) -> Said {
    let id = the_payout(shop).await["id"].as_str().unwrap().to_owned();
    shop.ask(Method::POST, &format!("/api/v1/payouts/{id}/{what}"), Some(&clerk()), body, &[]).await
}

#[test]
fn a_withdrawal_is_paid_out_once_and_told_once() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        let asked = shop.stripe.asked(Method::POST, "/v1/payouts");
        assert_eq!(asked.len(), 1);
        let form = decoded(&asked[0].text());
        let words = (form["amount"].as_str(), form["currency"].as_str(), form["destination"].as_str());
        assert_eq!(words, ("3000", "usd", "ba_of_ann"));
        assert_eq!(form["metadata[withdrawalId]"], withdrawal(1).to_string());
        let key = asked[0].headers["idempotency-key"].to_str().unwrap().to_owned();
        assert_eq!(key, format!("{}:payout", withdrawal(1)));
        assert_eq!(stands(shop).await, so("pending", None, false));
        for event in ["evt_1", "evt_2"] {
            tell(shop, event, "payout.paid", json!({ "status": "paid" })).await;
        }
        assert_eq!(stands(shop).await, so("paid", None, false));
        let expected = json!({ "withdrawalId": withdrawal(1), "amount": 3000, "currency": "USD", "providerRef": "po_1" });
        assert_eq!(told(shop).await, [("payout.paid".into(), expected)]);
        shop.wait(Duration::from_secs(10 * 86_400)).await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/payouts/po_1").len(), 0);
    });
}

#[test]
fn a_withdrawal_that_is_called_off_before_its_provider_was_asked_is_not_paid_out() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        for _ in 0..2 {
            shop.withdrawal_unwanted(1).await;
        }
        shop.work().await;
        assert!(shop.stripe.asked(Method::POST, "/v1/payouts").is_empty());
        assert_eq!(stands(shop).await, so("failed", Some("cancelled"), false));
        let expected = json!({ "withdrawalId": withdrawal(1), "reason": "cancelled" });
        assert_eq!(told(shop).await, [("payout.failed".into(), expected)]);
        assert_eq!(the_payout(shop).await["destination"], Value::Null, "where it was to go is forgotten");
    });
}

#[test]
fn a_withdrawal_that_was_called_off_before_it_is_heard_of_is_not_paid_out() {
    shops(async |shop| {
        shop.withdrawal_unwanted(1).await;
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        assert!(shop.stripe.asked(Method::POST, "/v1/payouts").is_empty());
        assert_eq!(told(shop).await.len(), 1);
        assert_eq!(stands(shop).await, so("failed", Some("cancelled"), false));
    });
}

#[test]
fn a_withdrawal_that_is_called_off_at_the_moment_it_is_heard_of_is_not_paid_out() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        // Two at once: each has stored its word, and neither has seen the other's.
        let unwanted = format!(
            "insert into unwanted_withdrawals (project_id, withdrawal_id, reason, unwanted_at)
             values ('{}', '{}', 'cancelled', 0)",
            project(1),
            withdrawal(1)
        );
        shop.stage.as_owner(unwanted).await;
        shop.work().await;
        assert!(shop.stripe.asked(Method::POST, "/v1/payouts").is_empty());
        assert_eq!(stands(shop).await, so("failed", Some("cancelled"), false));
        let expected = json!({ "withdrawalId": withdrawal(1), "reason": "cancelled" });
        assert_eq!(told(shop).await, [("payout.failed".into(), expected)]);
    });
}

#[test]
fn a_withdrawal_that_is_called_off_after_its_provider_was_asked_is_paid_out_all_the_same() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        shop.withdrawal_unwanted(1).await;
        assert_eq!(stands(shop).await, so("pending", None, false));
        tell(shop, "evt_1", "payout.paid", json!({ "status": "paid" })).await;
        assert_eq!(stands(shop).await, so("paid", None, false));
        assert_eq!(told(shop).await.len(), 1, "it is told as paid, and as nothing else");
    });
}

#[test]
fn a_payout_that_the_bank_turns_down_is_told_with_its_reason() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        for event in ["evt_1", "evt_2"] {
            tell(shop, event, "payout.failed", json!({ "status": "failed", "failure_code": "no_account" }))
                .await;
        }
        assert_eq!(stands(shop).await, so("failed", Some("no_account"), false));
        let expected = json!({ "withdrawalId": withdrawal(1), "reason": "no_account" });
        assert_eq!(told(shop).await, [("payout.failed".into(), expected)]);
    });
}

#[test]
fn a_payout_that_is_called_off_at_the_provider_failed() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        tell(shop, "evt_1", "payout.canceled", json!({ "status": "canceled" })).await;
        assert_eq!(stands(shop).await, so("failed", Some("canceled"), false));
        assert_eq!(told(shop).await[0].1["reason"], "canceled");
    });
}

#[test]
fn what_a_provider_refuses_failed_and_what_it_cannot_hear_is_asked_again() {
    shops(async |shop| {
        let poor = json!({ "error": { "type": "invalid_request_error", "code": "balance_insufficient" } });
        shop.stripe.fail([Fault::Instead(503, json!({})), Fault::Instead(400, poor)]);
        shop.withdrawal_reserved(1).await;
        for _ in 0..3 {
            shop.wait(Duration::from_secs(60)).await;
        }
        assert_eq!(stands(shop).await, so("failed", Some("balance_insufficient"), false));
        assert_eq!(told(shop).await.len(), 1);
    });
}

#[test]
fn a_payout_whose_answer_was_lost_is_asked_again_with_its_key_and_made_once() {
    shops(async |shop| {
        shop.stripe.fail([Fault::CutAfterDoing, Fault::StatusAfterDoing(500)]);
        shop.withdrawal_reserved(1).await;
        for _ in 0..4 {
            shop.wait(Duration::from_secs(60)).await;
        }
        let asked = shop.stripe.asked(Method::POST, "/v1/payouts");
        assert!(asked.len() >= 3, "it was asked {} times", asked.len());
        let same = |pair: &[kernel::testing::Asked]| {
            pair[0].headers["idempotency-key"] == pair[1].headers["idempotency-key"]
                && pair[0].text() == pair[1].text()
        };
        assert!(asked.windows(2).all(same));
        assert_eq!(shop.stripe.payouts().len(), 1);
        assert_eq!(stands(shop).await, so("pending", None, false));
    });
}

#[test]
fn a_payout_that_nobody_knows_about_is_not_asked_for_when_its_key_may_be_forgotten() {
    shops(async |shop| {
        shop.stripe.fail((0..60).map(|_| Fault::StatusAfterDoing(500)));
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        assert_eq!(stands(shop).await, so("requested", None, false));
        let before = shop.stripe.asked(Method::POST, "/v1/payouts").len();
        shop.wait(Duration::from_secs(21 * 3600)).await;
        assert_eq!(shop.stripe.asked(Method::POST, "/v1/payouts").len(), before);
        assert_eq!(stands(shop).await, so("requested", None, true));
        assert_eq!(told(shop).await, []);
        let found = json!({ "outcome": "dismissed", "note": "Looked." });
        assert_eq!(by_hand(shop, "review", Some(&found)).await.problem(), (409, "other_hands"));
        by_hand(shop, "settle", None).await.expect(200);
        assert_eq!(stands(shop).await, so("paid", None, false));
        assert_eq!(told(shop).await.len(), 1);
    });
}

#[test]
fn a_message_that_overtakes_the_answer_is_not_lost() {
    shops(async |shop| {
        shop.stripe.fail([Fault::StatusAfterDoing(500)]);
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        assert_eq!(stands(shop).await, so("requested", None, false));
        tell(shop, "evt_1", "payout.paid", json!({ "status": "paid" })).await;
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!(stands(shop).await, so("paid", None, false));
        assert_eq!((shop.stripe.payouts().len(), told(shop).await.len()), (1, 1));
    });
}

#[test]
fn a_payout_of_which_no_message_comes_is_looked_after() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        shop.wait(Duration::from_secs(301)).await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/payouts/po_1").len(), 1);
        shop.stripe.change("po_1", json!({ "status": "paid" }));
        shop.wait(Duration::from_secs(601)).await;
        assert_eq!(stands(shop).await, so("paid", None, false));
        assert_eq!(told(shop).await.len(), 1);
    });
}

#[test]
fn a_payout_that_comes_back_after_it_was_paid_waits_for_a_look() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        tell(shop, "evt_1", "payout.paid", json!({ "status": "paid" })).await;
        for event in ["evt_2", "evt_3"] {
            let back = json!({ "status": "failed", "failure_code": "account_closed" });
            tell(shop, event, "payout.failed", back).await;
        }
        assert_eq!(stands(shop).await, so("paid", Some("account_closed"), true));
        assert_eq!(told(shop).await.len(), 1, "the wallet has heard that it was paid");
        let listed = shop.get(&clerk(), "/api/v1/payouts?needs_review=true").await;
        assert_eq!(listed.each("status"), ["paid"]);
        let found = json!({ "outcome": "confirmed", "note": "Sent again by hand." });
        by_hand(shop, "review", Some(&found)).await.expect(200);
        assert_eq!(stands(shop).await, so("paid", Some("account_closed"), false));
        let id = the_payout(shop).await["id"].as_str().unwrap().to_owned();
        let kept = shop.get(&clerk(), &format!("/api/v1/payouts/{id}/reviews")).await;
        assert_eq!(
            (kept.each("outcome"), kept.each("note")),
            (vec!["confirmed"], vec!["Sent again by hand."])
        );
    });
}

#[test]
fn of_a_paid_message_after_a_failed_one_the_provider_itself_decides() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        let object = shop.stripe.payouts()[0].clone();
        tell(shop, "evt_2", "payout.failed", json!({ "status": "failed", "failure_code": "no_account" }))
            .await;
        let mut late = object.clone();
        late["status"] = json!("paid");
        shop.told_by_stripe("evt_1", "payout.paid", &late).await.expect(200);
        shop.work().await;
        assert_eq!(stands(shop).await, so("failed", Some("no_account"), false));
        shop.stripe.change("po_1", json!({ "status": "paid" }));
        shop.told_by_stripe("evt_3", "payout.paid", &late).await.expect(200);
        shop.work().await;
        assert_eq!(stands(shop).await, so("failed", Some("no_account"), true));
        assert_eq!(told(shop).await.len(), 1);
    });
}

#[test]
fn another_amount_is_not_believed() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        tell(shop, "evt_1", "payout.paid", json!({ "status": "paid", "amount": 1 })).await;
        assert_eq!(stands(shop).await, so("pending", None, true));
        assert_eq!(told(shop).await, []);
        tell(shop, "evt_2", "payout.paid", json!({ "status": "paid", "amount": 3000 })).await;
        assert_eq!(stands(shop).await, so("paid", None, false));
    });
}

#[test]
fn people_pay_out_by_hand_and_say_so_once() {
    shops_with(OFFLINE, async |shop| {
        shop.withdrawal_reserved(1).await;
        assert_eq!(by_hand(shop, "settle", None).await.problem(), (503, "payment_not_ready"));
        shop.work().await;
        assert_eq!(the_payout(shop).await["destination"], "ba_of_ann");
        for _ in 0..2 {
            assert_eq!(by_hand(shop, "settle", None).await.expect(200).body["status"], "paid");
        }
        let reason = json!({ "reason": "no_account" });
        assert_eq!(by_hand(shop, "fail", Some(&reason)).await.problem(), (409, "payout_over"));
        assert_eq!(the_payout(shop).await["destination"], Value::Null);
        assert_eq!(told(shop).await.len(), 1);
        shop.wait(Duration::from_secs(86_400)).await;
        assert!(shop.stripe.payouts().is_empty());
    });
}

#[test]
fn people_who_cannot_pay_out_say_why() {
    shops_with(OFFLINE, async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        let wrong = json!({ "reason": "Not today" });
        assert_eq!(by_hand(shop, "fail", Some(&wrong)).await.problem(), (422, "invalid_input"));
        let reason = json!({ "reason": "account_closed" });
        for _ in 0..2 {
            assert_eq!(by_hand(shop, "fail", Some(&reason)).await.expect(200).body["status"], "failed");
        }
        let expected = json!({ "withdrawalId": withdrawal(1), "reason": "account_closed" });
        assert_eq!(told(shop).await, [("payout.failed".into(), expected)]);
    });
}

#[test]
fn what_a_provider_pays_out_people_do_not_settle() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        assert_eq!(by_hand(shop, "settle", None).await.problem(), (409, "other_hands"));
        assert_eq!(stands(shop).await, so("pending", None, false));
    });
}

#[test]
fn a_person_sees_their_own_payouts_and_not_where_others_money_goes() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        let id = the_payout(shop).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/payouts/{id}");
        let own = shop.get(&ann(), &path).await.expect(200).body;
        assert_eq!((&own["amount"], &own["destination"]), (&json!(3000), &Value::Null));
        assert_eq!(shop.get(&ann(), "/api/v1/payouts?status=pending").await.each("id"), [id.as_str()]);
        let attempts = shop.get(&ann(), &format!("{path}/attempts")).await;
        assert_eq!((attempts.each("what"), attempts.each("result")), (vec!["pay_out"], vec!["applied"]));
        assert_eq!(shop.get(&ben(), "/api/v1/payouts").await.each("id"), Vec::<&str>::new());
        for path in [path.clone(), format!("{path}/attempts")] {
            assert_eq!(shop.get(&ben(), &path).await.problem(), (404, "not_found"));
        }
    });
}
