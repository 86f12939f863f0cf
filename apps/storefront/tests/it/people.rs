//! Coming in, staying in, and leaving.

use http::StatusCode;
use serde_json::json;

use crate::visitor::Visitor;
use crate::world::{ACCESS, World, problem};

#[tokio::test]
async fn whoever_signs_in_keeps_identitys_cookies_and_goes_on() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    let form =
        [("email", "ann@example.com"), ("password", "correct horse battery"), ("next", "/shop/orders")];
    let seen = visitor.post("/shop/sign-in", &form).await;
    assert_eq!(seen.location(), "/shop/orders");
    let cookies: Vec<&str> =
        seen.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let starts =
        |start: &str| cookies.iter().find(|cookie| cookie.starts_with(start)).copied().unwrap_or_default();
    assert!(starts(&format!("stoa_access={ACCESS}")).contains("HttpOnly"));
    assert!(starts("stoa_refresh=rft_1.a").contains("Path=/api/v1/auth"));
    assert!(
        starts("stoa_shop_refresh=rft_1.a").contains("HttpOnly; SameSite=Lax; Path=/shop; Max-Age=2592000")
    );
    visitor.see("/shop/orders").await.shows(&["Welcome. You are signed in.", "Sign out"]);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_the_address_stays() {
    let mut visitor = Visitor::of(&World::default());
    let page = visitor
        .post("/shop/sign-in", &[("email", "ann@example.com"), ("password", "no"), ("next", "/shop/orders")])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&["not right", "value=\"ann@example.com\"", "name=\"next\" value=\"/shop/orders\""])
        .hides(&["value=\"no\""]);
    visitor
        .post("/shop/sign-in", &[("email", "ann@example.com")])
        .await
        .shows(&["Password is missing", "id=\"password-error\""]);
}

#[tokio::test]
async fn too_many_tries_and_a_broken_identity_are_told_apart() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    let form = [("email", "ann@example.com"), ("password", "x")];
    world.instead("POST /api/v1/auth/login", 429, problem(429, "too_many_tries", json!({})).1);
    visitor.post("/shop/sign-in", &form).await.shows(&["Too many tries"]);
    world.instead("POST /api/v1/auth/login", 500, problem(500, "internal", json!({})).1);
    assert_eq!(visitor.post("/shop/sign-in", &form).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn whoever_registers_confirms_their_address_and_is_in() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    let form = [
        ("email", "new@example.com"),
        ("password", "correct horse"),
        ("name", "New"),
        ("next", "/shop/checkout"),
    ];
    let code = visitor.post("/shop/register", &form).await.location().to_owned();
    assert_eq!(code, "/shop/code?challenge=otp_1&channel=email&next=%2Fshop%2Fcheckout");
    visitor.see(&code).await.shows(&["sent a code to your email", "autocomplete=\"one-time-code\""]);
    let carried = [("challenge", "otp_1"), ("channel", "email"), ("next", "/shop/checkout")];
    let wrong = visitor.post("/shop/code", &[&carried[..], &[("code", "1")]].concat()).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.shows(&["That code is not right", "value=\"otp_1\""]);
    let right = visitor.post("/shop/code", &[&carried[..], &[("code", " 492 817 ")]].concat()).await;
    assert_eq!(right.location(), "/shop/checkout");
    assert_eq!(visitor.cookies["stoa_access"], ACCESS);
    let things = world.things();
    let asked = things.asked.iter().find(|asked| asked.call.ends_with("/register")).unwrap();
    assert_eq!(
        asked.body,
        json!({"email": "new@example.com", "password": "correct horse", "name": "New", "cookie": true})
    );
}

#[tokio::test]
async fn who_is_registered_without_a_code_is_signed_in_at_once() {
    let world = World::default();
    world.instead("POST /api/v1/auth/register", 202, json!({"status": "registered"}));
    let mut visitor = Visitor::of(&world);
    let form = [("email", "ann@example.com"), ("password", "correct horse battery"), ("next", "/shop/cart")];
    assert_eq!(visitor.post("/shop/register", &form).await.location(), "/shop/cart");
    assert_eq!(visitor.cookies["stoa_access"], ACCESS);
}

