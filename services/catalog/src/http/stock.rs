//! Adjusting stock, and looking at what moved it.

use contracts::{Id, OrderId, Timestamp, VariantId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WRITE;
use crate::commands::stock as commands;
use crate::domain::stock::DELTA_MAX;
use crate::domain::text::Reason;
use crate::domain::{Availability, MovementId, MovementKind};
use crate::error::Error;
use crate::store;
use crate::store::stock::Movement;

/// How stock differs from what is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"delta": -2, "reason": "broken in the store"}))]
pub(super) struct AdjustStock {
    /// How many more there are; fewer where it is negative; never 0.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    delta: i64,
    /// Why.
    reason: Reason,
}

/// The stock of a variant.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"variant_id": "var_01jd3sa4k8qm7v2x9c5f0t6w1b", "on_hand": 38, "committed": 3,
    "availability": "in_stock"}))]
pub(super) struct StockView {
    /// Of what.
    variant_id: VariantId,
    /// How many are in store.
    on_hand: i64,
    /// How many of them are promised to orders.
    committed: i64,
    /// What a buyer is told.
    availability: Availability,
}

/// One change of stock.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "mov_01jd3sa4k8qm7v2x9c5f0t6w1b", "variant_id": "var_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "kind": "adjusted", "on_hand_by": -2, "committed_by": 0, "reason": "broken in the store", "order_id": null,
    "at": "2026-11-21T09:47:35.123Z"}))]
pub(super) struct MovementView {
    /// Which.
    id: MovementId,
    /// Of what.
    variant_id: VariantId,
    /// What moved it.
    kind: MovementKind,
    /// How many more there are in store.
    on_hand_by: i64,
    /// How many more are promised to orders.
    committed_by: i64,
    /// Why, where somebody said it.
    reason: Option<String>,
    /// For which order.
    order_id: Option<OrderId>,
    /// When.
    at: Timestamp,
}

/// Adds to what is in store or takes from it.
#[utoipa::path(post, path = "/api/v1/variants/{id}/stock", tag = "stock", request_body = AdjustStock,
    params(("id" = VariantId, Path)),
    responses((status = 200, description = "How much there is now.", body = StockView)))]
pub(super) async fn adjust_stock(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<VariantId>,
    Json(body): Json<AdjustStock>,
) -> Answer<StockView> {
    let scope = caller.require(WRITE)?;
    let AdjustStock { delta, reason } = body;
    if delta == 0 || !(-DELTA_MAX..=DELTA_MAX).contains(&delta) {
        return Err(Problem::field(
            "delta",
            format!("is a number from -{DELTA_MAX} to {DELTA_MAX}, and not 0"),
        ));
    }
    ctx.write(scope, key, move |tx| {
        commands::adjust(tx, id, delta, &reason).map(|stock| StockView {
            variant_id: id,
            on_hand: stock.on_hand,
            committed: stock.committed,
            availability: stock.availability(),
        })
    })
    .await
    .answered()
}

/// Lists what moved the stock of a variant, newest first. Their sums are its stock.
#[utoipa::path(get, path = "/api/v1/variants/{id}/movements", tag = "stock",
    params(("id" = VariantId, Path), PageQuery),
    responses((status = 200, description = "A page of movements.", body = Page<MovementView>)))]
pub(super) async fn list_movements(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<VariantId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<MovementView>> {
    let scope = caller.require(WRITE)?;
    let before = page.after::<MovementId>()?.unwrap_or_else(|| MovementId::from_u128(u128::MAX));
    let limit = page.limit()?;
    let rows = ctx.read(scope, move |tx| {
        let rows = store::stock::movements(tx, id, before, limit + 1)?;
        // Each variant has a product; one without movements is there all the same.
        if rows.is_empty() {
            store::products::product_of(tx, id)?.ok_or(Error::NoSuch("variant"))?;
        }
        Ok::<_, Error>(rows)
    });
    let page = rows.await.map(|rows| Page::of(rows, limit, |movement| movement.id));
    page.map(|page| page.map(MovementView::from)).answered()
}

impl From<Movement> for MovementView {
    fn from(movement: Movement) -> Self {
        let Movement { id, variant_id, kind, on_hand_by, committed_by, reason, order_id, at } = movement;
        Self { id, variant_id, kind, on_hand_by, committed_by, reason, order_id, at }
    }
}
