//! Messages of the provider: proven, taken once, in any order, and never over our own price.

use http::Method;
use kernel::params;
use kernel::store::{Scope, StoreError};
use serde_json::{Value, json};

use crate::shop::*;

/// The objects of a payment's life, in the order in which it happens.
fn life(shop: &Shop) -> [(&'static str, &'static str, i64, Value); 4] {
    let intent = shop.stripe.intents()[0].clone();
    let with = |fields: Value| {
        let mut object = intent.clone();
        fields.as_object().unwrap().iter().for_each(|(name, value)| object[name] = value.clone());
        object
    };
    let declined = json!({ "type": "card_error", "code": "card_declined", "decline_code": "stolen_card" });
    [
        ("evt_1", "payment_intent.created", 0, intent.clone()),
        ("evt_2", "payment_intent.payment_failed", 10, with(json!({ "last_payment_error": declined }))),
        ("evt_3", "payment_intent.processing", 20, with(json!({ "status": "processing" }))),
        (
            "evt_4",
            "payment_intent.succeeded",
            30,
            with(json!({ "status": "succeeded", "amount_received": 1999 })),
        ),
    ]
}

fn orders_of_four() -> Vec<[usize; 4]> {
    let mut all = Vec::new();
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| *c != a && *c != b) {
                all.push([a, b, c, 6 - a - b - c]);
            }
        }
    }
    all
}

#[test]
fn a_message_is_taken_once_however_often_it_comes() {
    shops(async |shop| {
        let id = shop.opened().await;
        let (event, kind, _, object) = life(shop)[3].clone();
        for _ in 0..5 {
            let said = shop.told_by_stripe(event, kind, &object).await.expect(200);
            assert_eq!(said.body, json!({ "received": true }));
        }
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["captured"]), (&json!("succeeded"), &json!(1999)));
        let told = shop.told_of("payment.succeeded").await;
        let expected = json!({ "orderId": order(1).to_string(), "paymentIntentId": "pi_1", "paymentId": id,
            "amount": 1999, "currency": "USD", "userId": payment["user_id"] });
        assert_eq!(told, [expected]);
        let webhooks = shop.attempts(&id).await.into_iter().filter(|(what, _)| what == "webhook").count();
        assert_eq!(webhooks, 1);
    });
}

#[test]
fn the_same_message_many_times_at_once_is_taken_once() {
    shops(async |shop| {
        let id = shop.opened().await;
        let (event, kind, _, object) = life(shop)[3].clone();
        let all = (0..5).map(|_| Box::pin(shop.told_by_stripe(event, kind, &object)) as _).collect();
        let said: Vec<Said> = together(all).await;
        assert!(said.iter().all(|said| said.status.as_u16() == 200), "{said:?}");
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
        assert_eq!(shop.status(&id).await, "succeeded");
    });
}

#[test]
fn messages_in_any_order_end_in_the_same_payment() {
    shops(async |shop| {
        shop.ordered(1).await;
        shop.work().await;
        let life = life(shop);
        for (number, order_of) in orders_of_four().into_iter().enumerate() {
            let number = u128::try_from(number).unwrap() + 10;
            shop.ordered(number).await;
            shop.work().await;
            let payment = shop.of_order(number).await;
            let intent = payment["provider_ref"].as_str().unwrap();
            for which in order_of {
                let (event, kind, at, mut object) = life[which].clone();
                object["id"] = json!(intent);
                let body = message(&format!("{event}_{intent}"), kind, shop.now_s() + at, &object);
                shop.deliver(&body, None).await.expect(200);
            }
            let after = shop.of_order(number).await;
            assert_eq!(
                (&after["status"], &after["captured"]),
                (&json!("succeeded"), &json!(1999)),
                "{order_of:?}"
            );
            assert_eq!((&after["failure"], &after["needs_review"]), (&Value::Null, &json!(false)));
        }
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 24);
    });
}

