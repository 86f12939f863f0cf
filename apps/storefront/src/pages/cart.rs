//! The cart: what is in it, what is wrong with it, and the way to the checkout.

use axum::Extension;
use axum::extract::Path;
use axum::response::Response;
use http::Method;
use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;
use ui::face::{Failure, Posted, Sheet, Visit, keeping, redirect_saying, token_field};
use ui::{Icon, Tone, empty, icon, money, notice, price};

use super::thumb;
use crate::api::{Cart, CartLine, LineProblem};
use crate::mark::{CART, CartMark};
use crate::said;

/// What the API takes of one thing.
const QUANTITY_MAX: u32 = 99;
/// What the list offers; who has more keeps it.
const OFFERED_MAX: u32 = 10;

#[derive(Serialize)]
struct NewLine<'a> {
    variant_id: &'a str,
    quantity: u32,
}

/// `GET /shop/cart`.
pub async fn show_cart(Extension(visit): Extension<Visit>) -> Result<Response, Failure> {
    let cart = current(&visit).await?;
    let sheet = Sheet::private("Your cart");
    let Some(cart) = cart.filter(|cart| !cart.lines.is_empty()) else {
        let text = "Things that you add to it wait here while you look around.";
        let main = html! {
            h1 { "Your cart" }
            (empty(Icon::Bag, "Your cart is empty", text, Some(("/shop/search", "Look around"))))
        };
        let clear = CartMark::of(&visit).and_then(|_| CART.clear(visit.is_secure()));
        return Ok(sheet.keeping(clear).answer(&visit, &main));
    };
    let main = html! {
        h1 { "Your cart" }
        div.with-summary {
            ul.lines.plain { @for line in &cart.lines { li { (shown(&visit, line)) } } }
            aside.summary.card.stack aria-label="Total" {
                dl.sums { div.total { dt { "Total" } dd { (money::shown(cart.total.money())) } } }
                @if cart.is_ready() {
                    a.button.wide href="/shop/checkout" { "Check out" }
                } @else {
                    (notice(Tone::Warn, "Something has to change first", &html! { p.small { "See the notes beside the things in your cart." } }))
                }
                p.small.muted.aside { (icon(Icon::Lock)) "Paid securely; your goods are held while you pay." }
            }
        }
    };
    Ok(sheet.keeping(mark(&visit, &cart)).answer(&visit, &main))
}

