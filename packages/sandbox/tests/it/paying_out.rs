//! Payouts: taken, turned down or sent back by the bank, told of each time, and asked for once.

use std::time::Duration;

use serde_json::json;

use crate::shop::{Answer, Ear, Shop, shopping};

const SLOW: Duration = Duration::from_secs(10);

async fn pay_out(shop: &Shop, destination: &str) -> Answer {
    let form = format!("amount=5000&currency=usd&destination={destination}&metadata[payoutId]=pout_1");
    shop.post("/v1/payouts", &form).await
}

#[test]
fn a_payout_arrives_after_a_while_and_is_told_of() {
    shopping(async |shop, stage, _| {
        let ear = Ear::of(stage).await;
        let made = pay_out(shop, "ba_1").await.expect(200);
        assert_eq!((made.text_of("object"), made.text_of("status")), ("payout".into(), "pending".into()));
        assert_eq!((&made.body["amount"], &made.body["currency"]), (&json!(5000), &json!("usd")));
        stage.wait(SLOW).await;
        let after = shop.get(&format!("/v1/payouts/{}", made.id())).await.expect(200);
        assert_eq!((after.text_of("status"), &after.body["failure_code"]), ("paid".into(), &json!(null)));
        assert_eq!(after.body["metadata"], json!({ "payoutId": "pout_1" }));
        assert_eq!(shop.events().await, ["payout.created", "payout.updated", "payout.paid"]);
        let paid = ear.heard().into_iter().find(|event| event["type"] == "payout.paid").unwrap();
        assert_eq!(paid["data"]["object"], after.body);
        let line =
            shop.get(&format!("/v1/balance_transactions/{}", after.text_of("balance_transaction"))).await;
        assert_eq!((&line.body["type"], &line.body["net"]), (&json!("payout"), &json!(-5000)));
    });
}

#[test]
fn a_bank_may_turn_a_payout_down_or_send_it_back() {
    shopping(async |shop, stage, _| {
        let of = async |payout: &Answer| {
            let seen = shop.get(&format!("/v1/payouts/{}", payout.id())).await;
            (seen.text_of("status"), seen.body["failure_code"].as_str().map(str::to_owned))
        };
        let closed = pay_out(shop, "ba_fail").await.expect(200);
        let unknown = pay_out(shop, "ba_fail_no_account").await.expect(200);
        let back = pay_out(shop, "ba_sendBack").await.expect(200);
        stage.wait(SLOW).await;
        assert_eq!(of(&closed).await, ("failed".into(), Some("account_closed".into())));
        assert_eq!(of(&unknown).await, ("failed".into(), Some("no_account".into())));
        assert_eq!(of(&back).await, ("paid".into(), None));
        stage.wait(SLOW).await;
        assert_eq!(of(&back).await, ("failed".into(), Some("account_closed".into())));
        assert_eq!(shop.events().await.iter().filter(|kind| *kind == "payout.failed").count(), 3);
    });
}

#[test]
fn a_payout_is_called_off_while_it_is_on_its_way_and_not_later() {
    shopping(async |shop, stage, _| {
        let made = pay_out(shop, "ba_1").await.expect(200);
        let path = format!("/v1/payouts/{}/cancel", made.id());
        assert_eq!(shop.post(&path, "").await.expect(200).text_of("status"), "canceled");
        assert_eq!(shop.post(&path, "").await.error().0, 400);
        stage.wait(SLOW).await;
        assert_eq!(shop.events().await, ["payout.created", "payout.canceled"]);
    });
}

#[test]
fn the_same_key_pays_out_once_even_where_no_answer_came() {
    shopping(async |shop, _, _| {
        shop.fault("timeout_after_accepting", json!({ "millis": 1 })).await;
        let form = "amount=5000&currency=usd&destination=ba_1";
        shop.post_once("wdr_1:payout", "/v1/payouts", form).await.expect(500);
        let again = shop.post_once("wdr_1:payout", "/v1/payouts", form).await.expect(200);
        assert_eq!(shop.get("/v1/payouts").await.each("id"), [again.id()]);
        let other = shop.post_once("wdr_1:payout", "/v1/payouts", "amount=1&currency=usd").await;
        assert_eq!(other.error().1, "idempotency_error");
    });
}

#[test]
fn payouts_are_listed_by_account_state_and_destination() {
    shopping(async |shop, stage, _| {
        let first = pay_out(shop, "ba_1").await.expect(200).id();
        stage.wait(SLOW).await;
        let second = pay_out(shop, "ba_2").await.expect(200).id();
        let list = async |query: &str| shop.get(&format!("/v1/payouts{query}")).await.each("id");
        assert_eq!(list("").await, [second.clone(), first.clone()]);
        assert_eq!(list("?status=paid").await, std::slice::from_ref(&first));
        assert_eq!(list("?destination=ba_2").await, std::slice::from_ref(&second));
        assert_eq!(list("?limit=1").await, [second]);
        let other = shop.with_key("sk_test_other");
        assert_eq!(other.get("/v1/payouts").await.each("id"), Vec::<String>::new());
        assert_eq!(other.get(&format!("/v1/payouts/{first}")).await.error().2, "resource_missing");
    });
}

#[test]
fn what_is_no_payout_is_refused_by_name() {
    shopping(async |shop, _, _| {
        for (form, code) in [
            ("currency=usd", "parameter_missing"),
            ("amount=0&currency=usd", "parameter_invalid_integer"),
            ("amount=5&currency=usd&destination=acct_1", "resource_missing"),
            ("amount=5&currency=usd&destination=ba_empty", "balance_insufficient"),
            ("amount=5&currency=usd&iban=1", "parameter_unknown"),
        ] {
            assert_eq!(shop.post("/v1/payouts", form).await.error(), (400, "invalid_request_error", code));
        }
        assert_eq!(shop.get("/v1/payouts").await.each("id"), Vec::<String>::new());
    });
}
