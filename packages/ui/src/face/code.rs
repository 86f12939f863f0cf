//! The code that was sent: asked for after registering, and at a sign-in with a second step.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use http::{Method, StatusCode};
use maud::html;
use serde::Deserialize;
use serde_json::json;

use super::entering::entered;
use super::{Failure, FieldErrors, Posted, Sheet, Visit, error_of, local, redirect, token_field, whole_form};
use crate::Field;
use crate::form::{hidden, summary};

/// What is to be answered.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    challenge: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    next: String,
}

/// `GET …/code`.
pub async fn show_code(Extension(visit): Extension<Visit>, Query(asked): Query<Asked>) -> Response {
    if asked.challenge.is_empty() {
        return redirect(visit.root(), &format!("{}/sign-in", visit.root()));
    }
    page(&visit, StatusCode::OK, &asked, &FieldErrors::new())
}

/// `POST …/code`: answers it.
pub async fn answer_code(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let asked = Asked::of(&posted);
    let code: String = posted.get("code").chars().filter(|letter| !letter.is_whitespace()).collect();
    let body = json!({"challenge": asked.challenge, "code": code});
    let answer = visit.as_face().send(Method::POST, "/api/v1/auth/otp/verify", Some(&body)).await?;
    let error = match entered(&visit, &answer, &asked.next) {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    match error.api().map(|told| told.status.as_u16()) {
        Some(400..=499) => {
            let wrong = "That code is not right, or it is too old. Look at the latest message.";
            let errors = vec![("code".to_owned(), wrong.to_owned())];
            Ok(page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &asked, &errors))
        }
        _ => Err(error.into()),
    }
}

/// `POST …/code/again`: sends a new one.
pub async fn send_code(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let asked = Asked::of(&posted);
    let body = json!({"challenge": asked.challenge});
    let answer = visit.as_face().send(Method::POST, "/api/v1/auth/otp/send", Some(&body)).await?;
    match entered(&visit, &answer, &asked.next) {
        Ok(response) => Ok(response),
        Err(error) if error.api().is_some_and(|told| told.status.is_client_error()) => {
            let told = "No new code could be sent yet. Wait a minute and try again, or sign in anew.";
            Ok(page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &asked, &whole_form(told)))
        }
        Err(error) => Err(error.into()),
    }
}

impl Asked {
    fn of(posted: &Posted) -> Self {
        Self {
            challenge: posted.get("challenge").to_owned(),
            channel: posted.get("channel").to_owned(),
            next: posted.next(),
        }
    }
}

fn page(visit: &Visit, status: StatusCode, asked: &Asked, errors: &FieldErrors) -> Response {
    let place = match asked.channel.as_str() {
        "email" => "We have sent a code to your email.",
        "sms" => "We have sent a code to your phone.",
        _ => "Enter the code of your authenticator.",
    };
    let carried = html! {
        (token_field(visit))
        (hidden("challenge", &asked.challenge))
        (hidden("channel", &asked.channel))
        (hidden("next", local(&asked.next, visit.root())))
    };
    let main = html! {
        div.narrow.centered.stack {
            h1 { "Enter the code" }
            p.muted { (place) }
            (summary(errors))
            form.card.stack method="post" action={ (visit.root()) "/code" } {
                (carried)
                (Field::text("code", "Code").autocomplete("one-time-code").keyboard("numeric").letters_max(32).error(error_of(errors, "code")).shown())
                button.button.wide type="submit" { "Go on" }
            }
            form method="post" action={ (visit.root()) "/code/again" } { (carried) button.button.link type="submit" { "Send a new code" } }
        }
    };
    Sheet::private("Enter the code").with_status(status).answer(visit, &main)
}
