//! Catalog knows what there is to buy, what it costs and how much of it is in store.
//!
//! It sells nothing (`orders`) and takes no money (`payments`). What an order holds, gives back and sends is told to
//! it; what it costs and how much came in, it tells.
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `store`, `http`, `events`, `jobs`.

mod domain;
mod error;
mod commands;
mod store;
mod http;
mod events;
mod jobs;

use contracts::events::commerce::{ProductChanged, StockAdjusted};
use kernel::migrations;
use kernel::service::Service;

/// Everything catalog brings to the binary.
pub fn service() -> Service {
    Service::new("catalog")
        .migrations(migrations!["0001_catalog.sql"])
        .routes(http::routes)
        .hears(events::on_stock_moved)
        .tells::<ProductChanged>()
        .tells::<StockAdjusted>()
        .jobs(jobs::register)
}
