//! Planning a payment: whom, how much, from which day and how often; a look at it, and then it is planned, once.

use axum::Extension;
use axum::response::Response;
use contracts::{Money, Timestamp};
use http::StatusCode;
use maud::html;
use serde_json::json;
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, new_token, redirect, redirect_saying, token_field,
    whole_form,
};
use ui::form::{hidden, summary};
use ui::{Field, Icon, icon, money, nav, time};

use super::schedules::HERE;
use super::send::{address, whom};
use super::{amount_field, amount_label, chosen, fact, key_of, which};
use crate::amount;
use crate::api::{Account, Payee, Schedule, my_accounts, payees};
use crate::frame::ROOT;
use crate::said;
use crate::words::{refusal, wallet};

/// What was typed of a plan.
#[derive(Debug, Default)]
struct Typed {
    to: String,
    from: String,
    amount: String,
    note: String,
    every: String,
    first: String,
    last: String,
}

/// A plan as it is looked at before it is made.
struct Ready<'a> {
    from: &'a Account,
    payee: Payee,
    amount: Money,
}

const EVERY: [(&str, &str); 3] = [("once", "Once"), ("week", "Every week"), ("month", "Every month")];
/// When on its day something is paid, in UTC.
const MORNING: &str = "T06:00:00.000Z";
const EVENING: &str = "T23:59:59.000Z";
const DAY_LETTERS: usize = 10;
const NOTE_LETTERS_MAX: u32 = 200;

/// `GET /wallet/schedules/new`.
pub async fn show_form(Extension(visit): Extension<Visit>) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    Ok(if mine.is_empty() {
        redirect(ROOT, ROOT)
    } else {
        form_page(&visit, StatusCode::OK, &mine, &Typed::default(), &FieldErrors::new())
    })
}

/// `POST /wallet/schedules/check`: shows what would be planned; nothing is yet.
pub async fn check(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let (typed, mine) = (Typed::of(&posted), my_accounts(&visit).await?);
    let missing =
        posted.missing(&[("to", "Whom you pay"), ("amount", "The amount"), ("first", "The first day")]);
    if !missing.is_empty() {
        return Ok(form_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, &typed, &missing));
    }
    let found = payees(&visit, &typed.to).await?;
    match ready(&typed, &mine, &found) {
        Ok(ready) => {
            Ok(look_page(&visit, StatusCode::OK, &ready, &typed, &new_token()?, &FieldErrors::new()))
        }
        Err(errors) => Ok(form_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, &typed, &errors)),
    }
}

/// `POST /wallet/schedules`: plans what was looked at, once for its key.
pub async fn plan(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let (typed, key, mine) = (Typed::of(&posted), key_of(&posted)?, my_accounts(&visit).await?);
    // The account that was looked at, whoever has the address by now.
    let found = payees(&visit, posted.get("account")).await?;
    let Ok(ready) = ready(&typed, &mine, &found) else { return Err(Failure::Forged) };
    let until = Some(&typed.last).filter(|last| !last.is_empty()).map(|last| format!("{last}{EVENING}"));
    let body = json!({"from_account": ready.from.id, "to": ready.payee.account_id, "amount": ready.amount.minor(),
        "note": posted.maybe("note"), "every": typed.every, "starts_at": format!("{}{MORNING}", typed.first),
        "until": until});
    let asked = visit.as_visitor()?.post_once::<Schedule>("/api/v1/wallet/schedules", key, &body).await;
    let error = match asked {
        Ok(_) => return Ok(redirect_saying(&visit, HERE, said::PLANNED)),
        Err(error) => error,
    };
    let Some(told) = error.api() else { return Err(error.into()) };
    let Some(why) = refusal(told, ready.from.currency) else { return Err(error.into()) };
    Ok(if told.code == "no_such_time" {
        let errors = vec![("first".to_owned(), why)];
        form_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, &typed, &errors)
    } else {
        look_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &ready, &typed, key, &whole_form(&why))
    })
}

impl Typed {
    fn of(posted: &Posted) -> Self {
        let text = |name: &str| posted.get(name).to_owned();
        Self {
            to: address(posted.get("to")),
            from: text("from"),
            amount: text("amount"),
            note: text("note"),
            every: text("every"),
            first: text("first"),
            last: text("last"),
        }
    }
}

