//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::events::wallet::RiskDecision;
use contracts::{Id, PaymentId};
use http::Method;
use kernel::testing::{Player, isolation};
use serde_json::{Value, json};

use crate::shop::*;

/// What the routes are about: a payment, a payout, and a top-up.
struct Named {
    payment: String,
    payout: String,
}

type Route = (Method, String, Option<Value>, &'static str, u16);

/// Each route behind a caller, what it takes, the permission that it needs, and what the owner hears.
fn routes(named: &Named) -> Vec<Route> {
    let (id, payout) = (&named.payment, &named.payout);
    let of = |end: &str| format!("/api/v1/payments{end}");
    let one = |end: &str| format!("/api/v1/payments/{id}{end}");
    let out = |end: &str| format!("/api/v1/payouts{end}");
    let one_out = |end: &str| format!("/api/v1/payouts/{payout}{end}");
    let found = json!({ "outcome": "dismissed", "note": "All is well." });
    let start = json!({ "order_id": order(1).to_string() });
    let (read, write, manage) = ("payments:read", "payments:write", "payments:manage");
    vec![
        (Method::POST, of(""), Some(start.clone()), write, 201),
        (Method::POST, of("/initiate"), Some(start), write, 201),
        (Method::GET, of(""), None, read, 200),
        (Method::GET, one(""), None, read, 200),
        (Method::GET, one("/attempts"), None, read, 200),
        (Method::GET, one("/refunds"), None, read, 200),
        (Method::GET, of(&format!("/by-order/{}/client-secret", order(1))), None, read, 200),
        (Method::GET, of(&format!("/by-top-up/{}/client-secret", top_up(1))), None, read, 200),
        (Method::GET, one("/reviews"), None, manage, 200),
        (Method::POST, one("/review"), Some(found.clone()), manage, 409),
        (Method::GET, out(""), None, read, 200),
        (Method::GET, one_out(""), None, read, 200),
        (Method::GET, one_out("/attempts"), None, read, 200),
        (Method::GET, one_out("/reviews"), None, manage, 200),
        (Method::POST, one_out("/review"), Some(found), manage, 409),
        (Method::POST, one_out("/settle"), None, manage, 409),
        (Method::POST, one_out("/fail"), Some(json!({ "reason": "no_account" })), manage, 409),
        (Method::POST, one("/process"), Some(json!({})), write, 200),
        (Method::POST, of("/capture"), Some(json!({ "payment_id": id })), manage, 409),
        (Method::POST, one("/settle"), None, manage, 409),
        (Method::POST, one("/refund"), Some(json!({ "amount": 1 })), manage, 201),
        (Method::POST, of("/refund"), Some(json!({ "transaction_id": id, "amount": 1 })), manage, 201),
    ]
}

/// One of each.
async fn all(shop: &Shop) -> Named {
    shop.top_up_requested(1).await;
    shop.withdrawal_reserved(1).await;
    shop.ordered(1).await;
    shop.work().await;
    let payment = shop.of_order(1).await;
    shop.pay_in_browser(payment["provider_ref"].as_str().unwrap()).await;
    let payouts = shop.get(&clerk(), "/api/v1/payouts").await;
    Named { payment: payment["id"].as_str().unwrap().to_owned(), payout: payouts.each("id")[0].to_owned() }
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    shops(async |shop| {
        let named = all(shop).await;
        for (method, path, body, permission, status) in routes(&named) {
            let ask =
                async |who: Option<&Player>| shop.ask(method.clone(), &path, who, body.as_ref(), &[]).await;
            assert_eq!(ask(None).await.problem(), (401, "unauthenticated"), "{method} {path}");
            let wrong = if permission == "payments:read" { "payments:write" } else { "payments:read" };
            let others = Player::user(1, 1, &[wrong, "orders:*"]);
            assert_eq!(ask(Some(&others)).await.problem(), (403, "forbidden"), "{method} {path}");
            let said = ask(Some(&Player::user(1, 1, &[permission]))).await;
            assert_eq!(said.status.as_u16(), status, "{method} {path}: {}", said.body);
            let of_another = ask(Some(&stranger())).await.status.as_u16();
            assert!(
                [404, 422].contains(&of_another)
                    || ["/api/v1/payments", "/api/v1/payouts"].contains(&path.as_str()),
                "{method} {path}: {of_another}"
            );
        }
    });
}

#[test]
fn the_table_above_names_each_route_but_those_of_providers() {
    let document = payments::service().document().unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
    let (public, private): (Vec<_>, Vec<_>) =
        operations.partition(|(_, operation)| operation["security"].is_array());
    let nothing = Named { payment: String::new(), payout: String::new() };
    assert_eq!((public.len(), private.len()), (2, routes(&nothing).len()));
    assert_eq!(document["paths"]["/api/v1/payments/{id}"]["get"]["x-stoa"], json!({ "id_prefix": "pay" }));
}

#[test]
fn a_person_sees_their_own_payments_and_another_project_none() {
    shops(async |shop| {
        let id = shop.paid().await;
        let other = json!({ "invoice_id": "inv_1", "amount": 5, "currency": "USD" });
        let other = shop.post(&clerk(), "/api/v1/payments", &other).await.expect(201);
        let other = other.body["id"].as_str().unwrap();
        let list = async |who: &Player, query: &str| {
            let said = shop.get(who, &format!("/api/v1/payments{query}")).await;
            said.each("id").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(list(&ann(), "").await, std::slice::from_ref(&id));
        assert_eq!(list(&ben(), "").await, Vec::<String>::new());
        assert_eq!(list(&stranger(), "").await, Vec::<String>::new());
        assert_eq!(list(&clerk(), "").await, [other.to_owned(), id.clone()]);
        assert_eq!(list(&clerk(), "?status=succeeded").await, std::slice::from_ref(&id));
        assert_eq!(list(&ann(), "?status=pending").await, Vec::<String>::new());
        assert_eq!(
            list(&ann(), &format!("?order_id={}&status=succeeded", order(1))).await,
            std::slice::from_ref(&id)
        );
        let first = shop.get(&clerk(), "/api/v1/payments?limit=1").await.expect(200);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        assert_eq!(list(&clerk(), &format!("?limit=1&cursor={cursor}")).await, std::slice::from_ref(&id));
        for path in [id.as_str(), other, &PaymentId::from_u128(7).to_string()] {
            let said = shop.get(&ben(), &format!("/api/v1/payments/{path}")).await;
            assert_eq!(said.problem(), (404, "not_found"));
        }
        assert_eq!(shop.get(&ann(), "/api/v1/payments/ord_1").await.status.as_u16(), 400);
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    shops(async |shop| {
        let Named { payment: id, .. } = all(shop).await;
        shop.judged(order(9), RiskDecision::Block).await;
        shop.judged(order(1), RiskDecision::Block).await;
        let found = json!({ "outcome": "dismissed", "note": "All is well." });
        shop.post(&clerk(), &format!("/api/v1/payments/{id}/review"), &found).await.expect(200);
        shop.post(&clerk(), &format!("/api/v1/payments/{id}/refund"), &json!({})).await.expect(201);
        let found = isolation(shop.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in [
            "payable_orders",
            "payable_top_ups",
            "blocked_orders",
            "payments",
            "refunds",
            "payment_attempts",
            "payouts",
            "payout_attempts",
            "reviews",
            "webhook_events",
        ] {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}