#[test]
fn a_failed_try_is_told_with_its_reason_and_the_payment_can_be_tried_again() {
    shops(async |shop| {
        let id = shop.opened().await;
        let life = life(shop);
        let tell = async |which: usize| {
            let (event, kind, at, object) = &life[which];
            shop.deliver(&message(event, kind, shop.now_s() + at, object), None).await.expect(200);
        };
        tell(1).await;
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["failure"]), (&json!("failed"), &json!("stolen_card")));
        let told = shop.told_of("payment.failed").await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["reason"], &told[0]["kind"]), (&json!("stolen_card"), &json!("provider")));
        assert_eq!((&told[0]["orderId"], &told[0]["userId"]), (&json!(order(1)), &payment["user_id"]));
        tell(2).await;
        assert_eq!(shop.status(&id).await, "processing");
        tell(0).await;
        assert_eq!(shop.status(&id).await, "processing");
        tell(3).await;
        assert_eq!(shop.status(&id).await, "succeeded");
    });
}

#[test]
fn a_forged_or_stale_message_is_refused_and_says_which_it_is() {
    shops(async |shop| {
        let id = shop.opened().await;
        let (event, kind, _, object) = life(shop)[3].clone();
        let now = shop.now_s();
        let body = message(event, kind, now, &object);
        let mut nothing = sign(SECRET, now, &body);
        nothing.truncate(14);
        for (signature, code) in [
            (sign("whsec_of_somebody", now, &body), "bad_signature"),
            (sign(SECRET, now, &body.replace("1999", "1")), "bad_signature"),
            (sign(SECRET, now - 301, &body), "stale_signature"),
            (sign(SECRET, now + 301, &body), "stale_signature"),
            (nothing, "missing_signature"),
            (String::new(), "missing_signature"),
        ] {
            assert_eq!(shop.deliver(&body, Some(&signature)).await.problem(), (400, code), "{signature}");
        }
        assert_eq!(shop.status(&id).await, "pending");
        assert_eq!(shop.attempts(&id).await.len(), 1);
        shop.deliver(&body, Some(&sign("whsec_new", now - 299, &body))).await.expect(200);
        assert_eq!(shop.status(&id).await, "succeeded");
    });
}

#[test]
fn a_message_with_the_wrong_amount_is_not_believed_and_the_provider_is_asked() {
    shops(async |shop| {
        let id = shop.opened().await;
        let mut lie = life(shop)[3].3.clone();
        lie["amount_received"] = json!(1);
        shop.told_by_stripe("evt_lie", "payment_intent.succeeded", &lie).await.expect(200);
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["needs_review"]), (&json!("pending"), &json!(true)));
        assert!(shop.attempts(&id).await.contains(&("webhook".into(), "amount_mismatch".into())));
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/payment_intents/pi_1").len(), 0);
        shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 1999 }));
        shop.work().await;
        assert_eq!(shop.stripe.asked(Method::GET, "/v1/payment_intents/pi_1").len(), 1);
        let payment = shop.payment(&id).await;
        assert_eq!((&payment["status"], &payment["needs_review"]), (&json!("succeeded"), &json!(false)));
        assert_eq!(shop.told_of("payment.succeeded").await[0]["amount"], 1999);
    });
}

#[test]
fn a_provider_whose_own_answer_is_wrong_moves_nothing_and_people_look() {
    shops(async |shop| {
        for (field, wrong, code) in
            [("amount", json!(1), "amount_mismatch"), ("currency", json!("inr"), "currency_mismatch")]
        {
            let number = if field == "amount" { 1 } else { 2 };
            shop.ordered(number).await;
            shop.work().await;
            let payment = shop.of_order(number).await;
            let (id, intent) = (payment["id"].as_str().unwrap(), payment["provider_ref"].as_str().unwrap());
            let lie = json!({ "status": "succeeded", "amount_received": 1999, field: wrong });
            let object = shop.stripe.change(intent, lie);
            let event = format!("evt_{intent}");
            shop.told_by_stripe(&event, "payment_intent.succeeded", &object).await.expect(200);
            shop.work().await;
            let after = shop.payment(id).await;
            assert_eq!((&after["status"], &after["needs_review"]), (&json!("pending"), &json!(true)));
            assert_eq!(after["captured"], 0);
            assert!(shop.attempts(id).await.contains(&("poll".into(), code.into())));
        }
        assert_eq!(shop.told_of("payment.succeeded").await, Vec::<Value>::new());
    });
}

