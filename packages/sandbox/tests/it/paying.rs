//! How money comes in: each card as it says, each move from each state as Stripe has it.

use std::time::Duration;

use serde_json::json;

use crate::shop::{Shop, shopping};

const STATES: [&str; 7] = [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
];

/// An intent that stands there: its id and the secret of its page.
async fn in_state(shop: &Shop, state: &str) -> (String, String) {
    let kinds = "payment_method_types[]=us_bank_account";
    let answer = match state {
        "requires_payment_method" => shop.intent(kinds).await,
        "requires_confirmation" => shop.intent(&format!("{kinds}&payment_method=pm_card_visa")).await,
        "requires_action" => shop.pay("pm_card_threeDSecure2Required", "").await,
        "processing" => shop.pay("pm_usBankAccount_success", "").await,
        "requires_capture" => shop.pay("pm_card_visa", "capture_method=manual").await,
        "succeeded" => shop.pay("pm_card_visa", "").await,
        _ => {
            let id = shop.intent("").await.id();
            shop.post(&format!("/v1/payment_intents/{id}/cancel"), "").await
        }
    };
    let answer = answer.expect(200);
    assert_eq!(answer.text_of("status"), state);
    (answer.id(), answer.text_of("client_secret"))
}

#[test]
fn each_move_from_each_state_goes_or_is_refused_as_stripe_says() {
    // Where each of them leads, by state; none is a refusal.
    let table: [(&str, [Option<&str>; 7]); 5] = [
        (
            "update",
            [
                Some("requires_payment_method"),
                Some("requires_confirmation"),
                Some("requires_confirmation"),
                None,
                None,
                None,
                None,
            ],
        ),
        ("confirm", [Some("succeeded"), Some("succeeded"), Some("succeeded"), None, None, None, None]),
        ("capture", [None, None, None, None, Some("succeeded"), None, None]),
        (
            "cancel",
            [Some("canceled"), Some("canceled"), Some("canceled"), None, Some("canceled"), None, None],
        ),
        ("authenticate", [None, None, Some("succeeded"), None, None, None, None]),
    ];
    shopping(async |shop, _, _| {
        for (to_do, leads) in table {
            for (state, expected) in STATES.into_iter().zip(leads) {
                let (id, secret) = in_state(shop, state).await;
                let path = format!("/v1/payment_intents/{id}");
                let answer = match to_do {
                    "update" => shop.post(&path, "amount=1200").await,
                    "confirm" => shop.post(&format!("{path}/confirm"), "payment_method=pm_card_visa").await,
                    "authenticate" => {
                        let page = format!("/3ds/{id}?account=shop&client_secret={secret}");
                        shop.post(&page, "outcome=complete").await
                    }
                    other => shop.post(&format!("{path}/{other}"), "").await,
                };
                let after = shop.get(&path).await.text_of("status");
                assert_eq!(after, expected.unwrap_or(state), "{to_do} from {state}: {}", answer.text);
                assert_eq!(answer.status == 200, expected.is_some(), "{to_do} from {state}: {}", answer.text);
                if expected.is_none() && to_do != "authenticate" {
                    let refusal = (400, "invalid_request_error", "payment_intent_unexpected_state");
                    assert_eq!(answer.error(), refusal, "{to_do} from {state}");
                    assert_eq!(answer.body["error"]["payment_intent"]["status"], state);
                }
            }
        }
    });
}

#[test]
fn each_card_that_is_declined_says_why_and_the_intent_waits_for_another() {
    let cards = [
        ("4000000000000002", "card_declined", Some("generic_decline")),
        ("4000000000009995", "card_declined", Some("insufficient_funds")),
        ("4000000000009987", "card_declined", Some("lost_card")),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000000000000119", "processing_error", None),
    ];
    shopping(async |shop, _, _| {
        for (number, code, decline_code) in cards {
            let card = format!(
                "payment_method_data[type]=card&payment_method_data[card][number]={number}\
                 &payment_method_data[card][exp_month]=12&payment_method_data[card][exp_year]=2030\
                 &payment_method_data[card][cvc]=123"
            );
            let id = shop.intent("").await.id();
            let answer = shop.post(&format!("/v1/payment_intents/{id}/confirm"), &card).await;
            assert_eq!(answer.error(), (402, "card_error", code), "{number}");
            let error = &answer.body["error"];
            assert_eq!(error["decline_code"].as_str(), decline_code, "{number}");
            assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
            let intent = shop.get(&format!("/v1/payment_intents/{id}?expand[]=latest_charge")).await;
            assert_eq!(intent.body["last_payment_error"]["code"], code);
            assert_eq!(intent.body["latest_charge"]["status"], "failed");
            assert_eq!(intent.body["latest_charge"]["failure_code"], code);
            let path = format!("/v1/payment_intents/{id}/confirm");
            let again = shop.post(&path, "payment_method=pm_card_visa").await;
            assert_eq!(again.expect(200).text_of("status"), "succeeded");
        }
        let failed = shop.get("/v1/events?type=payment_intent.payment_failed&limit=100").await;
        assert_eq!(failed.each("type").len(), cards.len());
    });
}

