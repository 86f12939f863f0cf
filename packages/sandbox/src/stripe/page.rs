//! A page for developers: which payments there were, and what was told of them.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::errors::Error;
use super::objects::{Event, Intent, Kept};
use super::store::{self, Body};
use super::{Desk, SCOPE};

/// The look of the provider's pages.
pub(super) const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1a1a2e;background:#f6f6fb}\
main{max-width:64rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%;background:#fff}\
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #ddd;font-size:.9rem}\
code{font-size:.85rem;overflow-wrap:anywhere}button{font:inherit;padding:.6rem 1.2rem;margin:0 .6rem .6rem 0;\
border:1px solid #4b3fd1;border-radius:.4rem;background:#fff;color:#4b3fd1;cursor:pointer}\
button.yes{background:#4b3fd1;color:#fff}button:focus-visible{outline:3px solid #f5a623}";
const SHOWN_MAX: i64 = 50;

/// `GET /stripe`.
pub(super) async fn show(State(desk): State<Desk>) -> Response {
    let read = desk.running.store().read(SCOPE, |tx| {
        let intents = store::latest(tx, Intent::KIND, SHOWN_MAX)?;
        Ok::<_, Error>((intents, store::latest(tx, Event::KIND, SHOWN_MAX)?))
    });
    match read.await {
        Ok((intents, events)) => Html(page(&intents, &events).into_string()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the developers' page cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An amount for people: minor units and the currency's letters.
pub(super) fn money(amount: i64, currency: &str) -> String {
    let letters = currency.to_uppercase();
    let Ok(parsed) = letters.parse::<contracts::Currency>() else { return format!("{amount} {letters}") };
    let places = usize::try_from(parsed.exponent()).unwrap_or_default();
    let unit = 10_i64.pow(parsed.exponent());
    if places == 0 {
        return format!("{amount} {letters}");
    }
    format!("{}.{:0places$} {letters}", amount / unit, amount % unit)
}

fn page(intents: &[Body], events: &[Body]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Sandbox payments" }
                style { (STYLE) }
            }
            body { main {
                h1 { "Sandbox payments" }
                p {
                    "What this sandbox answered in place of Stripe. Any key " code { "sk_test_…" }
                    " is an account of its own; card " code { "4242 4242 4242 4242" } " is good, "
                    code { "4000 0000 0000 0002" } " is declined, " code { "4000 0000 0000 3220" } " asks its owner."
                }
                h2 { "Latest payment intents" }
                (intents_table(intents))
                h2 { "Latest events" }
                (events_table(events))
            } }
        }
    }
}

fn intents_table(bodies: &[Body]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Intent" } th scope="col" { "Account" } th scope="col" { "Amount" } th scope="col" { "Status" } } }
            tbody {
                @for (account, intent) in read::<Intent>(bodies) {
                    tr {
                        td { code { (intent.id) } }
                        td { (account) }
                        td { (money(intent.amount, &intent.currency)) }
                        td { (intent.status.name()) }
                    }
                }
            }
        }
    }
}

fn events_table(bodies: &[Body]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Event" } th scope="col" { "Account" } th scope="col" { "Type" } th scope="col" { "About" } } }
            tbody {
                @for (account, event) in read::<Event>(bodies) {
                    tr {
                        td { code { (event.id) } }
                        td { (account) }
                        td { (event.kind) }
                        td { code { (event.object["id"].as_str().unwrap_or_default()) } }
                    }
                }
            }
        }
    }
}

fn read<T: Kept>(bodies: &[Body]) -> impl Iterator<Item = (&str, T)> {
    bodies
        .iter()
        .filter_map(|stored| Some((stored.account.as_str(), serde_json::from_str(&stored.body).ok()?)))
}
