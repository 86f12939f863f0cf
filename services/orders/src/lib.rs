//! Orders promises goods at a price and follows the money until they are paid and sent.
//!
//! It does not know products (`catalog` tells what is for sale and counts goods in), takes no money and sends none back
//! (`payments` does, and tells), and writes to nobody (`notifications`).
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `queries`, `store`, `http`, `events`, `jobs`.

mod domain;
mod error;
mod commands;
mod queries;
mod store;
mod http;
mod events;
mod jobs;
mod settings;

use contracts::events::commerce::{OrderCancelled, OrderFulfilled, RefundRequested, StockMoved};
use contracts::events::{OrderCreated, OrderPaid};
use kernel::migrations;
use kernel::service::Service;

/// Everything orders brings to the binary.
pub fn service() -> Service {
    Service::new("orders")
        .migrations(migrations!["0001_orders.sql", "0002_erased.sql"])
        .setting(settings::UNPAID_FOR.declare())
        .routes(http::routes)
        .hears(events::on_product_changed)
        .hears(events::on_stock_adjusted)
        .hears(events::on_payment_succeeded)
        .hears(events::on_payment_failed)
        .hears(events::on_payment_authorized)
        .hears(events::on_payment_cancelled)
        .hears(events::on_payment_refunded)
        .hears(events::on_refund_failed)
        .hears(events::on_user_erased)
        .jobs(jobs::register)
        .tells::<OrderCreated>()
        .tells::<OrderPaid>()
        .tells::<OrderCancelled>()
        .tells::<OrderFulfilled>()
        .tells::<RefundRequested>()
        .tells::<StockMoved>()
}
