//! Setting up an authenticator, and removing it. Its secret and the codes for when it is lost are shown this once.

use axum::Extension;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use maud::html;
use serde::Deserialize;
use serde_json::{Value, json};
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, redirect_saying, token_field, whole_form,
};
use ui::form::{hidden, summary};
use ui::{Field, Tone, notice};

use super::code::drawn;
use super::crumbs;
use crate::said;

/// What is to be put into the app.
#[derive(Debug, Deserialize)]
struct Begun {
    secret: String,
    url: String,
}

/// What to keep for when it is lost.
#[derive(Debug, Deserialize)]
struct Confirmed {
    recovery_codes: Vec<String>,
}

const HERE: &str = "/wallet/security";
const API: &str = "/api/v1/users/me/totp";

/// `POST /wallet/security/authenticator`: gives a secret for an app.
pub async fn begin(Extension(visit): Extension<Visit>, _posted: Posted) -> Result<Response, Failure> {
    let begun: Begun = visit.as_visitor()?.post(API, &json!({})).await?;
    setup_page(&visit, StatusCode::OK, &begun, &FieldErrors::new())
}

/// `POST /wallet/security/authenticator/confirm`: takes it into use.
pub async fn confirm(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let code: String = posted.get("code").chars().filter(|letter| !letter.is_whitespace()).collect();
    let path = format!("{API}/confirm");
    let error = match visit.as_visitor()?.post::<Confirmed>(&path, &json!({"code": code})).await {
        Ok(confirmed) => return Ok(codes_page(&visit, &confirmed.recovery_codes)),
        Err(error) => error,
    };
    match error.api() {
        Some(told) if told.status.is_client_error() && told.status != StatusCode::UNAUTHORIZED => {
            let begun = Begun { secret: posted.get("secret").to_owned(), url: posted.get("url").to_owned() };
            let errors = vec![(
                "code".to_owned(),
                "That code is not right. Type the one that it shows now".to_owned(),
            )];
            setup_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &begun, &errors)
        }
        _ => Err(error.into()),
    }
}

/// `POST /wallet/security/authenticator/remove`.
pub async fn remove(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let body = json!({"password": posted.raw("password")});
    let answer = visit.as_visitor()?.send(Method::DELETE, API, Some(&body)).await?;
    let error = match client::read::<Value>(&answer) {
        Ok(_) => return Ok(redirect_saying(&visit, HERE, said::NO_AUTHENTICATOR)),
        Err(error) => error,
    };
    match error.api() {
        Some(told) if told.status.is_client_error() && told.code != "unauthenticated" => {
            Ok(remove_page(&visit, &whole_form("The password is not right, or it was tried too often.")))
        }
        _ => Err(error.into()),
    }
}

fn setup_page(
    visit: &Visit,
    status: StatusCode,
    begun: &Begun,
    errors: &FieldErrors,
) -> Result<Response, Failure> {
    let main = html! {
        (crumbs("Authenticator"))
        div.narrow.stack {
            h1 { "Set up an authenticator" }
            (summary(errors))
            p { "Scan this with your authenticator app, or type what stands below it." }
            (drawn(&begun.url, "The secret of your authenticator, to be scanned")?)
            p.center { code { (begun.secret) } }
            form.card.stack method="post" action="/wallet/security/authenticator/confirm" {
                (token_field(visit))
                (hidden("secret", &begun.secret))
                (hidden("url", &begun.url))
                (Field::text("code", "The code that it shows").autocomplete("one-time-code").keyboard("numeric").letters_max(12).error(error_of(errors, "code")).shown())
                button.button.wide type="submit" { "Take it into use" }
            }
            p { a href=(HERE) { "Not now" } }
        }
    };
    Ok(unkept(Sheet::private("Set up an authenticator").with_status(status).answer(visit, &main)))
}

fn codes_page(visit: &Visit, codes: &[String]) -> Response {
    let main = html! {
        (crumbs("Authenticator"))
        div.narrow.stack {
            h1 { "Your authenticator is on" }
            (notice(Tone::Warn, "Keep these codes", &html! { p { "Each signs you in once when your phone is lost. They are not shown again." } }))
            ul.card.plain.stack.tight { @for code in codes { li { code { (code) } } } }
            div.row.no-print { button.button.second type="button" data-print hidden { "Print or save" } a.button href=(HERE) { "I have kept them" } }
        }
    };
    unkept(Sheet::private("Your authenticator is on").answer(visit, &main))
}

fn remove_page(visit: &Visit, errors: &FieldErrors) -> Response {
    let main = html! {
        (crumbs("Authenticator"))
        div.narrow.stack {
            h1 { "Remove the authenticator" }
            (summary(errors))
            form.card.stack method="post" action="/wallet/security/authenticator/remove" {
                (token_field(visit))
                (Field::password("password", "Your password").autocomplete("current-password").shown())
                button.button.danger.wide type="submit" { "Remove the authenticator" }
            }
            p { a href=(HERE) { "Keep it" } }
        }
    };
    Sheet::private("Remove the authenticator")
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .answer(visit, &main)
}

/// A secret stands in it: no memory keeps it.
fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
