//! The pages, a file each, and what several of them show.

pub mod authenticator;
pub mod code;
pub mod history;
pub mod home;
pub mod limits;
pub mod payment;
pub mod requests;
pub mod schedules;
pub mod security;
pub mod send;
pub mod statement;
pub mod top_up;
pub mod withdraw;

use contracts::Money;
use maud::{Markup, html};
use serde::Deserialize;
use ui::face::{Failure, Posted};
use ui::form::hidden;
use ui::{Field, Icon, Told, badge, icon, nav, price, when};

use crate::api::{Account, Payment};
use crate::words::{told, wallet};

/// Which of one's wallets a page is about.
#[derive(Debug, Default, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    account: String,
}

/// 16 bytes in hexadecimal.
const KEY_LETTERS: usize = 32;

/// The way from the wallet's first page to one that is a level below.
fn crumbs(here: &str) -> Markup {
    nav::crumbs(&[("/wallet".to_owned(), "Wallet".to_owned())], here)
}

/// Payments below each other, each a link to its receipt.
fn payments(list: &[Payment], mine: &[Account]) -> Markup {
    html! {
        ul.moves.plain { @for payment in list { li { (row(payment, mine)) } } }
    }
}

fn row(payment: &Payment, mine: &[Account]) -> Markup {
    let leaving = payment.leaves(mine);
    let Told { tone, short, .. } = told(payment, leaving);
    html! {
        a.move href={ "/wallet/payments/" (payment.id) } {
            span.way { (icon(if leaving { Icon::Send } else { Icon::Ask })) }
            span.grow {
                span.strong { (title(payment, leaving)) }
                span.small.muted { (when(payment.created_at)) }
            }
            span.sum {
                span class={ "num strong " (if leaving { "out" } else { "in" }) } { (signed(payment, leaving)) }
                @if !(payment.is_over() && payment.reason.is_none()) { (badge(tone, short)) }
            }
        }
    }
}

/// What a payment is called: its note, or else with whom.
fn title(payment: &Payment, leaving: bool) -> String {
    let other = if leaving { payment.to_account } else { payment.from_account };
    let to = if leaving { "To" } else { "From" };
    payment.note.clone().unwrap_or_else(|| format!("{to} {}", wallet(other)))
}

/// An amount with the sign that it has for this side.
fn signed(payment: &Payment, leaving: bool) -> String {
    if leaving {
        format!("\u{2212}{}", price(payment.money()))
    } else {
        format!("+{}", price(payment.arriving()))
    }
}

/// A label and a value, side by side.
fn fact(label: &str, value: &Markup) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

/// A list of own wallets to choose from: their ids and how much each has.
fn choices(accounts: &[&Account]) -> Vec<(String, String)> {
    let label = |account: &&Account| {
        (account.id.to_string(), format!("{}, {} available", account.currency, price(available(account))))
    };
    accounts.iter().map(label).collect()
}

/// What makes a form that is sent twice one call: a page of ours made it.
fn key_of(posted: &Posted) -> Result<&str, Failure> {
    let key = posted.get("key");
    let is_ours = key.len() == KEY_LETTERS && key.bytes().all(|letter| letter.is_ascii_hexdigit());
    if is_ours { Ok(key) } else { Err(Failure::Forged) }
}

/// One's wallets beside each other, where there are several: the same page of another one is a step away.
fn wallets(page: &str, mine: &[Account], here: &Account) -> Markup {
    let address = |account: &Account| format!("{page}?account={}", account.id);
    let list: Vec<(String, String)> =
        mine.iter().map(|account| (address(account), account.currency.to_string())).collect();
    html! { @if mine.len() > 1 { (nav::ways("Wallets", &list, Some(&address(here)))) } }
}

/// The wallet that was chosen, or else the first.
fn chosen<'a>(mine: &'a [Account], id: &str) -> Option<&'a Account> {
    mine.iter().find(|account| account.id.to_string() == id).or(mine.first())
}

/// Which of one's wallets, where there are several.
fn which(name: &str, label: &str, mine: &[Account], chosen: &str) -> Markup {
    let listed = choices(&mine.iter().collect::<Vec<_>>());
    let listed: Vec<(&str, &str)> =
        listed.iter().map(|(value, label)| (value.as_str(), label.as_str())).collect();
    html! {
        @if let [only] = mine { (hidden(name, &only.id.to_string())) } @else {
            (Field::choice(name, label, &listed).value(chosen).shown())
        }
    }
}

/// A field for an amount, with keys below it for thumbs.
fn amount_field(label: &str, typed: &str, error: Option<&str>) -> Markup {
    html! {
        div.pad-field data-pad {
            (Field::text("amount", label).value(typed).autocomplete("off").keyboard("decimal").letters_max(20).error(error).shown())
        }
    }
}

/// What an amount is in, as far as that is clear before a wallet is chosen.
fn amount_label(mine: &[Account]) -> String {
    match mine {
        [only] => format!("Amount in {}", only.currency),
        _ => "Amount".to_owned(),
    }
}

/// What can be spent of a wallet.
const fn available(account: &Account) -> Money {
    account.money(account.available)
}
