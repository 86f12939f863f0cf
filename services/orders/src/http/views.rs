//! What callers are shown: carts, orders, refunds.

use contracts::events::commerce::{CancelReason, Price};
use contracts::{Currency, Money, OrderId, ProductId, RefundId, Timestamp, UserId, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    AddressLine, Attempt, CartId, Country, Destination, FulfilmentStatus, Line, LineProblem, PaymentStatus,
    Phone, Place, Postcode, RefundState, ShipTo, State, Status, Told, Wish,
};
use crate::queries::{Cart, Record};
use crate::store::RefundRow;

/// A cart as it stands today.
#[derive(Serialize, ToSchema)]
pub(super) struct CartView {
    /// Its id: who knows it may use it.
    id: CartId,
    /// The currency of its prices.
    currency: Currency,
    /// How often it was changed.
    version: u64,
    /// What is in it, in the order in which it came.
    lines: Vec<CartLineView>,
    /// What all of it costs today.
    total: Price,
    /// How many things are in it.
    item_count: u64,
    /// The order that it became; it can be changed no more then.
    order_id: Option<OrderId>,
}

/// A line of a cart.
#[derive(Serialize, ToSchema)]
struct CartLineView {
    /// Which variant.
    variant_id: VariantId,
    /// Of which product.
    product_id: Option<ProductId>,
    /// The shop's own name for it.
    sku: String,
    /// The product's title.
    title: String,
    /// What tells it from the product's other variants.
    variant_title: String,
    /// A picture.
    image_url: Option<String>,
    /// How many.
    quantity: u32,
    /// What one costs today, where it is sold.
    unit_price: Option<Price>,
    /// What they cost together today, in minor units.
    amount: Option<i64>,
    /// Why it cannot be bought as it stands.
    problem: Option<LineProblem>,
    /// How many there are, where they are fewer than asked for.
    available: Option<i64>,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "ord_01jd3sa4k8qm7v2x9c5f0t6w1b", "number": "1001", "status": "PAID",
    "payment_status": "paid", "fulfilment_status": "unfulfilled", "user_id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "currency": "INR", "amount": 129800, "refunded_amount": 0,
    "lines": [{"variant_id": "var_01jd3sa4k8qm7v2x9c5f0t6w1b", "product_id": "prd_01jd3sa4k8qm7v2x9c5f0t6w1b",
        "sku": "MUG-BLUE", "title": "Mug", "variant_title": "Blue", "image_url": null, "quantity": 2,
        "unit_amount": 64900, "amount": 129800}],
    "ship_to": {"name": "Ann Example", "line1": "12 Mill Lane", "line2": null, "city": "Bengaluru",
        "region": "Karnataka", "postcode": "560001", "country": "IN", "phone": null},
    "expires_at": null, "payment_failure": null, "cancel_reason": null, "tracking": null,
    "timeline": [{"at": "2026-11-21T09:47:35.123Z", "what": "Ordered"}, {"at": "2026-11-21T09:48:02.511Z", "what": "Paid"}],
    "created_at": "2026-11-21T09:47:35.123Z"}))]
pub(super) struct OrderView {
    /// Its id.
    id: OrderId,
    /// Its number, for people; it ascends within a project.
    number: String,
    /// Where it stands as a whole.
    status: Status,
    /// Where its money stands.
    payment_status: PaymentStatus,
    /// Where its goods stand.
    fulfilment_status: FulfilmentStatus,
    /// Who bought.
    user_id: UserId,
    /// The currency of all its amounts.
    currency: Currency,
    /// What it costs, in minor units.
    amount: i64,
    /// How much of it went back, in minor units.
    refunded_amount: i64,
    /// What was bought.
    lines: Vec<OrderLineView>,
    /// Where it goes.
    ship_to: ShippedTo,
    /// When it expires, as long as it waits for its money.
    expires_at: Option<Timestamp>,
    /// Why the last attempt to pay came to nothing, as a code.
    payment_failure: Option<String>,
    /// Why it came to nothing, if it did.
    cancel_reason: Option<CancelReason>,
    /// Where its parcel can be followed.
    tracking: Option<String>,
    /// What happened to it, oldest first; the last 100 things.
    timeline: Vec<TimelineView>,
    /// When it was placed.
    created_at: Timestamp,
}

/// Where an order goes. Once its buyer was erased and it is over, country and region are left.
#[derive(Serialize, ToSchema)]
struct ShippedTo {
    /// To whom.
    name: Option<AddressLine>,
    /// Street and number.
    line1: Option<AddressLine>,
    /// Floor, flat and the like.
    line2: Option<AddressLine>,
    /// Town.
    city: Option<AddressLine>,
    /// State or province.
    region: Option<AddressLine>,
    /// Postal code.
    postcode: Option<Postcode>,
    /// Country.
    country: Country,
    /// Whom the driver may call.
    phone: Option<Phone>,
}

/// A line of an order, at the price and under the names of its day.
#[derive(Serialize, ToSchema)]
struct OrderLineView {
    /// Which variant.
    variant_id: VariantId,
    /// Of which product.
    product_id: ProductId,
    /// The shop's own name for it.
    sku: String,
    /// The product's title.
    title: String,
    /// What tells it from the product's other variants.
    variant_title: String,
    /// A picture.
    image_url: Option<String>,
    /// How many.
    quantity: u32,
    /// What one costs, in minor units.
    unit_amount: i64,
    /// What they cost together, in minor units.
    amount: i64,
}

