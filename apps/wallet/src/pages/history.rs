//! What happened in a wallet: searched, filtered, page by page.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use ui::face::{Failure, Sheet, Visit, redirect};
use ui::form::hidden;
use ui::{Field, Icon, empty, icon, nav};

use super::{chosen, happened, wallets};
use crate::api::{Account, Activity, Listed, my_accounts};
use crate::frame::ROOT;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    account: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    cursor: Option<String>,
}

const KINDS: [(&str, &str); 6] = [
    ("", "Everything"),
    ("payment", "Payments"),
    ("refund", "Money back"),
    ("top_up", "Top-ups"),
    ("withdrawal", "Withdrawals"),
    ("fee", "Fees"),
];
const STATES: [(&str, &str); 4] =
    [("", "All"), ("completed", "Done"), ("pending", "On its way"), ("failed", "Did not work")];
const DAY_LETTERS: usize = 10;

/// `GET /wallet/history`.
pub async fn show_history(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(account) = chosen(&mine, &wanted.account) else { return Ok(redirect(ROOT, ROOT)) };
    let query = wanted.query();
    let cursor = wanted.cursor.as_ref().map(|cursor| format!("&cursor={}", client::encoded(cursor)));
    let path = format!(
        "/api/v1/accounts/{}/activity?limit=20{query}{}",
        account.id,
        cursor.as_deref().unwrap_or_default()
    );
    let listed: Listed<Activity> = visit.as_visitor()?.get(&path).await?;
    let found = listed.data;
    let page = |rest: &str| format!("/wallet/history?account={}{query}{rest}", account.id);
    let first = wanted.cursor.as_ref().map(|_| page(""));
    let next = listed.next_cursor.map(|cursor| page(&format!("&cursor={}", client::encoded(&cursor))));
    let main = html! {
        div.row.apart { h1 { "History" } a href="/wallet/statement" { "Statements" } }
        (wallets("/wallet/history", &mine, account))
        (search(&wanted, account))
        @if found.is_empty() && first.is_none() {
            @if query.is_empty() {
                (empty(Icon::List, "Nothing yet", "What comes and goes shows up here.", Some(("/wallet/send", "Send money"))))
            } @else {
                (empty(Icon::Search, "Nothing found", "Look for another word, or for another time.", Some(("/wallet/history", "See all"))))
            }
        } @else {
            (happened(&found, account))
            (nav::pager(first.as_deref(), next.as_deref()))
        }
    };
    Ok(Sheet::private("History").answer(&visit, &main))
}

impl Wanted {
    /// What the API is asked for; what it would not take is left out.
    fn query(&self) -> String {
        let is_kind = KINDS.iter().any(|(kind, _)| *kind == self.kind);
        let is_state = STATES.iter().any(|(state, _)| *state == self.state);
        let is_day = |day: &str| {
            day.len() == DAY_LETTERS && day.bytes().all(|letter| letter.is_ascii_digit() || letter == b'-')
        };
        let parts = [
            ("q", self.q.trim(), true),
            ("kind", self.kind.as_str(), is_kind),
            ("state", self.state.as_str(), is_state),
            ("from", self.from.as_str(), is_day(&self.from)),
            ("to", self.to.as_str(), is_day(&self.to)),
        ];
        let good = parts.iter().filter(|(_, value, is_good)| *is_good && !value.is_empty());
        good.map(|(name, value, _)| format!("&{name}={}", client::encoded(value))).collect()
    }
}

fn search(wanted: &Wanted, account: &Account) -> Markup {
    let is_open = !wanted.kind.is_empty()
        || !wanted.state.is_empty()
        || !wanted.from.is_empty()
        || !wanted.to.is_empty();
    html! {
        form.stack.tight action="/wallet/history" role="search" {
            (hidden("account", &account.id.to_string()))
            div.search {
                label.hush for="q" { "Search names and what it was for" }
                input.control id="q" name="q" type="search" placeholder="Name, or what it was for" value=(wanted.q) maxlength="200" autocomplete="off";
                button.button.icon-only type="submit" aria-label="Search" { (icon(Icon::Search)) }
            }
            details open[is_open] {
                summary.button.link { "Narrow it down" }
                div.fields.narrowing {
                    (Field::choice("kind", "What", &KINDS).value(&wanted.kind).size("half").optional().shown())
                    (Field::choice("state", "State", &STATES).value(&wanted.state).size("half").optional().shown())
                    (Field::day("from", "From").value(&wanted.from).size("half").optional().shown())
                    (Field::day("to", "To").value(&wanted.to).size("half").optional().shown())
                    div { button.button.second type="submit" { "Show" } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_would_not_take_is_left_out() {
        let wanted = Wanted {
            q: " tea & cake ".to_owned(),
            account: String::new(),
            kind: "top_up".to_owned(),
            state: "stolen".to_owned(),
            from: "2026-11-01".to_owned(),
            to: "now".to_owned(),
            cursor: None,
        };
        assert_eq!(wanted.query(), "&q=tea%20%26%20cake&kind=top_up&from=2026-11-01");
        assert_eq!(Wanted::default().query(), "");
    }
}
