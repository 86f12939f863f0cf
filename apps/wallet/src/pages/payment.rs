//! A payment as it goes along, and once it is over the receipt that one can show; calling it off, and giving it back.

use axum::Extension;
use axum::extract::Path;
use axum::response::Response;
use contracts::WalletPaymentId;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::json;
use ui::assets::LIVE;
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, new_token, redirect, redirect_saying, token_field,
};
use ui::form::{hidden, summary};
use ui::{Field, badge, money, nav, when};

use super::{fact, key_of, signed, somebody, title};
use crate::amount;
use crate::api::{Account, Payment, Status, my_accounts};
use crate::device::Device;
use crate::frame::ROOT;
use crate::said;
use crate::words::{person, refusal, told};

/// How often a browser without scripts looks again.
const LOOK_EVERY_SECONDS: u32 = 3;

/// `GET /wallet/payments/{payment}`.
pub async fn show_payment(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (mine, payment) = found(&visit, &id).await?;
    let leaving = payment.leaves(&mine);
    let told = told(&payment, leaving);
    let name = title(&payment, leaving);
    let main = html! {
        (nav::crumbs(&[(ROOT.to_owned(), "Wallet".to_owned()), ("/wallet/history".to_owned(), "History".to_owned())], &name))
        div.narrow.centered.stack.loose id="live" data-live={ "/api/v1/wallet/payments/" (payment.id) "/live" } data-state={ (format!("{:?}", payment.status)) " " (payment.refunded_amount) } {
            article.receipt.card.stack data-told=(told.title) {
                div.center.stack.tight {
                    p { (badge(told.tone, told.short)) }
                    p.balance { (signed(&payment, leaving)) }
                    h1 { (told.title) }
                    p.muted { (told.text) }
                }
                (facts(&payment, leaving))
            }
            (doings(&visit, &payment, leaving))
        }
        p.hush role="status" aria-live="polite" id="live-said" {}
    };
    let sheet = Sheet::private(told.title);
    let sheet =
        if payment.is_over() { sheet } else { sheet.with_script(LIVE).refreshed_every(LOOK_EVERY_SECONDS) };
    Ok(sheet.answer(&visit, &main))
}

