//! Looking around.

use http::StatusCode;
use serde_json::json;

use crate::visitor::Visitor;
use crate::world::{World, problem};

fn asked(world: &World, start: &str) -> Vec<String> {
    let things = world.things();
    things.asked.iter().map(|asked| asked.call.clone()).filter(|call| call.starts_with(start)).collect()
}

#[tokio::test]
async fn the_first_page_shows_categories_and_what_is_new() {
    let world = World::default();
    let page = Visitor::of(&world).see("/shop").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&[
        "<h1>",
        "Stoneware mug",
        "from </span><span class=\"num\">₹649.00",
        "href=\"/shop/c/kitchen\"",
    ])
    .shows(&[
        "<link rel=\"canonical\" href=\"http://shop.example/shop\">",
        "Stoa Goods Ltd",
        "3 things",
    ]);
    assert_eq!(
        asked(&world, "GET /api/v1/products"),
        ["GET /api/v1/products?sort=newest&currency=INR&limit=8"]
    );
}

#[tokio::test]
async fn a_shop_whose_categories_cannot_be_read_still_sells() {
    let world = World::default();
    world.instead("GET /api/v1/categories", 500, problem(500, "internal", json!({})).1);
    let page = Visitor::of(&world).see("/shop").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&["Stoneware mug"]).hides(&["Shop by category"]);
}

#[tokio::test]
async fn filters_stand_in_the_address_and_go_to_the_api() {
    let world = World::default();
    let page = Visitor::of(&world).see("/shop/c/kitchen?q=mug&min=5&max=x&in_stock=true&sort=-price").await;
    page.shows(&["Stoneware mug", "value=\"mug\"", "<option value=\"-price\" selected>", "noindex"])
        .hides(&["Reading lamp"]);
    assert_eq!(
        asked(&world, "GET /api/v1/products"),
        [
            "GET /api/v1/products?q=mug&category=kitchen&min_price=500&currency=INR&in_stock=true&sort=-price&limit=24"
        ]
    );
}

#[tokio::test]
async fn a_list_goes_on_after_its_cursor_and_leads_back_to_its_beginning() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    visitor.see("/shop/search?sort=price").await.shows(&["href=\"/shop/search?sort=price&amp;cursor=c2\""]);
    visitor
        .see("/shop/search?sort=price&cursor=c2")
        .await
        .shows(&["href=\"/shop/search?sort=price\" rel=\"first\""]);
    assert!(asked(&world, "GET /api/v1/products").last().unwrap().ends_with("&cursor=c2"));
}

#[tokio::test]
async fn a_search_without_a_find_says_what_to_do_and_repeats_nothing_unescaped() {
    let page = Visitor::of(&World::default()).see("/shop/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    page.shows(&["Nothing fits", "See everything", "&lt;script&gt;alert(1)"]).hides(&["<script>alert"]);
}

#[tokio::test]
async fn an_unknown_category_is_not_there() {
    let page = Visitor::of(&World::default()).see("/shop/c/nothing").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    page.shows(&["This page is not here", "Back to the shop"]);
}

#[tokio::test]
async fn a_product_shows_its_variants_and_tells_machines_the_same() {
    let page = Visitor::of(&World::default()).see("/shop/p/mug").await;
    page.shows(&["<title>Stoneware mug · Stoa Goods</title>", "₹799.00", "Only a few left", "Sold out"])
        .shows(&["value=\"var_mug_l\" disabled", "value=\"var_mug_s\" checked"])
        .shows(&["&lt;b&gt;Dishwasher safe.&lt;/b&gt;", "alt=\"A mug, drawn\""])
        .shows(&[
            "\"@type\":\"Product\"",
            "\"price\":\"649.00\"",
            "https://schema.org/OutOfStock",
            "og:type\" content=\"product\"",
        ])
        .shows(&["og:image\" content=\"http://shop.example/shop/goods/mug.svg\""])
        .hides(&["<b>Dishwasher"]);
}

#[tokio::test]
async fn what_is_sold_out_cannot_be_put_into_the_cart() {
    let page = Visitor::of(&World::default()).see("/shop/p/chair").await;
    page.shows(&["Sold out", "₹18,990.00"]).hides(&["Add to cart"]);
}

#[tokio::test]
async fn a_product_that_is_gone_is_not_there_and_one_that_cannot_be_read_is_our_fault() {
    let world = World::default();
    let mut visitor = Visitor::of(&world);
    assert_eq!(visitor.see("/shop/p/none").await.status, StatusCode::NOT_FOUND);
    world.instead("GET /api/v1/products/mug", 500, problem(500, "internal", json!({})).1);
    let page = visitor.see("/shop/p/mug").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    page.shows(&["Something went wrong on our side", "<code>c0ffee</code>", "role=\"search\""])
        .hides(&["it is internal"]);
    world.instead("GET /api/v1/products/mug", 200, json!({"odd": true}));
    visitor.see("/shop/p/mug").await.shows(&["<code>cor-1</code>"]);
}

#[tokio::test]
async fn files_are_kept_for_ever_under_a_name_that_changes_with_them() {
    let mut visitor = Visitor::of(&World::default());
    let home = visitor.see("/shop").await;
    let sheets: Vec<&str> = home
        .text
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .filter(|href| href.ends_with(".css"))
        .collect();
    assert_eq!(sheets.len(), 2, "{sheets:?}");
    for sheet in sheets {
        let file = visitor.see(sheet).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
        assert!(file.header("cache-control").contains("immutable"));
    }
    let picture = visitor.see("/shop/goods/mug.svg").await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    let etag = picture.header("etag").to_owned();
    let again = visitor
        .send(http::Method::GET, "/shop/goods/mug.svg", String::new(), &[("if-none-match", &etag)])
        .await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(visitor.see("/shop/goods/../../Cargo.toml").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        visitor.see("/shop/assets/ui.css").await.status,
        StatusCode::NOT_FOUND,
        "not without its mark"
    );
}
