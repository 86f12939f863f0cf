//! Who is signed in where, and the second step at signing in.

use axum::Extension;
use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;
use ui::face::{Failure, Posted, Sheet, Visit, redirect_saying, token_field};
use ui::{Field, Tone, badge, when};

use super::crumbs;
use crate::api::{Listed, Me, Session, me};
use crate::said;

const HERE: &str = "/wallet/security";

/// `GET /wallet/security`.
pub async fn show_security(Extension(visit): Extension<Visit>) -> Result<Response, Failure> {
    let me = me(&visit).await?;
    let sessions: Listed<Session> = visit.as_visitor()?.get("/api/v1/users/me/sessions?limit=100").await?;
    let main = html! {
        (crumbs("Security"))
        h1 { "Security" }
        (who(&me))
        (second_step(&visit, &me))
        (devices(&visit, &sessions.data))
    };
    Ok(Sheet::private("Security").answer(&visit, &main))
}

/// `POST /wallet/security/sessions/{session}/end`.
pub async fn end_session(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let path = format!("/api/v1/users/me/sessions/{}", client::encoded(&id));
    visit.as_visitor()?.delete::<Value>(&path).await?;
    Ok(redirect_saying(&visit, HERE, said::ENDED))
}

/// `POST /wallet/security/others/end`.
pub async fn end_others(Extension(visit): Extension<Visit>, _posted: Posted) -> Result<Response, Failure> {
    visit.as_visitor()?.delete::<Value>("/api/v1/users/me/sessions").await?;
    Ok(redirect_saying(&visit, HERE, said::OTHERS_ENDED))
}

fn who(me: &Me) -> Markup {
    html! {
        section.card.stack.tight aria-labelledby="who" {
            h2 id="who" { "You" }
            @if let Some(name) = &me.name { p.strong { (name) } }
            @for address in [&me.email, &me.phone].into_iter().flatten() { p { (address) } }
            p.small.muted { "Whoever knows your address or number finds your wallet. Others see your first name and an initial." }
        }
    }
}

fn second_step(visit: &Visit, me: &Me) -> Markup {
    html! {
        section.card.stack aria-labelledby="step" {
            div.row { h2 id="step" { "Authenticator" } @if me.authenticator { (badge(Tone::Good, "On")) } @else { (badge(Tone::Warn, "Off")) } }
            @if me.authenticator {
                p { "At each sign-in a code of your authenticator is asked for." }
                details {
                    summary.button.link { "Remove it" }
                    form.stack.narrow method="post" action="/wallet/security/authenticator/remove" {
                        (token_field(visit))
                        (Field::password("password", "Your password").autocomplete("current-password").shown())
                        div { button.button.danger type="submit" { "Remove the authenticator" } }
                    }
                }
            } @else {
                p { "With an authenticator app nobody who only knows your password gets to your money." }
                form method="post" action="/wallet/security/authenticator" {
                    (token_field(visit))
                    button.button type="submit" { "Set one up" }
                }
            }
        }
    }
}

fn devices(visit: &Visit, sessions: &[Session]) -> Markup {
    html! {
        section.stack aria-labelledby="devices" {
            div.row.apart {
                h2 id="devices" { "Where you are signed in" }
                @if sessions.len() > 1 {
                    form method="post" action="/wallet/security/others/end" {
                        (token_field(visit))
                        button.button.second type="submit" { "Sign out all others" }
                    }
                }
            }
            ul.moves.plain { @for session in sessions { li { article.move {
                div.grow {
                    p.strong { (session.device.as_deref().unwrap_or("A browser or app")) }
                    p.small.muted { "Since " (when(session.created_at)) ", last seen " (when(session.seen_at)) @if let Some(address) = &session.address { ", " (address) } }
                }
                @if session.current { (badge(Tone::Good, "This one")) } @else {
                    form method="post" action={ "/wallet/security/sessions/" (session.id) "/end" } {
                        (token_field(visit))
                        button.button.second type="submit" { "Sign out" span.hush { " the device that was last seen " (when(session.seen_at)) } }
                    }
                }
            } } } }
        }
    }
}
