//! Putting money in by card. No card ever comes to us: the provider's own form takes it.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use contracts::{TopUpId, WalletAccountId};
use http::StatusCode;
use maud::{Markup, html};
use serde_json::json;
use ui::assets::LIVE;
use ui::face::card::{self, Returned, ToPay};
use ui::face::{Failure, FieldErrors, Posted, Sheet, Visit, error_of, new_token, redirect, token_field};
use ui::form::{hidden, summary};
use ui::{Icon, Tone, badge, icon, money, notice, when};

use super::{Chosen, amount_field, amount_label, chosen, crumbs, fact, key_of, which};
use crate::amount;
use crate::api::{Account, Listed, TopUp, TopUpStatus, my_accounts};
use crate::frame::ROOT;
use crate::words::{refusal, top_up as told};

/// How often a browser without scripts looks again.
const LOOK_EVERY_SECONDS: u32 = 3;
const WITHOUT_SCRIPTS: &str =
    "Turn JavaScript on for this page, or top up from another browser. Nothing was taken.";

/// `GET /wallet/top-up`.
pub async fn show_form(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Chosen>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(account) = chosen(&mine, &wanted.account) else { return Ok(redirect(ROOT, ROOT)) };
    let path = format!("/api/v1/accounts/{}/top-ups?limit=5", account.id);
    let earlier: Listed<TopUp> = visit.as_visitor()?.get(&path).await?;
    form_page(&visit, StatusCode::OK, &mine, &earlier.data, (&wanted.account, ""), &FieldErrors::new())
}

/// `POST /wallet/top-ups`: begins one, once for its key, and goes to the card.
pub async fn begin(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let typed = (posted.get("account"), posted.get("amount"));
    let Some(account) = chosen(&mine, typed.0) else { return Ok(redirect(ROOT, ROOT)) };
    let refused = |text: &str, field: &str| {
        let errors = vec![(field.to_owned(), text.to_owned())];
        form_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, &[], typed, &errors)
    };
    let amount = match amount::read(typed.1, account.currency) {
        Ok(amount) => amount,
        Err(bad) => return refused(bad.told(), "amount"),
    };
    let path = format!("/api/v1/accounts/{}/top-ups", account.id);
    let body = json!({"amount": amount.minor()});
    let error = match visit.as_visitor()?.post_once::<TopUp>(&path, key_of(&posted)?, &body).await {
        Ok(top_up) => return Ok(redirect(ROOT, &format!("{}/pay", page_of(account.id, top_up.id)))),
        Err(error) => error,
    };
    match error.api().and_then(|told| refusal(told, account.currency)) {
        Some(why) => refused(&why, "amount"),
        None => Err(error.into()),
    }
}

