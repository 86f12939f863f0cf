//! Sending money: whom, how much, a look at it, and then it is paid. Sent twice it is one payment: the page that is
//! looked at carries a key of its own.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use contracts::{Money, WalletAccountId};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, new_token, redirect, token_field, whole_form,
};
use ui::form::{hidden, summary};
use ui::{Field, Icon, Tone, empty, icon, money, notice};

use super::{amount_field, available, choices, crumbs, fact, key_of};
use crate::amount;
use crate::api::{Account, NewPayment, Payee, Payment, my_accounts, payees};
use crate::device::Device;
use crate::frame::ROOT;
use crate::words::{refusal, wallet};

/// What a link fills in.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    to: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    note: String,
}

/// What was typed of a payment.
#[derive(Debug, Default)]
struct Typed {
    /// Whom, as it was typed or scanned.
    to: String,
    from: String,
    amount: String,
    note: String,
}

/// A payment as it is looked at before it is made.
struct Ready<'a> {
    from: &'a Account,
    payee: Payee,
    amount: Money,
}

const NOTE_LETTERS_MAX: u32 = 200;

/// `GET /wallet/send`: whom.
pub async fn show_payee(
    Extension(visit): Extension<Visit>,
    Query(filled): Query<Filled>,
) -> Result<Response, Failure> {
    visit.as_visitor()?;
    Ok(payee_page(&visit, StatusCode::OK, &filled.to, &FieldErrors::new()))
}

/// `POST /wallet/send`: finds them.
pub async fn choose_payee(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let typed = Typed { to: address(posted.get("to")), ..Typed::default() };
    let refused = |text: &str| {
        let errors = vec![("to".to_owned(), text.to_owned())];
        Ok(payee_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, posted.get("to"), &errors))
    };
    if typed.to.is_empty() {
        return refused("Say whom you want to pay");
    }
    let (mine, found) = (my_accounts(&visit).await?, payees(&visit, &typed.to).await?);
    match sources(&mine, &found) {
        Ok(_) => Ok(amount_page(&visit, StatusCode::OK, &typed, &mine, &found, &FieldErrors::new())),
        Err(why) => refused(why),
    }
}

/// `GET /wallet/send/{payee}`: how much, to somebody whose code was scanned.
pub async fn show_amount(
    Extension(visit): Extension<Visit>,
    Path(payee): Path<String>,
    Query(filled): Query<Filled>,
) -> Result<Response, Failure> {
    let payee: WalletAccountId = payee.parse().map_err(|_| Failure::NotFound)?;
    let to = payee.to_string();
    let (mine, found) = (my_accounts(&visit).await?, payees(&visit, &to).await?);
    let of_currency = mine.iter().find(|account| account.currency.code() == filled.currency);
    let from = of_currency.map(|account| account.id.to_string()).unwrap_or_default();
    let typed = Typed { to, from, amount: filled.amount, note: filled.note };
    Ok(match sources(&mine, &found) {
        Ok(_) => amount_page(&visit, StatusCode::OK, &typed, &mine, &found, &FieldErrors::new()),
        Err(why) => {
            let errors = vec![("to".to_owned(), why.to_owned())];
            payee_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &typed.to, &errors)
        }
    })
}

/// `POST /wallet/send/check`: shows what would be paid; nothing moves yet.
pub async fn check(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let typed = Typed::of(&posted);
    let (mine, found) = (my_accounts(&visit).await?, payees(&visit, &typed.to).await?);
    match ready(&typed, &mine, &found) {
        Ok(ready) => {
            let key = new_token()?;
            Ok(confirm_page(&visit, StatusCode::OK, &ready, &typed, &key, &FieldErrors::new()))
        }
        Err(errors) => {
            Ok(amount_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &typed, &mine, &found, &errors))
        }
    }
}

