//! Taking money out: how much and where to, a look at it, and then it leaves, once.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use contracts::{Money, WalletAccountId, WithdrawalId};
use http::StatusCode;
use maud::{Markup, html};
use serde_json::json;
use ui::assets::LIVE;
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, field_errors, new_token, redirect, redirect_saying,
    token_field, whole_form,
};
use ui::form::{hidden, summary};
use ui::{Field, Icon, badge, icon, money, when};

use super::{Chosen, amount_field, amount_label, available, chosen, crumbs, fact, key_of, which};
use crate::amount;
use crate::api::{Account, Listed, Withdrawal, my_accounts};
use crate::frame::ROOT;
use crate::said;
use crate::words::{refusal, wallet, withdrawal as told};

/// What was typed: from which wallet, how much, and where to.
#[derive(Clone, Copy, Debug, Default)]
struct Typed<'a> {
    account: &'a str,
    amount: &'a str,
    destination: &'a str,
}

/// How often a browser without scripts looks again.
const LOOK_EVERY_SECONDS: u32 = 5;

/// `GET /wallet/withdraw`.
pub async fn show_form(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Chosen>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(account) = chosen(&mine, &wanted.account) else { return Ok(redirect(ROOT, ROOT)) };
    let path = format!("/api/v1/accounts/{}/withdrawals?limit=5", account.id);
    let earlier: Listed<Withdrawal> = visit.as_visitor()?.get(&path).await?;
    let typed = Typed { account: &wanted.account, ..Typed::default() };
    Ok(form_page(&visit, StatusCode::OK, &mine, &earlier.data, typed, &FieldErrors::new()))
}

/// `POST /wallet/withdraw`: shows what would leave; nothing moves yet.
pub async fn check(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let typed = Typed::of(&posted);
    let Some(account) = chosen(&mine, typed.account) else { return Ok(redirect(ROOT, ROOT)) };
    match ready(account, typed) {
        Ok(amount) => Ok(confirm_page(
            &visit,
            StatusCode::OK,
            account,
            amount,
            typed,
            &new_token()?,
            &FieldErrors::new(),
        )),
        Err(errors) => Ok(form_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, &[], typed, &errors)),
    }
}

/// `POST /wallet/withdrawals`: takes it out, once for its key.
pub async fn begin(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let (typed, key) = (Typed::of(&posted), key_of(&posted)?);
    let account =
        mine.iter().find(|account| account.id.to_string() == typed.account).ok_or(Failure::Forged)?;
    let amount = amount::read(typed.amount, account.currency).map_err(|_| Failure::Forged)?;
    let path = format!("/api/v1/accounts/{}/withdrawals", account.id);
    let body = json!({"amount": amount.minor(), "destination": typed.destination});
    let error = match visit.as_visitor()?.post_once::<Withdrawal>(&path, key, &body).await {
        Ok(withdrawal) => {
            return Ok(redirect(ROOT, &page_of(account.id, withdrawal.id)));
        }
        Err(error) => error,
    };
    let Some(api) = error.api() else { return Err(error.into()) };
    if matches!(api.status.as_u16(), 400 | 422) {
        let errors = field_errors(api);
        return Ok(form_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, &[], typed, &errors));
    }
    let Some(why) = refusal(api, account.currency) else { return Err(error.into()) };
    let errors = whole_form(&why);
    Ok(confirm_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, account, amount, typed, key, &errors))
}

