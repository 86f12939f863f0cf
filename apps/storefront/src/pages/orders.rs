//! A customer's orders, and one of them as it goes along.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use contracts::OrderId;
use maud::{Markup, html};
use serde::Deserialize;
use ui::assets::LIVE;
use ui::face::card::Returned;
use ui::face::{Failure, Posted, Sheet, Visit, keeping, redirect_saying, token_field};
use ui::{Column, Icon, Told, Tone, badge, empty, icon, money, nav, notice, table, when};

use super::cart::{again, mark};
use super::state::{refusal, told};
use super::thumb;
use crate::api::{Address, Listed, Order, OrderStatus};
use crate::countries;
use crate::said;

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct From {
    cursor: Option<String>,
}

/// How often a browser without scripts looks again.
const LOOK_EVERY_SECONDS: u32 = 5;

/// `GET /shop/orders`.
pub async fn list_orders(
    Extension(visit): Extension<Visit>,
    Query(from): Query<From>,
) -> Result<Response, Failure> {
    let after =
        from.cursor.as_ref().map(|cursor| format!("&cursor={}", client::encoded(cursor))).unwrap_or_default();
    let listed: Listed<Order> = visit.as_visitor()?.get(&format!("/api/v1/orders?limit=20{after}")).await?;
    let columns =
        [Column::text("Order"), Column::text("Placed"), Column::text("State"), Column::number("Total")];
    let rows: Vec<Vec<Markup>> = listed.data.iter().map(row).collect();
    let next = listed.next_cursor.map(|cursor| format!("/shop/orders?cursor={}", client::encoded(&cursor)));
    let first = from.cursor.as_ref().map(|_| "/shop/orders");
    let main = html! {
        h1 { "Your orders" }
        @if rows.is_empty() && first.is_none() {
            (empty(Icon::Box, "No orders yet", "What you order shows up here, and how it is doing.", Some(("/shop/search", "Look around"))))
        } @else {
            (table("Newest first", &columns, &rows))
            (nav::pager(first, next.as_deref()))
        }
    };
    Ok(Sheet::private("Your orders").answer(&visit, &main))
}

/// `GET /shop/orders/{order}`: it follows the order by itself.
pub async fn show_order(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    Query(returned): Query<Returned>,
) -> Result<Response, Failure> {
    let order = find(&visit, &id).await?;
    let paying = order.is_payable() && returned.is_paying();
    let not_confirmed = order.is_payable() && returned.is_refused();
    let told = told(&order, paying);
    let way =
        [("/shop".to_owned(), "Shop".to_owned()), ("/shop/orders".to_owned(), "Your orders".to_owned())];
    let title = format!("Order {}", order.number);
    let main = html! {
        (nav::crumbs(&way, &title))
        div.stack.loose id="live" data-live={ "/api/v1/orders/" (order.id) "/live" } data-state=(state(&order)) {
            (headline(&order, told, paying, not_confirmed))
            (actions(&visit, &order, paying))
            div.with-summary {
                div.stack.loose { (lines(&order)) (history(&order)) }
                aside.summary.stack { (sums(&order)) (delivery(&order)) }
            }
        }
        p.hush role="status" aria-live="polite" id="live-said" {}
    };
    let sheet = Sheet::private(&title).with_script(LIVE);
    let sheet = if paying || order.is_approved() { sheet.refreshed_every(LOOK_EVERY_SECONDS) } else { sheet };
    Ok(sheet.answer(&visit, &main))
}

