//! The page on which a card's owner says yes or no, and the way back to the shop.

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use super::errors::Error;
use super::form::Form;
use super::objects::{Intent, Status};
use super::work::{Cause, Work};
use super::{Desk, SCOPE, page, paying, store};

/// Whose intent it is, and the proof that it may be seen.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Link {
    account: String,
    client_secret: String,
}

impl Link {
    /// No database takes a null letter.
    fn is_sound(&self, id: &str) -> bool {
        ![id, &self.account, &self.client_secret].iter().any(|text| text.contains('\0'))
    }
}

/// `GET /3ds/{intent}`.
pub(super) async fn show(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Query(link): Query<Link>,
) -> Response {
    if !link.is_sound(&id) {
        return (StatusCode::NOT_FOUND, Html(nothing().into_string())).into_response();
    }
    let found = desk.running.store().read(SCOPE, move |tx| {
        let intent = store::find::<Intent>(tx, &link.account, &id)?;
        Ok::<_, Error>(intent.filter(|intent| intent.client_secret == link.client_secret))
    });
    match found.await {
        Ok(Some(intent)) if intent.status == Status::RequiresAction => {
            Html(question(&intent).into_string()).into_response()
        }
        Ok(Some(intent)) => (StatusCode::CONFLICT, Html(over(&intent).into_string())).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, Html(nothing().into_string())).into_response(),
        Err(error) => trouble(&error),
    }
}

/// `POST /3ds/{intent}` with `outcome` = `complete` or `fail`.
pub(super) async fn decide(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Query(link): Query<Link>,
    body: Bytes,
) -> Response {
    let form = std::str::from_utf8(&body).ok().and_then(|text| Form::parse(text).ok()).unwrap_or_default();
    let yes = match form.text("outcome") {
        Some("complete") if link.is_sound(&id) => true,
        Some("fail") if link.is_sound(&id) => false,
        _ => return (StatusCode::BAD_REQUEST, Html(nothing().into_string())).into_response(),
    };
    let decided = desk.running.store().write(SCOPE, move |tx| {
        let cause = Cause::default();
        let mut work = Work::new(tx, &link.account, &cause);
        let intent = paying::authenticate(&mut work, &id, &link.client_secret, yes)?;
        work.finish()?;
        Ok::<_, Error>(intent)
    });
    match decided.await {
        Ok(intent) => {
            let back = intent.return_url.as_deref().and_then(|url| way_back(&intent, url));
            match back.and_then(|url| HeaderValue::try_from(url).ok()) {
                Some(url) => (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response(),
                None => Html(over(&intent).into_string()).into_response(),
            }
        }
        Err(Error::Refused(refusal)) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Html(nothing().into_string())).into_response()
        }
        Err(error) => trouble(&error),
    }
}

/// Where the shop wants its buyer back, and how it went. A link that leads nowhere on the web is none.
fn way_back(intent: &Intent, return_url: &str) -> Option<String> {
    let parsed: Uri = return_url.parse().ok()?;
    parsed.scheme()?;
    let went_well = match intent.status {
        Status::Succeeded | Status::RequiresCapture | Status::Processing | Status::RequiresConfirmation => {
            "succeeded"
        }
        Status::RequiresPaymentMethod | Status::RequiresAction | Status::Canceled => "failed",
    };
    let (base, fragment) =
        return_url.split_once('#').map_or((return_url, None), |(base, rest)| (base, Some(rest)));
    let join = if base.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|rest| format!("#{rest}")).unwrap_or_default();
    Some(format!(
        "{base}{join}payment_intent={}&payment_intent_client_secret={}&redirect_status={went_well}{fragment}",
        intent.id, intent.client_secret
    ))
}

fn question(intent: &Intent) -> Markup {
    let inner = html! {
        h1 { "Is this you?" }
        p {
            "A shop asks for " strong { (page::money(intent.amount, &intent.currency)) }
            " from your test card. A bank would ask you here; in the sandbox you choose how it ends."
        }
        form method="post" {
            button name="outcome" value="complete" class="yes" { "Complete authentication" }
            button name="outcome" value="fail" { "Fail authentication" }
        }
    };
    framed("3-D Secure test page", &inner)
}

fn over(intent: &Intent) -> Markup {
    let inner = html! {
        h1 { "There is nothing to decide" }
        p { "The payment stands at " code { (intent.status.name()) } ". You can close this page." }
    };
    framed("3-D Secure test page", &inner)
}

fn nothing() -> Markup {
    let inner = html! {
        h1 { "There is no such payment to decide" }
        p { "The link is not whole, or it belongs to another payment." }
    };
    framed("3-D Secure test page", &inner)
}

fn trouble(error: &Error) -> Response {
    tracing::error!(%error, "the page of a card's owner has a trouble");
    (StatusCode::INTERNAL_SERVER_ERROR, Html(nothing().into_string())).into_response()
}

fn framed(title: &str, inner: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (page::STYLE) }
            }
            body { main { (inner) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(status: Status) -> Intent {
        serde_json::from_value(serde_json::json!({
            "id": "pi_1", "created": 0, "client_secret": "pi_1_secret_2", "status": status, "amount": 100,
            "amount_capturable": 0, "amount_received": 0, "currency": "usd", "capture_method": "automatic",
            "confirmation_method": "automatic", "redirects": true, "authenticated": true, "metadata": {},
        }))
        .unwrap()
    }

    #[test]
    fn the_way_back_keeps_the_shops_query_and_fragment() {
        let told = "payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_2&redirect_status=";
        let (paid, not) = (intent(Status::Succeeded), intent(Status::RequiresPaymentMethod));
        let way = |intent: &Intent, url: &str| way_back(intent, url).unwrap();
        assert_eq!(way(&paid, "http://shop/done"), format!("http://shop/done?{told}succeeded"));
        assert_eq!(way(&not, "http://shop/done?o=1#top"), format!("http://shop/done?o=1&{told}failed#top"));
        assert_eq!(way_back(&paid, "javascript:alert(1)"), None);
    }
}
