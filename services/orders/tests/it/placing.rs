//! Placing orders: priced from what the catalog told, held, told.

use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn an_order_is_priced_from_what_the_catalog_told_and_tells_as_agreed() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        stage.stocks(2, 250, 10).await;
        let placed = stage.post(&ann(), "/api/v1/orders", &wanted(&[(2, 3), (1, 1)])).await.expect(201).body;
        assert_eq!((&placed["amount"], &placed["number"]), (&json!(1_250), &json!("1001")));
        assert_eq!(placed["expires_at"], "2026-09-21T14:43:20.000Z");
        assert_eq!(placed["lines"][0]["title"], "Thing 2");
        assert_eq!(placed["ship_to"]["phone"], Value::Null);
        let order = placed["id"].as_str().unwrap();
        let created =
            json!({ "orderId": order, "amount": 1_250, "currency": "INR", "userId": placed["user_id"] });
        let moved = |number: u128, quantity: u32| json!({ "variantId": variant(number), "orderId": order, "movement": "held", "quantity": quantity });
        let told = stage.told().await;
        assert_eq!(
            told,
            [
                ("order.created".to_owned(), created),
                ("stock.moved".to_owned(), moved(2, 3)),
                ("stock.moved".to_owned(), moved(1, 1)),
            ]
        );
        assert_eq!((stage.stock(1).await, stage.stock(2).await), ((10, 1, 0), (10, 3, 0)));
        assert_eq!(stage.axes(order).await, ["PENDING_PAYMENT", "unpaid", "unfulfilled"]);
        assert_eq!(stage.sees(order).await, placed);
        assert_eq!(stage.history(order).await, ["Ordered"]);
    });
}

#[test]
fn the_clients_word_on_an_amount_counts_for_nothing() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        for field in ["amount", "total", "price"] {
            let mut body = wanted(&[(1, 1)]);
            body[field] = json!(1);
            assert_eq!(stage.post(&ann(), "/api/v1/orders", &body).await.problem(), (422, "invalid_input"));
            let mut body = wanted(&[(1, 1)]);
            body["lines"][0][field] = json!(1);
            assert_eq!(stage.post(&ann(), "/api/v1/orders", &body).await.problem(), (422, "invalid_input"));
        }
        let mut body = wanted(&[(1, 2)]);
        body["expected_total"] = json!(999);
        let said = stage.post(&ann(), "/api/v1/orders", &body).await;
        assert_eq!(said.problem(), (409, "price_changed"));
        assert_eq!(said.body["details"]["total"], json!({ "amount": 1_000, "currency": "INR" }));
        assert_eq!((stage.stock(1).await, stage.told().await.len()), ((10, 0, 0), 0), "nothing was placed");
        body["expected_total"] = json!(1_000);
        stage.post(&ann(), "/api/v1/orders", &body).await.expect(201);
    });
}

#[test]
fn equal_lines_are_summed_before_stock_is_looked_at() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 3).await;
        let said = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 2), (1, 2)])).await;
        assert_eq!(said.problem(), (409, "not_enough_stock"));
        let short = json!([{ "variant_id": variant(1), "wanted": 4, "available": 3 }]);
        assert_eq!(said.body["details"]["lines"], short);
        let placed = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 2), (1, 1)])).await.expect(201).body;
        assert_eq!((&placed["lines"].as_array().unwrap().len(), &placed["amount"]), (&1, &json!(1_500)));
        assert_eq!(stage.stock(1).await, (3, 3, 0));
    });
}

#[test]
fn what_cannot_be_sold_whole_is_not_sold_in_part() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        stage.stocks(2, 500, 1).await;
        let short = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 1), (2, 2)])).await;
        assert_eq!(short.problem(), (409, "not_enough_stock"));
        let unknown = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 1), (3, 1)])).await;
        assert_eq!(unknown.problem(), (409, "not_for_sale"));
        stage.stocks(4, 0, 10).await;
        let free = stage.post(&ann(), "/api/v1/orders", &wanted(&[(4, 1)])).await;
        assert_eq!(free.problem(), (409, "nothing_to_pay"));
        stage.stocks(5, i64::MAX, 10).await;
        let large = stage.post(&ann(), "/api/v1/orders", &wanted(&[(5, 2)])).await;
        assert_eq!(large.problem(), (409, "amount_too_large"));
        assert_eq!((stage.stock(1).await, stage.told().await.len()), ((10, 0, 0), 0));
    });
}

