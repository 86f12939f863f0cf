//! Money that goes back, asked for here or not.

use contracts::events::commerce::{PaymentRefunded, RefundFailed};
use contracts::{Currency, Id, PaymentId, RefundId};
use serde_json::{Value, json};

use crate::stage::*;

fn refunded(order: &str, refund: &Value, amount: i64, refunded_total: i64) -> PaymentRefunded {
    PaymentRefunded {
        refund_id: refund.as_str().unwrap().parse().unwrap(),
        payment_id: PaymentId::from_u128(1),
        order_id: Some(order_id(order)),
        invoice_id: None,
        amount,
        refunded_total,
        currency: Currency::INR,
    }
}

fn unasked(number: u128) -> Value {
    json!(RefundId::from_u128(number))
}

async fn ask(stage: &Stage, order: &str, amount: Option<i64>) -> Said {
    let mut body = json!({ "reason": "The lid was broken." });
    if let Some(amount) = amount {
        body["amount"] = json!(amount);
    }
    stage.does(&shop(), order, "refunds", &body).await
}

#[test]
fn money_goes_back_in_parts_and_never_more_than_was_paid() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 2)]).await;
        assert_eq!(ask(stage, &order, Some(1)).await.problem(), (409, "wrong_state"));
        stage.hears(&payment(&order, 1, 1_000)).await;
        let over = ask(stage, &order, Some(1_001)).await;
        assert_eq!(over.problem(), (409, "refund_too_large"));
        assert_eq!(over.body["details"]["left"], json!({ "amount": 1_000, "currency": "INR" }));
        let first = ask(stage, &order, Some(400)).await.expect(201).body;
        assert_eq!((&first["amount"], &first["state"]), (&json!(400), &json!("asked")));
        assert_eq!(ask(stage, &order, Some(601)).await.problem(), (409, "refund_too_large"));
        for _ in 0..2 {
            stage.hears(&refunded(&order, &first["id"], 400, 400)).await;
        }
        assert_eq!(stage.axes(&order).await, ["PAID", "partially_refunded", "unfulfilled"]);
        assert_eq!(stage.sees(&order).await["refunded_amount"], 400);
        let rest = ask(stage, &order, None).await.expect(201).body;
        assert_eq!(rest["amount"], 600, "all that is left");
        assert_eq!(ask(stage, &order, None).await.problem(), (409, "refund_too_large"));
        stage.hears(&refunded(&order, &rest["id"], 600, 1_000)).await;
        assert_eq!(stage.axes(&order).await, ["REFUNDED", "refunded", "cancelled"]);
        assert_eq!(stage.stock(1).await, (10, 0, 0), "what was never sent can be sold");
        assert_eq!(stage.told_of("stock.moved").await[1]["movement"], "released");
        for amount in [0, -1] {
            assert_eq!(ask(stage, &order, Some(amount)).await.problem(), (422, "invalid_input"));
        }
        assert_eq!(ask(stage, &order, Some(1)).await.problem(), (409, "wrong_state"));
    });
}

#[test]
fn the_goods_of_an_order_that_was_sent_stay_sent_when_its_money_goes_back() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 2)], 1_000).await;
        stage.does(&shop(), &order, "fulfil", &json!({ "tracking": "DHL 1" })).await.expect(200);
        stage.hears(&refunded(&order, &unasked(7), 1_000, 1_000)).await;
        assert_eq!(stage.axes(&order).await, ["REFUNDED", "refunded", "fulfilled"]);
        assert_eq!(
            (stage.stock(1).await, stage.sees(&order).await["tracking"].clone()),
            ((8, 0, 0), json!("DHL 1"))
        );
    });
}

#[test]
fn an_order_that_was_cancelled_is_refunded_when_its_money_is_back() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        stage.cancels(&shop(), &order).await.expect(200);
        let refund = stage.told_of("refund.requested").await[0]["refundId"].clone();
        stage.hears(&refunded(&order, &refund, 200, 200)).await;
        assert_eq!(stage.axes(&order).await, ["CANCELLED", "partially_refunded", "cancelled"]);
        stage.hears(&refunded(&order, &refund, 300, 500)).await;
        assert_eq!(stage.axes(&order).await, ["REFUNDED", "refunded", "cancelled"]);
        assert_eq!(stage.stock(1).await, (10, 0, 0));
    });
}