#[test]
fn a_message_about_nothing_of_ours_is_kept_and_answered() {
    shops(async |shop| {
        shop.opened().await;
        let mut other = life(shop)[3].3.clone();
        other["id"] = json!("pi_of_somebody");
        other["metadata"] = json!({ "projectId": project(1).to_string() });
        shop.told_by_stripe("evt_other", "payment_intent.succeeded", &other).await.expect(200);
        let charge = json!({ "id": "ch_1", "object": "charge" });
        let body = message("evt_charge", "charge.succeeded", shop.now_s(), &charge);
        let path = format!("/api/v1/payments/webhook?project={}", project(1));
        let signature = sign(SECRET, shop.now_s(), &body);
        shop.deliver_to(&path, &body, &signature).await.expect(200);
        let told = shop.deliver_to("/api/v1/payments/webhook", &body, &signature).await;
        assert_eq!(told.problem(), (400, "project_unknown"));
        let outcomes = shop.running.store().read::<_, StoreError, _>(Scope::Project(project(1)), |tx| {
            let sql = "select event_id, outcome from webhook_events where project_id = $1 order by event_id";
            tx.rows::<(String, String)>(sql, params![tx.project()?])
        });
        let expected = [("evt_charge", "ignored"), ("evt_other", "unmatched")];
        let expected = expected.map(|(event, outcome)| (event.to_owned(), outcome.to_owned()));
        assert_eq!(outcomes.await.unwrap(), expected);
        assert_eq!(shop.told_types().await, ["payment.started", "payment.intent.created"]);
    });
}

#[test]
fn nonsense_is_refused() {
    shops(async |shop| {
        for body in ["", "{}", "[]", "null", "{\"id\":\"\",\"type\":\"a\",\"data\":{\"object\":{}}}", "\u{0}"]
        {
            assert_eq!(shop.deliver(body, None).await.problem(), (400, "malformed_message"), "{body}");
        }
        let large = format!("{{\"id\":\"{}\"}}", "x".repeat(256 << 10));
        assert_eq!(shop.deliver(&large, None).await.problem(), (413, "body_too_large"));
        let nobody = shop.deliver_to("/api/v1/webhooks/paypal", "{}", "").await;
        assert_eq!(nobody.status.as_u16(), 400);
    });
}

#[test]
fn a_message_that_overtakes_the_answer_is_not_lost() {
    shops(async |shop| {
        shop.stripe.fail([crate::stripe::Fault::StatusAfterDoing(500)]);
        shop.ordered(1).await;
        shop.work().await;
        let payment = shop.of_order(1).await;
        assert_eq!((&payment["status"], &payment["provider_ref"]), (&json!("created"), &Value::Null));
        shop.pay_in_browser("pi_1").await;
        assert_eq!(shop.of_order(1).await["status"], "succeeded");
        shop.wait(std::time::Duration::from_secs(60)).await;
        let after = shop.of_order(1).await;
        assert_eq!((&after["status"], &after["provider_ref"]), (&json!("succeeded"), &json!("pi_1")));
        assert_eq!(shop.stripe.intents().len(), 1);
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
    });
}

#[test]
fn messages_are_forgotten_when_no_provider_sends_them_again() {
    shops(async |shop| {
        let id = shop.paid().await;
        let kept = async || {
            let count = shop.running.store().read::<i64, StoreError, _>(Scope::Project(project(1)), |tx| {
                tx.one("select count(*) from webhook_events where project_id = $1", params![tx.project()?])
            });
            count.await.unwrap()
        };
        shop.wait(std::time::Duration::from_secs(89 * 86_400)).await;
        assert_eq!(kept().await, 1);
        shop.wait(std::time::Duration::from_secs(2 * 86_400)).await;
        assert_eq!((kept().await, shop.status(&id).await.as_str()), (0, "succeeded"));
    });
}