#[test]
fn what_is_malformed_is_refused_by_its_field() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let with = |pointer: &str, value: Value| {
            let mut body = wanted(&[(1, 1)]);
            *body.pointer_mut(pointer).unwrap() = value;
            body
        };
        for body in [
            with("/lines", json!([])),
            with("/lines", json!(vec![wanted(&[(1, 1)])["lines"][0].clone(); 101])),
            with("/lines/0/quantity", json!(0)),
            with("/lines/0/quantity", json!(100)),
            with("/lines/0/variant_id", json!("var_1")),
            with("/currency", json!("XXX")),
            with("/ship_to/country", json!("ZZ")),
            with("/ship_to/name", json!("")),
            with("/ship_to/line1", json!("a\u{0}b")),
            json!({ "ship_to": ship_to() }),
            json!({ "cart_id": "crt_1", "ship_to": ship_to() }),
        ] {
            let said = stage.post(&ann(), "/api/v1/orders", &body).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{body}");
        }
        let said = stage.post(&ann(), "/api/v1/orders", &with("/ship_to/country", json!("ZZ"))).await;
        assert!(said.body["message"].as_str().unwrap().contains("ISO 3166"), "{}", said.body);
        assert_eq!(stage.told().await.len(), 0);
    });
}

#[test]
fn the_same_key_places_one_order() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let body = wanted(&[(1, 1)]);
        let place = async |body: &Value| {
            stage
                .ask(Method::POST, "/api/v1/orders", Some(&ann()), Some(body), &[("idempotency-key", "k")])
                .await
        };
        let (first, again) = (place(&body).await.expect(201), place(&body).await.expect(201));
        assert_eq!(first.body, again.body);
        assert_eq!(place(&wanted(&[(1, 2)])).await.problem(), (422, "idempotency_key_reused"));
        assert_eq!(stage.stock(1).await, (10, 1, 0));
    });
}

#[test]
fn numbers_ascend_within_a_project_without_a_gap() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 2).await;
        stage.order(&[(1, 1)]).await;
        stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 5)])).await.expect(409);
        stage.order(&[(1, 1)]).await;
        let listed = stage.get(&shop(), "/api/v1/orders").await;
        assert_eq!(listed.each("number"), ["1002", "1001"]);
    });
}

#[test]
fn orders_are_listed_page_by_page_and_by_what_they_are() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 100).await;
        let mut all = Vec::new();
        for _ in 0..5 {
            all.insert(0, stage.order(&[(1, 1)]).await);
        }
        stage.hears(&payment(&all[1], 1, 500)).await;
        stage.cancels(&ann(), &all[2]).await.expect(200);
        let of_ben = id(&stage.post(&ben(), "/api/v1/orders", &wanted(&[(1, 1)])).await.expect(201));
        let first = stage.get(&ann(), "/api/v1/orders?limit=2").await;
        assert_eq!(first.each("id"), &all[..2]);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let rest = stage.get(&ann(), &format!("/api/v1/orders?limit=3&cursor={cursor}")).await;
        assert_eq!(
            (rest.each("id"), &rest.body["next_cursor"]),
            (all[2..].iter().map(String::as_str).collect(), &Value::Null)
        );
        assert_eq!(rest.body["data"][1]["lines"][0]["quantity"], 1);
        assert_eq!(rest.body["data"][0]["timeline"][1]["what"], "Cancelled by the customer");
        let (user, by) = (first.body["data"][0]["user_id"].as_str().unwrap(), &all);
        for (filter, expected) in [
            ("status=PAID".to_owned(), vec![&by[1]]),
            ("payment_status=paid".to_owned(), vec![&by[1]]),
            ("fulfilment_status=cancelled".to_owned(), vec![&by[2]]),
            ("status=PENDING_PAYMENT&limit=1".to_owned(), vec![&of_ben]),
            (format!("user_id={user}&fulfilment_status=unfulfilled"), vec![&by[0], &by[1], &by[3], &by[4]]),
            (format!("user_id={user}&status=PAID&payment_status=unpaid"), vec![]),
        ] {
            let said = stage.get(&shop(), &format!("/api/v1/orders?{filter}")).await;
            assert_eq!(said.each("id"), expected, "{filter}");
        }
        for bad in ["status=paid", "limit=0", "limit=201", "cursor=x", "user_id=7", "colour=red"] {
            assert_eq!(stage.get(&shop(), &format!("/api/v1/orders?{bad}")).await.status, 400, "{bad}");
        }
    });
}
