//! Asking for money, and answering those who ask: with a look at it first, and once.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, new_token, redirect, redirect_saying, token_field,
    whole_form,
};
use ui::form::{hidden, summary};
use ui::{Field, Icon, badge, empty, icon, money, nav, when};

use super::{amount_field, amount_label, available, chosen, crumbs, fact, key_of, which};
use crate::amount;
use crate::api::{Account, Listed, Request, RequestState, my_accounts};
use crate::frame::ROOT;
use crate::said;
use crate::words::{refusal, request as standing, wallet};

/// Which requests.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    direction: String,
    cursor: Option<String>,
}

const INCOMING: &str = "/wallet/requests";
const OUTGOING: &str = "/wallet/requests?direction=outgoing";
/// The API has no way to one request; whoever has more open ones answers the first of them first.
const OPEN_MAX: u32 = 200;

/// `GET /wallet/requests`.
pub async fn list_requests(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let outgoing = wanted.direction == "outgoing";
    let (here, direction) = if outgoing { (OUTGOING, "outgoing") } else { (INCOMING, "incoming") };
    let after = wanted.cursor.as_ref().map(|cursor| format!("&cursor={}", client::encoded(cursor)));
    let path = format!(
        "/api/v1/wallet/requests?direction={direction}&limit=20{}",
        after.as_deref().unwrap_or_default()
    );
    let listed: Listed<Request> = visit.as_visitor()?.get(&path).await?;
    let first = wanted.cursor.as_ref().map(|_| here);
    let next = listed
        .next_cursor
        .map(|cursor| format!("/wallet/requests?direction={direction}&cursor={}", client::encoded(&cursor)));
    let tabs =
        [(INCOMING.to_owned(), "You are asked".to_owned()), (OUTGOING.to_owned(), "You ask".to_owned())];
    let main = html! {
        div.row.apart { h1 { "Requests" } a.button href="/wallet/requests/new" { (icon(Icon::Ask)) "Ask for money" } }
        (nav::ways("Which requests", &tabs, Some(here)))
        @if listed.data.is_empty() && first.is_none() {
            (empty(Icon::Ask, "No requests", if outgoing { "Ask somebody for money, and follow here what they say." } else { "When somebody asks you for money, you answer here." }, None))
        } @else {
            ul.moves.plain { @for request in &listed.data { li { (row(&visit, request, outgoing)) } } }
            (nav::pager(first, next.as_deref()))
        }
    };
    Ok(Sheet::private("Requests").answer(&visit, &main))
}

/// `GET /wallet/requests/new`.
pub async fn show_asking(Extension(visit): Extension<Visit>) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    Ok(if mine.is_empty() {
        redirect(ROOT, ROOT)
    } else {
        asking_page(&visit, StatusCode::OK, &mine, ("", "", "", ""), &FieldErrors::new())?
    })
}

/// `POST /wallet/requests`: asks, once for its key.
pub async fn ask(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let typed = (posted.get("from"), posted.get("amount"), posted.get("note"), posted.get("to"));
    let refused =
        |errors: &FieldErrors| asking_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &mine, typed, errors);
    let missing = posted.missing(&[("from", "Whom you ask"), ("amount", "The amount")]);
    if !missing.is_empty() {
        return refused(&missing);
    }
    let Some(to) = chosen(&mine, typed.3) else { return Ok(redirect(ROOT, ROOT)) };
    let amount = match amount::read(typed.1, to.currency) {
        Ok(amount) => amount,
        Err(bad) => return refused(&vec![("amount".to_owned(), bad.told().to_owned())]),
    };
    let body =
        json!({"to_account": to.id, "from": typed.0, "amount": amount.minor(), "note": posted.maybe("note")});
    let error = match visit
        .as_visitor()?
        .post_once::<Request>("/api/v1/wallet/requests", key_of(&posted)?, &body)
        .await
    {
        Ok(_) => return Ok(redirect_saying(&visit, OUTGOING, said::ASKED)),
        Err(error) => error,
    };
    match error.api().map(|told| (told.status.as_u16(), told)) {
        Some((404 | 422, _)) => {
            let text = "Nobody with a wallet has this address. Check it, or ask them to open a wallet";
            refused(&vec![("from".to_owned(), text.to_owned())])
        }
        Some((409, told)) if told.code == "same_account" => {
            refused(&vec![("from".to_owned(), "That is your own address".to_owned())])
        }
        Some((_, told)) => match refusal(told, to.currency) {
            Some(why) => refused(&whole_form(&why)),
            None => Err(error.into()),
        },
        None => Err(error.into()),
    }
}

/// `GET /wallet/requests/{request}`: a look at what would be paid.
pub async fn show_request(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (mine, request) = (my_accounts(&visit).await?, open(&visit, &id).await?);
    let Some(request) = request else { return Ok(redirect_saying(&visit, INCOMING, said::ANSWERED)) };
    Ok(paying_page(&visit, StatusCode::OK, &request, &mine, &new_token()?, &FieldErrors::new()))
}

