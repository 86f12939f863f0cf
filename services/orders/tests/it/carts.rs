//! Filling carts, at today's prices.

use std::time::Duration;

use http::Method;
use kernel::store::Scope;
use serde_json::{Value, json};

use crate::stage::*;

const DAY: Duration = Duration::from_secs(86_400);

async fn open(stage: &Stage, who: &Player) -> String {
    id(&stage.post(who, "/api/v1/carts", &json!({ "currency": "INR" })).await.expect(201))
}

async fn add(stage: &Stage, who: &Player, cart: &str, number: u128, quantity: u32) -> Said {
    let line = json!({ "variant_id": variant(number), "quantity": quantity });
    stage.post(who, &format!("/api/v1/carts/{cart}/lines"), &line).await
}

async fn set(stage: &Stage, cart: &str, number: u128, quantity: u32) -> Said {
    let path = format!("/api/v1/carts/{cart}/lines/{}", variant(number));
    stage.ask(Method::PUT, &path, Some(&ann()), Some(&json!({ "quantity": quantity })), &[]).await
}

#[test]
fn a_cart_shows_what_is_in_it_at_todays_prices() {
    staged(async |stage, _| {
        stage.stocks(2, 500, 10).await;
        stage.stocks(1, 300, 10).await;
        let cart = open(stage, &ann()).await;
        add(stage, &ann(), &cart, 2, 1).await.expect(200);
        add(stage, &ann(), &cart, 1, 1).await.expect(200);
        let said = add(stage, &ann(), &cart, 2, 2).await.expect(200);
        assert_eq!((&said.body["item_count"], &said.body["version"]), (&json!(4), &json!(4)));
        assert_eq!(said.body["total"], json!({ "amount": 1_800, "currency": "INR" }));
        let first = &said.body["lines"][0];
        assert_eq!(
            (&first["title"], &first["amount"]),
            (&json!("Thing 2"), &json!(1_500)),
            "in the order they came"
        );
        stage.sells(&product(2, 600)).await;
        let seen = stage.get(&ann(), &format!("/api/v1/carts/{cart}")).await.expect(200).body;
        assert_eq!((&seen["total"]["amount"], &seen["lines"][0]["problem"]), (&json!(2_100), &Value::Null));
        assert_eq!(set(stage, &cart, 2, 0).await.expect(200).body["item_count"], 1);
        assert_eq!(set(stage, &cart, 1, 5).await.expect(200).body["total"]["amount"], 1_500);
    });
}

#[test]
fn a_line_says_why_it_cannot_be_bought() {
    staged(async |stage, _| {
        for number in 1..=3 {
            stage.stocks(number, 500, 10).await;
        }
        let cart = open(stage, &ann()).await;
        for number in 1..=3 {
            add(stage, &ann(), &cart, number, 8).await.expect(200);
        }
        let mut gone = product(1, 500);
        gone.on_sale = false;
        stage.sells(&gone).await;
        let mut unpriced = product(2, 500);
        unpriced.variants[0].prices.clear();
        stage.sells(&unpriced).await;
        stage.counts(3, -5).await;
        let seen = stage.get(&ann(), &format!("/api/v1/carts/{cart}")).await.expect(200).body;
        let lines = seen["lines"].as_array().unwrap();
        let problems: Vec<_> = lines.iter().map(|line| (&line["problem"], &line["available"])).collect();
        let expected = [
            (json!("gone"), Value::Null),
            (json!("not_sold_in_currency"), Value::Null),
            (json!("not_enough_stock"), json!(5)),
        ];
        assert_eq!(problems, expected.iter().map(|(problem, count)| (problem, count)).collect::<Vec<_>>());
        assert_eq!(seen["total"]["amount"], 4_000, "what has no price costs nothing");
        assert_eq!(add(stage, &ann(), &cart, 7, 1).await.problem(), (409, "not_for_sale"));
        assert_eq!(set(stage, &cart, 7, 0).await.expect(200).body["item_count"], 24);
    });
}

#[test]
fn a_cart_has_bounds() {
    staged(async |stage, _| {
        let mut many = product(1, 500);
        many.variants = (1..=101).flat_map(|number| product(number, 500).variants).collect();
        stage.sells(&many).await;
        let cart = open(stage, &ann()).await;
        add(stage, &ann(), &cart, 1, 98).await.expect(200);
        assert_eq!(add(stage, &ann(), &cart, 1, 2).await.problem(), (409, "too_many_of_one"));
        for quantity in [0, 100] {
            assert_eq!(add(stage, &ann(), &cart, 1, quantity).await.problem(), (422, "invalid_input"));
        }
        for number in 2..=100 {
            add(stage, &ann(), &cart, number, 1).await.expect(200);
        }
        assert_eq!(add(stage, &ann(), &cart, 101, 1).await.problem(), (409, "cart_full"));
        add(stage, &ann(), &cart, 100, 1).await.expect(200);
    });
}

