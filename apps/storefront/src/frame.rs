//! What is around every page of the shop.

use axum::response::Response;
use maud::{Markup, html};
use ui::face::{Sheet, Visit, footer};
use ui::{Icon, face, icon};

use crate::mark::CartMark;

/// The path that all pages of the shop are below.
pub const ROOT: &str = "/shop";

/// Sends the browser to a path of ours with a reading request.
pub fn redirect(path: &str) -> Response {
    face::redirect(ROOT, path)
}

/// What is above each page.
pub fn header_of(visit: &Visit, sheet: &Sheet) -> Markup {
    let count = CartMark::of(visit).map_or(0, |cart| cart.count);
    html! {
        header.site-header {
            div.wrap.bar {
                a.brand href="/shop" { (mark()) span { (visit.face().name) } }
                form.search action="/shop/search" role="search" {
                    label.hush for="q" { "Search the shop" }
                    input.control id="q" name="q" type="search" placeholder="Search" value=(sheet.sought()) maxlength="200" autocomplete="off";
                    button.button.icon-only type="submit" aria-label="Search" { (icon(Icon::Search)) }
                }
                nav.own aria-label="Yours" {
                    @if visit.is_signed_in() {
                        a.entry href="/shop/orders" { (icon(Icon::Person)) span { "Orders" } }
                    } @else {
                        a.entry href="/shop/sign-in" { (icon(Icon::Person)) span { "Sign in" } }
                    }
                    a.entry href="/shop/cart" {
                        (icon(Icon::Bag)) span { "Cart" }
                        @if count > 0 { span.count { (count) span.hush { " items" } } }
                    }
                }
            }
        }
    }
}

/// The shop's sign: a porch with columns.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            path d="M16 3 3 10v3h26v-3L16 3zM5 26h22v3H5zM7 14h4v11H7zM14 14h4v11h-4zM21 14h4v11h-4z" {}
        }
    }
}

/// What is below each page.
pub fn footer_of(visit: &Visit) -> Markup {
    let links = html! {
        li { a href="/shop/search" { "Everything we sell" } }
        li { a href="/shop/orders" { "Your orders" } }
    };
    footer(visit, "Shop", &links)
}
