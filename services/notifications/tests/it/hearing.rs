//! What events become.

use std::time::Duration;

use contracts::events::access::{OtpIssued, UserErased};
use contracts::events::commerce::{CancelReason, OrderCancelled, OrderFulfilled, PaymentRefunded};
use contracts::events::{NotificationSend, OrderCreated, OrderPaid, PaidLine, PaymentFailed, PaymentKind};
use contracts::{Currency, Id, OrderId, PaymentId, RefundId};
use kernel::store::StoreError;
use kernel::testing::{Stage, staged};
use serde_json::{Map, Value, json};

use crate::stage::*;

fn order() -> OrderId {
    OrderId::from_u128(5)
}

fn paid() -> OrderPaid {
    let line = PaidLine { title: "Tea <250 g>".to_owned(), quantity: 2, amount: 1999 };
    OrderPaid {
        order_id: order(),
        amount: 1999,
        currency: Currency::INR,
        user_id: user(ANN),
        lines: vec![line],
        number: None,
    }
}

#[test]
fn a_paid_order_is_told_to_its_customer_exactly_once() {
    staged(notifications::service, async |stage, _| {
        let (identity, orders) = (stage.neighbour("identity").await, stage.neighbour("orders").await);
        ann_registers(stage, &identity).await;
        for _ in 0..2 {
            stage.hear(&orders, scope(), "ord", &paid()).await;
            stage.work().await;
        }
        let expected =
            ["email order_paid delivered -", "email welcome delivered -", "in_app order_paid delivered -"];
        assert_eq!(what(stage).await, expected);
        let mail = all(stage)
            .await
            .into_iter()
            .find(|one| one["channel"] == "email" && one["template"]["name"] == "order_paid");
        let mail = mail.unwrap();
        assert_eq!((&mail["recipient"], &mail["category"]), (&json!("ann@example.com"), &json!("order")));
        let mail = shown(stage, mail["id"].as_str().unwrap()).await;
        let content = &mail["content"]["email"];
        assert!(content["text"].as_str().unwrap().contains("2 x Tea <250 g>: 19.99 INR"), "{content}");
        assert!(content["html"].as_str().unwrap().contains("Tea &lt;250 g&gt;"), "{content}");
        assert_eq!(content["unsubscribe_url"], Value::Null);
    });
}

#[test]
fn whoever_has_no_address_still_has_an_inbox() {
    staged(notifications::service, async |stage, _| {
        let orders = stage.neighbour("orders").await;
        stage.hear(&orders, scope(), "ord", &paid()).await;
        stage.work().await;
        assert_eq!(
            what(stage).await,
            ["email order_paid suppressed no_address", "in_app order_paid delivered -"]
        );
        assert_eq!(
            stage.get(&ann(), &path("/inbox")).await.each("title"),
            [format!("Your order {} is paid", order())]
        );
    });
}

#[test]
fn a_failed_payment_is_told_at_most_once_in_ten_minutes_for_one_order_and_reason() {
    staged(notifications::service, async |stage, _| {
        let payments = stage.neighbour("payments").await;
        let failed = |reason: &str, kind| PaymentFailed {
            order_id: Some(order()),
            invoice_id: None,
            top_up_id: None,
            payment_intent_id: None,
            payment_id: None,
            kind,
            user_id: Some(user(ANN)),
            reason: Some(reason.to_owned()),
        };
        let provider = |reason| failed(reason, PaymentKind::Provider);
        let count = async |stage: &Stage| {
            stage.work().await;
            stage.get(&ann(), &path("/inbox")).await.each("id").len()
        };
        stage.hear(&payments, scope(), "pay", &provider("card_declined")).await;
        stage.hear(&payments, scope(), "pay", &provider("card_declined")).await;
        assert_eq!(count(stage).await, 1);
        stage.hear(&payments, scope(), "pay", &provider("expired_card")).await;
        stage.hear(&payments, scope(), "pay", &failed("no_funds", PaymentKind::Wallet)).await;
        assert_eq!(count(stage).await, 2);
        stage.wait(Duration::from_secs(599)).await;
        stage.hear(&payments, scope(), "pay", &provider("card_declined")).await;
        assert_eq!(count(stage).await, 2);
        stage.wait(Duration::from_secs(1)).await;
        stage.hear(&payments, scope(), "pay", &provider("card_declined")).await;
        assert_eq!(count(stage).await, 3);
    });
}

#[test]
fn cancelled_fulfilled_and_refunded_orders_are_told_to_their_customer() {
    staged(notifications::service, async |stage, _| {
        let (orders, payments) = (stage.neighbour("orders").await, stage.neighbour("payments").await);
        let created =
            OrderCreated { order_id: order(), amount: 1999, currency: Currency::INR, user_id: user(ANN) };
        stage.hear(&orders, scope(), "ord", &created).await;
        for (number, reason) in
            [(5, CancelReason::Expired), (6, CancelReason::Customer), (7, CancelReason::Shop)]
        {
            let order_id = OrderId::from_u128(number);
            stage
                .hear(&orders, scope(), "ord", &OrderCancelled { order_id, user_id: user(ANN), reason })
                .await;
        }
        let tracking = Some("https://example.com/parcels/7".to_owned());
        let fulfilled = OrderFulfilled { order_id: order(), user_id: user(ANN), tracking };
        stage.hear(&orders, scope(), "ord", &fulfilled).await;
        for (number, order_id) in [(1, Some(order())), (2, Some(OrderId::from_u128(99))), (3, None)] {
            let refunded = PaymentRefunded {
                refund_id: RefundId::from_u128(number),
                payment_id: PaymentId::from_u128(1),
                order_id,
                invoice_id: None,
                amount: 500,
                refunded_total: 500,
                currency: Currency::INR,
            };
            stage.hear(&payments, scope(), "pay", &refunded).await;
        }
        stage.work().await;
        let in_app: Vec<String> =
            what(stage).await.into_iter().filter(|one| one.starts_with("in_app")).collect();
        assert_eq!(
            in_app,
            [
                "in_app order_cancelled delivered -",
                "in_app order_cancelled delivered -",
                "in_app order_fulfilled delivered -",
                "in_app refund_paid delivered -",
            ]
        );
        let titles = stage.get(&ann(), &path("/inbox")).await;
        assert!(titles.each("title").contains(&"5.00 INR is on its way back to you"), "{}", titles.body);
    });
}