#[test]
fn adds_at_the_same_time_all_land() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        stage.stocks(2, 500, 10).await;
        let (cart, caller) = (open(stage, &ann()).await, ann());
        let adds = (0..40).map(|at| add(stage, &caller, &cart, 1 + at % 2, 1));
        for said in join_all(adds).await {
            said.expect(200);
        }
        let seen = stage.get(&ann(), &format!("/api/v1/carts/{cart}")).await.expect(200).body;
        assert_eq!(seen["lines"][0]["quantity"], 20);
        assert_eq!((&seen["lines"][1]["quantity"], &seen["version"]), (&json!(20), &json!(41)));
    });
}

#[test]
fn whoever_knows_a_cart_may_use_it_and_a_program_holds_one_for_somebody() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let storefront = Player::program(1, 1, &["orders:write"]);
        let cart = open(stage, &storefront).await;
        add(stage, &storefront, &cart, 1, 1).await.expect(200);
        add(stage, &ben(), &cart, 1, 1).await.expect(200);
        let body = json!({ "cart_id": cart, "ship_to": ship_to() });
        let program = stage.post(&storefront, "/api/v1/orders", &body).await;
        assert_eq!(program.problem(), (403, "forbidden"), "a person buys");
        stage.post(&ben(), "/api/v1/orders", &body).await.expect(201);
        let elsewhere = stage.get(&stranger(), &format!("/api/v1/carts/{cart}")).await;
        assert_eq!(elsewhere.problem(), (404, "not_found"));
        assert_eq!(add(stage, &stranger(), &cart, 1, 1).await.problem(), (404, "not_found"));
    });
}

#[test]
fn a_cart_becomes_one_order_and_stays_as_it_is() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let cart = open(stage, &ann()).await;
        let body = json!({ "cart_id": cart, "ship_to": ship_to() });
        let empty = stage.post(&ann(), "/api/v1/orders", &body).await;
        assert_eq!(empty.problem(), (409, "cart_empty"));
        add(stage, &ann(), &cart, 1, 2).await.expect(200);
        let order = id(&stage.post(&ann(), "/api/v1/orders", &body).await.expect(201));
        let again = stage.post(&ann(), "/api/v1/orders", &body).await.expect(201);
        assert_eq!((id(&again), &again.body["amount"]), (order.clone(), &json!(1_000)));
        assert_eq!(stage.post(&ben(), "/api/v1/orders", &body).await.problem(), (409, "cart_placed"));
        assert_eq!(add(stage, &ann(), &cart, 1, 1).await.problem(), (409, "cart_placed"));
        assert_eq!(set(stage, &cart, 1, 0).await.problem(), (409, "cart_placed"));
        let seen = stage.get(&ann(), &format!("/api/v1/carts/{cart}")).await.expect(200).body;
        assert_eq!((&seen["order_id"], &seen["item_count"]), (&json!(order), &json!(2)));
        assert_eq!(stage.told_of("order.created").await.len(), 1);
        assert_eq!(stage.stock(1).await, (10, 2, 0));
    });
}

#[test]
fn a_cart_placed_by_many_at_once_is_one_order() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let (cart, caller) = (open(stage, &ann()).await, ann());
        add(stage, &ann(), &cart, 1, 1).await.expect(200);
        let body = json!({ "cart_id": cart, "ship_to": ship_to() });
        let placed = join_all((0..10).map(|_| stage.post(&caller, "/api/v1/orders", &body))).await;
        let ids: std::collections::HashSet<String> =
            placed.into_iter().map(|said| id(&said.expect(201))).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(stage.stock(1).await, (10, 1, 0));
    });
}

#[test]
fn carts_that_nobody_uses_go_after_thirty_days() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let (old, used) = (open(stage, &ann()).await, open(stage, &ann()).await);
        add(stage, &ann(), &old, 1, 1).await.expect(200);
        stage.wait(DAY * 29).await;
        add(stage, &ann(), &used, 1, 1).await.expect(200);
        stage.wait(DAY * 2).await;
        let gone = stage.get(&ann(), &format!("/api/v1/carts/{old}")).await;
        assert_eq!(gone.problem(), (404, "not_found"));
        stage.get(&ann(), &format!("/api/v1/carts/{used}")).await.expect(200);
        let lines = stage.running.store().read(Scope::System("a test"), |tx| {
            tx.one::<i64>("select count(*) from cart_lines", kernel::params![])
        });
        assert_eq!(lines.await.map_err(|error: kernel::store::StoreError| error.to_string()), Ok(1));
    });
}
