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

use super::{amount_field, amount_label, available, chosen, crumbs, fact, key_of, somebody, which};
use crate::amount;
use crate::api::{Account, Listed, Request, RequestState, me, my_accounts};
use crate::device::Device;
use crate::frame::ROOT;
use crate::said;
use crate::words::{person, refusal, request as standing};

/// Which requests.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    direction: String,
    cursor: Option<String>,
}

const INCOMING: &str = "/wallet/requests";
const OUTGOING: &str = "/wallet/requests?direction=outgoing";

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

/// `GET /wallet/requests/{request}`: how it stands, and to who is asked a look at what would be paid.
pub async fn show_request(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (me, mine, request) = (me(&visit).await?, my_accounts(&visit).await?, found(&visit, &id).await?);
    let outgoing = request.requester == me.id;
    Ok(if request.state == RequestState::Open && !outgoing {
        paying_page(&visit, StatusCode::OK, &request, &mine, &new_token()?, &FieldErrors::new())
    } else {
        standing_page(&visit, &request, outgoing)
    })
}

/// `POST /wallet/requests/{request}/accept`: pays, once for its key.
pub async fn accept(
    Extension(visit): Extension<Visit>,
    Extension(device): Extension<Device>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Failure> {
    let path = format!("/api/v1/wallet/requests/{}/accept", client::encoded(&id));
    let body = json!({"from_account": posted.get("from"), "device": device});
    let key = key_of(&posted)?;
    let error = match visit.as_visitor()?.post_once::<Request>(&path, key, &body).await {
        Ok(Request { payment_id: Some(payment), .. }) => {
            return Ok(redirect(ROOT, &format!("/wallet/payments/{payment}")));
        }
        Ok(_) => return Ok(redirect(ROOT, INCOMING)),
        Err(error) => error,
    };
    let request = found(&visit, &id).await?;
    if request.state != RequestState::Open {
        return Ok(redirect_saying(&visit, &page_of(&request), said::ANSWERED));
    }
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

async fn found(visit: &Visit, id: &str) -> Result<Request, Failure> {
    let path = format!("/api/v1/wallet/requests/{}", client::encoded(id));
    match visit.as_visitor()?.get(&path).await {
        Ok(request) => Ok(request),
        // What is no request's name is nobody's request.
        Err(error) if error.api().is_some_and(|told| matches!(told.status.as_u16(), 400 | 422)) => {
            Err(Failure::NotFound)
        }
        Err(error) => Err(error.into()),
    }
}

fn page_of(request: &Request) -> String {
    format!("{INCOMING}/{}", request.id)
}

/// Who is on the other side.
fn other(request: &Request, outgoing: bool) -> String {
    if outgoing {
        request.payer_name.clone().unwrap_or_else(|| "somebody".to_owned())
    } else {
        person(request.requester_name.as_deref(), request.to_account)
    }
}

fn row(visit: &Visit, request: &Request, outgoing: bool) -> Markup {
    let (tone, short) = standing(request.state);
    let waits = request.state == RequestState::Open && !outgoing;
    let name = other(request, outgoing);
    html! {
        article.asking {
            div.move {
                span.way { (icon(if outgoing { Icon::Ask } else { Icon::Send })) }
                div.grow {
                    p.strong { a href=(page_of(request)) { @if outgoing { "You asked " (name) } @else { (name) " asks you" } } }
                    @if let Some(note) = &request.note { p.small { (note) } }
                    p.small.muted { (when(request.created_at)) }
                }
                span.sum { span.strong { (money::shown(request.money())) } (badge(tone, short)) }
            }
            @if waits {
                div.row.answers {
                    a.button href=(page_of(request)) { "Pay" span.hush { " " (name) } }
                    form method="post" action={ (page_of(request)) "/decline" } {
                        (token_field(visit))
                        button.button.second type="submit" { "Turn down" span.hush { " " (name) } }
                    }
                }
            }
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
                    (fact("To", &somebody(request.requester_name.as_deref(), request.to_account)))
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

/// A request that waits for no answer of the visitor's.
fn standing_page(visit: &Visit, request: &Request, outgoing: bool) -> Response {
    let (tone, short) = standing(request.state);
    let title = if outgoing { "You asked for money" } else { "You were asked for money" };
    let back = if outgoing { OUTGOING } else { INCOMING };
    let main = html! {
        (nav::crumbs(&[(ROOT.to_owned(), "Wallet".to_owned()), (back.to_owned(), "Requests".to_owned())], "Request"))
        div.narrow.centered.stack.loose {
            article.receipt.card.stack {
                div.center.stack.tight {
                    p { (badge(tone, short)) }
                    p.balance { (money::shown(request.money())) }
                    h1 { (title) }
                    p.muted { (waiting(request.state, outgoing)) }
                }
                dl.sums {
                    @if outgoing { (fact("Asked of", &html! { (other(request, true)) })) } @else { (fact("To", &somebody(request.requester_name.as_deref(), request.to_account))) }
                    @if let Some(note) = &request.note { (fact("What for", &html! { (note) })) }
                    (fact("Asked", &when(request.created_at)))
                    (fact("Number", &html! { code { (request.id) } }))
                }
            }
            div.row {
                // A payment is shown to who is paid once it has arrived.
                @if let Some(payment) = request.payment_id.filter(|_| !outgoing || request.state == RequestState::Paid) {
                    a.button href={ "/wallet/payments/" (payment) } { "See the payment" }
                }
                a.button.link href=(back) { "Back to requests" }
            }
        }
    };
    Sheet::private(title).answer(visit, &main)
}

/// What is said below a request.
const fn waiting(state: RequestState, outgoing: bool) -> &'static str {
    match (state, outgoing) {
        (RequestState::Open, true) => "It waits for their answer. We tell you when they pay or turn it down.",
        (RequestState::Open, false) => "It waits for your answer.",
        (RequestState::Accepted, true) => "They have said yes. The money is on its way.",
        (RequestState::Accepted, false) => "You have said yes. The money is on its way.",
        (RequestState::Paid, true) => "The money is in your wallet.",
        (RequestState::Paid, false) => "The money has arrived.",
        (RequestState::Declined, true) => "They turned it down. Nothing was paid.",
        (RequestState::Declined, false) => "You turned it down. Nothing was paid.",
    }
}
