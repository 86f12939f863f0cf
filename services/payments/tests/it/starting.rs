//! How payments come to be: by orders and by callers, once, at the right price.

use http::Method;
use kernel::params;
use kernel::store::{Scope, StoreError};
use kernel::testing::Player;
use serde_json::json;

use crate::shop::*;
use crate::stripe::{Fault, decoded};

#[test]
fn an_order_gets_one_payment_at_the_price_of_the_order() {
    shops(async |shop| {
        shop.ordered(1).await;
        assert_eq!(shop.of_order(1).await["status"], "created");
        shop.ordered(1).await;
        shop.work().await;
        let payment = shop.of_order(1).await;
        assert_eq!(payment["status"], "pending");
        assert_eq!(payment["provider_ref"], "pi_1");
        let asked = shop.stripe.asked(Method::POST, "/v1/payment_intents");
        assert_eq!(asked.len(), 1);
        let form = decoded(&asked[0].text());
        let header = |name: &str| asked[0].headers[name].to_str().unwrap().to_owned();
        assert_eq!((form["amount"].as_str(), form["currency"].as_str()), ("1999", "usd"));
        assert_eq!(form["metadata[orderId]"], order(1).to_string());
        assert_eq!(form["metadata[paymentId]"], payment["id"].as_str().unwrap());
        assert_eq!(form["metadata[userId]"], payment["user_id"].as_str().unwrap());
        assert_eq!(header("authorization"), "Bearer sk_test_of_the_shop");
        assert_eq!(header("idempotency-key"), format!("{}:open", payment["id"].as_str().unwrap()));
        let told = shop.told_of("payment.intent.created").await;
        let expected = json!({ "orderId": order(1).to_string(), "paymentIntentId": "pi_1",
            "clientSecret": "pi_1_secret_of_the_browser" });
        assert_eq!(told, [expected]);
    });
}

#[test]
fn a_secret_is_for_the_owner_of_the_order_alone() {
    shops(async |shop| {
        let id = shop.opened().await;
        let path = format!("/api/v1/payments/by-order/{}/client-secret", order(1));
        let said = shop.get(&ann(), &path).await.expect(200);
        assert_eq!(said.headers["cache-control"], "no-store");
        let expected = json!({ "payment_id": id, "provider": "stripe", "client_secret": "pi_1_secret_of_the_browser",
            "publishable_key": "pk_test_of_the_shop", "amount": 1999, "currency": "USD", "status": "pending" });
        assert_eq!(said.body, expected);
        for other in [ben(), clerk(), Player::user(2, 1, ALL), Player::user(1, 2, ALL)] {
            assert_eq!(shop.get(&other, &path).await.problem(), (404, "not_found"), "{other:?}");
        }
        let unknown = format!("/api/v1/payments/by-order/{}/client-secret", order(9));
        assert_eq!(shop.get(&ann(), &unknown).await.problem(), (404, "not_found"));
    });
}

#[test]
fn a_secret_stands_in_no_other_answer_and_in_no_row() {
    shops(async |shop| {
        let id = shop.paid().await;
        for path in ["", "/attempts", "/refunds"] {
            let said = shop.get(&clerk(), &format!("/api/v1/payments/{id}{path}")).await.expect(200);
            assert!(!said.body.to_string().contains("secret_of_the_browser"), "{path}");
        }
        let list = shop.get(&ann(), "/api/v1/payments").await.expect(200);
        assert!(!list.body.to_string().contains("secret_of_the_browser"));
        let rows = shop.running.store().read::<_, StoreError, _>(Scope::Project(project(1)), |tx| {
            let secret: String =
                tx.one("select client_secret from payments where project_id = $1", params![tx.project()?])?;
            let message: String =
                tx.one("select payload from webhook_events where project_id = $1", params![tx.project()?])?;
            Ok([secret, message])
        });
        for sealed in rows.await.unwrap() {
            assert!(sealed.starts_with("v1.") && !sealed.contains("browser"), "{sealed}");
        }
    });
}

#[test]
fn a_browser_that_is_too_early_is_told_to_come_again() {
    shops(async |shop| {
        shop.ordered(1).await;
        let path = format!("/api/v1/payments/by-order/{}/client-secret", order(1));
        let said = shop.get(&ann(), &path).await;
        assert_eq!(said.problem(), (503, "payment_not_ready"));
        assert!(said.headers.contains_key("retry-after"));
        let said = shop.working(shop.get(&ann(), &path)).await.expect(200);
        assert_eq!(said.body["client_secret"], "pi_1_secret_of_the_browser");
    });
}

