//! Signing in, registering, leaving, and the look.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cookies::THEME;
use super::session::{ended, kept};
use super::{
    Failure, FieldErrors, Posted, SIGNED_IN, SIGNED_OUT, Sheet, VERIFIED, Visit, error_of, field_errors,
    keeping, local, redirect, redirect_saying, token_field, whole_form,
};
use crate::form::{hidden, summary};
use crate::{Field, Theme};

/// What came of a sign-in, a code or a registration.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Entered {
    SignedIn,
    OtpRequired(Asked),
    VerifyEmail(Asked),
    Verified,
    Registered,
}

/// A code that is asked for.
#[derive(Clone, Debug, Deserialize)]
struct Asked {
    challenge: String,
    channel: String,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Then {
    #[serde(default)]
    next: String,
}

/// `GET …/sign-in`.
pub async fn show_sign_in(Extension(visit): Extension<Visit>, Query(then): Query<Then>) -> Response {
    sign_in_page(&visit, StatusCode::OK, "", local(&then.next, visit.root()), &FieldErrors::new())
}

/// `POST …/sign-in`.
pub async fn sign_in(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let (email, next) = (posted.get("email"), posted.next());
    let missing = posted.missing(&[("email", "Email"), ("password", "Password")]);
    if !missing.is_empty() {
        return Ok(sign_in_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, email, &next, &missing));
    }
    let answer =
        visit.as_face().send(Method::POST, "/api/v1/auth/login", Some(&login(&visit, &posted))).await?;
    let error = match entered(&visit, &answer, &next) {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    let errors = match error.api().map(|told| (told.status.as_u16(), told)) {
        Some((401 | 403 | 404, _)) => whole_form("The email or the password is not right."),
        Some((429, _)) => whole_form("Too many tries. Wait a few minutes and try again."),
        Some((400 | 409 | 422, told)) => field_errors(told),
        _ => return Err(error.into()),
    };
    Ok(sign_in_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, email, &next, &errors))
}

/// `GET …/register`.
pub async fn show_register(Extension(visit): Extension<Visit>, Query(then): Query<Then>) -> Response {
    register_page(&visit, StatusCode::OK, ("", ""), local(&then.next, visit.root()), &FieldErrors::new())
}

/// `POST …/register`: registers and, where no code is asked for, signs in.
pub async fn register(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let (typed, next) = ((posted.get("name"), posted.get("email")), posted.next());
    let missing = posted.missing(&[("email", "Email"), ("password", "Password")]);
    if !missing.is_empty() {
        return Ok(register_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, typed, &next, &missing));
    }
    let mut body = json!({"email": typed.1, "password": posted.raw("password"), "cookie": true});
    if let Some(name) = posted.maybe("name") {
        body["name"] = Value::String(name);
    }
    if let Some(project) = &visit.face().project {
        body["project"] = Value::String(project.clone());
    }
    let answer = visit.as_face().send(Method::POST, "/api/v1/auth/register", Some(&body)).await?;
    let error = match client::read::<Entered>(&answer) {
        Ok(Entered::Registered) => return sign_in(Extension(visit), posted).await,
        Ok(_) => match entered(&visit, &answer, &next) {
            Ok(response) => return Ok(response),
            Err(error) => error,
        },
        Err(error) => error,
    };
    let errors = match error.api().map(|told| (told.status.as_u16(), told)) {
        Some((429, _)) => whole_form("Too many tries. Wait a few minutes and try again."),
        Some((400 | 403 | 409 | 422, told)) => field_errors(told),
        _ => return Err(error.into()),
    };
    Ok(register_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, typed, &next, &errors))
}

/// `POST …/sign-out`.
pub async fn sign_out(Extension(visit): Extension<Visit>, _posted: Posted) -> Response {
    let cookies = ended(visit.as_face(), visit.standing(), visit.guise().refresh, visit.is_secure()).await;
    keeping(redirect_saying(&visit, visit.root(), SIGNED_OUT), cookies)
}

/// Goes where an answer of identity leads: on, as somebody who is in, or to the code that is asked for.
pub fn entered(visit: &Visit, answer: &http::Response<Bytes>, next: &str) -> Result<Response, client::Error> {
    Ok(match client::read::<Entered>(answer)? {
        Entered::SignedIn => {
            let cookies = kept(answer, visit.guise().refresh, visit.is_secure());
            keeping(redirect_saying(visit, next, SIGNED_IN), cookies)
        }
        Entered::OtpRequired(asked) | Entered::VerifyEmail(asked) => {
            let [challenge, channel, next] = [&asked.challenge, &asked.channel, next].map(client::encoded);
            let root = visit.root();
            redirect(root, &format!("{root}/code?challenge={challenge}&channel={channel}&next={next}"))
        }
        Entered::Verified | Entered::Registered => {
            let page = format!("{}/sign-in?next={}", visit.root(), client::encoded(next));
            redirect_saying(visit, &page, VERIFIED)
        }
    })
}

fn login(visit: &Visit, posted: &Posted) -> Value {
    let mut body = json!({"email": posted.get("email"), "password": posted.raw("password"), "cookie": true});
    if let Some(project) = &visit.face().project {
        body["project"] = Value::String(project.clone());
    }
    body
}

/// `POST …/theme`: how all faces are to look from now on.
pub async fn choose_theme(Extension(visit): Extension<Visit>, posted: Posted) -> Response {
    let name = Theme::parse(posted.get("theme")).name().unwrap_or_default();
    keeping(redirect(visit.root(), &posted.next()), THEME.set(name, visit.is_secure()))
}

fn sign_in_page(
    visit: &Visit,
    status: StatusCode,
    email: &str,
    next: &str,
    errors: &FieldErrors,
) -> Response {
    let main = html! {
        div.narrow.centered.stack {
            h1 { "Sign in" }
            @if next != visit.root() { p.muted { (visit.guise().words.sign_in) } }
            (summary(errors))
            form.card.stack method="post" action={ (visit.root()) "/sign-in" } {
                (token_field(visit))
                (hidden("next", next))
                (Field::email("email", "Email").value(email).autocomplete("username").error(error_of(errors, "email")).shown())
                (Field::password("password", "Password").autocomplete("current-password").error(error_of(errors, "password")).shown())
                button.button.wide type="submit" { "Sign in" }
            }
            p { "New here? " a href={ (visit.root()) "/register?next=" (client::encoded(next)) } { "Create an account" } }
        }
    };
    Sheet::private("Sign in").with_status(status).answer(visit, &main)
}

fn register_page(
    visit: &Visit,
    status: StatusCode,
    (name, email): (&str, &str),
    next: &str,
    errors: &FieldErrors,
) -> Response {
    let main: Markup = html! {
        div.narrow.centered.stack {
            h1 { "Create an account" }
            p.muted { (visit.guise().words.register) }
            (summary(errors))
            form.card.stack method="post" action={ (visit.root()) "/register" } {
                (token_field(visit))
                (hidden("next", next))
                (Field::text("name", "Name").value(name).autocomplete("name").letters_max(100).optional().error(error_of(errors, "name")).shown())
                (Field::email("email", "Email").value(email).autocomplete("username").error(error_of(errors, "email")).shown())
                (Field::password("password", "Password").hint("At least 8 characters; a short sentence is good").autocomplete("new-password").error(error_of(errors, "password")).shown())
                button.button.wide type="submit" { "Create account" }
            }
            p { "Have one already? " a href={ (visit.root()) "/sign-in?next=" (client::encoded(next)) } { "Sign in" } }
        }
    };
    Sheet::private("Create an account").with_status(status).answer(visit, &main)
}