#[test]
fn a_refund_that_failed_can_be_asked_for_again() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        let asked = ask(stage, &order, None).await.expect(201).body;
        let failed = RefundFailed {
            refund_id: asked["id"].as_str().unwrap().parse().unwrap(),
            payment_id: None,
            order_id: Some(order_id(&order)),
            reason: "more_than_captured".to_owned(),
        };
        for _ in 0..2 {
            stage.hears(&failed).await;
        }
        let history = stage.history(&order).await;
        assert_eq!(
            history[2..],
            ["Refund of 5.00 INR asked for: The lid was broken.", "A refund failed: more_than_captured"]
        );
        let again = ask(stage, &order, None).await.expect(201).body;
        stage.hears(&refunded(&order, &again["id"], 500, 500)).await;
        let late = RefundFailed { refund_id: again["id"].as_str().unwrap().parse().unwrap(), ..failed };
        stage.hears(&late).await;
        assert_eq!(
            stage.axes(&order).await,
            ["REFUNDED", "refunded", "cancelled"],
            "what went back has gone"
        );
    });
}

#[test]
fn the_most_that_was_heard_to_have_gone_back_holds() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        stage.hears(&refunded(&order, &unasked(2), 100, 300)).await;
        stage.hears(&refunded(&order, &unasked(1), 200, 200)).await;
        assert_eq!(stage.sees(&order).await["refunded_amount"], 300);
        assert_eq!(ask(stage, &order, Some(201)).await.problem(), (409, "refund_too_large"));
        let mut dollars = refunded(&order, &unasked(3), 500, 500);
        dollars.currency = Currency::USD;
        stage.hears(&dollars).await;
        let mut others = refunded(&order, &unasked(4), 500, 500);
        others.payment_id = PaymentId::from_u128(8);
        stage.hears(&others).await;
        assert_eq!(
            stage.sees(&order).await["refunded_amount"],
            300,
            "of another currency, of another payment"
        );
    });
}

#[test]
fn money_that_went_back_before_the_payment_was_heard_is_known_then() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        stage.hears(&refunded(&order, &unasked(1), 200, 200)).await;
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "unpaid", "unfulfilled"]);
        stage.hears(&payment(&order, 1, 500)).await;
        assert_eq!(stage.axes(&order).await, ["PAID", "partially_refunded", "unfulfilled"]);
        assert_eq!(stage.told_of("order.paid").await.len(), 1);
        assert_eq!(ask(stage, &order, Some(301)).await.problem(), (409, "refund_too_large"));
        ask(stage, &order, Some(300)).await.expect(201);
        let other = stage.order(&[(1, 1)]).await;
        stage.hears(&refunded(&other, &unasked(2), 500, 500)).await;
        stage.hears(&payment(&other, 1, 500)).await;
        assert_eq!(stage.axes(&other).await, ["REFUNDED", "refunded", "cancelled"]);
        assert_eq!(stage.stock(1).await, (10, 1, 0), "only the first order's goods are held");
    });
}

#[test]
fn what_goes_back_of_a_wrong_payment_does_not_count_against_the_right_one() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        stage.hears(&payment(&order, 8, 499)).await;
        let refund = stage.told_of("refund.requested").await[0]["refundId"].clone();
        let mut wrong = refunded(&order, &refund, 499, 499);
        wrong.payment_id = PaymentId::from_u128(8);
        stage.hears(&wrong).await;
        let by_hand = PaymentRefunded { refund_id: RefundId::from_u128(5), ..wrong };
        stage.hears(&by_hand).await;
        stage.hears(&payment(&order, 1, 500)).await;
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"]);
        assert_eq!(stage.sees(&order).await["refunded_amount"], 0);
        assert_eq!(ask(stage, &order, None).await.expect(201).body["amount"], 500);
    });
}