/// `POST /wallet/withdrawals/{account}/{withdrawal}/cancel`.
pub async fn cancel_withdrawal(
    Extension(visit): Extension<Visit>,
    Path(names): Path<(String, String)>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let (account, id) = parsed(&names)?;
    let (page, path) = (page_of(account, id), format!("/api/v1/accounts/{account}/withdrawals/{id}/cancel"));
    match visit.as_visitor()?.post::<Withdrawal>(&path, &json!({})).await {
        Ok(_) => Ok(redirect(ROOT, &page)),
        Err(error) if error.api().is_some_and(|told| told.status == StatusCode::CONFLICT) => {
            Ok(redirect_saying(&visit, &page, said::TOO_LATE_OUT))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /wallet/withdrawals/{account}/{withdrawal}`: it follows the money.
pub async fn show_withdrawal(
    Extension(visit): Extension<Visit>,
    Path(names): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (account, id) = parsed(&names)?;
    let path = format!("/api/v1/accounts/{account}/withdrawals/{id}");
    let withdrawal: Withdrawal = visit.as_visitor()?.get(&path).await?;
    let told = told(&withdrawal);
    let main = html! {
        (crumbs("Withdrawal"))
        div.narrow.centered.stack.loose id="live" data-live={ (path) "/live" } data-state=(format!("{:?}", withdrawal.status)) {
            article.receipt.card.stack data-told=(told.title) {
                div.center.stack.tight {
                    p { (badge(told.tone, told.short)) }
                    p.balance { "\u{2212}" (ui::price(withdrawal.money())) }
                    h1 { (told.title) }
                    p.muted { (told.text) }
                }
                dl.sums {
                    @if let Some(destination) = &withdrawal.destination { (fact("To", &html! { (destination) })) }
                    (fact("Begun", &when(withdrawal.created_at)))
                    @if let Some(at) = withdrawal.ended_at { (fact("Ended", &when(at))) }
                    (fact("Number", &html! { code { (withdrawal.id) } }))
                }
            }
            div.row.no-print {
                @if withdrawal.can_be_called_off() {
                    form method="post" action={ (page_of(account, id)) "/cancel" } {
                        (token_field(&visit))
                        button.button.danger type="submit" { "Call it off" }
                    }
                }
                a.button.link href=(ROOT) { "Back to your wallet" }
            }
        }
        p.hush role="status" aria-live="polite" id="live-said" {}
    };
    let sheet = Sheet::private(told.title).with_script(LIVE);
    let sheet = if withdrawal.is_over() { sheet } else { sheet.refreshed_every(LOOK_EVERY_SECONDS) };
    Ok(sheet.answer(&visit, &main))
}

fn parsed((account, id): &(String, String)) -> Result<(WalletAccountId, WithdrawalId), Failure> {
    let account = account.parse().map_err(|_| Failure::NotFound)?;
    Ok((account, id.parse().map_err(|_| Failure::NotFound)?))
}

fn page_of(account: WalletAccountId, id: WithdrawalId) -> String {
    format!("/wallet/withdrawals/{account}/{id}")
}

impl<'a> Typed<'a> {
    fn of(posted: &'a Posted) -> Self {
        Self {
            account: posted.get("account"),
            amount: posted.get("amount"),
            destination: posted.get("destination"),
        }
    }
}

/// How much would leave, or what is wrong with it.
fn ready(account: &Account, typed: Typed<'_>) -> Result<Money, FieldErrors> {
    let wrong = |field: &str, text: &str| vec![(field.to_owned(), text.to_owned())];
    let amount = amount::read(typed.amount, account.currency).map_err(|bad| wrong("amount", bad.told()))?;
    if typed.destination.is_empty() {
        return Err(wrong("destination", "Say where the money is to go"));
    }
    if !account.is_open() {
        return Err(whole_form("Your wallet is frozen: nothing can leave it"));
    }
    if amount.minor() > account.available {
        let has = ui::price(available(account));
        return Err(wrong("amount", &format!("There is not enough money in your wallet: you have {has}")));
    }
    Ok(amount)
}

fn form_page(
    visit: &Visit,
    status: StatusCode,
    mine: &[Account],
    earlier: &[Withdrawal],
    typed: Typed<'_>,
    errors: &FieldErrors,
) -> Response {
    let main = html! {
        (crumbs("Withdraw"))
        div.narrow.stack {
            h1 { "Take money out" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/withdraw" {
                (token_field(visit))
                (amount_field(&amount_label(mine), typed.amount, error_of(errors, "amount")))
                (which("account", "From", mine, typed.account))
                (Field::text("destination", "Where to").value(typed.destination).hint("Your bank account as the payment provider names it, like ba_1QK7m2Lk").autocomplete("off").letters_max(200).error(error_of(errors, "destination")).shown())
                button.button.wide type="submit" { "Go on" }
            }
            (list(earlier))
        }
    };
    Sheet::private("Take money out").with_status(status).answer(visit, &main)
}

fn confirm_page(
    visit: &Visit,
    status: StatusCode,
    account: &Account,
    amount: Money,
    typed: Typed<'_>,
    key: &str,
    errors: &FieldErrors,
) -> Response {
    let after = account.money(account.available.saturating_sub(amount.minor()));
    let main = html! {
        (crumbs("Withdraw"))
        div.narrow.stack {
            h1 { "Is this right?" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/withdrawals" {
                (token_field(visit))
                (hidden("account", &account.id.to_string()))
                (hidden("amount", &amount.to_decimal()))
                (hidden("destination", typed.destination))
                (hidden("key", key))
                p.balance.center { (money::shown(amount)) }
                dl.sums {
                    (fact("To", &html! { (typed.destination) }))
                    (fact("From", &html! { (account.currency) " " (wallet(account.id)) }))
                    (fact("Left afterwards", &money::shown(after)))
                }
                button.button.wide type="submit" { (icon(Icon::Lock)) "Take out " (ui::price(amount)) }
            }
            p { a href=(ROOT) { "Leave it where it is" } }
        }
    };
    Sheet::private("Is this right?").with_status(status).answer(visit, &main)
}

fn list(earlier: &[Withdrawal]) -> Markup {
    html! {
        @if !earlier.is_empty() {
            section.stack aria-labelledby="earlier" {
                h2 id="earlier" { "Earlier" }
                ul.moves.plain { @for withdrawal in earlier {
                    @let told = told(withdrawal);
                    li { a.move href=(page_of(withdrawal.account_id, withdrawal.id)) {
                        span.way { (icon(Icon::Minus)) }
                        span.grow { (when(withdrawal.created_at)) }
                        span.sum { span.strong { (money::shown(withdrawal.money())) } (badge(told.tone, told.short)) }
                    } }
                } }
            }
        }
    }
}
