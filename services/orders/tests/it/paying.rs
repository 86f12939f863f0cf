//! What payments tell of an order's money, in any order and more than once.

use std::time::Duration;

use contracts::events::PaymentKind;
use contracts::events::commerce::{PaymentAuthorized, PaymentCancelled};
use contracts::{Currency, Id, OrderId, PaymentId};
use serde_json::json;

use crate::stage::*;

const LATER: Duration = Duration::from_secs(31 * 60);

fn authorized(order: &str) -> PaymentAuthorized {
    PaymentAuthorized {
        payment_id: PaymentId::from_u128(1),
        order_id: Some(order_id(order)),
        amount: 500,
        currency: Currency::INR,
        expires_at: None,
    }
}

#[test]
fn an_order_paid_five_times_is_paid_once() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 2)]).await;
        for _ in 0..5 {
            stage.hears(&payment(&order, 1, 1_000)).await;
        }
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"]);
        let seen = stage.sees(&order).await;
        assert_eq!(seen["expires_at"], json!(null));
        let lines = json!([{ "title": "Thing 1", "quantity": 2, "amount": 1_000 }]);
        let paid = json!({ "orderId": order, "amount": 1_000, "currency": "INR", "userId": seen["user_id"], "lines": lines,
            "number": seen["number"] });
        assert_eq!(stage.told_of("order.paid").await, [paid]);
        assert_eq!(stage.told_of("refund.requested").await.len(), 0);
        assert_eq!(stage.history(&order).await, ["Ordered", "Paid"]);
        stage.wait(LATER).await;
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"], "what is paid does not expire");
        assert_eq!(stage.stock(1).await, (10, 2, 0));
    });
}

#[test]
fn a_payment_that_says_only_what_was_agreed_pays_the_order() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        let bare = json!({ "orderId": order, "paymentIntentId": "pi_1" });
        let bare: contracts::events::PaymentSucceeded = serde_json::from_value(bare).unwrap();
        stage.hears(&bare).await;
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"]);
    });
}

#[test]
fn money_after_the_order_expired_goes_back_once() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        stage.wait(LATER).await;
        for _ in 0..5 {
            stage.hears(&payment(&order, 1, 500)).await;
        }
        assert_eq!(stage.axes(&order).await, ["CANCELLED", "paid", "cancelled"]);
        let asked = stage.told_of("refund.requested").await;
        assert_eq!(asked.len(), 1);
        assert_eq!((&asked[0]["orderId"], asked[0].get("amount")), (&json!(order), None), "all of it");
        assert_eq!(stage.told_of("order.paid").await.len(), 0);
        let history = ["Ordered", "Cancelled: not paid in time", "A payment came too late; it goes back"];
        assert_eq!(stage.history(&order).await, history);
        stage.hears(&payment(&order, 2, 500)).await;
        let asked = stage.told_of("refund.requested").await;
        assert_eq!(asked.len(), 2, "another payment goes back by another refund");
        assert_ne!(asked[0]["refundId"], asked[1]["refundId"]);
        assert_eq!(stage.stock(1).await, (10, 0, 0));
    });
}

#[test]
fn nothing_is_sent_for_a_wrong_amount() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        let mut dollars = payment(&order, 2, 500);
        dollars.currency = Some(Currency::USD);
        for wrong in [payment(&order, 1, 499), payment(&order, 1, 499), dollars] {
            stage.hears(&wrong).await;
        }
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "unpaid", "unfulfilled"]);
        assert_eq!(stage.told_of("order.paid").await.len(), 0);
        let asked = stage.told_of("refund.requested").await;
        assert_eq!(asked.len(), 2, "one a payment");
        assert!(asked[0]["reason"].as_str().unwrap().contains("not of what the order costs"));
        stage.hears(&payment(&order, 3, 500)).await;
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"]);
    });
}

#[test]
fn a_second_payment_is_left_to_people() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        for _ in 0..2 {
            stage.hears(&payment(&order, 2, 500)).await;
        }
        assert_eq!(stage.told_of("order.paid").await.len(), 1);
        assert_eq!(stage.told_of("refund.requested").await.len(), 0);
        assert_eq!(stage.history(&order).await, ["Ordered", "Paid", "Paid once more, by pi_2"]);
    });
}

#[test]
fn a_failed_attempt_leaves_the_order_payable_and_says_why() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        stage.hears(&failed(&order, "card_declined")).await;
        stage.hears(&failed(&order, "card_declined")).await;
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "failed", "unfulfilled"]);
        assert_eq!(stage.sees(&order).await["payment_failure"], "card_declined");
        assert_eq!(stage.history(&order).await, ["Ordered", "Payment failed: card_declined"]);
        stage.hears(&authorized(&order)).await;
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "authorized", "unfulfilled"]);
        assert_eq!(stage.sees(&order).await["payment_failure"], json!(null));
        let given_up = PaymentCancelled {
            payment_id: PaymentId::from_u128(1),
            order_id: Some(order_id(&order)),
            invoice_id: None,
            top_up_id: None,
        };
        stage.hears(&given_up).await;
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "unpaid", "unfulfilled"]);
        stage.hears(&payment(&order, 1, 500)).await;
        for late in [failed(&order, "card_declined"), failed(&order, "timeout")] {
            stage.hears(&late).await;
        }
        stage.hears(&authorized(&order)).await;
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"]);
        assert_eq!(stage.sees(&order).await["payment_failure"], json!(null));
    });
}

#[test]
fn an_order_that_fails_and_is_never_paid_expires() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        stage.hears(&failed(&order, &"x".repeat(300))).await;
        assert_eq!(stage.sees(&order).await["payment_failure"].as_str().unwrap().len(), 100);
        stage.wait(LATER).await;
        assert_eq!(stage.axes(&order).await, ["CANCELLED", "failed", "cancelled"]);
        stage.hears(&authorized(&order)).await;
        assert_eq!(stage.axes(&order).await, ["CANCELLED", "failed", "cancelled"]);
    });
}

#[test]
fn what_is_no_orders_business_is_passed_over() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        let mut wallet = failed(&order, "empty");
        wallet.kind = PaymentKind::Wallet;
        stage.hears(&wallet).await;
        let mut nobodys = payment(&order, 1, 500);
        nobodys.order_id = None;
        stage.hears(&nobodys).await;
        nobodys.order_id = Some(OrderId::from_u128(7));
        stage.hears(&nobodys).await;
        let mut failed = failed(&order, "declined");
        failed.order_id = None;
        stage.hears(&failed).await;
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "unpaid", "unfulfilled"]);
        assert_eq!(stage.history(&order).await, ["Ordered"]);
        let count = stage.running.store().read(kernel::store::Scope::System("a test"), |tx| {
            tx.one::<i64>("select count(*) from dead_letters", kernel::params![])
        });
        let count = count.await.map_err(|error: kernel::store::StoreError| error.to_string());
        assert_eq!(count, Ok(0), "nothing waits for a person");
    });
}
