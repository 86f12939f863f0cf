//! What is around every page of the wallet: a bar above, and where a thumb reaches it the ways through it below.

use maud::{Markup, html};
use ui::face::{Sheet, Visit, footer};
use ui::{Icon, icon};

/// The path that all pages of the wallet are below.
pub const ROOT: &str = "/wallet";

const WAYS: [(&str, &str, Icon); 5] = [
    ("/wallet", "Home", Icon::Bag),
    ("/wallet/history", "History", Icon::List),
    ("/wallet/requests", "Requests", Icon::Ask),
    ("/wallet/my-code", "My code", Icon::Code),
    ("/wallet/security", "Security", Icon::Shield),
];

/// What is above each page.
pub fn header_of(visit: &Visit, _sheet: &Sheet) -> Markup {
    let here = visit.path().map(|path| path.trim_end_matches('/'));
    html! {
        header.site-header {
            div.wrap.bar.wallet-bar {
                a.brand href=(ROOT) { (mark()) span { (visit.face().name) } }
                @if visit.is_signed_in() {
                    nav.tabs aria-label="Wallet" {
                        @for (address, name, sign) in WAYS {
                            a.tab href=(address) aria-current=[(here == Some(address)).then_some("page")] { (icon(sign)) span { (name) } }
                        }
                    }
                } @else {
                    nav.own aria-label="Yours" { a.entry href="/wallet/sign-in" { (icon(Icon::Person)) span { "Sign in" } } }
                }
            }
        }
    }
}

/// The wallet's sign: a purse with its clasp.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            path d="M4 9a4 4 0 0 1 4-4h16v4h3a2 2 0 0 1 2 2v14a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V9zm4-1a1 1 0 0 0 0 2h13V8H8zm14 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z" {}
        }
    }
}

/// What is below each page.
pub fn footer_of(visit: &Visit) -> Markup {
    let links = html! {
        @if visit.is_signed_in() {
            li { a href="/wallet/statement" { "Statements" } }
            li { a href="/wallet/limits" { "Limits" } }
            li { a href="/wallet/schedules" { "Planned payments" } }
        }
    };
    footer(visit, "More", &links)
}
