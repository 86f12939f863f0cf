//! All SQL of orders, one statement a function: `goods` (what is for sale, and stock), `carts`, `orders` (orders with
//! their lines and history), `money` (payments and refunds), `forgetting`. No decisions are taken here.
//!
//! A list of ids is handed over as one text: they are all of one length, and the statement takes it apart, which both
//! engines do with an index behind it.

mod carts;
mod forgetting;
mod goods;
mod money;
mod orders;

use std::fmt::Write;

use contracts::Id;
use kernel::store::StoreError;

pub use carts::{
    CartRow, cart, cart_size, cart_wishes, delete_old_carts, delete_old_lines, insert_cart, lock_cart,
    place_cart, put_line, quantity_of, remove_line, touch_cart,
};
pub use forgetting::{forget_ship_to, is_erased, lock_bought, note_erased, touch_orders};
pub use goods::{
    adjust, drop_prices, hold, insert_movement, insert_movements, insert_prices, lock_stock, off_sale,
    offers, put_variants, release, ship,
};
pub use money::{
    RefundRow, asked_back, fail_refund, finish_refund, has_receipt, insert_receipt, insert_refund,
    note_repaid, repaid_of,
};
pub use orders::{
    Filter, histories, insert_lines, insert_order, lines, list, lock_order, next_number, order, tell,
    update_order,
};

/// Takes a text of ids apart. A variant's and an order's are 30 letters long.
macro_rules! wanted_ids {
    ($parameter:literal, $rest:literal) => {
        concat!(
            "with recursive wanted(place, id) as (
               select 1, substr(cast(",
            $parameter,
            " as text), 1, 30)
               union all
               select place + 30, substr(cast(",
            $parameter,
            " as text), place + 30, 30) from wanted
               where place + 30 < length(cast(",
            $parameter,
            " as text)))
             ",
            $rest
        )
    };
}
pub(crate) use wanted_ids;

/// The ids as one text.
fn joined<I: Id>(ids: impl IntoIterator<Item = I>) -> String {
    ids.into_iter().fold(String::new(), |mut text, id| {
        // Writing to a text does not fail.
        let _ = write!(text, "{id}");
        text
    })
}

/// A row that this code cannot have written.
fn unreadable(what: &str, id: impl std::fmt::Display) -> StoreError {
    StoreError::Sql(format!("the stored {what} {id} cannot be read").into())
}
