//! The code that others scan to pay, and opening what such a code says.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use fast_qr::QRBuilder;
use fast_qr::convert::Builder;
use fast_qr::convert::svg::SvgBuilder;
use http::StatusCode;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use ui::face::{Failure, FieldErrors, Sheet, Visit, error_of, redirect};
use ui::form::{hidden, summary};
use ui::{Field, price};

use super::{chosen, crumbs};
use crate::amount;
use crate::api::{Account, Code, my_accounts};
use crate::frame::ROOT;
use crate::link::PayLink;
use crate::words::wallet;

/// Which code.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    account: String,
    #[serde(default)]
    amount: String,
}

/// What was scanned.
#[derive(Debug, Default, Deserialize)]
pub struct Scanned {
    #[serde(default)]
    link: String,
}

/// `GET /wallet/my-code`.
pub async fn show_code(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(account) = chosen(&mine, &wanted.account) else { return Ok(redirect(ROOT, ROOT)) };
    let (asked, errors) = match amount::read(&wanted.amount, account.currency) {
        _ if wanted.amount.trim().is_empty() => (None, FieldErrors::new()),
        Ok(asked) => (Some(asked), FieldErrors::new()),
        Err(bad) => (None, vec![("amount".to_owned(), bad.told().to_owned())]),
    };
    let amount = asked.map(|asked| format!("?amount={}", asked.minor())).unwrap_or_default();
    let path = format!("/api/v1/wallet/qr/{}{amount}", account.id);
    let code: Code = visit.as_visitor()?.get(&path).await?;
    let link = format!("{}/wallet/open?link={}", visit.face().origin, client::encoded(&code.text));
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let about = asked.map_or_else(
        || format!("Asks to pay into your {} wallet", account.currency),
        |asked| format!("Asks to pay {} into your wallet", price(asked)),
    );
    let main = html! {
        (crumbs("My code"))
        div.narrow.centered.stack {
            h1.center { "Show this to be paid" }
            @if let Some(asked) = asked { p.balance.center { (price(asked)) } }
            (drawn(&code.text, &about)?)
            p.center.muted.small { (account.currency) " " (wallet(account.id)) }
            (summary(&errors))
            (wish(account, &wanted.amount, &errors))
            div.card.stack.tight {
                (Field::text("share", "Or send them this link").value(&link).autocomplete("off").optional().shown())
                button.button.second type="button" data-copy="share" hidden { "Copy the link" }
            }
        }
    };
    Ok(Sheet::private("My code").with_status(status).answer(&visit, &main))
}

/// `GET /wallet/open`: goes to the payment that a code asks for, or takes the text of one.
pub async fn open_link(
    Extension(visit): Extension<Visit>,
    Query(scanned): Query<Scanned>,
) -> Result<Response, Failure> {
    visit.as_visitor()?;
    if let Some(link) = PayLink::read(&scanned.link) {
        return Ok(redirect(ROOT, &link.page()));
    }
    let (status, errors) = if scanned.link.is_empty() {
        (StatusCode::OK, FieldErrors::new())
    } else {
        let text = "This is not a code of ours. It begins with stoa:pay";
        (StatusCode::UNPROCESSABLE_ENTITY, vec![("link".to_owned(), text.to_owned())])
    };
    let main = html! {
        (crumbs("Open a code"))
        div.narrow.stack {
            h1 { "Open a code" }
            p.muted { "Scan the code with your phone's camera, and paste here what it says." }
            (summary(&errors))
            form.card.stack action="/wallet/open" {
                (Field::text("link", "What the code says").value(&scanned.link).autocomplete("off").letters_max(300).error(error_of(&errors, "link")).shown())
                button.button.wide type="submit" { "Go on" }
            }
        }
    };
    Ok(Sheet::private("Open a code").with_status(status).answer(&visit, &main))
}

fn wish(account: &Account, typed: &str, errors: &FieldErrors) -> Markup {
    let label = format!("Ask for an amount in {}", account.currency);
    html! {
        form.card.stack.tight action="/wallet/my-code" {
            (hidden("account", &account.id.to_string()))
            (Field::text("amount", &label).value(typed).autocomplete("off").keyboard("decimal").optional().letters_max(20).error(error_of(errors, "amount")).shown())
            button.button.second type="submit" { "Show this code" }
        }
    }
}

/// The code as a drawing; dark on light whatever the look, since that is what cameras read.
pub(super) fn drawn(text: &str, about: &str) -> Result<Markup, Failure> {
    let code = QRBuilder::new(text).build().map_err(|_| Failure::NotFound)?;
    let drawing = SvgBuilder::default().margin(3).to_str(&code);
    Ok(html! { div.code role="img" aria-label=(about) { (PreEscaped(drawing)) } })
}
