//! The shop that customers see: pages made on the server, that work without JavaScript up to the card form.
//!
//! It speaks to the services through the public API alone, as the visitor where somebody is signed in and else with
//! the shop's own key. It keeps nothing: what a visitor has is in cookies and in the services.

mod api;
mod assets;
mod countries;
mod frame;
mod mark;
mod pages;
mod said;
pub mod settings;

use axum::Router;
use axum::routing::{get, post};
use ui::face::cookies::Name;
use ui::face::{self, Face, Guise, Words};

use pages::{browse, cart, checkout, home, orders, pay, product};

/// How the shop shows itself.
static GUISE: Guise = Guise {
    root: frame::ROOT,
    token: Name::new("stoa_shop_token", "/"),
    said: Name::new("stoa_shop_said", frame::ROOT),
    refresh: Name::new("stoa_shop_refresh", frame::ROOT),
    style: assets::STYLE,
    everywhere: &[],
    scripts: &[],
    header: frame::header_of,
    footer: frame::footer_of,
    sayings: &said::ALL,
    words: Words {
        home: "Back to the shop",
        nothing: "The address may be mistyped, or what was here is no longer sold.",
        sign_in: "Sign in to go on. Your cart stays as it is.",
        register: "So that you can follow your orders and need not type your address again.",
    },
    app: None,
};

/// All pages, below `/shop`.
pub fn routes(shop: Face) -> Router {
    let pages = Router::new()
        .route("/shop", get(home::show_home))
        .route("/shop/", get(home::show_home))
        .route("/shop/search", get(browse::search_products))
        .route("/shop/c/{category}", get(browse::show_category))
        .route("/shop/p/{slug}", get(product::show_product))
        .route("/shop/cart", get(cart::show_cart))
        .route("/shop/cart/lines", post(cart::add_line))
        .route("/shop/cart/lines/{variant}", post(cart::set_line))
        .route("/shop/checkout", get(checkout::show_checkout).post(checkout::place_order))
        .route("/shop/orders", get(orders::list_orders))
        .route("/shop/orders/{order}", get(orders::show_order))
        .route("/shop/orders/{order}/pay", get(pay::show_payment))
        .route("/shop/orders/{order}/cancel", post(orders::cancel_order))
        .route("/shop/orders/{order}/again", post(orders::order_again));
    Router::new()
        .route("/shop/goods/{file}", get(assets::send_picture))
        .merge(face::routes(shop, &GUISE, pages))
}