/// `POST /wallet/requests/{request}/accept`: pays, once for its key.
pub async fn accept(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Failure> {
    let path = format!("/api/v1/wallet/requests/{}/accept", client::encoded(&id));
    let body = json!({"from_account": posted.get("from")});
    let key = key_of(&posted)?;
    let error = match visit.as_visitor()?.post_once::<Request>(&path, key, &body).await {
        Ok(Request { payment_id: Some(payment), .. }) => {
            return Ok(redirect(ROOT, &format!("/wallet/payments/{payment}")));
        }
        Ok(_) => return Ok(redirect(ROOT, INCOMING)),
        Err(error) => error,
    };
    let Some(request) = open(&visit, &id).await? else {
        return Ok(redirect_saying(&visit, INCOMING, said::ANSWERED));
    };
    let Some(why) = error.api().and_then(|told| refusal(told, request.currency)) else {
        return Err(error.into());
    };
    let mine = my_accounts(&visit).await?;
    Ok(paying_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &request, &mine, key, &whole_form(&why)))
}

/// `POST /wallet/requests/{request}/decline`.
pub async fn decline(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let path = format!("/api/v1/wallet/requests/{}/decline", client::encoded(&id));
    match visit.as_visitor()?.post::<Request>(&path, &json!({})).await {
        Ok(_) => Ok(redirect_saying(&visit, INCOMING, said::DECLINED)),
        Err(error) if error.api().is_some_and(|told| told.status == StatusCode::CONFLICT) => {
            Ok(redirect_saying(&visit, INCOMING, said::ANSWERED))
        }
        Err(error) => Err(error.into()),
    }
}

/// A request that waits for the visitor's answer.
async fn open(visit: &Visit, id: &str) -> Result<Option<Request>, Failure> {
    let path = format!("/api/v1/wallet/requests?state=open&limit={OPEN_MAX}");
    let listed: Listed<Request> = visit.as_visitor()?.get(&path).await?;
    Ok(listed.data.into_iter().find(|request| request.id == id))
}

fn row(visit: &Visit, request: &Request, outgoing: bool) -> Markup {
    let (tone, short) = standing(request.state);
    let waits = request.state == RequestState::Open && !outgoing;
    let name = request.note.clone().unwrap_or_else(|| "For money".to_owned());
    html! {
        article.move {
            span.way { (icon(if outgoing { Icon::Ask } else { Icon::Send })) }
            div.grow.stack.tight {
                p.strong { (name) }
                p.small.muted { (when(request.created_at)) @if !outgoing { " from " (wallet(request.to_account)) } }
                @if waits {
                    div.row {
                        a.button href={ "/wallet/requests/" (request.id) } { "Pay" span.hush { " " (name) } }
                        form method="post" action={ "/wallet/requests/" (request.id) "/decline" } {
                            (token_field(visit))
                            button.button.second type="submit" { "Turn down" span.hush { " " (name) } }
                        }
                    }
                } @else if let Some(payment) = &request.payment_id {
                    p.small { a href={ "/wallet/payments/" (payment) } { "See the payment" } }
                }
            }
            span.sum { span.strong { (money::shown(request.money())) } (badge(tone, short)) }
        }
    }
}

/// What was typed: whom, how much, what for, and into which wallet.
type Typed<'a> = (&'a str, &'a str, &'a str, &'a str);

fn asking_page(
    visit: &Visit,
    status: StatusCode,
    mine: &[Account],
    (from, amount, note, to): Typed<'_>,
    errors: &FieldErrors,
) -> Result<Response, Failure> {
    let key = new_token()?;
    let main = html! {
        (crumbs("Ask for money"))
        div.narrow.stack {
            h1 { "Ask for money" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/requests" {
                (token_field(visit))
                (hidden("key", &key))
                (Field::text("from", "Whom you ask").value(from).hint("Their mail address or phone number, whole").autocomplete("off").keyboard("email").letters_max(254).error(error_of(errors, "from")).shown())
                (amount_field(&amount_label(mine), amount, error_of(errors, "amount")))
                (which("to", "Into", mine, to))
                (Field::text("note", "What for").value(note).hint("They see it").optional().autocomplete("off").letters_max(200).error(error_of(errors, "note")).shown())
                button.button.wide type="submit" { "Ask" }
            }
        }
    };
    Ok(Sheet::private("Ask for money").with_status(status).answer(visit, &main))
}

fn paying_page(
    visit: &Visit,
    status: StatusCode,
    request: &Request,
    mine: &[Account],
    key: &str,
    errors: &FieldErrors,
) -> Response {
    let source = mine.iter().find(|account| account.currency == request.currency);
    let main = html! {
        (nav::crumbs(&[(ROOT.to_owned(), "Wallet".to_owned()), (INCOMING.to_owned(), "Requests".to_owned())], "Pay"))
        div.narrow.stack {
            h1 { "Pay what you are asked for?" }
            (summary(errors))
            div.card.stack {
                p.balance.center { (money::shown(request.money())) }
                dl.sums {
                    (fact("To", &html! { (wallet(request.to_account)) }))
                    @if let Some(note) = &request.note { (fact("What for", &html! { (note) })) }
                    (fact("Asked", &when(request.created_at)))
                    @if let Some(from) = source { (fact("You have", &money::shown(available(from)))) }
                }
                @if let Some(from) = source {
                    form method="post" action={ "/wallet/requests/" (request.id) "/accept" } {
                        (token_field(visit))
                        (hidden("from", &from.id.to_string()))
                        (hidden("key", key))
                        button.button.wide type="submit" { (icon(Icon::Lock)) "Pay " (ui::price(request.money())) }
                    }
                } @else { p { "You have no wallet in " (request.currency) "." } }
                form method="post" action={ "/wallet/requests/" (request.id) "/decline" } {
                    (token_field(visit))
                    button.button.second.wide type="submit" { "Turn down" }
                }
            }
        }
    };
    Sheet::private("Pay a request").with_status(status).answer(visit, &main)
}
