//! The checkout: where it goes and what it costs on one page, and then the order.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use serde_json::json;
use ui::face::{
    Failure, FieldErrors, Posted, Sheet, Visit, error_of, field_errors, keeping, redirect_saying, token_field,
};
use ui::form::{hidden, summary};
use ui::{Field, Icon, icon, money, nav};

use super::cart::{current, mark};
use super::thumb;
use crate::api::{Address, Cart, Listed, Order};
use crate::countries;
use crate::frame::redirect;
use crate::mark::{CART, CartMark};
use crate::said;

const NEEDED: [(&str, &str); 5] = [
    ("name", "Name"),
    ("line1", "Address"),
    ("city", "City"),
    ("postcode", "Postcode"),
    ("country", "Country"),
];

/// `GET /shop/checkout`.
pub async fn show_checkout(Extension(visit): Extension<Visit>) -> Result<Response, Failure> {
    let buyer = visit.as_visitor()?;
    let cart = match ready(&visit).await? {
        Ok(cart) => cart,
        Err(elsewhere) => return Ok(elsewhere),
    };
    // Who ordered before need not type it again; that it cannot be looked up is no reason to turn them away.
    let before = buyer.get::<Listed<Order>>("/api/v1/orders?limit=1").await.ok();
    let known = before.and_then(|list| list.data.into_iter().next()).map(|order| order.ship_to);
    let usual = countries::usual(visit.face().currency).to_owned();
    let address = known.unwrap_or_else(|| Address { country: usual, ..Address::default() });
    Ok(page(&visit, &cart, &address, &FieldErrors::new()))
}

/// `POST /shop/checkout`: places the order. Sent twice it is one: a cart is ordered once.
pub async fn place_order(Extension(visit): Extension<Visit>, posted: Posted) -> Result<Response, Failure> {
    let buyer = visit.as_visitor()?;
    let Some(cart) = CartMark::of(&visit) else { return Ok(redirect("/shop/cart")) };
    let address = address(&posted);
    let missing = posted.missing(&NEEDED);
    if !missing.is_empty() {
        return refused(&visit, &address, missing).await;
    }
    let expected_total = posted.get("expected_total").parse::<i64>().ok();
    let body = json!({"cart_id": cart.id, "ship_to": address, "expected_total": expected_total});
    let error = match buyer.post::<Order>("/api/v1/orders", &body).await {
        Ok(order) => {
            let pay = redirect(&format!("/shop/orders/{}/pay", order.id));
            return Ok(keeping(pay, CART.clear(visit.is_secure())));
        }
        Err(error) => error,
    };
    let Some(told) = error.api() else { return Err(error.into()) };
    match (told.status.as_u16(), told.code.as_str()) {
        (409, "price_changed") => Ok(redirect_saying(&visit, "/shop/cart", said::PRICE_CHANGED)),
        (409, "not_enough_stock") => Ok(redirect_saying(&visit, "/shop/cart", said::NOT_ENOUGH)),
        (409, "not_for_sale") | (404, _) => Ok(redirect_saying(&visit, "/shop/cart", said::GONE)),
        (400 | 409 | 422, _) => refused(&visit, &address, field_errors(told)).await,
        _ => Err(error.into()),
    }
}

/// The cart, where it can be ordered, or else where the visitor finds out why not.
async fn ready(visit: &Visit) -> Result<Result<Cart, Response>, Failure> {
    let cart = current(visit).await?;
    Ok(cart.filter(Cart::is_ready).ok_or_else(|| redirect("/shop/cart")))
}

async fn refused(visit: &Visit, address: &Address, errors: FieldErrors) -> Result<Response, Failure> {
    let cart = match ready(visit).await? {
        Ok(cart) => cart,
        Err(elsewhere) => return Ok(elsewhere),
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(visit, &cart, address, &errors)).into_response())
}

fn address(posted: &Posted) -> Address {
    let text = |name: &str| posted.get(name).to_owned();
    Address {
        name: text("name"),
        line1: text("line1"),
        line2: posted.maybe("line2"),
        city: text("city"),
        region: posted.maybe("region"),
        postcode: text("postcode"),
        country: text("country"),
        phone: posted.maybe("phone").map(|phone| digits_only(&phone)),
    }
}

/// A telephone number without what people put between its digits.
fn digits_only(phone: &str) -> String {
    phone.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '.' | '/')).collect()
}

fn page(visit: &Visit, cart: &Cart, address: &Address, errors: &FieldErrors) -> Response {
    let way = [("/shop".to_owned(), "Shop".to_owned()), ("/shop/cart".to_owned(), "Cart".to_owned())];
    let main = html! {
        (nav::crumbs(&way, "Checkout"))
        h1 { "Checkout" }
        (summary(errors))
        form.with-summary method="post" action="/shop/checkout" {
            (token_field(visit))
            (hidden("expected_total", &cart.total.amount.to_string()))
            section.stack aria-labelledby="deliver" {
                h2 id="deliver" { "Where it goes" }
                (fields(address, errors))
            }
            aside.summary.card.stack aria-labelledby="review" {
                h2 id="review" { "Your order" }
                ul.plain.stack.tight {
                    @for line in &cart.lines {
                        li.review-line {
                            (thumb(line.image_url.as_deref()))
                            span.grow { (line.title) @if line.variant_title != line.title { span.muted.small { " " (line.variant_title) } } span.muted { " × " (line.quantity) } }
                            @if let Some(minor) = line.amount { (money::shown(contracts::Money::new(minor, cart.total.currency))) }
                        }
                    }
                }
                dl.sums { div.total { dt { "To pay" } dd { (money::shown(cart.total.money())) } } }
                button.button.wide type="submit" { "Place order and pay" }
                p.small.muted.aside { (icon(Icon::Lock)) "You enter your card on the next page." }
            }
        }
    };
    Sheet::private("Checkout").keeping(mark(visit, cart)).answer(visit, &main)
}

fn fields(address: &Address, errors: &FieldErrors) -> Markup {
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    let (line2, region, phone) =
        (optional(&address.line2), optional(&address.region), optional(&address.phone));
    let list = [
        Field::text("name", "Full name").value(&address.name).autocomplete("name").letters_max(100),
        Field::text("line1", "Address").value(&address.line1).autocomplete("address-line1").letters_max(100),
        Field::text("line2", "Flat, floor, company")
            .value(&line2)
            .autocomplete("address-line2")
            .letters_max(100)
            .optional(),
        Field::text("postcode", "Postcode")
            .value(&address.postcode)
            .autocomplete("postal-code")
            .letters_max(12)
            .size("third"),
        Field::text("city", "City")
            .value(&address.city)
            .autocomplete("address-level2")
            .letters_max(100)
            .size("rest"),
        Field::text("region", "State or region")
            .value(&region)
            .autocomplete("address-level1")
            .letters_max(100)
            .optional()
            .size("half"),
        Field::choice("country", "Country", &countries::ALL)
            .value(&address.country)
            .autocomplete("country")
            .size("half"),
        Field::telephone("phone", "Phone")
            .value(&phone)
            .autocomplete("tel")
            .letters_max(32)
            .optional()
            .hint("For the courier alone, with the country code, like +91 98300 12345"),
    ];
    let names = ["name", "line1", "line2", "postcode", "city", "region", "country", "phone"];
    html! {
        div.fields { @for (field, name) in list.into_iter().zip(names) { (field.error(error_of(errors, name)).shown()) } }
    }
}
