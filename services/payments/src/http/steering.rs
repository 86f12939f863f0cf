//! What is done with a payment on purpose: processed, captured, settled by hand.

use contracts::PaymentId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem};
use kernel::store::Scope;
use serde::Deserialize;
use utoipa::ToSchema;

use super::payments::PROVIDER_PATIENCE;
use super::views::PaymentView;
use super::{MANAGE, WRITE, sound, theirs, whose};
use crate::commands::{Whose, steer};
use crate::domain::PaymentMethod;
use crate::error::Error;

/// How a payment is to be paid.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"payment_method": "pm_card_visa"}))]
pub(super) struct ProcessPayment {
    /// What the customer pays with, where the provider does not know it.
    payment_method: Option<PaymentMethod>,
}

/// A capture.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"transaction_id": "pay_01jd3sa4k8qm7v2x9c5f0t6w1b", "amount": 1999}))]
pub(super) struct CapturePayment {
    /// The payment.
    transaction_id: Option<PaymentId>,
    /// The payment, by its other name.
    payment_id: Option<PaymentId>,
    /// How much of it, in minor units; all of it when nothing is said.
    #[schema(minimum = 1, maximum = 999999999999_i64)]
    amount: Option<i64>,
}

/// Has the customer charged or, for those with `payments:manage`, money taken that is held.
#[utoipa::path(post, path = "/api/v1/payments/{id}/process", tag = "payments", params(("id" = PaymentId, Path)),
    request_body = Option<ProcessPayment>, extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "What came of it.", body = PaymentView),
        (status = 202, description = "The provider has not answered yet.", body = PaymentView)))]
pub(super) async fn process_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PaymentId>,
    body: Option<Json<ProcessPayment>>,
) -> Answer<PaymentView> {
    let (scope, whose) = whose(&caller, WRITE)?;
    let method = body.and_then(|Json(body)| body.payment_method);
    ctx.write(scope.clone(), key, move |tx| steer::process(tx, id, whose, method.as_ref())).await?;
    outcome(&ctx, scope, id, whose).await
}

/// Has money taken that the provider holds.
#[utoipa::path(post, path = "/api/v1/payments/capture", tag = "payments", request_body = CapturePayment,
    responses((status = 200, description = "What came of it.", body = PaymentView),
        (status = 202, description = "The provider has not answered yet.", body = PaymentView)))]
pub(super) async fn capture_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CapturePayment>,
) -> Answer<PaymentView> {
    let scope = caller.require(MANAGE)?;
    let id = match (body.transaction_id, body.payment_id) {
        (Some(id), None) | (None, Some(id)) => id,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::field("transaction_id", "or `payment_id` is said, and not both"));
        }
    };
    let amount = sound(body.amount)?;
    ctx.write(scope.clone(), key, move |tx| steer::capture(tx, id, amount)).await?;
    outcome(&ctx, scope, id, Whose::Everybodys).await
}

/// Says that the money of an offline payment was taken by hand.
#[utoipa::path(post, path = "/api/v1/payments/{id}/settle", tag = "payments", params(("id" = PaymentId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "The payment.", body = PaymentView)))]
pub(super) async fn settle_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PaymentId>,
) -> Answer<PaymentView> {
    let scope = caller.require(MANAGE)?;
    let by = caller.name();
    ctx.write(scope, key, move |tx| steer::settle(tx, id, &by).map(PaymentView::from)).await.answered()
}

/// Waits a while for the provider's answer; what is there after that is told as it is.
async fn outcome(ctx: &Ctx, scope: Scope, id: PaymentId, whose: Whose) -> Answer<PaymentView> {
    let answered = ctx
        .awaited(scope.clone(), PROVIDER_PATIENCE, move |tx| {
            let payment = theirs(tx, id, whose)?;
            Ok::<_, Error>((!payment.acting).then(|| PaymentView::from(payment)))
        })
        .await?;
    match answered {
        Some(view) => Ok(view).answered(),
        None => ctx.read(scope, move |tx| theirs(tx, id, whose).map(PaymentView::from)).await.accepted(),
    }
}
