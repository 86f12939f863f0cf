//! Paying by card: the form of the sandbox, or Stripe's own where real money moves. No card ever comes to a face.

use std::time::Duration;

use axum::response::Response;
use contracts::{Currency, Money};
use http::{HeaderValue, header};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Failure, Sheet, Visit};
use crate::assets::{CARD, ELEMENT};
use crate::page::POLICY;
use crate::{Asset, Field, Icon, Tone, icon, money, notice};

/// What a browser needs to pay.
#[derive(Clone, Debug, Deserialize)]
pub struct ClientSecret {
    /// Who takes the money.
    pub provider: String,
    /// What lets this browser pay; none where nobody pays by card.
    pub client_secret: Option<String>,
    /// The account at the provider.
    pub publishable_key: Option<String>,
    /// How much, in minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: Currency,
    /// How the payment stands.
    pub status: String,
}

/// What is paid with a card, as its page shows it.
#[derive(Debug)]
pub struct ToPay<'a> {
    /// What lets the browser pay.
    pub payment: &'a ClientSecret,
    /// The page that follows the payment; its address takes `?redirect_status=`.
    pub page: &'a str,
    /// What stands above the form.
    pub above: Markup,
    /// To somebody whose browser runs no scripts.
    pub without_scripts: &'a str,
    /// To somebody who cannot pay by card here.
    pub by_hand: Markup,
}

/// What the payment provider says when it sends a visitor back.
#[derive(Debug, Default, Deserialize)]
pub struct Returned {
    redirect_status: Option<String>,
}

/// The API waits for the provider by itself; longer, a visitor should see something.
const PATIENCE: Duration = Duration::from_secs(7);
/// How often a page looks again whether the payment can begin.
const LOOK_EVERY_SECONDS: u32 = 3;
/// What Stripe's form needs besides our own policy.
const STRIPE_SCRIPTS: &str = "https://js.stripe.com https://*.js.stripe.com";
const STRIPE_FRAMES: &str = "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com";
const STRIPE_CALLS: &str = "https://api.stripe.com";

/// How it can be paid.
enum Means<'a> {
    /// With the card form of the sandbox, which is at this address.
    Sandbox { url: &'a str, key: &'a str, secret: &'a str },
    /// With Stripe's own form.
    Stripe { key: &'a str, secret: &'a str },
    /// Not here.
    ByHand,
}

impl ClientSecret {
    /// What is to be paid.
    pub const fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Whether the provider has the money, or takes it right now.
    pub fn is_under_way(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "processing")
    }
}

impl Returned {
    /// Whether the visitor has just paid.
    pub fn is_paying(&self) -> bool {
        matches!(self.redirect_status.as_deref(), Some("succeeded" | "processing"))
    }

    /// Whether the bank said no.
    pub fn is_refused(&self) -> bool {
        self.redirect_status.as_deref() == Some("failed")
    }
}

