//! One page with everything on it, to be looked at after a change: light and dark, on a phone and on a desk.

use contracts::{Currency, Money, Timestamp};
use maud::{Markup, html};

use crate::chart::{self, Figure};
use crate::form::{self, Field};
use crate::nav;
use crate::toast::toasts;
use crate::{Column, Icon, Tone, badge, empty, icon, money, notice, table, toast, when};

const TONES: [(Tone, &str); 5] = [
    (Tone::Plain, "Draft"),
    (Tone::Calm, "New"),
    (Tone::Good, "Paid"),
    (Tone::Warn, "Low stock"),
    (Tone::Bad, "Failed"),
];

/// What stands in the body of the page; the face that shows it puts its frame around it.
pub fn gallery() -> Markup {
    html! {
        main id="main" {
            div.wrap {
                div.stack.loose {
                    (words())
                    (buttons())
                    (fields())
                    (messages())
                    (records())
                    (charts())
                }
            }
        }
        (toasts(&[toast(Tone::Good, "Saved. A toast says what was done.")]))
    }
}

fn words() -> Markup {
    let way = [("#".to_owned(), "Shop".to_owned()), ("#".to_owned(), "Kitchen".to_owned())];
    html! {
        section.stack {
            (nav::crumbs(&way, "Gallery"))
            h1 { "Everything the faces share" }
            p { "Text in the system's own type, with " a href="#main" { "a link" } ", " code { "code" } " and " span.muted { "quieter words" } "." }
            div.row { @for (tone, text) in TONES { (badge(tone, text)) } }
            div.row { @for which in Icon::ALL { (icon(which)) } }
            p { (money::shown(Money::new(12_345_600, Currency::INR))) ", " (money::shown(Money::new(129_900, Currency::EUR))) ", at " (when(Timestamp::from_millis(1_795_254_455_000))) }
        }
    }
}

fn buttons() -> Markup {
    html! {
        section.stack {
            h2 { "Buttons" }
            div.row {
                button.button type="button" { "Place order" }
                button.button.second type="button" { "Continue shopping" }
                button.button.danger type="button" { "Cancel order" }
                button.button type="button" disabled { "Not now" }
                button.button.link type="button" { "Remove" }
                button.button.icon-only type="button" aria-label="Search" { (icon(Icon::Search)) }
            }
            (nav::ways("Sections", &[("#a".to_owned(), "Orders".to_owned()), ("#b".to_owned(), "Returns".to_owned())], Some("#a")))
            (nav::pager(Some("#first"), Some("#next")))
        }
    }
}

fn fields() -> Markup {
    let errors = [("g-mail".to_owned(), "Enter an address like ann@example.com".to_owned())];
    html! {
        section.stack {
            h2 { "Forms" }
            (form::summary(&errors))
            div.card { div.fields {
                (Field::text("g-name", "Name").value("Ann Lee").size("half").shown())
                (Field::email("g-mail", "Email").value("ann@").error(Some("Enter an address like ann@example.com")).size("half").shown())
                (Field::telephone("g-phone", "Phone").optional().hint("For the courier alone").size("third").shown())
                (Field::choice("g-country", "Country", &[("IN", "India"), ("DE", "Germany")]).value("DE").size("rest").shown())
                (Field::area("g-note", "Note").optional().shown())
                div { (form::check("g-news", "Tell me about new things", false)) }
            } }
        }
    }
}

fn messages() -> Markup {
    html! {
        section.stack {
            h2 { "Notices and empty places" }
            @for (tone, title) in TONES { (notice(tone, title, &html! { p { "A sentence that says what this means and what to do." } })) }
            (empty(Icon::Bag, "Your cart is empty", "Things that you add to it wait here.", Some(("#", "Look around"))))
        }
    }
}

fn records() -> Markup {
    let columns =
        [Column::text("Order"), Column::text("Placed"), Column::text("State"), Column::number("Total")];
    let row = |number: &str, tone, state, minor| {
        vec![
            html! { a href="#" { (number) } },
            when(Timestamp::from_millis(1_795_254_455_000)),
            badge(tone, state),
            money::shown(Money::new(minor, Currency::INR)),
        ]
    };
    let rows =
        [row("1042", Tone::Good, "Paid", 249_900), row("1041", Tone::Warn, "Awaiting payment", 12_000_000)];
    html! { section.stack { h2 { "Tables" } (table("Orders", &columns, &rows)) } }
}

fn charts() -> Markup {
    let days: Vec<Figure> =
        [("Mon", 12), ("Tue", 19), ("Wed", 15), ("Thu", 27), ("Fri", 31), ("Sat", 22), ("Sun", 9)]
            .map(|(day, amount)| Figure::new(day, amount, &format!("{amount} orders")))
            .into();
    let kinds: Vec<Figure> = [("Card", 61), ("Transfer", 24), ("Wallet", 10), ("Cash", 5)]
        .map(|(kind, amount)| Figure::new(kind, amount, &format!("{amount} %")))
        .into();
    html! {
        section.stack {
            h2 { "Charts" }
            p { "This week " (chart::sparkline("Orders by day", &[12, 19, 15, 27, 31, 22, 9])) " 135 orders" }
            (chart::line("Orders by day", &days))
            (chart::bars("Orders by weekday", &days))
            (chart::donut("How people pay", &kinds))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_component_brings_style_or_script_into_a_page() {
        let made = gallery().into_string();
        for part in [" style=\"", "<style", "<script", "onclick", "javascript:"] {
            assert!(!made.contains(part), "{part}");
        }
    }

    #[test]
    fn every_id_is_one_of_a_kind_and_every_label_has_its_field() {
        let made = gallery().into_string();
        let values = |mark: &str| -> Vec<String> {
            made.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let ids = values(" id=\"");
        let mut once = ids.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{ids:?}");
        let labelled = values("<label for=\"");
        assert!(labelled.len() >= 5 && labelled.iter().all(|id| ids.contains(id)), "{labelled:?}");
        let described: Vec<String> = values("aria-describedby=\"")
            .iter()
            .flat_map(|list| list.split(' '))
            .map(str::to_owned)
            .collect();
        assert!(!described.is_empty() && described.iter().all(|id| ids.contains(id)), "{described:?}");
    }
}
