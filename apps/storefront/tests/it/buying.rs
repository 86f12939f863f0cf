//! From the cart to the order.

use http::StatusCode;
use serde_json::json;

use crate::visitor::Visitor;
use crate::world::{World, problem};

const ADDRESS: [(&str, &str); 5] = [
    ("name", "Ann Lee"),
    ("line1", "14 Lake Road"),
    ("city", "Kolkata"),
    ("postcode", "700029"),
    ("country", "IN"),
];

async fn with_mug(world: &World, mut visitor: Visitor) -> Visitor {
    let added = visitor.post("/shop/cart/lines", &[("variant_id", "var_mug_s"), ("quantity", "2")]).await;
    assert_eq!(added.location(), "/shop/cart");
    assert_eq!(world.things().carts.len(), 1);
    visitor
}

#[tokio::test]
async fn a_visitor_without_an_account_has_a_cart() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::of(&world)).await;
    assert_eq!(visitor.cookies["stoa_cart"], "crt_1.2");
    let page = visitor.see("/shop/cart").await;
    page.shows(&[
        "Stoneware mug",
        "₹1,298.00",
        "Added to your cart.",
        "Check out",
        "<option value=\"2\" selected>",
    ]);
    visitor.see("/shop/cart").await.hides(&["Added to your cart."]);
    let signed: Vec<_> =
        world.things().asked.iter().map(|asked| asked.headers.get("x-api-key").cloned()).collect();
    assert!(signed.iter().all(|key| key.as_ref().is_some_and(|key| key == "the-shop")), "{signed:?}");
}

#[tokio::test]
async fn a_line_is_changed_and_removed() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::of(&world)).await;
    visitor.post("/shop/cart/lines/var_mug_s", &[("quantity", "5")]).await.location();
    visitor.see("/shop/cart").await.shows(&["₹3,245.00", "Your cart is up to date."]);
    visitor.post("/shop/cart/lines/var_mug_s", &[("quantity", "0")]).await.location();
    visitor.see("/shop/cart").await.shows(&["Your cart is empty"]);
}

#[tokio::test]
async fn an_empty_or_lost_cart_is_an_empty_cart() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    visitor.see("/shop/cart").await.shows(&["Your cart is empty", "Look around"]);
    visitor.cookies.insert("stoa_cart".to_owned(), "crt_9.4".to_owned());
    let page = visitor.see("/shop/cart").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!visitor.cookies.contains_key("stoa_cart"), "the cookie of a lost cart is taken away");
}

#[tokio::test]
async fn a_cart_that_was_ordered_or_lost_gives_way_to_a_new_one() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::of(&world)).await;
    world.things().carts.get_mut("crt_1").unwrap()["order_id"] = json!("ord_00000000000000000000000001");
    visitor.post("/shop/cart/lines", &[("variant_id", "var_lamp")]).await.location();
    assert_eq!(visitor.cookies["stoa_cart"], "crt_2.1");
    visitor.cookies.insert("stoa_cart".to_owned(), "crt_9.4".to_owned());
    visitor.post("/shop/cart/lines", &[("variant_id", "var_lamp")]).await.location();
    assert_eq!(visitor.cookies["stoa_cart"], "crt_3.1");
}

#[tokio::test]
async fn what_cannot_be_added_is_told_kindly() {
    let mut visitor = Visitor::of(&World::default());
    visitor.post("/shop/cart/lines", &[("variant_id", "var_none")]).await.location();
    visitor.see("/shop/cart").await.shows(&["That could not be done"]);
}

#[tokio::test]
async fn each_problem_of_a_line_is_told_and_keeps_the_checkout_shut() {
    for (problem, available, told) in [
        ("gone", json!(null), "This is no longer sold."),
        ("not_sold_in_currency", json!(null), "cannot be bought in this currency"),
        ("not_enough_stock", json!(1), "Only 1 left."),
        ("not_enough_stock", json!(0), "This has just sold out."),
    ] {
        let world = World::default();
        let mut visitor = with_mug(&world, Visitor::ann(&world).await).await;
        let mut cart = world.things().carts["crt_1"].clone();
        cart["lines"][0]["problem"] = json!(problem);
        cart["lines"][0]["available"] = available;
        world.things().carts.insert("crt_1".to_owned(), cart);
        visitor.see("/shop/cart").await.shows(&[told, "Something has to change first"]).hides(&["Check out"]);
        assert_eq!(visitor.see("/shop/checkout").await.location(), "/shop/cart");
    }
}

