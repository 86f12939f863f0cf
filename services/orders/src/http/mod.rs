//! The API: `carts` under `/api/v1/carts`, `orders` and `moves` under `/api/v1/orders`, `views` (what is shown).
//!
//! Handlers ask whether the caller may, call one command or query, and answer. A customer reaches their own orders with
//! `orders:read` and `orders:write`; who holds `orders:manage` reaches those of the whole project.

mod carts;
mod moves;
mod orders;
mod views;

use kernel::auth::{Caller, Denied, Permission};
use kernel::service::Running;
use kernel::store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::Whose;

/// To see one's own orders.
const READ: Permission = Permission::new("orders:read");
/// To fill carts, to order, to cancel one's own orders.
const WRITE: Permission = Permission::new("orders:write");
/// To see and change the orders of everybody in the project.
const MANAGE: Permission = Permission::new("orders:manage");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(carts::open_cart))
        .routes(routes!(carts::get_cart))
        .routes(routes!(carts::add_line))
        .routes(routes!(carts::set_line))
        .routes(routes!(orders::place_order, orders::list_orders))
        .routes(routes!(orders::get_order))
        .routes(routes!(orders::follow_order))
        .routes(routes!(moves::cancel_order))
        .routes(routes!(moves::fulfil_order))
        .routes(routes!(moves::refund_order))
}

/// Whose orders the caller reaches: with `own` alone, their own.
fn reach(caller: &Caller, own: Permission) -> Result<(Scope, Whose), Denied> {
    match caller.require(MANAGE) {
        Ok(scope) => Ok((scope, Whose::Everybodys)),
        Err(_) => Ok((caller.require(own)?, Whose::Of(caller.user()?))),
    }
}
