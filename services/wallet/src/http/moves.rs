//! What is done to a payment once it has begun: cancelling, giving back, looking at it.

use contracts::WalletPaymentId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::WalletPaymentView;
use super::{MANAGE, WRITE, client_address, reach, terms};
use crate::commands::refunds::{self, Refund};
use crate::commands::saga;
use crate::domain::{Amount, Device, Note, Verdict};

/// How much of a payment is to go back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 2500, "note": "One cup was cold"}))]
pub(super) struct RefundWalletPayment {
    /// How much, in minor units; all that is left where nothing is said.
    amount: Option<Amount>,
    /// Why; the payer sees it.
    note: Option<Note>,
    /// The device that it is asked for with.
    device: Option<Device>,
}

/// What a person makes of a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decision": "approve", "reason": "The payer called back"}))]
pub(super) struct ReviewWalletPayment {
    /// Whether it goes on.
    decision: Verdict,
    /// Why; it is kept with the decision.
    reason: Note,
}

/// Cancels a payment that is not being processed yet. It has failed when the ledger has let its money go.
#[utoipa::path(post, path = "/api/v1/wallet/payments/{id}/cancel", tag = "wallet",
    params(("id" = WalletPaymentId, Path)),
    responses((status = 200, description = "The payment as it is now.", body = WalletPaymentView)))]
pub(super) async fn cancel_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletPaymentId>,
) -> Answer<WalletPaymentView> {
    let (scope, whose) = reach(&caller, WRITE)?;
    ctx.write(scope, key, move |tx| {
        let payment = saga::cancel(tx, id, whose)?;
        WalletPaymentView::of(tx, payment)
    })
    .await
    .answered()
}

/// Gives back part or all of a payment that arrived: a payment of its own, the other way.
#[utoipa::path(post, path = "/api/v1/wallet/payments/{id}/refund", tag = "wallet",
    request_body = RefundWalletPayment, params(("id" = WalletPaymentId, Path)),
    responses((status = 202, description = "The payment that gives it back has begun.", body = WalletPaymentView)))]
pub(super) async fn refund_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletPaymentId>,
    Json(body): Json<RefundWalletPayment>,
) -> Answer<WalletPaymentView> {
    refunded(&ctx, &caller, key, id, body).await
}

/// Gives back part or all of a payment: another name for `POST /api/v1/wallet/payments/{id}/refund`.
#[utoipa::path(post, path = "/api/v1/payments/{id}/refund", tag = "wallet",
    request_body = RefundWalletPayment, params(("id" = WalletPaymentId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "wpay"}))),
    responses((status = 202, description = "The payment that gives it back has begun.", body = WalletPaymentView)))]
pub(super) async fn give_wallet_payment_back(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletPaymentId>,
    Json(body): Json<RefundWalletPayment>,
) -> Answer<WalletPaymentView> {
    refunded(&ctx, &caller, key, id, body).await
}

async fn refunded(
    ctx: &Ctx,
    caller: &Caller,
    key: IdempotencyKey,
    id: WalletPaymentId,
    body: RefundWalletPayment,
) -> Answer<WalletPaymentView> {
    let (scope, whose) = reach(caller, WRITE)?;
    let terms = terms(ctx, &scope)?;
    let refund = Refund {
        of: id,
        amount: body.amount.map(Amount::minor),
        note: body.note,
        client_address: client_address(ctx),
        device: body.device,
    };
    ctx.write(scope, key, move |tx| {
        let payment = refunds::refund(tx, &refund, whose, &terms)?;
        WalletPaymentView::of(tx, payment)
    })
    .await
    .accepted()
}

/// Lets a payment in review go on, or not.
#[utoipa::path(post, path = "/api/v1/wallet/payments/{id}/review", tag = "wallet",
    request_body = ReviewWalletPayment, params(("id" = WalletPaymentId, Path)),
    responses((status = 200, description = "The payment as it is now.", body = WalletPaymentView)))]
pub(super) async fn review_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletPaymentId>,
    Json(body): Json<ReviewWalletPayment>,
) -> Answer<WalletPaymentView> {
    reviewed(&ctx, &caller, key, id, body).await
}

/// Lets a payment in review go on, or not: another name for `POST /api/v1/wallet/payments/{id}/review`.
#[utoipa::path(post, path = "/api/v1/payments/{id}/review", tag = "wallet",
    request_body = ReviewWalletPayment, params(("id" = WalletPaymentId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "wpay"}))),
    responses((status = 200, description = "The payment as it is now.", body = WalletPaymentView)))]
pub(super) async fn judge_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletPaymentId>,
    Json(body): Json<ReviewWalletPayment>,
) -> Answer<WalletPaymentView> {
    reviewed(&ctx, &caller, key, id, body).await
}

async fn reviewed(
    ctx: &Ctx,
    caller: &Caller,
    key: IdempotencyKey,
    id: WalletPaymentId,
    body: ReviewWalletPayment,
) -> Answer<WalletPaymentView> {
    let scope = caller.require(MANAGE)?;
    let ReviewWalletPayment { decision, reason } = body;
    let reviewer = caller.name();
    ctx.write(scope, key, move |tx| {
        let payment = saga::review(tx, id, decision, &reviewer, &reason)?;
        WalletPaymentView::of(tx, payment)
    })
    .await
    .answered()
}