/// `POST /wallet/payments`: pays what was looked at, once for its key.
pub async fn pay(
    Extension(visit): Extension<Visit>,
    Extension(device): Extension<Device>,
    posted: Posted,
) -> Result<Response, Failure> {
    let (typed, key) = (Typed::of(&posted), key_of(&posted)?);
    let account = posted.get("account").parse::<WalletAccountId>().map_err(|_| Failure::Forged)?;
    let mine = my_accounts(&visit).await?;
    let from = mine.iter().find(|from| from.id.to_string() == typed.from).ok_or(Failure::Forged)?;
    let amount = amount::read(&typed.amount, from.currency).map_err(|_| Failure::Forged)?;
    let wanted = NewPayment {
        from_account: from.id,
        to: account,
        amount: amount.minor(),
        currency: from.currency,
        note: Some(typed.note.as_str()).filter(|note| !note.is_empty()),
        device: &device,
    };
    let asked = visit.as_visitor()?.post_once::<Payment>("/api/v1/wallet/payments", key, &wanted).await;
    let error = match asked {
        Ok(payment) => return Ok(redirect(ROOT, &format!("/wallet/payments/{}", payment.id))),
        Err(error) => error,
    };
    let Some(why) = error.api().and_then(|told| refusal(told, from.currency)) else {
        return Err(error.into());
    };
    let known = payees(&visit, &account.to_string()).await?.into_iter().next();
    let unknown = || Payee { account_id: account, currency: from.currency, merchant: false, name: None };
    let ready = Ready { from, payee: known.unwrap_or_else(unknown), amount };
    Ok(confirm_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &ready, &typed, key, &whole_form(&why)))
}

impl Typed {
    fn of(posted: &Posted) -> Self {
        let text = |name: &str| posted.get(name).to_owned();
        Self { to: text("to"), from: text("from"), amount: text("amount"), note: text("note") }
    }
}

/// A number without what people write between its digits.
pub(super) fn address(typed: &str) -> String {
    let is_number = typed.starts_with('+');
    typed.chars().filter(|letter| !is_number || letter.is_ascii_digit() || *letter == '+').collect()
}

/// From which of one's wallets they can be paid.
fn sources<'a>(mine: &'a [Account], found: &[Payee]) -> Result<Vec<&'a Account>, &'static str> {
    if found.is_empty() {
        return Err("Nobody with a wallet has this address. Check it, or ask them to open a wallet");
    }
    let is_mine = |payee: &Payee| mine.iter().any(|account| account.id == payee.account_id);
    if found.iter().all(is_mine) {
        return Err("That is your own wallet");
    }
    let fits =
        |account: &&Account| found.iter().any(|payee| payee.currency == account.currency && !is_mine(payee));
    let fitting: Vec<&Account> = mine.iter().filter(fits).collect();
    if fitting.is_empty() { Err("They have no wallet in a currency of yours") } else { Ok(fitting) }
}

/// The payment that was typed, or what is wrong with it.
fn ready<'a>(typed: &Typed, mine: &'a [Account], found: &[Payee]) -> Result<Ready<'a>, FieldErrors> {
    let wrong = |field: &str, text: String| vec![(field.to_owned(), text)];
    let sources = sources(mine, found).map_err(whole_form)?;
    let chosen = sources.iter().find(|account| account.id.to_string() == typed.from).or(sources.first());
    let from: &Account = chosen.copied().ok_or_else(|| whole_form("Choose a wallet"))?;
    let payee = found.iter().find(|payee| payee.currency == from.currency && payee.account_id != from.id);
    let payee = payee.ok_or_else(|| whole_form("They have no wallet in this currency"))?.clone();
    let amount =
        amount::read(&typed.amount, from.currency).map_err(|bad| wrong("amount", bad.told().to_owned()))?;
    if !from.is_open() {
        return Err(whole_form("Your wallet is frozen: nothing can leave it"));
    }
    if amount.minor() > from.available {
        let has = ui::price(available(from));
        return Err(wrong("amount", format!("There is not enough money in your wallet: you have {has}")));
    }
    Ok(Ready { from, payee, amount })
}

fn payee_page(visit: &Visit, status: StatusCode, to: &str, errors: &FieldErrors) -> Response {
    let main = html! {
        (crumbs("Send money"))
        div.narrow.stack {
            h1 { "Whom do you want to pay?" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/send" {
                (token_field(visit))
                (Field::text("to", "Mail address, phone number or wallet")
                    .value(to).hint("Like ben@example.com or +919900000000, whole").autocomplete("off").keyboard("email")
                    .letters_max(254).error(error_of(errors, "to")).shown())
                button.button.wide type="submit" { "Go on" }
            }
            p { "Did they show you a code? " a href="/wallet/open" { "Paste what it says" } }
        }
    };
    Sheet::private("Send money").with_status(status).answer(visit, &main)
}

