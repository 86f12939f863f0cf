//! Giving money back.

use contracts::{PaymentId, RefundId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{MANAGE, READ, sound, theirs, whose};
use crate::commands::give_back;
use crate::domain::{Reason, Refund};
use crate::error::Error;
use crate::store;

/// A refund of a payment.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 500, "reason": "The parcel was damaged."}))]
pub(super) struct RefundPayment {
    /// How much, in minor units; all that is left when nothing is said.
    #[schema(minimum = 1, maximum = 999999999999_i64)]
    amount: Option<i64>,
    /// Why.
    reason: Option<Reason>,
}

/// A refund of a payment that is named in the body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"transaction_id": "pay_01jd3sa4k8qm7v2x9c5f0t6w1b", "amount": 500}))]
pub(super) struct RefundTransaction {
    /// The payment.
    transaction_id: PaymentId,
    /// How much, in minor units; all that is left when nothing is said.
    #[schema(minimum = 1, maximum = 999999999999_i64)]
    amount: Option<i64>,
    /// Why.
    reason: Option<Reason>,
}

/// Gives money back; the amount is reserved at once, and the provider is asked.
#[utoipa::path(post, path = "/api/v1/payments/{id}/refund", tag = "payments", params(("id" = PaymentId, Path)),
    request_body = Option<RefundPayment>, extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 201, description = "The refund.", body = Refund)))]
pub(super) async fn refund_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PaymentId>,
    body: Option<Json<RefundPayment>>,
) -> Answer<Refund> {
    let RefundPayment { amount, reason } = body.map(|Json(body)| body).unwrap_or_default();
    give_back(&ctx, &caller, key, RefundTransaction { transaction_id: id, amount, reason }).await
}

/// Gives money back: `POST /api/v1/payments/{id}/refund` with the payment in the body.
#[utoipa::path(post, path = "/api/v1/payments/refund", tag = "payments", request_body = RefundTransaction,
    responses((status = 201, description = "The refund.", body = Refund)))]
pub(super) async fn refund_transaction(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<RefundTransaction>,
) -> Answer<Refund> {
    give_back(&ctx, &caller, key, body).await
}

async fn give_back(
    ctx: &Ctx,
    caller: &Caller,
    key: IdempotencyKey,
    body: RefundTransaction,
) -> Answer<Refund> {
    let scope = caller.require(MANAGE)?;
    let RefundTransaction { transaction_id, amount, reason } = body;
    let amount = sound(amount)?;
    ctx.write(scope, key, move |tx| give_back::ask(tx, transaction_id, amount, reason.as_ref()))
        .await
        .created()
}

/// Lists the refunds of a payment, oldest first.
#[utoipa::path(get, path = "/api/v1/payments/{id}/refunds", tag = "payments",
    params(("id" = PaymentId, Path), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query)),
    extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "A page of refunds.", body = Page<Refund>)))]
pub(super) async fn list_payment_refunds(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<PaymentId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<Refund>> {
    let (scope, whose) = whose(&caller, READ)?;
    let (limit, after) = (page.limit()?, page.after::<RefundId>()?);
    let rows = ctx.read(scope, move |tx| {
        theirs(tx, id, whose)?;
        Ok::<_, Error>(store::refunds_of(tx, id, after, limit + 1)?)
    });
    rows.await.map(|rows| Page::of(rows, limit, |refund| refund.id)).answered()
}