#[test]
fn a_code_reaches_its_address_in_time_and_is_nowhere_to_be_read() {
    staged(notifications::service, async |stage, place| {
        let identity = stage.neighbour("identity").await;
        let seal = |tx: &mut kernel::store::Tx<'_>| {
            let sealed = tx.keys().keyring.seal(OtpIssued::CODE, b"835127");
            sealed.map_err(|error| StoreError::Scope(error.to_string()))
        };
        let code = stage.running.store().read(scope(), seal).await.unwrap();
        let expires_at = stage.clock.now().saturating_add(Duration::from_secs(300));
        let issued = |purpose: &str, channel: &str, destination: &str| OtpIssued {
            user_id: user(ANN),
            purpose: purpose.to_owned(),
            channel: channel.to_owned(),
            destination: destination.to_owned(),
            code: code.clone(),
            expires_at,
        };
        stage.hear(&identity, scope(), "usr", &issued("login", "sms", "+919876543210")).await;
        stage.hear(&identity, scope(), "usr", &issued("password_reset", "email", "ann@example.com")).await;
        stage.hear(&identity, scope(), "usr", &issued("login", "email", "nowhere")).await;
        // Nobody looks at the list of a worker that is away until the code is no longer good.
        let late = OtpIssued { expires_at: stage.clock.now(), ..issued("login", "email", "ann@example.com") };
        stage.hear(&identity, scope(), "usr", &late).await;
        stage.work().await;
        let expected = [
            "email otp_code expired expired",
            "email password_reset delivered -",
            "sms otp_code delivered -",
        ];
        assert_eq!(what(stage).await, expected);
        for one in all(stage).await {
            let shown = shown(stage, one["id"].as_str().unwrap()).await;
            assert_eq!((&shown["content"], &shown["category"]), (&Value::Null, &json!("security")));
            assert!(!shown.to_string().contains("835127"), "{shown}");
        }
        assert!(!format!("{:?}", stage.told().await).contains("835127"));
        if let kernel::store::Engine::Sqlite { directory } = &place.engine {
            for file in std::fs::read_dir(directory).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                assert!(!bytes.windows(6).any(|six| six == b"835127"), "the code stands in the database");
            }
        }
    });
}

#[test]
fn what_another_service_wants_said_is_said_once() {
    staged(notifications::service, async |stage, _| {
        let identity = stage.neighbour("identity").await;
        let ask =
            |channel: &str, recipient: &str, template_id: Option<&str>, payload: Value| NotificationSend {
                channel: channel.to_owned(),
                recipient: recipient.to_owned(),
                payload: payload.as_object().cloned().unwrap_or_else(Map::new),
                template_id: template_id.map(str::to_owned),
                user_id: None,
                idempotency_key: Some("k".to_owned()).filter(|_| template_id.is_some()),
            };
        for event in [
            ask("email", "ann@example.com", Some("account_exists"), json!({})),
            ask("email", "ann@example.com", Some("account_exists"), json!({})),
            ask("sms", "+919876543210", None, json!({ "text": "Hello" })),
            ask("pigeon", "roof", None, json!({ "text": "Hello" })),
            ask("email", "not an address", None, json!({ "text": "Hello" })),
        ] {
            stage.hear(&identity, scope(), "x", &event).await;
        }
        let unknown = NotificationSend {
            idempotency_key: None,
            ..ask("sms", "+919876543210", Some("nothing_of_ours"), json!({}))
        };
        stage.hear(&identity, scope(), "x", &unknown).await;
        stage.work().await;
        let expected =
            ["email account_exists delivered -", "sms - delivered -", "sms nothing_of_ours failed template"];
        assert_eq!(what(stage).await, expected);
    });
}

#[test]
fn an_erased_person_leaves_no_address_and_no_words() {
    staged(notifications::service, async |stage, _| {
        let (identity, orders) = (stage.neighbour("identity").await, stage.neighbour("orders").await);
        ann_registers(stage, &identity).await;
        stage.hear(&orders, scope(), "ord", &paid()).await;
        stage.work().await;
        let hello =
            json!({ "channel": "email", "to": { "user_id": user(ANN) }, "subject": "a", "text": "b" });
        let waiting = send(stage, &hello).await;
        stage.hear(&identity, scope(), "usr", &UserErased { user_id: user(ANN) }).await;
        stage.work().await;
        let waiting = shown(stage, &waiting).await;
        assert_eq!((&waiting["state"], &waiting["reason"]), (&json!("suppressed"), &json!("erased")));
        assert_eq!(all(stage).await.len(), 4, "that something was said is remembered");
        for one in all(stage).await {
            let shown = shown(stage, one["id"].as_str().unwrap()).await;
            assert_eq!((&shown["content"], shown.get("recipient")), (&Value::Null, None), "{shown}");
        }
        assert_eq!(stage.get(&ann(), &path("/inbox")).await.each("id").len(), 0);
        let after = stage.post(&shop(), NOTIFICATIONS, &hello).await.expect(202);
        assert_eq!(
            (&after.body["state"], &after.body["reason"]),
            (&json!("suppressed"), &json!("no_address"))
        );
    });
}
