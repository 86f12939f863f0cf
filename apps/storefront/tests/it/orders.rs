//! Paying an order, and following it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::visitor::{Visitor, shop_over};
use crate::world::{World, problem};

const ORDER: &str = "/shop/orders/ord_00000000000000000000000001";
const ID: &str = "ord_00000000000000000000000001";
const SECRET: &str = "GET /api/v1/payments/by-order/ord_00000000000000000000000001/client-secret";

async fn with_order(world: &World) -> Visitor {
    let mut ann = Visitor::ann(world).await;
    ann.post("/shop/cart/lines", &[("variant_id", "var_mug_s")]).await.location();
    let form = [("name", "Ann"), ("line1", "1"), ("city", "K"), ("postcode", "7"), ("country", "IN")];
    assert_eq!(ann.post("/shop/checkout", &form).await.location(), format!("{ORDER}/pay"));
    ann
}

fn set(world: &World, changes: &[(&str, Value)]) {
    let mut things = world.things();
    for (field, value) in changes {
        things.orders.get_mut(ID).unwrap()[*field] = value.clone();
    }
}

#[tokio::test]
async fn a_card_is_never_sent_to_the_shop() {
    let world = World::default();
    let page = with_order(&world).await.see(&format!("{ORDER}/pay")).await;
    page.shows(&[
        "Pay <span class=\"num\">₹649.00</span>",
        "data-stripe=\"http://stripe.example\"",
        "data-key=\"pk_test_1\"",
    ])
    .shows(&["id=\"number\" type=\"text\" autocomplete=\"cc-number\"", "needs JavaScript"]);
    let form = page.text.split("id=\"card-form\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(!form.contains(" name=") && !form.contains("action="), "{form}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.header("content-security-policy").contains("connect-src 'self' http://stripe.example;"));
}

#[tokio::test]
async fn real_keys_bring_the_providers_own_form_and_only_to_this_page() {
    let world = World::default();
    with_order(&world).await;
    world.things().secret =
        Some(json!({"payment_id": "pay_1", "provider": "stripe", "client_secret": "pi_1_secret_s",
        "publishable_key": "pk_live_1", "amount": 64_900, "currency": "INR", "status": "pending"}));
    let mut ann = Visitor::ann(&world).await;
    let page = ann.see(&format!("{ORDER}/pay")).await;
    page.shows(&["id=\"payment-element\"", "-element.js"]).hides(&["cc-number", "This is a trial"]);
    assert!(page.header("content-security-policy").contains("https://js.stripe.com"));
    assert!(!ann.see(ORDER).await.header("content-security-policy").contains("stripe"));
}

#[tokio::test]
async fn a_test_key_without_a_sandbox_is_stripes_own_and_no_key_is_paid_by_hand() {
    let world = World::default();
    with_order(&world).await;
    let mut ann = Visitor::ann(&world).await;
    let cookies = std::mem::take(&mut ann.cookies);
    let mut elsewhere = Visitor::at(ui::face::Face { stripe_url: None, ..shop_over(&world) });
    elsewhere.cookies = cookies;
    elsewhere.see(&format!("{ORDER}/pay")).await.shows(&["payment-element"]);
    world.things().secret = Some(json!({"payment_id": "pay_1", "provider": "offline", "client_secret": null,
        "publishable_key": null, "amount": 64_900, "currency": "INR", "status": "pending"}));
    elsewhere
        .see(&format!("{ORDER}/pay"))
        .await
        .shows(&["not paid by card"])
        .hides(&["<script type=\"module\" src=\"/shop/assets/card"]);
}

#[tokio::test]
async fn the_order_is_asked_before_anybody_pays_again() {
    let world = World::default();
    let mut ann = with_order(&world).await;
    for status in ["PAID", "FULFILLED", "CANCELLED", "REFUNDED"] {
        set(&world, &[("status", json!(status))]);
        assert_eq!(ann.see(&format!("{ORDER}/pay")).await.location(), ORDER, "{status}");
    }
    set(&world, &[("status", json!("PENDING_PAYMENT"))]);
    world.things().secret =
        Some(json!({"payment_id": "pay_1", "provider": "stripe", "client_secret": "pi_1_secret_s",
        "publishable_key": "pk_test_1", "amount": 64_900, "currency": "INR", "status": "succeeded"}));
    let onward = format!("{ORDER}?redirect_status=processing");
    assert_eq!(ann.see(&format!("{ORDER}/pay")).await.location(), onward);
}

#[tokio::test]
async fn a_payment_that_is_being_prepared_is_waited_for() {
    let world = World::default();
    let mut ann = with_order(&world).await;
    world.instead(SECRET, 409, problem(409, "payment_not_ready", json!({})).1);
    let page = ann.see(&format!("{ORDER}/pay")).await;
    assert_eq!((page.status, page.header("refresh")), (StatusCode::OK, "3"));
    page.shows(&["is being prepared"]);
}

