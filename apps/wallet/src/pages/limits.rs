//! What may leave a wallet, and what has.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use contracts::Money;
use maud::{Markup, html};
use ui::face::{Failure, Sheet, Visit, redirect};
use ui::money;

use super::{Chosen, chosen, crumbs, wallets};
use crate::api::{Account, Limits, my_accounts};
use crate::frame::ROOT;

/// `GET /wallet/limits`.
pub async fn show_limits(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Chosen>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(account) = chosen(&mine, &wanted.account) else { return Ok(redirect(ROOT, ROOT)) };
    let limits = visit.as_visitor()?.get(&format!("/api/v1/accounts/{}/limits", account.id)).await?;
    let main = html! {
        (crumbs("Limits"))
        h1 { "Limits" }
        p.lead { "They keep a thief from emptying your wallet. What is on its way counts as well; what came to nothing does not." }
        (wallets("/wallet/limits", &mine, account))
        (shown(account, &limits))
    };
    Ok(Sheet::private("Limits").answer(&visit, &main))
}

fn shown(account: &Account, limits: &Limits) -> Markup {
    let proven = match limits.kyc_level {
        0 => "Your identity is not proven yet. Once it is, the limits are higher.",
        1 => "Your identity is proven in part. Once it is in full, the limits are higher.",
        _ => "Your identity is proven in full.",
    };
    html! {
        section.card.stack aria-label={ "Limits in " (account.currency) } {
            h2 { (account.currency) }
            p.muted { (proven) }
            (meter(limits, "Today", limits.spent_today, limits.day))
            (meter(limits, "This month", limits.spent_this_month, limits.month))
            p { "At once at most " (money::shown(Money::new(limits.payment, limits.currency))) ". Days and months are those of UTC." }
        }
    }
}

fn meter(limits: &Limits, label: &str, spent: i64, most: i64) -> Markup {
    let amount = |minor: i64| money::shown(Money::new(minor, limits.currency));
    html! {
        div.stack.tight {
            div.row.apart { span.strong { (label) } span { (amount(spent)) " of " (amount(most)) } }
            meter.meter min="0" max=(most) value=(spent) aria-label={ (label) ": sent so far" } {}
            p.small.muted { (amount(most.saturating_sub(spent).max(0))) " left" }
        }
    }
}