/// `POST /shop/orders/{order}/cancel`.
pub async fn cancel_order(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let id = parsed(&id)?;
    let cancelled = visit
        .as_visitor()?
        .post::<Order>(&format!("/api/v1/orders/{id}/cancel"), &serde_json::json!({}))
        .await;
    let page = format!("/shop/orders/{id}");
    match cancelled {
        Ok(_) => Ok(redirect_saying(&visit, &page, said::CANCELLED)),
        Err(error) if error.api().is_some_and(|told| told.status.as_u16() == 409) => {
            Ok(redirect_saying(&visit, &page, said::NOT_CANCELLED))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /shop/orders/{order}/again`: the same things in a new cart.
pub async fn order_again(
    Extension(visit): Extension<Visit>,
    Path(id): Path<String>,
    _posted: Posted,
) -> Result<Response, Failure> {
    let order = find(&visit, &id).await?;
    let wanted: Vec<(String, u32)> =
        order.lines.into_iter().map(|line| (line.variant_id, line.quantity)).collect();
    let cart = again(&visit, &wanted).await?;
    let said = if cart.lines.is_empty() { said::GONE } else { said::AGAIN };
    Ok(keeping(redirect_saying(&visit, "/shop/cart", said), mark(&visit, &cart)))
}

/// An order of the visitor.
pub async fn find(visit: &Visit, id: &str) -> Result<Order, Failure> {
    let path = format!("/api/v1/orders/{}", parsed(id)?);
    Ok(visit.as_visitor()?.get(&path).await?)
}

fn parsed(id: &str) -> Result<OrderId, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}

fn row(order: &Order) -> Vec<Markup> {
    let Told { tone, short, .. } = told(order, false);
    vec![
        html! { a href={ "/shop/orders/" (order.id) } { (order.number) } },
        when(order.created_at),
        badge(tone, short),
        money::shown(order.money(order.amount)),
    ]
}

/// What of an order its page shows: when this differs, the page is looked at anew.
fn state(order: &Order) -> String {
    format!(
        "{:?} {:?} {:?} {} {}",
        order.status,
        order.payment_status,
        order.fulfilment_status,
        order.refunded_amount,
        order.timeline.len()
    )
}

fn headline(order: &Order, told: Told, paying: bool, not_confirmed: bool) -> Markup {
    let failure = order.payment_failure.as_deref().filter(|_| order.is_payable() && !paying);
    html! {
        header.order-head data-told=(told.title) {
            div.row { (badge(told.tone, told.short)) span.muted.small { "Order " (order.number) ", " (when(order.created_at)) } }
            h1 { (told.title) }
            p.lead { (told.text) }
            @if let (Some(at), false) = (order.expires_at.filter(|_| order.is_payable()), paying) {
                p.muted { "Held until " (when(at)) "." }
            }
        }
        @if not_confirmed {
            (notice(Tone::Bad, "Your bank did not confirm the payment", &html! { p { "Nothing was charged. Try again, or use another card." } }))
        } @else if let Some(code) = failure {
            (notice(Tone::Bad, "Why it was refused", &html! { p { (refusal(code)) } }))
        }
        @if let Some(tracking) = &order.tracking {
            (notice(Tone::Calm, "Follow the parcel", &html! { p { "Tracking: " span.strong { (tracking) } } }))
        }
    }
}

fn actions(visit: &Visit, order: &Order, paying: bool) -> Markup {
    let id = &order.id;
    html! {
        @if order.is_payable() && !paying {
            div.row {
                a.button href={ "/shop/orders/" (id) "/pay" } { (icon(Icon::Lock)) "Pay now" }
                form method="post" action={ "/shop/orders/" (id) "/cancel" } {
                    (token_field(visit))
                    button.button.second type="submit" { "Cancel order" }
                }
            }
        } @else if order.status == OrderStatus::Cancelled {
            form method="post" action={ "/shop/orders/" (id) "/again" } {
                (token_field(visit))
                button.button type="submit" { "Put these in a new cart" }
            }
        }
    }
}

fn lines(order: &Order) -> Markup {
    html! {
        section.stack aria-labelledby="things" {
            h2 id="things" { "What you ordered" }
            ul.lines.plain { @for line in &order.lines { li { article.line {
                (thumb(line.image_url.as_deref()))
                div.grow {
                    p.strong { (line.title) }
                    @if line.variant_title != line.title { p.muted { (line.variant_title) } }
                    p.muted.small { (line.quantity) " × " (money::shown(order.money(line.unit_amount))) }
                }
                p.strong { (money::shown(order.money(line.amount))) }
            } } } }
        }
    }
}

fn sums(order: &Order) -> Markup {
    html! {
        section.card aria-label="Amount" {
            dl.sums {
                div.total { dt { "Total" } dd { (money::shown(order.money(order.amount))) } }
                @if order.refunded_amount > 0 {
                    div { dt { "Refunded" } dd { (money::shown(order.money(order.refunded_amount))) } }
                }
            }
        }
    }
}

fn delivery(order: &Order) -> Markup {
    let Address { name, line1, line2, city, region, postcode, country, phone } = &order.ship_to;
    html! {
        section.card.stack.tight aria-labelledby="goes" {
            h2 id="goes" { "Goes to" }
            address {
                (name) br; (line1) br;
                @if let Some(line) = line2 { (line) br; }
                (postcode) " " (city) @if let Some(region) = region { ", " (region) } br;
                (countries::name(country))
                @if let Some(phone) = phone { br; (phone) }
            }
        }
    }
}

fn history(order: &Order) -> Markup {
    html! {
        @if !order.timeline.is_empty() {
            section.stack aria-labelledby="history" {
                h2 id="history" { "What happened" }
                ol.timeline.plain { @for moment in &order.timeline {
                    li { span { (moment.what) } span.muted.small { (when(moment.at)) } }
                } }
            }
        }
    }
}
