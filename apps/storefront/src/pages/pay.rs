//! Paying for an order by card. The order is asked first, so that a page from the browser's memory or a second tab
//! cannot pay twice.

use axum::Extension;
use axum::extract::Path;
use axum::response::Response;
use maud::html;
use ui::face::card::{self, ToPay};
use ui::face::{Failure, Visit};
use ui::{Tone, money, nav, notice, when};

use super::orders::find;
use crate::frame::redirect;

const WITHOUT_SCRIPTS: &str = "Your order is kept. Turn JavaScript on for this page, or pay from another browser: sign in \
                               there and open your orders.";

/// `GET /shop/orders/{order}/pay`.
pub async fn show_payment(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let order = find(&visit, &id).await?;
    let page = format!("/shop/orders/{}", order.id);
    if !order.is_payable() {
        return Ok(redirect(&page));
    }
    let path = format!("/api/v1/payments/by-order/{}/client-secret", order.id);
    let Some(payment) = card::secret(&visit, &path).await? else {
        let about = format!("The payment for order {} is being prepared.", order.number);
        return Ok(card::waiting(&visit, &about));
    };
    // The provider knows of it already; the order will in a moment.
    if payment.is_under_way() {
        return Ok(redirect(&format!("{page}?redirect_status=processing")));
    }
    let way = [
        ("/shop".to_owned(), "Shop".to_owned()),
        ("/shop/orders".to_owned(), "Your orders".to_owned()),
        (page.clone(), format!("Order {}", order.number)),
    ];
    let above = html! {
        (nav::crumbs(&way, "Pay"))
        div.pay.stack {
            h1 { "Pay " (money::shown(payment.money())) }
            p.muted { "Order " (order.number) @if let Some(at) = order.expires_at { ". Your goods are held until " (when(at)) } "." }
        }
    };
    let by_hand = notice(
        Tone::Calm,
        "This order is not paid by card",
        &html! { p { "We will be in touch about the payment. " a href=(page) { "See your order" } } },
    );
    let to_pay = ToPay { payment: &payment, page: &page, above, without_scripts: WITHOUT_SCRIPTS, by_hand };
    Ok(card::page(&visit, &to_pay))
}
