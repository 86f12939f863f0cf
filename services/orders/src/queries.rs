//! What callers look at: a cart as it stands today, orders with their lines and history.

use std::collections::HashMap;

use contracts::{Currency, Money, OrderId};
use kernel::store::{StoreError, Tx};

use crate::domain::{CartId, Line, Order, Told, Whose, Wish};
use crate::error::Error;
use crate::store::{self, Filter};

/// The last things that happened to an order are shown, and so many of them.
const HISTORY_MAX: u32 = 100;

/// A cart with its lines as they are offered today.
#[derive(Clone, Debug)]
pub struct Cart {
    /// Its id.
    pub id: CartId,
    /// The currency of its prices.
    pub currency: Currency,
    /// How often it was changed.
    pub version: u64,
    /// The order that it became.
    pub order_id: Option<OrderId>,
    /// Its lines with what each costs, where it is sold.
    pub lines: Vec<(Wish, Option<Money>)>,
    /// What all of it costs.
    pub total: Money,
}

/// An order with all that is known of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The order.
    pub order: Order,
    /// What was bought.
    pub lines: Vec<Line>,
    /// What happened, oldest first.
    pub timeline: Vec<Told>,
}

/// One cart.
pub fn cart(tx: &mut Tx<'_>, id: CartId) -> Result<Cart, Error> {
    let row = store::cart(tx, id)?.ok_or(Error::Absent("cart"))?;
    let mut total = Money::zero(row.currency);
    let mut lines = Vec::new();
    for wish in store::cart_wishes(tx, &row)? {
        let unit = wish.unit(row.currency);
        let amount = unit.map(|unit| unit.checked_mul(i64::from(wish.quantity))).transpose()?;
        if let Some(amount) = amount {
            total = total.checked_add(amount)?;
        }
        lines.push((wish, amount));
    }
    Ok(Cart { id, currency: row.currency, version: row.version, order_id: row.order_id, lines, total })
}

/// One order.
pub fn order(tx: &mut Tx<'_>, id: OrderId, whose: Whose) -> Result<Record, Error> {
    let order = store::order(tx, id)?.filter(|order| whose.covers(order.buyer));
    let order = order.ok_or(Error::Absent("order"))?;
    records(tx, vec![order])?.pop().ok_or(Error::Absent("order"))
}

/// Orders before `before`, newest first; a customer's own alone.
pub fn orders(
    tx: &mut Tx<'_>,
    filter: &Filter,
    whose: Whose,
    before: Option<OrderId>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let user = match (whose, filter.user) {
        (Whose::Everybodys, wanted) => wanted,
        (Whose::Of(user), Some(wanted)) if wanted != user => return Ok(Vec::new()),
        (Whose::Of(user), _) => Some(user),
    };
    let found = store::list(tx, &Filter { user, ..filter.clone() }, before, limit)?;
    if found.is_empty() { Ok(Vec::new()) } else { records(tx, found) }
}

/// The lines of one order.
pub fn lines(tx: &mut Tx<'_>, order: OrderId) -> Result<Vec<Line>, StoreError> {
    Ok(store::lines(tx, [order])?.into_iter().map(|(_, line)| line).collect())
}

fn records(tx: &mut Tx<'_>, orders: Vec<Order>) -> Result<Vec<Record>, StoreError> {
    let ids = || orders.iter().map(|order| order.id);
    let mut lines: HashMap<OrderId, Vec<Line>> = HashMap::new();
    for (order, line) in store::lines(tx, ids())? {
        lines.entry(order).or_default().push(line);
    }
    let mut histories: HashMap<OrderId, Vec<Told>> = HashMap::new();
    for (order, told) in store::histories(tx, ids(), HISTORY_MAX)? {
        histories.entry(order).or_default().push(told);
    }
    let record = |order: Order| Record {
        lines: lines.remove(&order.id).unwrap_or_default(),
        timeline: histories.remove(&order.id).unwrap_or_default(),
        order,
    };
    Ok(orders.into_iter().map(record).collect())
}
