//! Serves the shop over a small world in memory, and the gallery of components, to be looked at:
//! `cargo run -p storefront --example look`, then `http://127.0.0.1:8700/shop` and `/gallery`. Ann signs in as
//! `ann@example.com` with `correct horse battery`; the code of a new account is 492817.

#[allow(clippy::unwrap_used, reason = "it is a test's world")]
#[path = "../tests/it/world.rs"]
mod world;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use client::Client;
use contracts::Currency;
use ui::Page;
use ui::face::{Face, Seller};

const ADDRESS: &str = "127.0.0.1:8700";

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let world = world::World::default();
    let shop = Face {
        api: Client::inside(world.routes()).api_key("the-shop").map_err(std::io::Error::other)?,
        name: "Stoa Goods".to_owned(),
        origin: format!("http://{ADDRESS}"),
        currency: Currency::INR,
        project: None,
        stripe_url: Some(format!("http://{ADDRESS}/stripe")),
        seller: Seller {
            name: "Stoa Goods Private Limited".to_owned(),
            address: "14 Lake Road, Kolkata 700029, India".to_owned(),
            care: "+91 33 5550 0100, care@stoa.example".to_owned(),
            grievances: "Mira Sen, grievance officer, mira@stoa.example".to_owned(),
        },
    };
    let routes =
        storefront::routes(shop).merge(world.routes()).merge(Router::new().route("/gallery", get(gallery)));
    axum::serve(tokio::net::TcpListener::bind(ADDRESS).await?, routes).await
}

async fn gallery() -> Html<String> {
    let address = |asset: ui::Asset| format!("/shop/assets/{}", asset.file());
    let page = Page {
        title: "Gallery".to_owned(),
        styles: vec![address(ui::assets::STYLE)],
        scripts: vec![address(ui::assets::SCRIPT)],
        ..Page::default()
    };
    Html(page.around(&ui::gallery()).into_string())
}