#[tokio::test]
async fn every_state_of_an_order_is_told_and_offers_what_can_be_done() {
    let world = World::default();
    let mut ann = with_order(&world).await;
    for (status, payment, goods, title, offers) in [
        ("PENDING_PAYMENT", "unpaid", "unfulfilled", "Your order waits for its payment", "Pay now"),
        ("PENDING_PAYMENT", "failed", "unfulfilled", "The payment did not go through", "Pay now"),
        ("PENDING_PAYMENT", "authorized", "unfulfilled", "Your payment is approved", ""),
        ("PAID", "paid", "unfulfilled", "Thank you, your order is paid", ""),
        ("PAID", "paid", "cancelled", "This order is being refunded", ""),
        ("FULFILLED", "paid", "fulfilled", "Your order is on its way", ""),
        ("REFUNDED", "refunded", "cancelled", "This order was refunded", ""),
        ("CANCELLED", "unpaid", "cancelled", "This order is cancelled", "Put these in a new cart"),
    ] {
        set(
            &world,
            &[
                ("status", json!(status)),
                ("payment_status", json!(payment)),
                ("fulfilment_status", json!(goods)),
            ],
        );
        let page = ann.see(ORDER).await;
        page.shows(&[title, offers, "id=\"live-said\"", "aria-live=\"polite\""]);
        page.shows(&[&format!("data-live=\"/api/v1/orders/{ID}/live\"")]);
        if offers != "Pay now" {
            page.hides(&["Pay now", "Cancel order"]);
        }
    }
}

#[tokio::test]
async fn an_order_that_ran_out_says_so_and_its_things_can_be_had_again() {
    let world = World::default();
    let mut ann = with_order(&world).await;
    let expired = json!([{"at": "2026-11-21T17:30:00.000Z", "what": "Cancelled: not paid in time"}]);
    set(&world, &[("status", json!("CANCELLED")), ("timeline", expired)]);
    ann.see(ORDER).await.shows(&[
        "This order ran out of time",
        "Nothing was charged",
        "Put these in a new cart",
    ]);
    assert_eq!(ann.post(&format!("{ORDER}/again"), &[]).await.location(), "/shop/cart");
    ann.see("/shop/cart").await.shows(&["We put everything into a new cart", "Stoneware mug"]);
}

#[tokio::test]
async fn who_comes_back_from_the_bank_is_told_how_it_went() {
    let world = World::default();
    let mut ann = with_order(&world).await;
    let page = ann.see(&format!("{ORDER}?payment_intent=pi_1&redirect_status=succeeded")).await;
    page.shows(&["We are confirming your payment", "<meta http-equiv=\"refresh\" content=\"5\">"])
        .hides(&["Pay now"]);
    ann.see(&format!("{ORDER}?redirect_status=failed"))
        .await
        .shows(&["Your bank did not confirm the payment", "Pay now"]);
    set(&world, &[("payment_status", json!("failed")), ("payment_failure", json!("insufficient_funds"))]);
    ann.see(ORDER).await.shows(&["does not have enough money", "Pay now"]);
    set(&world, &[("status", json!("PAID")), ("payment_status", json!("paid"))]);
    ann.see(&format!("{ORDER}?redirect_status=failed"))
        .await
        .shows(&["Thank you"])
        .hides(&["did not confirm"]);
}

#[tokio::test]
async fn an_order_is_cancelled_or_it_is_said_that_it_cannot_be() {
    let world = World::default();
    let mut ann = with_order(&world).await;
    assert_eq!(ann.post(&format!("{ORDER}/cancel"), &[]).await.location(), ORDER);
    ann.see(ORDER).await.shows(&["The order is cancelled."]);
    world.instead(&format!("POST /api/v1/orders/{ID}/cancel"), 409, problem(409, "bad_state", json!({})).1);
    ann.post(&format!("{ORDER}/cancel"), &[]).await.location();
    ann.see(ORDER).await.shows(&["can no longer be cancelled"]);
}

#[tokio::test]
async fn orders_are_listed_and_none_is_said_kindly() {
    let world = World::default();
    let mut ann = Visitor::ann(&world).await;
    ann.see("/shop/orders").await.shows(&["No orders yet"]);
    let mut ann = with_order(&world).await;
    ann.see("/shop/orders").await.shows(&[
        &format!("<a href=\"{ORDER}\">1001</a>"),
        "Awaiting payment",
        "₹649.00",
    ]);
}

#[tokio::test]
async fn somebody_elses_order_and_nonsense_are_not_there() {
    let mut ann = Visitor::ann(&World::default()).await;
    for path in [
        ORDER,
        "/shop/orders/42",
        "/shop/orders/ord_00000000000000000000000001/pay",
        "/shop/orders/..%2F..%2Fusers",
    ] {
        assert_eq!(ann.see(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