fn amount_page(
    visit: &Visit,
    status: StatusCode,
    typed: &Typed,
    mine: &[Account],
    found: &[Payee],
    errors: &FieldErrors,
) -> Response {
    let sources = sources(mine, found).unwrap_or_default();
    let Some(first) = sources.first() else {
        let gone = empty(
            Icon::Warning,
            "They cannot be paid",
            "Their wallet is not there any more.",
            Some(("/wallet/send", "Pay somebody else")),
        );
        return Sheet::private("Send money").with_status(status).answer(visit, &gone);
    };
    let listed = choices(&sources);
    let listed: Vec<(&str, &str)> =
        listed.iter().map(|(value, label)| (value.as_str(), label.as_str())).collect();
    let label =
        if sources.len() == 1 { format!("Amount in {}", first.currency) } else { "Amount".to_owned() };
    let main = html! {
        (crumbs("Send money"))
        div.narrow.stack {
            h1 { "How much?" }
            p { span.muted { "To " } (whom(&typed.to, found.first())) }
            (summary(errors))
            form.card.stack method="post" action="/wallet/send/check" {
                (token_field(visit))
                (hidden("to", &typed.to))
                (amount_field(&label, &typed.amount, error_of(errors, "amount")))
                @if let [only] = sources.as_slice() {
                    (hidden("from", &only.id.to_string()))
                    p.small.muted { "You have " (money::shown(available(only))) }
                } @else {
                    (Field::choice("from", "From", &listed).value(&typed.from).shown())
                }
                (Field::text("note", "What for").value(&typed.note).hint("They see it").optional().autocomplete("off").letters_max(NOTE_LETTERS_MAX).error(error_of(errors, "note")).shown())
                button.button.wide type="submit" { "Go on" }
            }
        }
    };
    Sheet::private("Send money").with_status(status).answer(visit, &main)
}

fn confirm_page(
    visit: &Visit,
    status: StatusCode,
    ready: &Ready<'_>,
    typed: &Typed,
    key: &str,
    errors: &FieldErrors,
) -> Response {
    let Ready { from, payee, amount } = ready;
    let after = from.money(from.available.saturating_sub(amount.minor()));
    let main = html! {
        (crumbs("Send money"))
        div.narrow.stack {
            h1 { "Is this right?" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/payments" {
                (token_field(visit))
                @for (name, value) in [("to", &typed.to), ("amount", &amount.to_decimal()), ("note", &typed.note)] { (hidden(name, value)) }
                (hidden("from", &from.id.to_string()))
                (hidden("account", &payee.account_id.to_string()))
                (hidden("key", key))
                p.balance.center { (money::shown(*amount)) }
                dl.sums {
                    (fact("To", &whom(&typed.to, Some(payee))))
                    @if payee.merchant { (fact("", &html! { "A shop's wallet" })) }
                    (fact("From", &html! { (from.currency) " " (wallet(from.id)) }))
                    @if !typed.note.is_empty() { (fact("What for", &html! { (typed.note) })) }
                    (fact("Left afterwards", &money::shown(after)))
                }
                button.button.wide type="submit" { (icon(Icon::Lock)) "Pay " (ui::price(*amount)) }
            }
            (notice(Tone::Calm, "Only pay people you know", &html! { p.small { "What has arrived is theirs: only they can give it back." } }))
            p { a href="/wallet" { "Do not pay" } }
        }
    };
    Sheet::private("Is this right?").with_status(status).answer(visit, &main)
}

/// Whom: by name, with what was typed as a detail, so that a wrong address is seen before money moves.
pub(super) fn whom(to: &str, payee: Option<&Payee>) -> Markup {
    let typed = to.parse::<WalletAccountId>().map_or_else(|_| to.to_owned(), wallet);
    html! {
        @if let Some(name) = payee.and_then(|payee| payee.name.as_ref()) {
            span.strong { (name) } " " span.small.muted { (typed) }
        } @else { span.strong { (typed) } }
    }
}