#[tokio::test]
async fn the_checkout_is_for_people_who_are_signed_in_and_they_come_back_to_it() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::of(&world)).await;
    assert_eq!(visitor.see("/shop/checkout").await.location(), "/shop/sign-in?next=%2Fshop%2Fcheckout");
    let form =
        [("email", "ann@example.com"), ("password", "correct horse battery"), ("next", "/shop/checkout")];
    assert_eq!(visitor.post("/shop/sign-in", &form).await.location(), "/shop/checkout");
    visitor.see("/shop/checkout").await.shows(&[
        "Stoneware mug",
        "name=\"expected_total\" value=\"129800\"",
        "autocomplete=\"postal-code\"",
    ]);
}

#[tokio::test]
async fn an_order_is_placed_as_the_visitor_at_the_total_they_saw() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::ann(&world).await).await;
    let mut form = ADDRESS.to_vec();
    form.extend([("expected_total", "129800"), ("phone", "+91 (98300) 12-345")]);
    let placed = visitor.post("/shop/checkout", &form).await;
    assert_eq!(placed.location(), "/shop/orders/ord_00000000000000000000000001/pay");
    assert!(!visitor.cookies.contains_key("stoa_cart"), "the cart is done");
    let things = world.things();
    let asked = things.asked.iter().find(|asked| asked.call == "POST /api/v1/orders").unwrap();
    assert_eq!(asked.body["expected_total"], 129_800);
    assert_eq!(asked.body["ship_to"]["line2"], json!(null));
    assert_eq!(asked.body["ship_to"]["phone"], "+919830012345");
    assert_eq!(asked.headers["x-csrf-token"], "csrf-of-ann");
    assert!(!asked.headers.contains_key("x-api-key"), "as the visitor alone");
    assert_eq!(asked.headers["x-correlation-id"], "cor-1");
}

#[tokio::test]
async fn what_changed_meanwhile_is_told_in_the_cart() {
    for (status, code, told) in [
        (409, "price_changed", "A price has changed"),
        (409, "not_enough_stock", "Somebody was faster"),
        (409, "not_for_sale", "no longer sold"),
    ] {
        let world = World::default();
        let mut visitor = with_mug(&world, Visitor::ann(&world).await).await;
        world.instead("POST /api/v1/orders", status, problem(status, code, json!({})).1);
        assert_eq!(visitor.post("/shop/checkout", &ADDRESS).await.location(), "/shop/cart");
        visitor.see("/shop/cart").await.shows(&[told, "Stoneware mug"]);
    }
}

#[tokio::test]
async fn a_wrong_address_is_told_at_its_field_and_nothing_typed_is_lost() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::ann(&world).await).await;
    let page = visitor.post("/shop/checkout", &ADDRESS[..3]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&[
        "<a href=\"#postcode\">Postcode is missing</a>",
        "id=\"postcode-error\"",
        "value=\"14 Lake Road\"",
    ]);
    let details = json!({"fields": [{"field": "ship_to.postcode", "message": "is too long"}]});
    world.instead("POST /api/v1/orders", 422, problem(422, "invalid_input", details).1);
    let page = visitor.post("/shop/checkout", &ADDRESS).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&[
        "Postcode is too long",
        "aria-invalid=\"true\" aria-describedby=\"postcode-error\"",
        "value=\"Ann Lee\"",
    ]);
}

#[tokio::test]
async fn who_ordered_before_finds_their_address() {
    let world = World::default();
    let mut visitor = with_mug(&world, Visitor::ann(&world).await).await;
    visitor.post("/shop/checkout", &ADDRESS).await.location();
    visitor.post("/shop/cart/lines", &[("variant_id", "var_lamp")]).await.location();
    visitor.see("/shop/checkout").await.shows(&["value=\"14 Lake Road\"", "<option value=\"IN\" selected>"]);
}