#[test]
fn a_person_pays_what_the_order_says_and_gets_the_payment_that_there_is() {
    shops(async |shop| {
        let id = shop.opened().await;
        let ask =
            async |who: &Player, body: serde_json::Value| shop.post(who, "/api/v1/payments", &body).await;
        let mine = order(1).to_string();
        for body in
            [json!({ "order_id": mine }), json!({ "order_id": mine, "amount": 1999, "currency": "USD" })]
        {
            assert_eq!(ask(&ann(), body).await.expect(201).body["id"], id);
        }
        for body in [json!({ "order_id": mine, "amount": 1 }), json!({ "order_id": mine, "currency": "INR" })]
        {
            assert_eq!(ask(&ann(), body).await.problem(), (422, "amount_mismatch"));
        }
        assert_eq!(ask(&ben(), json!({ "order_id": mine })).await.problem(), (404, "not_found"));
        let free = json!({ "invoice_id": "inv_1", "amount": 1, "currency": "USD" });
        assert_eq!(ask(&ann(), free).await.problem(), (404, "not_found"));
        let manual = json!({ "order_id": mine, "capture": "manual" });
        assert_eq!(ask(&ann(), manual).await.problem(), (403, "forbidden"));
        let other = json!({ "order_id": mine, "amount": 5 });
        assert_eq!(ask(&clerk(), other).await.problem(), (409, "other_payment"));
        assert_eq!(shop.stripe.intents().len(), 1);
    });
}

#[test]
fn a_program_starts_a_payment_for_an_invoice_once() {
    shops(async |shop| {
        let body =
            json!({ "invoice_id": "inv_2026_1", "amount": 700, "currency": "INR", "capture": "manual" });
        let first = shop.post(&clerk(), "/api/v1/payments/initiate", &body).await.expect(201);
        let again = shop.post(&clerk(), "/api/v1/payments", &body).await.expect(201);
        assert_eq!(first.body["id"], again.body["id"]);
        assert_eq!((&first.body["status"], &first.body["provider"]), (&json!("created"), &json!("stripe")));
        shop.work().await;
        let intents = shop.stripe.intents();
        assert_eq!(intents.len(), 1);
        assert_eq!((&intents[0]["capture_method"], &intents[0]["amount"]), (&json!("manual"), &json!(700)));
        assert_eq!(intents[0]["metadata"]["invoiceId"], "inv_2026_1");
        let both = json!({ "invoice_id": "inv_1", "order_id": order(1).to_string(), "amount": 1, "currency": "INR" });
        let mine = order(7).to_string();
        for (body, field) in [
            (both, "order_id"),
            (json!({ "amount": 1, "currency": "INR" }), "order_id"),
            (json!({ "order_id": mine }), "amount"),
            (json!({ "order_id": mine, "amount": 1 }), "currency"),
            (json!({ "order_id": mine, "amount": 0, "currency": "INR" }), "amount"),
            (json!({ "order_id": mine, "amount": 1, "currency": "INR", "provider": "offline" }), "provider"),
        ] {
            let said = shop.post(&clerk(), "/api/v1/payments", &body).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{body}");
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{body}");
        }
    });
}

#[test]
fn a_provider_that_accepted_and_fell_silent_is_asked_again_with_the_same_key() {
    shops(async |shop| {
        shop.stripe.fail([Fault::CutAfterDoing, Fault::StatusAfterDoing(500)]);
        shop.ordered(1).await;
        for _ in 0..4 {
            shop.wait(std::time::Duration::from_secs(60)).await;
        }
        let asked = shop.stripe.asked(Method::POST, "/v1/payment_intents");
        assert!(asked.len() >= 3, "it was asked {} times", asked.len());
        let keys: Vec<_> = asked.iter().map(|asked| &asked.headers["idempotency-key"]).collect();
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
        let bodies: Vec<_> = asked.iter().map(|asked| asked.text()).collect();
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "{bodies:?}");
        assert_eq!(shop.stripe.intents().len(), 1);
        assert_eq!(shop.of_order(1).await["status"], "pending");
        assert_eq!(shop.told_of("payment.intent.created").await.len(), 1);
    });
}

#[test]
fn a_payment_that_no_provider_wants_fails_and_makes_room_for_another() {
    shops(async |shop| {
        let refused = json!({ "error": { "type": "invalid_request_error", "code": "amount_too_large" } });
        shop.stripe.fail([Fault::Instead(400, refused)]);
        shop.ordered(1).await;
        shop.work().await;
        let failed = shop.of_order(1).await;
        assert_eq!((&failed["status"], &failed["failure"]), (&json!("failed"), &json!("amount_too_large")));
        let told = shop.told_of("payment.failed").await;
        assert_eq!((told.len(), &told[0]["reason"]), (1, &json!("amount_too_large")));
        let again = shop.post(&ann(), "/api/v1/payments", &json!({ "order_id": order(1).to_string() })).await;
        assert_ne!(again.expect(201).body["id"], failed["id"]);
        shop.work().await;
        assert_eq!(shop.of_order(1).await["status"], "pending");
    });
}

#[test]
fn a_key_that_is_refused_is_tried_again_and_moves_nothing() {
    shops(async |shop| {
        let refused = json!({ "error": { "type": "invalid_request_error" } });
        shop.stripe.fail([Fault::Instead(401, refused.clone()), Fault::Instead(401, refused)]);
        shop.ordered(1).await;
        shop.work().await;
        assert_eq!(shop.of_order(1).await["status"], "created");
        for _ in 0..3 {
            shop.wait(std::time::Duration::from_secs(10)).await;
        }
        assert_eq!(shop.of_order(1).await["status"], "pending");
    });
}
