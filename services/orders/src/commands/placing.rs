//! Placing an order: priced from what the catalog told, its goods held in the same transaction.

use std::collections::HashMap;
use std::time::Duration;

use contracts::events::OrderCreated;
use contracts::{Currency, OrderId, UserId, VariantId};
use kernel::store::{StoreError, Tx};

use super::stock;
use crate::domain::{
    Attempt, CartId, Destination, Happening, Order, Priced, ShipTo, State, Whose, Wish, summed,
};
use crate::error::Error;
use crate::jobs::ExpireUnpaid;
use crate::queries::{self, Record};
use crate::store;

/// An order that is to be placed.
#[derive(Clone, Debug)]
pub struct Placing {
    /// Who buys.
    pub buyer: UserId,
    /// What.
    pub goods: Chosen,
    /// Where it goes.
    pub ship_to: ShipTo,
    /// What the buyer has seen that it costs, in minor units.
    pub expected_total: Option<i64>,
    /// How long the goods are held without money.
    pub unpaid_for: Duration,
}

/// What somebody wants to buy.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// All that is in a cart.
    Cart(CartId),
    /// These variants.
    Lines(Currency, Vec<(VariantId, u32)>),
}

/// Places an order at today's prices, holds its goods for a time, and tells the world. A cart becomes one order: who
/// places it again is given the same.
pub fn place(tx: &mut Tx<'_>, placing: &Placing) -> Result<Record, Error> {
    match &placing.goods {
        Chosen::Cart(id) => {
            let cart = store::lock_cart(tx, *id)?.ok_or(Error::Absent("cart"))?;
            if let Some(order) = cart.order_id {
                return placed_before(tx, order, placing.buyer);
            }
            let wishes = store::cart_wishes(tx, &cart)?;
            let record = place_wishes(tx, placing, wishes, cart.currency, Some(*id))?;
            store::place_cart(tx, *id, record.order.id)?;
            Ok(record)
        }
        Chosen::Lines(currency, lines) => {
            let wishes = wishes(tx, *currency, lines)?;
            place_wishes(tx, placing, wishes, *currency, None)
        }
    }
}

/// The order that a cart has become; to anybody but its buyer no more is said than that it has.
fn placed_before(tx: &mut Tx<'_>, order: OrderId, buyer: UserId) -> Result<Record, Error> {
    match queries::order(tx, order, Whose::Of(buyer)) {
        Err(Error::Absent(_)) => Err(Error::CartPlaced),
        found => found,
    }
}

fn wishes(tx: &mut Tx<'_>, currency: Currency, lines: &[(VariantId, u32)]) -> Result<Vec<Wish>, StoreError> {
    let sums = summed(lines.iter().copied());
    let offers = store::offers(tx, sums.iter().map(|(variant, _)| *variant), currency)?;
    let mut offers: HashMap<_, _> = offers.into_iter().map(|offer| (offer.variant_id, offer)).collect();
    let wish = |(variant_id, quantity)| Wish { variant_id, quantity, offer: offers.remove(&variant_id) };
    Ok(sums.into_iter().map(wish).collect())
}

fn place_wishes(
    tx: &mut Tx<'_>,
    placing: &Placing,
    wishes: Vec<Wish>,
    currency: Currency,
    cart: Option<CartId>,
) -> Result<Record, Error> {
    let Priced { lines, total } = Priced::of(wishes, currency)?;
    if placing.expected_total.is_some_and(|expected| expected != total.minor()) {
        return Err(Error::PriceChanged(total));
    }
    let placed_at = tx.now();
    let expires_at = placed_at.saturating_add(placing.unpaid_for);
    let order = Order {
        id: tx.new_id(),
        // The one row that all orders of a project want comes first: whoever loses the race has done little.
        number: store::next_number(tx)?,
        buyer: placing.buyer,
        total,
        ship_to: Destination::Known(placing.ship_to.clone()),
        placed_at,
        state: State::PendingPayment { expires_at, attempt: Attempt::Open { at: placed_at } },
        version: 1,
    };
    store::insert_order(tx, &order, cart)?;
    store::insert_lines(tx, order.id, &lines)?;
    let ordered = store::tell(tx, order.id, &Happening::Ordered)?;
    let (amount, currency) = (total.minor(), total.currency());
    tx.publish(order.id, &OrderCreated { order_id: order.id, amount, currency, user_id: order.buyer })?;
    stock::hold(tx, order.id, &lines)?;
    tx.enqueue_at(&ExpireUnpaid { order: order.id }, expires_at)?;
    Ok(Record { order, lines, timeline: vec![ordered] })
}
