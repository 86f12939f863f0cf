//! The first page: what there is, what can be done, who waits for an answer, and what happened last.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::json;
use ui::assets::LIVE;
use ui::face::{Failure, Posted, Sheet, Visit, redirect_saying, token_field};
use ui::{Icon, Tone, empty, icon, money, notice};

use super::{Chosen, chosen, happened, wallets};
use crate::api::{Account, Activity, Listed, Request, my_accounts};
use crate::frame::ROOT;
use crate::said;
use crate::words::wallet;

/// What happened last, at a glance.
const LAST: u32 = 6;
const DOINGS: [(&str, &str, Icon); 5] = [
    ("/wallet/send", "Send", Icon::Send),
    ("/wallet/requests/new", "Request", Icon::Ask),
    ("/wallet/top-up", "Top up", Icon::Plus),
    ("/wallet/withdraw", "Withdraw", Icon::Minus),
    ("/wallet/my-code", "My code", Icon::Code),
];

/// `GET /wallet`.
pub async fn show_home(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Chosen>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(account) = chosen(&mine, &wanted.account) else { return Ok(no_wallet(&visit)) };
    let visitor = visit.as_visitor()?;
    let latest = format!("/api/v1/accounts/{}/activity?limit={LAST}", account.id);
    let (last, waiting) = tokio::join!(
        visitor.get::<Listed<Activity>>(&latest),
        visitor.get::<Listed<Request>>("/api/v1/wallet/requests?state=open&limit=20"),
    );
    let (last, waiting) = (last?.data, waiting?.data);
    let main = html! {
        h1.hush { "Your wallet" }
        (wallets(ROOT, &mine, account))
        div.stack.loose id="live" data-live={ "/api/v1/accounts/" (account.id) "/live" } data-state=(state(account, &last, waiting.len())) {
            (purse(account))
            (doings())
            @if !waiting.is_empty() {
                (notice(Tone::Calm, "Somebody asks you for money", &html! {
                    p { a href="/wallet/requests" { @if waiting.len() == 1 { "One request waits" } @else { (waiting.len()) " requests wait" } " for your answer" } }
                }))
            }
            section.stack aria-labelledby="last" {
                div.row.apart { h2 id="last" { "Recent activity" } a href={ "/wallet/history?account=" (account.id) } { "See all" } }
                @if last.is_empty() {
                    (empty(Icon::List, "Nothing yet", "What comes and goes shows up here.", None))
                } @else { (happened(&last, account)) }
            }
        }
        p.hush role="status" aria-live="polite" id="live-said" {}
    };
    Ok(Sheet::private("Your wallet").with_script(LIVE).answer(&visit, &main))
}

/// `POST /wallet/accounts`: opens a wallet for whoever has none yet.
pub async fn open_account(Extension(visit): Extension<Visit>, _posted: Posted) -> Result<Response, Failure> {
    let body = json!({"currency": visit.face().currency});
    match visit.as_visitor()?.post::<Account>("/api/v1/accounts", &body).await {
        Ok(_) => {}
        // It was opened meanwhile.
        Err(error) if error.api().is_some_and(|told| told.status == StatusCode::CONFLICT) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(redirect_saying(&visit, ROOT, said::OPENED))
}

fn no_wallet(visit: &Visit) -> Response {
    let main = html! {
        div.narrow.centered.stack.center {
            h1 { "Open your wallet" }
            p.lead { "Hold money in " (visit.face().currency) ", send it to people by their mail address or number, and be paid." }
            form method="post" action="/wallet/accounts" {
                (token_field(visit))
                button.button.wide type="submit" { "Open a wallet" }
            }
        }
    };
    Sheet::private("Open your wallet").answer(visit, &main)
}

fn purse(account: &Account) -> Markup {
    let balance = ui::price(account.money(account.balance));
    html! {
        section.purse data-told={ "Your balance is " (balance) } aria-label="Balance" {
            p.small { "Balance" }
            p.balance { (money::shown(account.money(account.balance))) }
            @if account.held > 0 {
                p.small { (money::shown(account.money(account.available))) " available, " (money::shown(account.money(account.held))) " on its way out" }
            } @else {
                p.small { (account.currency) " " (wallet(account.id)) }
            }
        }
        @if !account.is_open() {
            (notice(Tone::Bad, "Your wallet is frozen", &html! {
                p { "Nothing can leave or enter it." @if let Some(why) = &account.freeze_reason { " Why: " (why) "." } " Write to us if you do not know why." }
            }))
        }
    }
}

fn doings() -> Markup {
    html! {
        nav aria-label="What you can do" {
            ul.doings.plain {
                @for (address, name, sign) in DOINGS {
                    li { a.doing href=(address) { span.sign { (icon(sign)) } span { (name) } } }
                }
            }
        }
    }
}

/// What of all this the page shows: when it differs, the page is looked at anew.
fn state(account: &Account, last: &[Activity], waiting: usize) -> String {
    let last: Vec<String> = last.iter().map(|what| format!("{}{}", what.id, what.status)).collect();
    let Account { balance, available, state, .. } = account;
    format!("{balance} {available} {state:?} {waiting} {}", last.join(" "))
}
