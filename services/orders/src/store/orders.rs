//! The statements on orders, their lines and their history.

use contracts::events::commerce::CancelReason;
use contracts::{Currency, Money, OrderId, PaymentId, ProductId, Timestamp, UserId, VariantId};
use kernel::params;
use kernel::store::{Json, OnConstraint, StoreError, Tx, Value};
use serde::Deserialize;

use super::{joined, unreadable, wanted_ids};
use crate::domain::{
    Attempt, CartId, Destination, FulfilmentStatus, Goods, Happening, HappeningId, Line, Order, Paid,
    Payment, PaymentStatus, Received, State, Status, Told, Tracking,
};
use crate::error::Error;

/// Which orders are looked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Where they stand as a whole.
    pub status: Option<Status>,
    /// Where their money stands.
    pub payment_status: Option<PaymentStatus>,
    /// Where their goods stand.
    pub fulfilment_status: Option<FulfilmentStatus>,
    /// Who bought.
    pub user: Option<UserId>,
}

/// An order as it lies in its table.
#[derive(Deserialize)]
struct OrderRow {
    id: OrderId,
    number: u64,
    user_id: UserId,
    currency: Currency,
    amount: i64,
    ship_to: Json<Destination>,
    placed_at: Timestamp,
    status: Status,
    payment_status: PaymentStatus,
    fulfilment_status: FulfilmentStatus,
    expires_at: Option<Timestamp>,
    attempt_at: Option<Timestamp>,
    failure: Option<String>,
    payment_intent_id: Option<String>,
    payment_id: Option<PaymentId>,
    paid_at: Option<Timestamp>,
    refunded_amount: i64,
    cancel_reason: Option<CancelReason>,
    tracking: Option<Tracking>,
    version: u64,
}

#[derive(Deserialize)]
struct LineRow {
    order_id: OrderId,
    currency: Currency,
    variant_id: VariantId,
    product_id: ProductId,
    sku: String,
    title: String,
    variant_title: String,
    image_url: Option<String>,
    quantity: u32,
    unit_amount: i64,
    amount: i64,
}

/// The number of the next order of this project. Whoever is given one makes the others wait for the commit.
pub fn next_number(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.one(
        "insert into order_numbers (project_id, last) values ($1, 1001)
         on conflict (project_id) do update set last = order_numbers.last + 1 returning last",
        params![tx.project()?],
    )
}

/// Stores a new order.
pub fn insert_order(tx: &mut Tx<'_>, order: &Order, cart: Option<CartId>) -> Result<(), Error> {
    let mut values = params![
        tx.project()?,
        order.id,
        order.number,
        order.buyer,
        cart,
        order.total.currency(),
        order.total.minor(),
        Json(&order.ship_to),
        order.placed_at,
        order.version
    ]
    .to_vec();
    values.extend(standing(order));
    tx.run(
        "insert into orders (project_id, id, number, user_id, cart_id, currency, amount, ship_to, placed_at, version,
           status, payment_status, fulfilment_status, expires_at, attempt_at, failure, payment_intent_id, payment_id,
           paid_at, refunded_amount, cancel_reason, tracking)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        &values,
    )
    .map(drop)
    .on_constraint("orders_cart", || Error::CartPlaced)
}

/// Stores where an order stands now, on top of the version that it was read with.
pub fn update_order(tx: &mut Tx<'_>, order: &Order) -> Result<(), StoreError> {
    let mut values = params![tx.project()?, order.id, order.version].to_vec();
    values.extend(standing(order));
    tx.run_versioned(
        "update orders set version = version + 1, status = $4, payment_status = $5, fulfilment_status = $6,
           expires_at = $7, attempt_at = $8, failure = $9, payment_intent_id = $10, payment_id = $11, paid_at = $12,
           refunded_amount = $13, cancel_reason = $14, tracking = $15
         where project_id = $1 and id = $2 and version = $3",
        &values,
    )
}

