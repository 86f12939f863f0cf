//! The pages, a file each, and what several of them show.

pub mod authenticator;
pub mod code;
pub mod history;
pub mod home;
pub mod limits;
pub mod payment;
pub mod plan;
pub mod requests;
pub mod schedules;
pub mod security;
pub mod send;
pub mod statement;
pub mod top_up;
pub mod withdraw;

use contracts::{Money, WalletAccountId};
use maud::{Markup, html};
use serde::Deserialize;
use ui::face::{Failure, Posted};
use ui::form::hidden;
use ui::{Field, Icon, badge, icon, nav, price, when};

use crate::api::{Account, Activity, ActivityKind, ActivityState, Payment};
use crate::words::{activity, person, standing, wallet};

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

/// What happened in a wallet, each a link to what it was.
fn happened(list: &[Activity], account: &Account) -> Markup {
    html! {
        ul.moves.plain { @for what in list { li { (row(what, account)) } } }
    }
}

fn row(what: &Activity, account: &Account) -> Markup {
    let amount = Money::new(what.net.saturating_abs(), what.currency);
    let sign = if what.net < 0 { "\u{2212}" } else { "+" };
    // Only what is there looks like money that came.
    let look = match what.state {
        ActivityState::Completed if what.net > 0 => "in",
        ActivityState::Completed => "out",
        ActivityState::Pending => "muted",
        ActivityState::Failed => "void",
    };
    html! {
        a.move href=(page_of(what, account)) {
            span.way { (icon(sign_of(what))) }
            span.grow {
                span.strong { (activity(what)) }
                @if let Some(note) = &what.note { span.small { (note) } }
                span.small.muted { (when(what.at)) }
            }
            span.sum {
                span class={ "num strong " (look) } { (sign) (price(amount)) }
                @if let Some((tone, short)) = standing(what) { (badge(tone, short)) }
            }
        }
    }
}

fn page_of(what: &Activity, account: &Account) -> String {
    match what.kind {
        ActivityKind::Payment | ActivityKind::Refund | ActivityKind::Fee => {
            format!("/wallet/payments/{}", what.id)
        }
        ActivityKind::TopUp => format!("/wallet/top-ups/{}/{}", account.id, what.id),
        ActivityKind::Withdrawal => format!("/wallet/withdrawals/{}/{}", account.id, what.id),
    }
}

const fn sign_of(what: &Activity) -> Icon {
    match what.kind {
        ActivityKind::Payment if what.net < 0 => Icon::Send,
        ActivityKind::Payment => Icon::Ask,
        ActivityKind::Refund => Icon::Return,
        ActivityKind::Fee => Icon::List,
        ActivityKind::TopUp => Icon::Plus,
        ActivityKind::Withdrawal => Icon::Minus,
    }
}

/// Somebody by name, with the end of their wallet's id as a detail.
fn somebody(name: Option<&str>, id: WalletAccountId) -> Markup {
    html! {
        @if let Some(name) = name { span.strong { (name) } " " span.small.muted { (wallet(id)) } } @else { (wallet(id)) }
    }
}

/// What a payment is called: its note, or else with whom.
fn title(payment: &Payment, leaving: bool) -> String {
    let (other, name) = payment.other(leaving);
    let to = if leaving { "To" } else { "From" };
    payment.note.clone().unwrap_or_else(|| format!("{to} {}", person(name, other)))
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
