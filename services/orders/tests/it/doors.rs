//! Who is let in: each route with nobody, without its permission, of somebody else, and from another project.

use axum::body::Body;
use contracts::{Id, OrderId};
use http::{Method, Request, header};
use kernel::testing::isolation;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::*;

/// Each route, what it takes, and the permissions of which one lets in.
fn routes(order: &str, cart: &str) -> Vec<(Method, String, Option<Value>, &'static [&'static str])> {
    let (get, post) = (Method::GET, Method::POST);
    let (write, read): (&[&str], &[&str]) = (&["orders:write"], &["orders:read", "orders:manage"]);
    let line = json!({ "variant_id": variant(1), "quantity": 1 });
    let of_order = |rest: &str| format!("/api/v1/orders/{order}{rest}");
    vec![
        (post.clone(), "/api/v1/carts".into(), Some(json!({ "currency": "INR" })), write),
        (get.clone(), format!("/api/v1/carts/{cart}"), None, write),
        (post.clone(), format!("/api/v1/carts/{cart}/lines"), Some(line), write),
        (
            Method::PUT,
            format!("/api/v1/carts/{cart}/lines/{}", variant(1)),
            Some(json!({ "quantity": 2 })),
            write,
        ),
        (post.clone(), "/api/v1/orders".into(), Some(wanted(&[(1, 1)])), write),
        (get.clone(), "/api/v1/orders".into(), None, read),
        (get.clone(), of_order(""), None, read),
        (post.clone(), of_order("/refunds"), Some(json!({ "amount": 1, "reason": "x" })), &["orders:manage"]),
        (post.clone(), of_order("/fulfil"), Some(json!({})), &["orders:manage"]),
        (post, of_order("/cancel"), None, &["orders:write", "orders:manage"]),
        (get, of_order("/live"), None, read),
    ]
}

const ALL: [&str; 3] = ["orders:read", "orders:write", "orders:manage"];

async fn cart(stage: &Stage) -> String {
    id(&stage.post(&ann(), "/api/v1/carts", &json!({ "currency": "INR" })).await.expect(201))
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 100).await;
        for at in 0..routes("", "").len() {
            for permission in ALL {
                let (order, cart) = (stage.paid(&[(1, 1)], 500).await, cart(stage).await);
                let unpaid = stage.order(&[(1, 1)]).await;
                let (method, path, body, lets_in) = routes(&order, &cart).swap_remove(at);
                let path = if path.ends_with("/cancel") { path.replace(&order, &unpaid) } else { path };
                let nobody = stage.status(&method, &path, None, body.as_ref()).await;
                assert_eq!(nobody, 401, "{method} {path}");
                let said = stage
                    .status(&method, &path, Some(&Player::user(1, 1, &[permission])), body.as_ref())
                    .await;
                if lets_in.contains(&permission) {
                    assert!((200..300).contains(&said), "{method} {path} with {permission}: {said}");
                } else {
                    assert_eq!(said, 403, "{method} {path} with {permission}");
                }
            }
        }
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = orders::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(declared, routes("", "").len());
}

#[test]
fn a_customer_sees_and_changes_their_own_orders_alone() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        for path in ["", "/live"] {
            let said = stage.get(&ben(), &format!("/api/v1/orders/{order}{path}")).await;
            assert_eq!(said.problem(), (404, "not_found"), "{path}");
        }
        assert_eq!(stage.cancels(&ben(), &order).await.problem(), (404, "not_found"));
        assert_eq!(stage.get(&ben(), "/api/v1/orders").await.each("id").len(), 0);
        let user = stage.sees(&order).await["user_id"].as_str().unwrap().to_owned();
        let theirs = stage.get(&ben(), &format!("/api/v1/orders?user_id={user}")).await;
        assert_eq!(theirs.each("id").len(), 0, "whomever one names");
        let program = Player::program(1, 1, OWN);
        assert_eq!(stage.get(&program, "/api/v1/orders").await.problem(), (403, "forbidden"));
        let back_office = Player::program(1, 1, &["orders:manage"]);
        assert_eq!(stage.get(&back_office, "/api/v1/orders").await.each("id"), [&order]);
        assert_eq!(stage.get(&ann(), "/api/v1/orders").await.each("id"), [&order]);
    });
}

#[test]
fn another_project_sees_nothing() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        let cart = cart(stage).await;
        for (method, path, body, _) in
            routes(&order, &cart).into_iter().filter(|(_, path, ..)| path.contains('_'))
        {
            let said = stage.ask(method.clone(), &path, Some(&stranger()), body.as_ref(), &[]).await;
            assert_eq!(said.problem(), (404, "not_found"), "{method} {path}");
        }
        assert_eq!(stage.get(&stranger(), "/api/v1/orders").await.each("id").len(), 0);
        let said = stage.post(&stranger(), "/api/v1/orders", &wanted(&[(1, 1)])).await;
        assert_eq!(said.problem(), (409, "not_for_sale"), "what another project sells");
        let unknown = OrderId::from_u128(7);
        assert_eq!(
            stage.get(&ann(), &format!("/api/v1/orders/{unknown}")).await.problem(),
            (404, "not_found")
        );
        assert_eq!(stage.axes(&order).await, ["PAID", "paid", "unfulfilled"]);
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        let refund = contracts::events::commerce::PaymentRefunded {
            refund_id: contracts::RefundId::from_u128(1),
            payment_id: contracts::PaymentId::from_u128(1),
            order_id: Some(order_id(&order)),
            invoice_id: None,
            amount: 100,
            refunded_total: 100,
            currency: contracts::Currency::INR,
        };
        stage.hears(&refund).await;
        let cart = cart(stage).await;
        let line = json!({ "variant_id": variant(1), "quantity": 1 });
        stage.post(&ann(), &format!("/api/v1/carts/{cart}/lines"), &line).await.expect(200);
        let found = isolation(stage.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        let ours = [
            "variants",
            "prices",
            "stock",
            "movements",
            "carts",
            "cart_lines",
            "order_numbers",
            "orders",
            "order_lines",
            "happenings",
            "receipts",
            "repaid",
            "refunds",
        ];
        for table in ours {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}

#[test]
fn an_order_can_be_followed() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.order(&[(1, 1)]).await;
        let (routes, _) = stage.running.routes();
        let request = Request::get(format!("/api/v1/orders/{order}/live"))
            .header(header::AUTHORIZATION, format!("Bearer {}", stage.token(&ann())))
            .body(Body::empty())
            .unwrap();
        let mut answer = routes.oneshot(request).await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut seen = String::new();
        let mut paid = false;
        while !seen.contains("\"status\":\"PAID\"") {
            let frame = http_body_util::BodyExt::frame(answer.body_mut()).await.unwrap().unwrap();
            seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
            if !paid && seen.contains("PENDING_PAYMENT") {
                stage.hears(&payment(&order, 1, 500)).await;
                paid = true;
            }
        }
        assert!(paid, "it was told as it stood, and again when it was paid");
    });
}