/// `POST /wallet/payments/{payment}/cancel`.
pub async fn cancel_payment(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let id = parsed(&id)?;
    let path = format!("/api/v1/wallet/payments/{id}/cancel");
    let page = format!("/wallet/payments/{id}");
    match visit.as_visitor()?.post::<Payment>(&path, &json!({})).await {
        Ok(_) => Ok(redirect_saying(&visit, &page, said::CALLED_OFF)),
        Err(error) if error.api().is_some_and(|told| told.status == StatusCode::CONFLICT) => {
            Ok(redirect_saying(&visit, &page, said::TOO_LATE))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /wallet/payments/{payment}/return`: how much is to go back.
pub async fn show_return(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (mine, payment) = found(&visit, &id).await?;
    let Some(left) = returnable(&payment, &mine) else { return Err(Failure::NotFound) };
    let typed = payment.arriving().currency();
    let all = contracts::Money::new(left, typed).to_decimal();
    Ok(return_page(&visit, StatusCode::OK, &payment, &all, &new_token()?, &FieldErrors::new()))
}

/// `POST /wallet/payments/{payment}/return`: gives it back, once for its key.
pub async fn return_money(
    Extension(visit): Extension<Visit>,
    Extension(device): Extension<Device>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Failure> {
    let (_, payment) = found(&visit, &id).await?;
    let (typed, key) = (posted.get("amount"), key_of(&posted)?);
    let refused = |text: &str| {
        let errors = vec![("amount".to_owned(), text.to_owned())];
        Ok(return_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &payment, typed, key, &errors))
    };
    let amount = match amount::read(typed, payment.currency) {
        Ok(amount) => amount,
        Err(bad) => return refused(bad.told()),
    };
    let path = format!("/api/v1/wallet/payments/{}/refund", payment.id);
    let body = json!({"amount": amount.minor(), "device": device});
    let asked = visit.as_visitor()?.post_once::<Payment>(&path, key, &body).await;
    let error = match asked {
        Ok(back) => return Ok(redirect(ROOT, &format!("/wallet/payments/{}", back.id))),
        Err(error) => error,
    };
    match error.api() {
        Some(told) if told.code == "refund_too_large" => refused("That is more than is left of it"),
        Some(told) => match refusal(told, payment.currency) {
            Some(why) => refused(&why),
            None => Err(error.into()),
        },
        None => Err(error.into()),
    }
}

async fn found(visit: &Visit, id: &str) -> Result<(Vec<Account>, Payment), Failure> {
    let path = format!("/api/v1/wallet/payments/{}", parsed(id)?);
    let (mine, payment) = tokio::join!(my_accounts(visit), async {
        Ok::<Payment, Failure>(visit.as_visitor()?.get(&path).await?)
    });
    Ok((mine?, payment?))
}

fn parsed(id: &str) -> Result<WalletPaymentId, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}

/// What of a payment that arrived at one of these wallets may still go back.
fn returnable(payment: &Payment, mine: &[Account]) -> Option<i64> {
    let arrived = payment.status == Status::Completed && !payment.leaves(mine) && payment.refund_of.is_none();
    let left = payment.arriving().minor().saturating_sub(payment.refunded_amount);
    Some(left).filter(|left| arrived && *left > 0)
}

fn facts(payment: &Payment, leaving: bool) -> Markup {
    let (label, (other, name)) = (if leaving { "To" } else { "From" }, payment.other(leaving));
    html! {
        dl.sums {
            (fact(label, &somebody(name, other)))
            @if let Some(note) = &payment.note { (fact("What for", &html! { (note) })) }
            @if payment.fee > 0 && !leaving { (fact("Fee", &money::shown(contracts::Money::new(payment.fee, payment.currency)))) }
            @if payment.refunded_amount > 0 { (fact("Given back", &money::shown(contracts::Money::new(payment.refunded_amount, payment.currency)))) }
            @if let Some(of) = &payment.refund_of { (fact("Gives back", &html! { a href={ "/wallet/payments/" (of) } { "an earlier payment" } })) }
            @if let Some(request) = &payment.request_id { (fact("Because", &html! { a href={ "/wallet/requests/" (request) } { "it was asked for" } })) }
            @if payment.schedule_id.is_some() { (fact("Because", &html! { "it was planned" })) }
            (fact("Begun", &when(payment.created_at)))
            @if let Some(at) = payment.ended_at { (fact("Ended", &when(at))) }
            (fact("Number", &html! { code { (payment.id) } }))
            @if let Some(id) = &payment.transaction_id { (fact("In the books", &html! { code { (id) } })) }
        }
    }
}

fn doings(visit: &Visit, payment: &Payment, leaving: bool) -> Markup {
    let id = &payment.id;
    let can_return = !leaving && payment.status == Status::Completed && payment.refund_of.is_none();
    html! {
        div.row.no-print {
            @if leaving && payment.can_be_called_off() {
                form method="post" action={ "/wallet/payments/" (id) "/cancel" } {
                    (token_field(visit))
                    button.button.danger type="submit" { "Call it off" }
                }
            }
            @if payment.status == Status::Completed { button.button.second type="button" data-print hidden { "Print or save" } }
            @if can_return && payment.refunded_amount < payment.arriving().minor() {
                a.button.second href={ "/wallet/payments/" (id) "/return" } { "Give it back" }
            }
            @if leaving && payment.status == Status::Completed { a.button.second href="/wallet/send" { "Pay somebody else" } }
            a.button.link href=(ROOT) { "Back to your wallet" }
        }
    }
}

fn return_page(
    visit: &Visit,
    status: StatusCode,
    payment: &Payment,
    typed: &str,
    key: &str,
    errors: &FieldErrors,
) -> Response {
    let label = format!("Amount in {}", payment.currency);
    let page = format!("/wallet/payments/{}", payment.id);
    let main = html! {
        (nav::crumbs(&[(ROOT.to_owned(), "Wallet".to_owned()), (page.clone(), title(payment, false))], "Give it back"))
        div.narrow.stack {
            h1 { "Give money back" }
            p.muted { "Of " (money::shown(payment.arriving())) " from " (person(payment.payer_name.as_deref(), payment.from_account)) ", all or a part." }
            (summary(errors))
            form.card.stack method="post" action={ (page) "/return" } {
                (token_field(visit))
                (hidden("key", key))
                (Field::text("amount", &label).value(typed).autocomplete("off").keyboard("decimal").letters_max(20).error(error_of(errors, "amount")).shown())
                button.button.wide type="submit" { "Give it back" }
            }
            p { a href=(page) { "Keep it" } }
        }
    };
    Sheet::private("Give money back").with_status(status).answer(visit, &main)
}