/// One thing that happened to an order.
#[derive(Serialize, ToSchema)]
struct TimelineView {
    /// When.
    at: Timestamp,
    /// What, in words.
    what: String,
}

/// Money that is asked back.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "rfd_01jd3sa4k8qm7v2x9c5f0t6w1b", "order_id": "ord_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "amount": 64900, "reason": "The lid was broken.", "state": "asked"}))]
pub(super) struct RefundView {
    /// Its id.
    id: RefundId,
    /// Of which order.
    order_id: OrderId,
    /// How much, in minor units of the order's currency.
    amount: i64,
    /// Why.
    reason: String,
    /// How far it has come.
    state: RefundState,
}

fn price(money: Money) -> Price {
    Price { amount: money.minor(), currency: money.currency() }
}

impl From<Cart> for CartView {
    fn from(cart: Cart) -> Self {
        let item_count = cart.lines.iter().map(|(wish, _)| u64::from(wish.quantity)).sum();
        let Cart { id, currency, version, order_id, lines, total } = cart;
        let lines =
            lines.into_iter().map(|(wish, amount)| CartLineView::of(wish, amount, currency)).collect();
        Self { id, currency, version, lines, total: price(total), item_count, order_id }
    }
}

impl CartLineView {
    fn of(wish: Wish, amount: Option<Money>, currency: Currency) -> Self {
        let (problem, unit_price) = (wish.problem(), wish.unit(currency).map(price));
        let Wish { variant_id, quantity, offer } = wish;
        let available = offer.as_ref().map(|offer| offer.available.max(0)).filter(|available| {
            problem == Some(LineProblem::NotEnoughStock) && *available < i64::from(quantity)
        });
        let amount = amount.map(|amount| amount.minor());
        let product_id = offer.as_ref().map(|offer| offer.product_id);
        let image_url = offer.as_ref().and_then(|offer| offer.image_url.clone());
        let (sku, title, variant_title) =
            offer.map_or_else(Default::default, |offer| (offer.sku, offer.title, offer.variant_title));
        Self {
            variant_id,
            product_id,
            sku,
            title,
            variant_title,
            image_url,
            quantity,
            unit_price,
            amount,
            problem,
            available,
        }
    }
}

impl From<Record> for OrderView {
    fn from(Record { order, lines, timeline }: Record) -> Self {
        let expires_at = match &order.state {
            State::PendingPayment { expires_at, .. } => Some(*expires_at),
            State::Paid(_) | State::Fulfilled { .. } | State::Cancelled { .. } | State::Refunded { .. } => {
                None
            }
        };
        let payment_failure = match order.attempt() {
            Some(Attempt::Failed { reason, .. }) => Some(reason.clone()),
            Some(Attempt::Open { .. } | Attempt::Authorized { .. }) | None => None,
        };
        Self {
            id: order.id,
            number: order.number.to_string(),
            status: order.status(),
            payment_status: order.payment_status(),
            fulfilment_status: order.fulfilment_status(),
            user_id: order.buyer,
            currency: order.total.currency(),
            amount: order.total.minor(),
            refunded_amount: order.paid().map_or(0, |paid| paid.refunded),
            lines: lines.into_iter().map(OrderLineView::from).collect(),
            expires_at,
            payment_failure,
            cancel_reason: order.cancel_reason(),
            tracking: order.tracking().map(|tracking| tracking.as_str().to_owned()),
            timeline: timeline.into_iter().map(|Told { at, what }| TimelineView { at, what }).collect(),
            created_at: order.placed_at,
            ship_to: order.ship_to.into(),
        }
    }
}

impl OrderView {
    /// Its id, for the place of a list.
    pub(super) fn id(&self) -> OrderId {
        self.id
    }
}

impl From<Destination> for ShippedTo {
    fn from(destination: Destination) -> Self {
        match destination {
            Destination::Known(ShipTo { name, line1, line2, city, region, postcode, country, phone }) => {
                Self {
                    name: Some(name),
                    line1: Some(line1),
                    line2,
                    city: Some(city),
                    region,
                    postcode: Some(postcode),
                    country,
                    phone,
                }
            }
            Destination::Forgotten(Place { region, country }) => Self {
                name: None,
                line1: None,
                line2: None,
                city: None,
                region,
                postcode: None,
                country,
                phone: None,
            },
        }
    }
}

impl From<Line> for OrderLineView {
    fn from(line: Line) -> Self {
        let Line { variant_id, product_id, sku, title, variant_title, image_url, quantity, unit, amount } =
            line;
        let (unit_amount, amount) = (unit.minor(), amount.minor());
        Self { variant_id, product_id, sku, title, variant_title, image_url, quantity, unit_amount, amount }
    }
}

impl From<RefundRow> for RefundView {
    fn from(RefundRow { id, order, amount, reason, state, .. }: RefundRow) -> Self {
        Self { id, order_id: order, amount, reason, state }
    }
}