#[test]
fn good_cards_pay_at_once_and_tell_it() {
    shopping(async |shop, _, _| {
        for (number, brand) in [("4242424242424242", "visa"), ("5555555555554444", "mastercard")] {
            let card =
                format!("type=card&card[number]={number}&card[exp_month]=1&card[exp_year]=31&card[cvc]=999");
            let made = shop.post("/v1/payment_methods", &card).await;
            let method = made.expect(200).id();
            let paid = shop.pay(&method, "expand[]=latest_charge&metadata[order]=7").await.expect(200);
            assert_eq!(paid.text_of("status"), "succeeded");
            assert_eq!(paid.body["amount_received"], 1000);
            let charge = &paid.body["latest_charge"];
            assert_eq!(charge["payment_method_details"]["card"]["brand"], brand);
            assert_eq!((&charge["captured"], &charge["amount_captured"]), (&json!(true), &json!(1000)));
            assert_eq!(charge["metadata"], json!({ "order": "7" }));
        }
        let told = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"];
        assert_eq!(shop.events().await, [told, told].concat());
    });
}

#[test]
fn what_is_held_is_taken_in_part_or_whole_and_never_beyond() {
    shopping(async |shop, _, _| {
        let held = shop.pay("pm_card_visa", "capture_method=manual").await.expect(200);
        assert_eq!(
            (held.text_of("status").as_str(), &held.body["amount_capturable"]),
            ("requires_capture", &json!(1000))
        );
        let path = format!("/v1/payment_intents/{}/capture", held.id());
        let beyond = shop.post(&path, "amount_to_capture=1001").await;
        assert_eq!(beyond.error(), (400, "invalid_request_error", "amount_too_large"));
        assert_eq!(shop.post(&path, "amount_to_capture=0").await.status, 400);
        let taken = shop.post(&path, "amount_to_capture=600").await.expect(200);
        assert_eq!(
            (&taken.body["amount_received"], &taken.body["amount_capturable"]),
            (&json!(600), &json!(0))
        );
        assert_eq!(shop.post(&path, "").await.status, 400);
        let told = [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
        ];
        assert_eq!(shop.events().await, told);
    });
}

#[test]
fn what_is_held_for_a_week_is_let_go() {
    shopping(async |shop, stage, _| {
        let held = shop.pay("pm_card_visa", "capture_method=manual").await.expect(200).id();
        stage.wait(Duration::from_secs(7 * 86_400 - 1)).await;
        let path = format!("/v1/payment_intents/{held}");
        assert_eq!(shop.get(&path).await.text_of("status"), "requires_capture");
        stage.wait(Duration::from_secs(1)).await;
        let after = shop.get(&path).await;
        assert_eq!(
            (after.text_of("status"), after.text_of("cancellation_reason")),
            ("canceled".into(), "automatic".into())
        );
        assert_eq!(shop.events().await[3..], ["charge.expired", "payment_intent.canceled"]);
    });
}

#[test]
fn a_slow_bank_decides_later() {
    shopping(async |shop, stage, _| {
        let good = shop.pay("pm_usBankAccount_success", "").await.expect(200).id();
        let bad = shop.pay("pm_usBankAccount_insufficientFunds", "").await.expect(200).id();
        stage.wait(Duration::from_secs(10)).await;
        let status = async |id: &str| shop.get(&format!("/v1/payment_intents/{id}")).await.text_of("status");
        assert_eq!(
            (status(&good).await.as_str(), status(&bad).await.as_str()),
            ("succeeded", "requires_payment_method")
        );
        let told = shop.events().await;
        for kind in ["payment_intent.processing", "payment_intent.succeeded", "payment_intent.payment_failed"]
        {
            assert!(told.iter().any(|told| told == kind), "{kind} in {told:?}");
        }
    });
}

#[test]
fn wrong_parameters_are_refused_by_name_and_change_nothing() {
    let wrong = [
        ("currency=usd", "parameter_missing", "amount"),
        ("amount=1000", "parameter_missing", "currency"),
        ("amount=ten&currency=usd", "parameter_invalid_integer", "amount"),
        ("amount=-1&currency=usd", "parameter_invalid_integer", "amount"),
        ("amount=49&currency=usd", "amount_too_small", "amount"),
        ("amount=100000000&currency=usd", "amount_too_large", "amount"),
        ("amount=99999999999999999999&currency=usd", "parameter_invalid_integer", "amount"),
        ("amount=1000&currency=xxy", "", "currency"),
        ("amount=1000&currency=usd&capture_method=never", "", "capture_method"),
        ("amount=1000&currency=usd&amuont=1", "parameter_unknown", "amuont"),
        ("amount=1000&currency=usd&customer=cus_nobody", "resource_missing", "customer"),
        ("amount=1000&currency=usd&payment_method=pm_nobody", "resource_missing", "payment_method"),
        ("amount=1000&currency=usd&payment_method_types[]=shells", "", "payment_method_types"),
        ("amount=1000&currency=usd&confirm=perhaps", "", "confirm"),
        ("amount=1000&currency=usd&confirm=true&payment_method=pm_card_visa", "", "return_url"),
        (
            "amount=1000&currency=usd&confirm=true&payment_method_types[]=card",
            "payment_intent_unexpected_state",
            "",
        ),
        ("amount=1000&currency=usd&return_url=http://x.test", "", "return_url"),
    ];
    shopping(async |shop, _, _| {
        for (form, code, param) in wrong {
            let answer = shop.post("/v1/payment_intents", form).await;
            assert_eq!(answer.error(), (400, "invalid_request_error", code), "{form}");
            assert_eq!(answer.body["error"]["param"].as_str().unwrap_or_default(), param, "{form}");
        }
        assert_eq!(shop.get("/v1/payment_intents").await.each("id"), Vec::<String>::new());
        assert_eq!(shop.events().await, Vec::<String>::new());
    });
}
