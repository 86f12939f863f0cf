//! Carts. Who knows a cart's id may use it: a program's key fills carts for shoppers who are not signed in.

use contracts::{Currency, VariantId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;

use super::WRITE;
use super::views::CartView;
use crate::commands::carts;
use crate::domain::{CartId, Quantity, QuantityOrNone};
use crate::queries;

/// A cart to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"currency": "INR"}))]
pub(super) struct OpenCart {
    /// The currency of its prices.
    currency: Currency,
}

/// More of a variant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"variant_id": "var_01jd3sa4k8qm7v2x9c5f0t6w1b", "quantity": 2}))]
pub(super) struct AddLine {
    /// Of which.
    variant_id: VariantId,
    /// How many more.
    quantity: Quantity,
}

/// How many of a variant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"quantity": 3}))]
pub(super) struct SetLine {
    /// So many; 0 takes it out.
    quantity: QuantityOrNone,
}

/// Makes an empty cart.
#[utoipa::path(post, path = "/api/v1/carts", tag = "carts", request_body = OpenCart,
    responses((status = 201, description = "An empty cart.", body = CartView)))]
pub(super) async fn open_cart(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<OpenCart>,
) -> Answer<CartView> {
    let scope = caller.require(WRITE)?;
    ctx.write(scope, key, move |tx| carts::open(tx, body.currency).map(CartView::from)).await.created()
}

/// Shows a cart at today's prices.
#[utoipa::path(get, path = "/api/v1/carts/{id}", tag = "carts", params(("id" = CartId, Path)),
    responses((status = 200, description = "The cart.", body = CartView)))]
pub(super) async fn get_cart(ctx: Ctx, caller: Caller, Path(id): Path<CartId>) -> Answer<CartView> {
    let scope = caller.require(WRITE)?;
    ctx.read(scope, move |tx| queries::cart(tx, id)).await.map(CartView::from).answered()
}

/// Puts more of a variant into a cart; a line holds 99 at most, a cart 100 lines.
#[utoipa::path(post, path = "/api/v1/carts/{id}/lines", tag = "carts", request_body = AddLine,
    params(("id" = CartId, Path)),
    responses((status = 200, description = "The cart as it is now.", body = CartView)))]
pub(super) async fn add_line(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<CartId>,
    Json(body): Json<AddLine>,
) -> Answer<CartView> {
    let scope = caller.require(WRITE)?;
    let AddLine { variant_id, quantity } = body;
    ctx.write(scope, key, move |tx| carts::add(tx, id, variant_id, quantity).map(CartView::from))
        .await
        .answered()
}

/// Makes a cart hold so many of a variant; 0 takes it out.
#[utoipa::path(put, path = "/api/v1/carts/{id}/lines/{variant_id}", tag = "carts", request_body = SetLine,
    params(("id" = CartId, Path), ("variant_id" = VariantId, Path)),
    responses((status = 200, description = "The cart as it is now.", body = CartView)))]
pub(super) async fn set_line(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path((id, variant)): Path<(CartId, VariantId)>,
    Json(body): Json<SetLine>,
) -> Answer<CartView> {
    let scope = caller.require(WRITE)?;
    ctx.write(scope, key, move |tx| carts::set(tx, id, variant, body.quantity).map(CartView::from))
        .await
        .answered()
}