/// What lets the browser of this visitor pay, from this path of the API; none while it is being prepared.
pub async fn secret(visit: &Visit, path: &str) -> Result<Option<ClientSecret>, Failure> {
    match visit.as_visitor()?.clone().timeout(PATIENCE).get::<ClientSecret>(path).await {
        Ok(payment) => Ok(Some(payment)),
        Err(error) if is_early(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The page with the form.
pub fn page(visit: &Visit, to_pay: &ToPay<'_>) -> Response {
    let means = means(visit, to_pay.payment);
    let sheet = match means {
        Means::Sandbox { url, .. } => with_form(CARD, &policy("", "", origin(url))),
        Means::Stripe { .. } => with_form(ELEMENT, &policy(STRIPE_SCRIPTS, STRIPE_FRAMES, STRIPE_CALLS)),
        Means::ByHand => Sheet::private("Pay"),
    };
    let back = format!("{}{}", visit.face().origin, to_pay.page);
    let main = html! { (to_pay.above) div.pay.stack { (form(&means, to_pay, &back)) } };
    let mut response = sheet.answer(visit, &main);
    // A secret stands in it: no memory keeps it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page that is shown while the payment is being prepared; it looks again by itself.
pub fn waiting(visit: &Visit, about: &str) -> Response {
    let main = html! {
        div.pay.stack {
            h1 { "One moment" }
            p.lead { (about) }
            p { a.button href=(visit.here()) { "Try again" } }
        }
    };
    let mut response = Sheet::private("One moment").answer(visit, &main);
    // Browsers take it as an order to load the page again.
    response.headers_mut().insert(header::REFRESH, HeaderValue::from(LOOK_EVERY_SECONDS));
    response
}

fn is_early(error: &client::Error) -> bool {
    matches!(error, client::Error::TimedOut)
        || error.api().is_some_and(|told| told.code == "payment_not_ready")
}

fn means<'a>(visit: &'a Visit, payment: &'a ClientSecret) -> Means<'a> {
    let (Some(key), Some(secret)) = (&payment.publishable_key, &payment.client_secret) else {
        return Means::ByHand;
    };
    match &visit.face().stripe_url {
        Some(url) if key.starts_with("pk_test_") => Means::Sandbox { url, key, secret },
        _ if payment.provider == "stripe" => Means::Stripe { key, secret },
        _ => Means::ByHand,
    }
}

fn with_form(script: Asset, policy: &str) -> Sheet {
    Sheet::private("Pay").with_script(script).under(policy.to_owned())
}

/// Our policy, and what this one page may do besides.
fn policy(scripts: &str, frames: &str, calls: &str) -> String {
    let framed = if frames.is_empty() { String::new() } else { format!("; frame-src {frames}") };
    POLICY
        .replace("script-src 'self'", format!("script-src 'self' {scripts}").trim_end())
        .replace("connect-src 'self'", format!("connect-src 'self' {calls}").trim_end())
        + &framed
}

/// The part of an address that a policy means all paths by.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |end| &url[..host + end])
}

fn form(means: &Means<'_>, to_pay: &ToPay<'_>, back: &str) -> Markup {
    let (amount, page) = (to_pay.payment.money(), to_pay.page);
    let no_script = html! {
        noscript {
            (notice(Tone::Warn, "Paying by card needs JavaScript", &html! { p { (to_pay.without_scripts) } }))
        }
    };
    match means {
        Means::ByHand => to_pay.by_hand.clone(),
        Means::Sandbox { url, key, secret } => html! {
            (no_script)
            // Without names and without an action: a card number can never be sent to us, whatever breaks.
            form.card.stack id="card-form" novalidate data-stripe=(url) data-key=(key) data-secret=(secret) data-page=(page) data-return=(back) {
                div.notice.tone-bad role="alert" id="card-said" hidden { p {} }
                div.fields {
                    (Field::unsent("number", "Card number").autocomplete("cc-number").keyboard("numeric").letters_max(23).shown())
                    (Field::unsent("expiry", "Expires").hint("Month and year, like 04 / 29").autocomplete("cc-exp").keyboard("numeric").letters_max(9).size("half").shown())
                    (Field::unsent("cvc", "Security code").hint("Three or four digits").autocomplete("cc-csc").keyboard("numeric").letters_max(4).size("half").shown())
                }
                button.button.wide type="submit" disabled { (icon(Icon::Lock)) span { "Pay " (money::price(amount)) } }
                p.small.muted { "This is a trial: no money moves. Card 4242 4242 4242 4242 is taken, 4000 0000 0000 0002 is refused, 4000 0027 6000 3184 asks your bank." }
            }
        },
        Means::Stripe { key, secret } => html! {
            (no_script)
            form.card.stack id="element-form" data-key=(key) data-secret=(secret) data-page=(page) data-return=(back) {
                div.notice.tone-bad role="alert" id="card-said" hidden { p {} }
                div id="payment-element" {}
                button.button.wide type="submit" disabled { (icon(Icon::Lock)) span { "Pay " (money::price(amount)) } }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_may_do_more_and_nothing_inside_it_may_run() {
        let sandbox = policy("", "", "http://localhost:12111");
        assert!(sandbox.contains("connect-src 'self' http://localhost:12111;"), "{sandbox}");
        assert!(sandbox.contains("script-src 'self';") && !sandbox.contains("frame-src"), "{sandbox}");
        assert_eq!(origin("https://a.example:1/stripe/x"), "https://a.example:1");
        assert_eq!(origin("http://localhost:12111"), "http://localhost:12111");
        let live = policy(STRIPE_SCRIPTS, STRIPE_FRAMES, STRIPE_CALLS);
        assert!(live.contains("script-src 'self' https://js.stripe.com"), "{live}");
        assert!(live.contains("frame-src https://js.stripe.com") && !live.contains("unsafe"), "{live}");
    }
}
