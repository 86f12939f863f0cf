//! What stands where there is nothing: why, and the one thing to do about it.

use maud::{Markup, html};

use crate::icon::{Icon, icon};

/// Nothing is here; `action` is where to go and what that is called.
pub fn empty(sign: Icon, title: &str, text: &str, action: Option<(&str, &str)>) -> Markup {
    around(sign, &html! { h2 { (title) } }, text, action)
}

/// A page that has nothing else to show: the title is the page's own.
pub fn empty_page(sign: Icon, title: &str, text: &str, action: Option<(&str, &str)>) -> Markup {
    around(sign, &html! { h1 { (title) } }, text, action)
}

fn around(sign: Icon, title: &Markup, text: &str, action: Option<(&str, &str)>) -> Markup {
    html! {
        div.empty {
            (icon(sign))
            (title)
            p { (text) }
            @if let Some((href, label)) = action { a.button href=(href) { (label) } }
        }
    }
}