/// `GET /wallet/top-ups/{account}/{top_up}/pay`: the card.
pub async fn show_card(
    Extension(visit): Extension<Visit>,
    Path((account, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let top_up = found(&visit, &account, &id).await?;
    let page = page_of(top_up.account_id, top_up.id);
    if top_up.status != TopUpStatus::Pending {
        return Ok(redirect(ROOT, &page));
    }
    let path = format!("/api/v1/payments/by-top-up/{}/client-secret", top_up.id);
    let Some(payment) = card::secret(&visit, &path).await? else {
        return Ok(card::waiting(&visit, "Your top-up is being prepared."));
    };
    // The provider knows of it already; the wallet will in a moment.
    if payment.is_under_way() {
        return Ok(redirect(ROOT, &format!("{page}?redirect_status=processing")));
    }
    let above = html! {
        (crumbs("Top up"))
        div.pay.stack { h1 { "Put in " (money::shown(payment.money())) } }
    };
    let by_hand = notice(
        Tone::Calm,
        "This is not paid by card",
        &html! { p { "We will be in touch about the payment. " a href=(page) { "See your top-up" } } },
    );
    let to_pay = ToPay { payment: &payment, page: &page, above, without_scripts: WITHOUT_SCRIPTS, by_hand };
    Ok(card::page(&visit, &to_pay))
}

/// `GET /wallet/top-ups/{account}/{top_up}`: it follows the money.
pub async fn show_top_up(
    Extension(visit): Extension<Visit>,
    Path((account, id)): Path<(String, String)>,
    Query(returned): Query<Returned>,
) -> Result<Response, Failure> {
    let top_up = found(&visit, &account, &id).await?;
    let (page, pending) = (page_of(top_up.account_id, top_up.id), top_up.status == TopUpStatus::Pending);
    let paying = pending && returned.is_paying();
    let told = told(top_up.status, paying);
    let live = format!("/api/v1/accounts/{}/top-ups/{}/live", top_up.account_id, top_up.id);
    let main = html! {
        (crumbs("Top-up"))
        div.narrow.centered.stack.loose id="live" data-live=(live) data-state=(format!("{:?}", top_up.status)) {
            @if pending && returned.is_refused() {
                (notice(Tone::Bad, "Your bank did not confirm the payment", &html! { p { "Nothing was taken. Try again, or use another card." } }))
            }
            article.receipt.card.stack data-told=(told.title) {
                div.center.stack.tight {
                    p { (badge(told.tone, told.short)) }
                    p.balance { "+" (ui::price(top_up.money())) }
                    h1 { (told.title) }
                    p.muted { (told.text) }
                }
                dl.sums {
                    (fact("Begun", &when(top_up.created_at)))
                    (fact("Number", &html! { code { (top_up.id) } }))
                }
            }
            div.row.no-print {
                @if pending && !paying { a.button href={ (page) "/pay" } { (icon(Icon::Lock)) "Pay by card" } }
                a.button.link href=(ROOT) { "Back to your wallet" }
            }
        }
        p.hush role="status" aria-live="polite" id="live-said" {}
    };
    let sheet = Sheet::private(told.title).with_script(LIVE);
    let moves = paying || top_up.status == TopUpStatus::Paid;
    let sheet = if moves { sheet.refreshed_every(LOOK_EVERY_SECONDS) } else { sheet };
    Ok(sheet.answer(&visit, &main))
}

async fn found(visit: &Visit, account: &str, id: &str) -> Result<TopUp, Failure> {
    let account: WalletAccountId = account.parse().map_err(|_| Failure::NotFound)?;
    let id: TopUpId = id.parse().map_err(|_| Failure::NotFound)?;
    Ok(visit.as_visitor()?.get(&format!("/api/v1/accounts/{account}/top-ups/{id}")).await?)
}

fn page_of(account: WalletAccountId, id: TopUpId) -> String {
    format!("/wallet/top-ups/{account}/{id}")
}

fn form_page(
    visit: &Visit,
    status: StatusCode,
    mine: &[Account],
    earlier: &[TopUp],
    (account, typed): (&str, &str),
    errors: &FieldErrors,
) -> Result<Response, Failure> {
    let key = new_token()?;
    let main = html! {
        (crumbs("Top up"))
        div.narrow.stack {
            h1 { "Put money in" }
            p.muted { "By card. It is in your wallet as soon as the bank has said yes." }
            (summary(errors))
            form.card.stack method="post" action="/wallet/top-ups" {
                (token_field(visit))
                (hidden("key", &key))
                (amount_field(&amount_label(mine), typed, error_of(errors, "amount")))
                (which("account", "Into", mine, account))
                button.button.wide type="submit" { "Go on to the card" }
            }
            (list(earlier))
        }
    };
    Ok(Sheet::private("Put money in").with_status(status).answer(visit, &main))
}

fn list(earlier: &[TopUp]) -> Markup {
    html! {
        @if !earlier.is_empty() {
            section.stack aria-labelledby="earlier" {
                h2 id="earlier" { "Earlier" }
                ul.moves.plain { @for top_up in earlier {
                    @let told = told(top_up.status, false);
                    li { a.move href=(page_of(top_up.account_id, top_up.id)) {
                        span.way { (icon(Icon::Plus)) }
                        span.grow { (when(top_up.created_at)) }
                        span.sum { span.strong { (money::shown(top_up.money())) } (badge(told.tone, told.short)) }
                    } }
                } }
            }
        }
    }
}
