//! What is done to an order once it is placed: cancelling, sending, sending money back.

use contracts::OrderId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{OrderView, RefundView};
use super::{MANAGE, WRITE, reach};
use crate::commands::{ending, money};
use crate::domain::{RefundReason, Tracking};

/// How the goods are sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tracking": "DHL 00340434161094015902"}))]
pub(super) struct Fulfil {
    /// Where the parcel can be followed.
    tracking: Option<Tracking>,
}

/// Money that is to go back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 64900, "reason": "The lid was broken."}))]
pub(super) struct AskRefund {
    /// How much, in minor units of the order's currency; all that is left where it is left out.
    #[schema(minimum = 1)]
    amount: Option<i64>,
    /// Why.
    reason: RefundReason,
}

/// Cancels an order: one's own while it is not paid; with `orders:manage` any that is not sent, and what was paid goes back.
#[utoipa::path(post, path = "/api/v1/orders/{id}/cancel", tag = "orders", params(("id" = OrderId, Path)),
    responses((status = 200, description = "The order as it is now.", body = OrderView)))]
pub(super) async fn cancel_order(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<OrderId>,
) -> Answer<OrderView> {
    let (scope, whose) = reach(&caller, WRITE)?;
    ctx.write(scope, key, move |tx| ending::cancel(tx, id, whose).map(OrderView::from)).await.answered()
}

/// Sends the goods of a paid order.
#[utoipa::path(post, path = "/api/v1/orders/{id}/fulfil", tag = "orders", request_body = Fulfil,
    params(("id" = OrderId, Path)),
    responses((status = 200, description = "The order as it is now.", body = OrderView)))]
pub(super) async fn fulfil_order(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<OrderId>,
    Json(body): Json<Fulfil>,
) -> Answer<OrderView> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| ending::fulfil(tx, id, body.tracking.as_ref()).map(OrderView::from))
        .await
        .answered()
}

/// Asks for money of an order back; never for more than was paid and has not been asked for.
#[utoipa::path(post, path = "/api/v1/orders/{id}/refunds", tag = "orders", request_body = AskRefund,
    params(("id" = OrderId, Path)),
    responses((status = 201, description = "It is asked for.", body = RefundView)))]
pub(super) async fn refund_order(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<OrderId>,
    Json(body): Json<AskRefund>,
) -> Answer<RefundView> {
    let scope = caller.require(MANAGE)?;
    let AskRefund { amount, reason } = body;
    if amount.is_some_and(|amount| amount < 1) {
        return Err(Problem::field("amount", "is 1 or more"));
    }
    ctx.write(scope, key, move |tx| money::refund(tx, id, amount, &reason).map(RefundView::from))
        .await
        .created()
}
