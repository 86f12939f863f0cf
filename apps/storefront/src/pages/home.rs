//! The first page: what this shop is, its categories, and what is new.

use axum::Extension;
use axum::response::Response;
use maud::{Markup, html};
use ui::face::{Failure, Sheet, Visit};
use ui::{Icon, icon};

use super::{below, categories, category_address, goods, picture};
use crate::api::{Category, Item, Listed};

/// A line and a half of goods on a desk.
const NEWEST: u32 = 8;
const IN_HERO: usize = 3;

/// `GET /shop`.
pub async fn show_home(Extension(visit): Extension<Visit>) -> Result<Response, Failure> {
    let currency = visit.face().currency;
    let newest = format!("/api/v1/products?sort=newest&currency={currency}&limit={NEWEST}");
    let (newest, categories) = tokio::join!(visit.get::<Listed<Item>>(&newest), categories(&visit));
    let newest = newest?.data;
    let name = &visit.face().name;
    let about = format!("{name}: well-made things for the home. Clear prices, secure payment, easy returns.");
    let facts = serde_json::json!({"@context": "https://schema.org", "@type": "Organization", "name": name,
        "url": format!("{}/shop", visit.face().origin)});
    let main = html! {
        (hero(&newest))
        (promises())
        @let first = below(&categories, None);
        @if !first.is_empty() {
            section.stack { h2 { "Shop by category" } (tiles(&first)) }
        }
        section.stack {
            div.row.apart { h2 { "New in" } a href="/shop/search" { "See everything" } }
            @if newest.is_empty() { p.muted { "The shelves are being filled. Come back soon." } } @else { (goods(&newest, 4)) }
        }
    };
    Ok(Sheet::public(name, "/shop", &about).showing("website", None, facts.to_string()).answer(&visit, &main))
}

fn hero(items: &[Item]) -> Markup {
    let shown = || items.iter().filter(|item| item.image.is_some()).take(IN_HERO);
    html! {
        section.hero {
            div.stack {
                h1 { "Good things for everyday use" }
                p.lead { "A small range, chosen with care: made to be used daily, and to last." }
                div { a.button href="/shop/search" { "See everything" } }
            }
            div.hero-pictures aria-hidden="true" {
                @for item in shown() { div.frame { (picture(item.image.as_ref(), true)) } }
            }
        }
    }
}

fn promises() -> Markup {
    let list = [
        (Icon::Lock, "Secure payment", "Your card goes straight to the payment provider."),
        (Icon::Check, "The price you see", "What the cart says is what you pay."),
        (Icon::Box, "No order without stock", "We hold your goods while you pay."),
    ];
    html! {
        ul.promises.plain {
            @for (sign, title, text) in list {
                li { (icon(sign)) div { p.strong { (title) } p.small.muted { (text) } } }
            }
        }
    }
}

fn tiles(categories: &[&Category]) -> Markup {
    html! {
        ul.tiles.plain {
            @for category in categories {
                li { a.tile href=(category_address(category)) {
                    span.strong { (category.title) }
                    span.small.muted { (category.product_count) (if category.product_count == 1 { " thing" } else { " things" }) }
                } }
            }
        }
    }
}