/// `POST /shop/cart/lines`: puts something into the cart, and makes one where there is none.
pub async fn add_line(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let line = NewLine { variant_id: posted.get("variant_id"), quantity: quantity(&posted).max(1) };
    let added = match CartMark::of(&visit) {
        Some(mark) => put(&visit, &mark.id, &line).await,
        None => Ok(None),
    };
    let added = match added {
        // There is no cart, or it is gone or ordered.
        Ok(None) => fresh(&visit, &line).await,
        Ok(Some(cart)) => Ok(cart),
        Err(error) => Err(error),
    };
    match added {
        Ok(cart) => Ok(keeping(redirect_saying(&visit, "/shop/cart", said::ADDED), mark(&visit, &cart))),
        Err(error) if is_refusal(&error) => Ok(redirect_saying(&visit, "/shop/cart", said::NOT_ADDED)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /shop/cart/lines/{variant}`: how many there are to be; none takes it out.
pub async fn set_line(
    Extension(visit): Extension<Visit>,
    Path(variant): Path<String>,
    posted: Posted,
) -> Result<Response, Failure> {
    let Some(CartMark { id, .. }) = CartMark::of(&visit) else {
        return Ok(redirect_saying(&visit, "/shop/cart", said::NOT_ADDED));
    };
    let path = format!("/api/v1/carts/{}/lines/{}", client::encoded(&id), client::encoded(&variant));
    let body = json!({"quantity": quantity(&posted)});
    match visit.call::<Cart>(Method::PUT, &path, Some(&body)).await {
        Ok(cart) => Ok(keeping(redirect_saying(&visit, "/shop/cart", said::CHANGED), mark(&visit, &cart))),
        Err(error) if is_refusal(&error) => Ok(redirect_saying(&visit, "/shop/cart", said::NOT_ADDED)),
        Err(error) => Err(error.into()),
    }
}

/// The visitor's cart, where there is one that can still be ordered.
pub async fn current(visit: &Visit) -> Result<Option<Cart>, Failure> {
    let Some(CartMark { id, .. }) = CartMark::of(visit) else { return Ok(None) };
    match visit.get::<Cart>(&format!("/api/v1/carts/{}", client::encoded(&id))).await {
        Ok(cart) => Ok(Some(cart).filter(|cart| cart.order_id.is_none())),
        // A malformed id is a lost cart too: the cookie was tampered with.
        Err(error) if matches!(status_of(&error), Some(400 | 404)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A new cart with what an order had; what is no longer sold is left out.
pub async fn again(visit: &Visit, wanted: &[(String, u32)]) -> Result<Cart, client::Error> {
    let mut cart = create(visit).await?;
    for (variant_id, quantity) in wanted {
        match put(visit, &cart.id, &NewLine { variant_id, quantity: *quantity }).await {
            Ok(Some(fuller)) => cart = fuller,
            Ok(None) => {}
            Err(error) if is_refusal(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(cart)
}

/// The cookie of a cart.
pub fn mark(visit: &Visit, cart: &Cart) -> Option<http::HeaderValue> {
    let mark = CartMark { id: cart.id.clone(), count: cart.item_count };
    CART.set(&mark.text(), visit.is_secure())
}

async fn create(visit: &Visit) -> Result<Cart, client::Error> {
    let body = json!({"currency": visit.face().currency});
    visit.call(Method::POST, "/api/v1/carts", Some(&body)).await
}

async fn fresh(visit: &Visit, line: &NewLine<'_>) -> Result<Cart, client::Error> {
    let cart = create(visit).await?;
    let path = format!("/api/v1/carts/{}/lines", client::encoded(&cart.id));
    visit.call(Method::POST, &path, Some(line)).await
}

/// Puts a line into a cart; nothing comes of a cart that is not there or already ordered.
async fn put(visit: &Visit, cart: &str, line: &NewLine<'_>) -> Result<Option<Cart>, client::Error> {
    let path = format!("/api/v1/carts/{}/lines", client::encoded(cart));
    match visit.call(Method::POST, &path, Some(line)).await {
        Ok(cart) => Ok(Some(cart)),
        Err(error) if is_over(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the cart itself is not there or was ordered.
fn is_over(error: &client::Error) -> bool {
    error.api().is_some_and(|told| told.status.as_u16() == 404 || told.code == "cart_placed")
}

fn status_of(error: &client::Error) -> Option<u16> {
    error.api().map(|error| error.status.as_u16())
}

/// Whether the API says no to what was asked, which is for the visitor to know.
fn is_refusal(error: &client::Error) -> bool {
    matches!(status_of(error), Some(400 | 404 | 409 | 422))
}

fn quantity(posted: &Posted) -> u32 {
    posted.get("quantity").parse::<u32>().unwrap_or(1).min(QUANTITY_MAX)
}

fn shown(visit: &Visit, line: &CartLine) -> Markup {
    let id = format!("quantity-{}", line.variant_id);
    let action = format!("/shop/cart/lines/{}", client::encoded(&line.variant_id));
    html! {
        article.line {
            (thumb(line.image_url.as_deref()))
            div.stack.tight.grow {
                h2 { (line.title) }
                @if !line.variant_title.is_empty() && line.variant_title != line.title { p.muted { (line.variant_title) } }
                @if let Some(unit) = line.unit_price { p.muted.small { (price(unit.money())) " each" } }
                @if let Some(problem) = line.problem { p.error { (problem_told(problem, line.available)) } }
                div.row {
                    form.row.quantity method="post" action=(action) {
                        (token_field(visit))
                        label.hush for=(id) { "Quantity of " (line.title) }
                        select.control id=(id) name="quantity" data-submits {
                            @for count in 1..=OFFERED_MAX.max(line.quantity) {
                                option value=(count) selected[count == line.quantity] { (count) }
                            }
                        }
                        noscript { button.button.second type="submit" { "Update" } }
                    }
                    form method="post" action=(action) {
                        (token_field(visit))
                        (ui::form::hidden("quantity", "0"))
                        button.button.link type="submit" { "Remove" span.hush { " " (line.title) } }
                    }
                }
            }
            @if let (Some(minor), Some(unit)) = (line.amount, line.unit_price) {
                p.strong { (money::shown(contracts::Money::new(minor, unit.currency))) }
            }
        }
    }
}

fn problem_told(problem: LineProblem, available: Option<i64>) -> String {
    match (problem, available) {
        (LineProblem::Gone, _) => "This is no longer sold. Please remove it.".to_owned(),
        (LineProblem::NotSoldInCurrency, _) => {
            "This cannot be bought in this currency. Please remove it.".to_owned()
        }
        (LineProblem::NotEnoughStock, Some(left)) if left > 0 => {
            format!("Only {left} left. Please take fewer.")
        }
        (LineProblem::NotEnoughStock, _) => "This has just sold out. Please remove it.".to_owned(),
    }
}