/// The plan that was typed, or what is wrong with it.
fn ready<'a>(typed: &Typed, mine: &'a [Account], found: &[Payee]) -> Result<Ready<'a>, FieldErrors> {
    let wrong = |field: &str, text: &str| vec![(field.to_owned(), text.to_owned())];
    let from = chosen(mine, &typed.from).ok_or_else(|| whole_form("Choose a wallet"))?;
    if found.is_empty() {
        let text = "Nobody with a wallet has this address. Check it, or ask them to open a wallet";
        return Err(wrong("to", text));
    }
    let payee = found.iter().find(|payee| payee.currency == from.currency);
    let payee = payee.ok_or_else(|| wrong("to", "They have no wallet in this currency"))?.clone();
    if payee.account_id == from.id {
        return Err(wrong("to", "That is your own wallet"));
    }
    let amount = amount::read(&typed.amount, from.currency).map_err(|bad| wrong("amount", bad.told()))?;
    if !EVERY.iter().any(|(value, _)| *value == typed.every) {
        return Err(wrong("every", "Choose how often"));
    }
    for (field, day) in [("first", &typed.first), ("last", &typed.last)] {
        if morning(day).is_none() && !(field == "last" && day.is_empty()) {
            return Err(wrong(field, "Write the day like 2027-01-31"));
        }
    }
    // Days are written so that their order is that of their letters.
    if !typed.last.is_empty() && typed.last < typed.first {
        return Err(wrong("last", "The last day is before the first"));
    }
    Ok(Ready { from, payee, amount })
}

/// The morning of a day, where there is such a day.
fn morning(day: &str) -> Option<Timestamp> {
    format!("{day}{MORNING}").parse().ok().filter(|_| day.len() == DAY_LETTERS)
}

/// A day as people write it.
fn shown(day: &str) -> String {
    morning(day).map_or_else(|| day.to_owned(), time::day)
}

fn crumbs() -> maud::Markup {
    nav::crumbs(
        &[(ROOT.to_owned(), "Wallet".to_owned()), (HERE.to_owned(), "Planned payments".to_owned())],
        "Plan a payment",
    )
}

fn form_page(
    visit: &Visit,
    status: StatusCode,
    mine: &[Account],
    typed: &Typed,
    errors: &FieldErrors,
) -> Response {
    let main = html! {
        (crumbs())
        div.narrow.stack {
            h1 { "Plan a payment" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/schedules/check" {
                (token_field(visit))
                (Field::text("to", "Whom you pay").value(&typed.to).hint("Their mail address or phone number, whole").autocomplete("off").keyboard("email").letters_max(254).error(error_of(errors, "to")).shown())
                (amount_field(&amount_label(mine), &typed.amount, error_of(errors, "amount")))
                (which("from", "From", mine, &typed.from))
                (Field::choice("every", "How often", &EVERY).value(&typed.every).error(error_of(errors, "every")).shown())
                (Field::day("first", "First day").value(&typed.first).hint("Tomorrow or later; it is paid in the morning").error(error_of(errors, "first")).shown())
                (Field::day("last", "Last day").value(&typed.last).hint("Without one it goes on until you stop it").optional().error(error_of(errors, "last")).shown())
                (Field::text("note", "What for").value(&typed.note).hint("They see it").optional().autocomplete("off").letters_max(NOTE_LETTERS_MAX).error(error_of(errors, "note")).shown())
                button.button.wide type="submit" { "Go on" }
            }
        }
    };
    Sheet::private("Plan a payment").with_status(status).answer(visit, &main)
}

fn look_page(
    visit: &Visit,
    status: StatusCode,
    ready: &Ready<'_>,
    typed: &Typed,
    key: &str,
    errors: &FieldErrors,
) -> Response {
    let Ready { from, payee, amount } = ready;
    let often = EVERY.iter().find(|(value, _)| *value == typed.every).map_or("", |(_, label)| label);
    let kept = [
        ("to", &typed.to),
        ("amount", &amount.to_decimal()),
        ("note", &typed.note),
        ("every", &typed.every),
        ("first", &typed.first),
        ("last", &typed.last),
    ];
    let main = html! {
        (crumbs())
        div.narrow.stack {
            h1 { "Is this right?" }
            (summary(errors))
            form.card.stack method="post" action=(HERE) {
                (token_field(visit))
                @for (name, value) in kept { (hidden(name, value)) }
                (hidden("from", &from.id.to_string()))
                (hidden("account", &payee.account_id.to_string()))
                (hidden("key", key))
                p.balance.center { (money::shown(*amount)) }
                dl.sums {
                    (fact("To", &whom(&typed.to, Some(payee))))
                    (fact("From", &html! { (from.currency) " " (wallet(from.id)) }))
                    (fact("How often", &html! { (often) }))
                    (fact(if typed.every == "once" { "On" } else { "First" }, &html! { (shown(&typed.first)) }))
                    @if !typed.last.is_empty() { (fact("Until", &html! { (shown(&typed.last)) })) }
                    @if !typed.note.is_empty() { (fact("What for", &html! { (typed.note) })) }
                }
                button.button.wide type="submit" { (icon(Icon::Clock)) "Plan it" }
            }
            p.small.muted { "If there is not enough money on a day, nothing is paid that day and we tell you. You can stop it at any time." }
            p { a href=(HERE) { "Do not plan it" } }
        }
    };
    Sheet::private("Is this right?").with_status(status).answer(visit, &main)
}