/// The columns that say where an order stands.
fn standing(order: &Order) -> Vec<Value> {
    let expires_at = match &order.state {
        State::PendingPayment { expires_at, .. } => Some(*expires_at),
        State::Paid(_) | State::Fulfilled { .. } | State::Cancelled { .. } | State::Refunded { .. } => None,
    };
    let failure = match order.attempt() {
        Some(Attempt::Failed { reason, .. }) => Some(reason),
        Some(Attempt::Open { .. } | Attempt::Authorized { .. }) | None => None,
    };
    let paid = order.paid();
    params![
        order.status(),
        order.payment_status(),
        order.fulfilment_status(),
        expires_at,
        order.attempt().map(Attempt::at),
        failure,
        paid.map(|paid| &paid.by.intent),
        paid.and_then(|paid| paid.by.id),
        paid.map(|paid| paid.at),
        paid.map_or(0, |paid| paid.refunded),
        order.cancel_reason(),
        order.tracking()
    ]
    .to_vec()
}

/// The columns of an order, and which one.
macro_rules! orders {
    ($rest:literal) => {
        concat!(
            "select id, number, user_id, currency, amount, ship_to, placed_at, status, payment_status,
               fulfilment_status, expires_at, attempt_at, failure, payment_intent_id, payment_id, paid_at,
               refunded_amount, cancel_reason, tracking, version
             from orders where project_id = $1 and ",
            $rest
        )
    };
}

/// One order.
pub fn order(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Order>, StoreError> {
    let row: Option<OrderRow> = tx.row(orders!("id = $2"), params![tx.project()?, id])?;
    row.map(OrderRow::order).transpose()
}

/// One order, which nobody else changes until the commit.
pub fn lock_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Order>, StoreError> {
    let rows: Vec<OrderRow> = tx.lock_rows(orders!("id = $2"), params![tx.project()?, id])?;
    rows.into_iter().next().map(OrderRow::order).transpose()
}

/// A list's statement: the filter that has an index stands in front by itself, for neither engine uses one for
/// `$2 is null or status = $2`.
macro_rules! newest_first {
    ($leading:literal) => {
        concat!(
            "select id, number, user_id, currency, amount, ship_to, placed_at, status, payment_status,
               fulfilment_status, expires_at, attempt_at, failure, payment_intent_id, payment_id, paid_at,
               refunded_amount, cancel_reason, tracking, version
             from orders where project_id = $1 and ",
            $leading,
            "  and (cast($2 as text) is null or user_id = $2)
               and (cast($3 as text) is null or status = $3)
               and (cast($4 as text) is null or payment_status = $4)
               and (cast($5 as text) is null or fulfilment_status = $5)
               and id < coalesce($6, 'p') order by id desc limit $7"
        )
    };
}

/// Orders before `before`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    before: Option<OrderId>,
    limit: u32,
) -> Result<Vec<Order>, StoreError> {
    let sql = match filter {
        Filter { user: Some(_), .. } => newest_first!("user_id = $2"),
        Filter { status: Some(_), .. } => newest_first!("status = $3"),
        Filter { payment_status: Some(_), .. } => newest_first!("payment_status = $4"),
        Filter { fulfilment_status: Some(_), .. } => newest_first!("fulfilment_status = $5"),
        Filter { .. } => newest_first!("true"),
    };
    let Filter { status, payment_status, fulfilment_status, user } = filter;
    let rows: Vec<OrderRow> =
        tx.rows(sql, params![tx.project()?, user, status, payment_status, fulfilment_status, before, limit])?;
    rows.into_iter().map(OrderRow::order).collect()
}

/// Stores the lines of a new order.
pub fn insert_lines(tx: &mut Tx<'_>, order: OrderId, lines: &[Line]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let values = |(position, l): (usize, &Line)| -> Vec<Value> {
        params![
            project,
            order,
            l.variant_id,
            position,
            l.product_id,
            l.sku,
            l.title,
            l.variant_title,
            l.image_url,
            l.quantity,
            l.unit.minor(),
            l.amount.minor()
        ]
        .to_vec()
    };
    let rows: Vec<Vec<Value>> = lines.iter().enumerate().map(values).collect();
    tx.run_many(
        "insert into order_lines (project_id, order_id, variant_id, position, product_id, sku, title, variant_title,
           image_url, quantity, unit_amount, amount)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &rows,
    )
    .map(drop)
}

/// The lines of orders, in their order.
pub fn lines(
    tx: &mut Tx<'_>,
    orders: impl IntoIterator<Item = OrderId>,
) -> Result<Vec<(OrderId, Line)>, StoreError> {
    let rows: Vec<LineRow> = tx.rows(
        wanted_ids!(
            "$2",
            "select l.order_id, o.currency, l.variant_id, l.product_id, l.sku, l.title, l.variant_title, l.image_url,
               l.quantity, l.unit_amount, l.amount
             from wanted as w
             join orders as o on o.project_id = $1 and o.id = w.id
             join order_lines as l on l.project_id = $1 and l.order_id = w.id
             order by l.order_id, l.position"
        ),
        params![tx.project()?, joined(orders)],
    )?;
    Ok(rows.into_iter().map(LineRow::line).collect())
}