#[tokio::test]
async fn a_weak_password_is_told_at_its_field() {
    let mut visitor = Visitor::of(&World::default());
    let page = visitor
        .post("/shop/register", &[("email", "a@example.com"), ("password", "short"), ("name", "<A>")])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows(&[
        "Password must have at least 8 characters",
        "aria-describedby=\"password-hint password-error\"",
        "value=\"&lt;A&gt;\"",
    ]);
}

#[tokio::test]
async fn a_second_step_is_asked_for() {
    let mut visitor = Visitor::of(&World::default());
    let form = [("email", "two@example.com"), ("password", "x"), ("next", "/shop")];
    assert_eq!(
        visitor.post("/shop/sign-in", &form).await.location(),
        "/shop/code?challenge=otp_2&channel=totp&next=%2Fshop"
    );
    visitor.see("/shop/code?challenge=otp_2&channel=totp").await.shows(&["your authenticator"]);
    assert_eq!(visitor.see("/shop/code").await.location(), "/shop/sign-in");
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let world = World::default();
    for next in ["https://evil.example", "//evil.example", "/shop/\\evil", "/admin"] {
        let form = [("email", "ann@example.com"), ("password", "correct horse battery"), ("next", next)];
        assert_eq!(Visitor::of(&world).post("/shop/sign-in", &form).await.location(), "/shop", "{next}");
        assert_eq!(
            Visitor::of(&world).post("/shop/theme", &[("theme", "dark"), ("next", next)]).await.location(),
            "/shop"
        );
    }
    let page = Visitor::of(&world).see("/shop/sign-in?next=https%3A%2F%2Fevil.example").await;
    page.shows(&["name=\"next\" value=\"/shop\""]).hides(&["value=\"https"]);
}

#[tokio::test]
async fn a_session_outlives_its_access_token() {
    let world = World::default();
    let mut ann = Visitor::ann(&world).await;
    ann.cookies.remove("stoa_access");
    let page = ann.see("/shop/orders").await;
    assert_eq!(page.status, StatusCode::OK, "renewed, without a script");
    assert_eq!(ann.cookies["stoa_access"], ACCESS);
    let refreshed = world.things().asked.iter().filter(|asked| asked.call.ends_with("/auth/refresh")).count();
    assert_eq!(refreshed, 1);
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_is_one_to_begin_anew() {
    let world = World::default();
    let mut ann = Visitor::ann(&world).await;
    ann.cookies.remove("stoa_access");
    ann.cookies.insert("stoa_shop_refresh".to_owned(), "rft_1.old".to_owned());
    assert_eq!(ann.see("/shop/orders").await.location(), "/shop/sign-in?next=%2Fshop%2Forders");
    assert!(!ann.cookies.contains_key("stoa_shop_refresh"), "what is of no use is taken away");
}

#[tokio::test]
async fn a_refused_access_token_does_not_shut_the_shop() {
    let world = World::default();
    let mut ann = Visitor::ann(&world).await;
    ann.cookies.insert("stoa_access".to_owned(), "old".to_owned());
    assert_eq!(ann.see("/shop/orders").await.location(), "/shop/sign-in?next=%2Fshop%2Forders");
    let refused = problem(401, "unauthenticated", json!({}));
    world.instead("GET /api/v1/orders", refused.0, refused.1);
    assert_eq!(ann.see("/shop/p/mug").await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_leaves_has_nothing_left() {
    let world = World::default();
    let mut ann = Visitor::ann(&world).await;
    assert_eq!(ann.post("/shop/sign-out", &[]).await.location(), "/shop");
    assert!(!ann.cookies.contains_key("stoa_access") && !ann.cookies.contains_key("stoa_shop_refresh"));
    ann.see("/shop").await.shows(&["You are signed out.", "Sign in"]);
    let things = world.things();
    let asked = things.asked.iter().find(|asked| asked.call.ends_with("/auth/logout")).unwrap();
    assert_eq!(asked.headers["x-csrf-token"], "csrf-of-ann");
}
