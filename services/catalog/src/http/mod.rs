//! The API of the catalog: `listing` (lists and one product), `products` and `variants` (changing them), `stock`,
//! `categories`, `imports` and `export`.
//!
//! Handlers ask whether the caller may, call one command or query, and answer.

mod categories;
mod export;
mod imports;
mod listing;
mod products;
mod stock;
mod variants;
mod views;

use axum::extract::DefaultBodyLimit;
use kernel::auth::{Caller, Denied, Permission};
use kernel::service::Running;
use kernel::store::Scope;
use serde::{Deserialize, Deserializer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// To see what is on sale.
const READ: Permission = Permission::new("catalog:read");
/// To see all of it, and to change it.
const WRITE: Permission = Permission::new("catalog:write");

/// What a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eye {
    /// What is on sale, and whether it can be had.
    Buyer,
    /// Everything, and how much there is.
    Operator,
}

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    let sheets = OpenApiRouter::new()
        .routes(routes!(imports::start_import))
        .layer(DefaultBodyLimit::max(imports::SHEET_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(listing::list_products, products::create_product))
        .routes(routes!(listing::get_product, products::change_product, products::archive_product))
        .routes(routes!(variants::add_variant))
        .routes(routes!(variants::change_variant, variants::delete_variant))
        .routes(routes!(stock::adjust_stock))
        .routes(routes!(stock::list_movements))
        .routes(routes!(categories::list_categories, categories::create_category))
        .routes(routes!(categories::change_category, categories::delete_category))
        .routes(routes!(imports::get_import))
        .routes(routes!(imports::list_import_errors))
        .routes(routes!(imports::follow_import))
        .routes(routes!(export::export_products))
        .merge(sheets)
}

/// Whose catalog the caller sees, and how much of it: who may change it may also look.
fn look(caller: &Caller) -> Result<(Scope, Eye), Denied> {
    match caller.require(WRITE) {
        Ok(scope) => Ok((scope, Eye::Operator)),
        Err(_) => caller.require(READ).map(|scope| (scope, Eye::Buyer)),
    }
}

/// Tells a field that is null from one that is not there.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}