/// Adds to the history of an order.
pub fn tell(tx: &mut Tx<'_>, order: OrderId, what: &Happening) -> Result<Told, StoreError> {
    let (id, told) = (tx.new_id::<HappeningId>(), Told { at: tx.now(), what: what.to_string() });
    tx.run(
        "insert into happenings (project_id, order_id, id, happened_at, what) values ($1, $2, $3, $4, $5)",
        params![tx.project()?, order, id, told.at, told.what],
    )?;
    Ok(told)
}

/// The last `each_max` things that happened to each of these orders, oldest first.
pub fn histories(
    tx: &mut Tx<'_>,
    orders: impl IntoIterator<Item = OrderId>,
    each_max: u32,
) -> Result<Vec<(OrderId, Told)>, StoreError> {
    let rows: Vec<(OrderId, Timestamp, String)> = tx.rows(
        wanted_ids!(
            "$2",
            "select n.order_id, n.happened_at, n.what from
               (select h.order_id, h.id, h.happened_at, h.what,
                  row_number() over (partition by h.order_id order by h.id desc) as place
                from wanted as w join happenings as h on h.project_id = $1 and h.order_id = w.id) as n
             where n.place <= $3 order by n.order_id, n.id"
        ),
        params![tx.project()?, joined(orders), each_max],
    )?;
    Ok(rows.into_iter().map(|(order, at, what)| (order, Told { at, what })).collect())
}

impl LineRow {
    fn line(self) -> (OrderId, Line) {
        let Self {
            order_id,
            currency,
            variant_id,
            product_id,
            sku,
            title,
            variant_title,
            image_url,
            quantity,
            ..
        } = self;
        let (unit, amount) = (Money::new(self.unit_amount, currency), Money::new(self.amount, currency));
        (
            order_id,
            Line { variant_id, product_id, sku, title, variant_title, image_url, quantity, unit, amount },
        )
    }
}

impl OrderRow {
    fn order(self) -> Result<Order, StoreError> {
        let state = self.state().ok_or_else(|| unreadable("order", self.id))?;
        let Self {
            id,
            number,
            user_id: buyer,
            currency,
            amount,
            ship_to: Json(ship_to),
            placed_at,
            version,
            ..
        } = self;
        Ok(Order {
            id,
            number,
            buyer,
            total: Money::new(amount, currency),
            ship_to,
            placed_at,
            state,
            version,
        })
    }

    fn state(&self) -> Option<State> {
        Some(match self.status {
            Status::PendingPayment => {
                State::PendingPayment { expires_at: self.expires_at?, attempt: self.attempt()? }
            }
            Status::Paid => State::Paid(self.paid()?),
            Status::Fulfilled => State::Fulfilled { paid: self.paid()?, tracking: self.tracking.clone() },
            Status::Cancelled => {
                let received = match self.paid() {
                    Some(paid) => Received::All(paid),
                    None => Received::Nothing(self.attempt()?),
                };
                State::Cancelled { why: self.cancel_reason?, received }
            }
            Status::Refunded => {
                let goods = match self.fulfilment_status {
                    FulfilmentStatus::Fulfilled => Goods::Sent { tracking: self.tracking.clone() },
                    FulfilmentStatus::Cancelled => Goods::Kept { why: self.cancel_reason },
                    FulfilmentStatus::Unfulfilled => return None,
                };
                State::Refunded { paid: self.paid()?, goods }
            }
        })
    }

    fn attempt(&self) -> Option<Attempt> {
        let at = self.attempt_at?;
        match self.payment_status {
            PaymentStatus::Unpaid => Some(Attempt::Open { at }),
            PaymentStatus::Failed => Some(Attempt::Failed { at, reason: self.failure.clone()? }),
            PaymentStatus::Authorized => Some(Attempt::Authorized { at }),
            PaymentStatus::Paid | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => None,
        }
    }

    fn paid(&self) -> Option<Paid> {
        let by = Payment { intent: self.payment_intent_id.clone()?, id: self.payment_id };
        Some(Paid { by, at: self.paid_at?, refunded: self.refunded_amount })
    }
}
