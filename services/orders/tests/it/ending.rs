//! How orders end: expired, cancelled, sent.

use std::time::Duration;

use serde_json::json;

use crate::stage::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_order_that_is_not_paid_in_time_gives_its_goods_back_once() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        stage.stocks(2, 500, 10).await;
        let order = stage.order(&[(1, 2), (2, 1)]).await;
        stage.wait(MINUTE * 29).await;
        assert_eq!(stage.axes(&order).await, ["PENDING_PAYMENT", "unpaid", "unfulfilled"]);
        for _ in 0..3 {
            stage.wait(MINUTE * 2).await;
        }
        assert_eq!(stage.axes(&order).await, ["CANCELLED", "unpaid", "cancelled"]);
        assert_eq!((stage.stock(1).await, stage.stock(2).await), ((10, 0, 0), (10, 0, 0)));
        let user = stage.sees(&order).await["user_id"].clone();
        let cancelled = json!({ "orderId": order, "userId": user, "reason": "expired" });
        assert_eq!(stage.told_of("order.cancelled").await, [cancelled]);
        let moves: Vec<_> =
            stage.told_of("stock.moved").await.iter().map(|moved| moved["movement"].clone()).collect();
        assert_eq!(moves, ["held", "held", "released", "released"]);
        assert_eq!(stage.history(&order).await, ["Ordered", "Cancelled: not paid in time"]);
    });
}

#[test]
fn how_long_an_order_waits_can_be_set() {
    kernel::testing::on_both(async |place| {
        let stage =
            kernel::testing::Stage::with(place, orders::service(), &[("orders.unpaid_for", "90s")]).await;
        let catalog = stage.neighbour("catalog").await;
        let scope = kernel::store::Scope::Project(project(1));
        stage.hear(&catalog, scope.clone(), "prd", &product(1, 500)).await;
        let counted = contracts::events::commerce::StockAdjusted {
            variant_id: variant(1),
            delta: 5,
            reason: "counted".to_owned(),
        };
        stage.hear(&catalog, scope, "var", &counted).await;
        let placed = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 1)])).await.expect(201);
        stage.wait(Duration::from_secs(90)).await;
        let seen = stage.get(&ann(), &format!("/api/v1/orders/{}", id(&placed))).await.expect(200);
        assert_eq!(seen.body["status"], "CANCELLED");
    });
}

#[test]
fn a_customer_cancels_what_is_unpaid() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 2)]).await;
        let said = stage.cancels(&ann(), &order).await.expect(200);
        assert_eq!(said.body["status"], "CANCELLED");
        assert_eq!(stage.stock(1).await, (10, 0, 0));
        assert_eq!(stage.told_of("order.cancelled").await[0]["reason"], "customer");
        let again = stage.cancels(&ann(), &order).await;
        assert_eq!(again.problem(), (409, "wrong_state"));
        assert_eq!(again.body["details"], json!({ "status": "CANCELLED", "allowed": [] }));
        stage.wait(MINUTE * 31).await;
        assert_eq!(stage.told_of("order.cancelled").await.len(), 1, "what is cancelled does not expire");
        let paid = stage.paid(&[(1, 1)], 500).await;
        let refused = stage.cancels(&ann(), &paid).await;
        assert_eq!(refused.problem(), (409, "wrong_state"));
        assert_eq!(
            refused.body["details"],
            json!({ "status": "PAID", "allowed": [] }),
            "the rest is the shop's to do"
        );
    });
}

#[test]
fn the_shop_cancels_what_is_paid_and_the_money_goes_back() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 2)], 1_000).await;
        stage
            .does(&shop(), &order, "refunds", &json!({ "amount": 300, "reason": "A scratch." }))
            .await
            .expect(201);
        stage.cancels(&shop(), &order).await.expect(200);
        assert_eq!(stage.axes(&order).await, ["CANCELLED", "paid", "cancelled"]);
        assert_eq!(stage.stock(1).await, (10, 0, 0));
        let asked: Vec<_> =
            stage.told_of("refund.requested").await.iter().map(|told| told["amount"].clone()).collect();
        assert_eq!(asked, [300, 700]);
        assert_eq!(stage.told_of("order.cancelled").await[0]["reason"], "shop");
        let sent = stage.does(&shop(), &order, "fulfil", &json!({})).await;
        assert_eq!(sent.problem(), (409, "wrong_state"));
    });
}

#[test]
fn only_what_is_paid_is_sent_and_its_goods_leave_the_store() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 2)]).await;
        let body = json!({ "tracking": "DHL 1" });
        let early = stage.does(&shop(), &order, "fulfil", &body).await;
        assert_eq!(early.body["details"], json!({ "status": "PENDING_PAYMENT", "allowed": ["cancel"] }));
        stage.hears(&payment(&order, 1, 1_000)).await;
        let sent = stage.does(&shop(), &order, "fulfil", &body).await.expect(200);
        assert_eq!((&sent.body["tracking"], &sent.body["status"]), (&json!("DHL 1"), &json!("FULFILLED")));
        assert_eq!(stage.stock(1).await, (8, 0, 0));
        let told = json!({ "orderId": order, "userId": sent.body["user_id"], "tracking": "DHL 1" });
        assert_eq!(stage.told_of("order.fulfilled").await, [told]);
        assert_eq!(stage.told_of("stock.moved").await[1]["movement"], "shipped");
        assert_eq!(stage.does(&shop(), &order, "fulfil", &body).await.problem(), (409, "wrong_state"));
        assert_eq!(stage.cancels(&shop(), &order).await.problem(), (409, "wrong_state"));
        assert_eq!(stage.stock(1).await, (8, 0, 0));
        assert_eq!(stage.history(&order).await, ["Ordered", "Paid", "Sent"]);
    });
}
