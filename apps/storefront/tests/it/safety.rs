//! What no page may allow.

use http::{Method, StatusCode};

use crate::visitor::{Visitor, shop_over};
use crate::world::World;

const FORMS: [&str; 12] = [
    "/shop/cart/lines",
    "/shop/cart/lines/var_mug_s",
    "/shop/checkout",
    "/shop/orders/ord_00000000000000000000000001/cancel",
    "/shop/orders/ord_00000000000000000000000001/again",
    "/shop/sign-in",
    "/shop/register",
    "/shop/sign-out",
    "/shop/code",
    "/shop/code/again",
    "/shop/theme",
    "/shop/theme?x=1",
];

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::default();
    let mut ann = Visitor::ann(&world).await;
    world.things().asked.clear();
    for path in FORMS {
        for fields in [&[][..], &[("token", "")][..], &[("token", "00000000000000000000000000000000")][..]] {
            let page = ann.post_raw(path, fields).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {fields:?}");
            page.shows(&["That form was too old"]);
        }
        let json =
            ann.send(Method::POST, path, "{}".to_owned(), &[("content-type", "application/json")]).await;
        assert_eq!(json.status, StatusCode::FORBIDDEN, "{path}");
    }
    let written: Vec<String> = world
        .things()
        .asked
        .iter()
        .map(|asked| asked.call.clone())
        .filter(|call| !call.starts_with("GET"))
        .collect();
    assert!(written.is_empty(), "{written:?}");
}

#[tokio::test]
async fn every_page_forbids_what_it_does_not_need() {
    let mut visitor = Visitor::of(&World::default());
    for path in [
        "/shop",
        "/shop/search",
        "/shop/p/mug",
        "/shop/cart",
        "/shop/sign-in",
        "/shop/register",
        "/shop/nothing",
    ] {
        let page = visitor.see(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
                && !policy.contains("unsafe")
        );
        assert_eq!(
            (page.header("x-content-type-options"), page.header("cache-control")),
            ("nosniff", "private, no-cache")
        );
        page.hides(&[" style=\"", "<style", " onclick", "javascript:"]);
        page.shows(&[
            "<html lang=\"en\"",
            "class=\"skip\" href=\"#main\"",
            "<main id=\"main\"",
            "<h1",
            "name=\"viewport\"",
        ]);
    }
}

#[tokio::test]
async fn what_is_not_there_looks_like_the_shop_also_by_another_method() {
    let mut visitor = Visitor::of(&World::default());
    for (method, path) in
        [(Method::GET, "/shop/x/y"), (Method::DELETE, "/shop/cart"), (Method::PUT, "/shop/checkout")]
    {
        let page = visitor.send(method, path, String::new(), &[]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        page.shows(&["This page is not here", "site-footer"]);
    }
}

#[tokio::test]
async fn over_tls_cookies_are_guarded_by_their_names() {
    let world = World::default();
    let shop = ui::face::Face { origin: "https://shop.example".to_owned(), ..shop_over(&world) };
    let mut visitor = Visitor::at(shop);
    let page = visitor.see("/shop").await;
    let token = page.header("set-cookie");
    assert!(token.starts_with("__Host-stoa_shop_token=") && token.ends_with("; Secure"), "{token}");
    visitor.cookies.insert("stoa_shop_token".to_owned(), "0".repeat(32));
    visitor.cookies.remove("__Host-stoa_shop_token");
    let forged = visitor.post_raw("/shop/theme", &[("token", &"0".repeat(32)), ("theme", "dark")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "a cookie that a neighbour set is not believed");
}

#[tokio::test]
async fn the_look_is_chosen_and_kept() {
    let mut visitor = Visitor::of(&World::default());
    visitor.see("/shop").await.hides(&["data-theme=\""]);
    assert_eq!(
        visitor.post("/shop/theme", &[("theme", "dark"), ("next", "/shop/p/mug")]).await.location(),
        "/shop/p/mug"
    );
    visitor.see("/shop/p/mug").await.shows(&["data-theme=\"dark\""]);
    visitor.post("/shop/theme", &[("theme", "<script>")]).await.location();
    visitor.see("/shop").await.hides(&["data-theme=\""]);
}

#[tokio::test]
async fn cookies_that_make_no_sense_do_no_harm() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    for (name, value) in [
        ("stoa_cart", "../users.1"),
        ("stoa_shop_said", "<b>"),
        ("stoa_theme", "x"),
        ("stoa_access", "é"),
        ("stoa_csrf", "é"),
    ] {
        visitor.cookies.insert(name.to_owned(), value.to_owned());
    }
    let page = visitor.see("/shop/cart").await;
    assert!(page.status == StatusCode::OK || page.status == StatusCode::BAD_REQUEST, "{}", page.status);
    assert!(!world.things().asked.iter().any(|asked| asked.call.contains("users")));
}
