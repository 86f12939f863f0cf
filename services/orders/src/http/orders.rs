//! Placing orders and looking at them.

use std::sync::Arc;

use contracts::{Currency, OrderId, UserId, VariantId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::views::OrderView;
use super::{READ, WRITE, reach};
use crate::commands::placing::{self, Chosen, Placing};
use crate::domain::{CartId, FulfilmentStatus, LINES_MAX, PaymentStatus, Quantity, ShipTo, Status};
use crate::error::Error;
use crate::queries;
use crate::settings::UNPAID_FOR;
use crate::store::Filter;

/// An order to be placed: of a cart, or of variants that are named.
#[derive(ToSchema)]
#[schema(example = json!({"currency": "INR",
    "lines": [{"variant_id": "var_01jd3sa4k8qm7v2x9c5f0t6w1b", "quantity": 2}],
    "ship_to": {"name": "Ann Example", "line1": "12 Mill Lane", "city": "Bengaluru", "postcode": "560001",
        "country": "IN"}}))]
#[serde(untagged)]
pub(super) enum PlaceOrder {
    /// All that is in a cart.
    OfCart(PlaceCart),
    /// These variants.
    OfLines(PlaceLines),
}

/// An order of all that is in a cart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceCart {
    /// Which cart.
    cart_id: CartId,
    /// Where it goes.
    ship_to: ShipTo,
    /// What the buyer has seen that it costs, in minor units: if it costs something else today, nothing is placed.
    expected_total: Option<i64>,
}

/// An order of variants that are named.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceLines {
    /// The currency to pay in.
    currency: Currency,
    /// 1 to 100 lines; those of one variant are added up.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<WantedLine>,
    /// Where it goes.
    ship_to: ShipTo,
    /// What the buyer has seen that it costs, in minor units: if it costs something else today, nothing is placed.
    expected_total: Option<i64>,
}

/// So many of a variant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedLine {
    /// Of which.
    variant_id: VariantId,
    /// How many.
    quantity: Quantity,
}

/// Which orders are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedOrders {
    /// Where they stand as a whole.
    #[param(inline)]
    status: Option<Status>,
    /// Where their money stands.
    #[param(inline)]
    payment_status: Option<PaymentStatus>,
    /// Where their goods stand.
    #[param(inline)]
    fulfilment_status: Option<FulfilmentStatus>,
    /// Who bought.
    user_id: Option<UserId>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// When all want one thing, the store's own tries may all lose the race for it; an order is worth some more.
const ROUNDS_MAX: u32 = 4;
const LOST_RACE: &str = "conflict";

/// Places an order at today's prices and holds its goods until it is paid or expires.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", request_body = PlaceOrder,
    responses((status = 201, description = "It is placed. A cart that was placed before gives the same order.",
        body = OrderView)))]
pub(super) async fn place_order(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<PlaceOrder>,
) -> Answer<OrderView> {
    let scope = caller.require(WRITE)?;
    let buyer = caller.user()?;
    let unpaid_for = match scope.project() {
        Some(project) => ctx.settings().get_for(project, &UNPAID_FOR),
        None => ctx.settings().get(&UNPAID_FOR),
    };
    let (goods, ship_to, expected_total) = body.parted()?;
    let placing = Arc::new(Placing { buyer, goods, ship_to, expected_total, unpaid_for });
    let mut round = 1;
    loop {
        let (placing, key) = (Arc::clone(&placing), key.clone());
        let command = move |tx: &mut Tx<'_>| placing::place(tx, &placing).map(OrderView::from);
        match ctx.write(scope.clone(), key, command).await {
            Err(problem) if problem.code() == LOST_RACE && round < ROUNDS_MAX => round += 1,
            placed => return placed.created(),
        }
    }
}

/// Lists orders, newest first: one's own, or with `orders:manage` those of the project.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(WantedOrders),
    responses((status = 200, description = "A page of orders.", body = Page<OrderView>)))]
pub(super) async fn list_orders(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedOrders>,
) -> Answer<Page<OrderView>> {
    let (scope, whose) = reach(&caller, READ)?;
    let WantedOrders { status, payment_status, fulfilment_status, user_id: user, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let filter = Filter { status, payment_status, fulfilment_status, user };
    let found = ctx.read(scope, move |tx| queries::orders(tx, &filter, whose, before, limit + 1)).await;
    let views = |records: Vec<_>| records.into_iter().map(OrderView::from).collect();
    found.map(|records| Page::of(views(records), limit, OrderView::id)).answered()
}

/// Shows an order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders", params(("id" = OrderId, Path)),
    responses((status = 200, description = "The order.", body = OrderView)))]
pub(super) async fn get_order(ctx: Ctx, caller: Caller, Path(id): Path<OrderId>) -> Answer<OrderView> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.read(scope, move |tx| queries::order(tx, id, whose)).await.map(OrderView::from).answered()
}

/// Shows an order, and again whenever something of it has changed.
#[utoipa::path(get, path = "/api/v1/orders/{id}/live", tag = "orders", params(("id" = OrderId, Path)),
    responses((status = 200, description = "Server-sent events, each an order as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_order(ctx: Ctx, caller: Caller, Path(id): Path<OrderId>) -> Result<Live, Problem> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.live(scope, move |tx| Ok::<_, Error>(OrderView::from(queries::order(tx, id, whose)?))).await
}

/// By what it names: a wrong field is then told as what it is, and not as "neither of the two".
impl<'de> Deserialize<'de> for PlaceOrder {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(from)?;
        let read = if body.get("cart_id").is_some() {
            serde_json::from_value(body).map(Self::OfCart)
        } else {
            serde_json::from_value(body).map(Self::OfLines)
        };
        read.map_err(D::Error::custom)
    }
}

impl PlaceOrder {
    fn parted(self) -> Result<(Chosen, ShipTo, Option<i64>), Problem> {
        match self {
            Self::OfCart(PlaceCart { cart_id, ship_to, expected_total }) => {
                Ok((Chosen::Cart(cart_id), ship_to, expected_total))
            }
            Self::OfLines(PlaceLines { currency, lines, ship_to, expected_total }) => {
                if !(1..=LINES_MAX).contains(&lines.len()) {
                    return Err(Problem::field("lines", "holds 1 to 100 lines"));
                }
                let lines = lines.into_iter().map(|line| (line.variant_id, line.quantity.count())).collect();
                Ok((Chosen::Lines(currency, lines), ship_to, expected_total))
            }
        }
    }
}
