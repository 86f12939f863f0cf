//! What people make of payments and payouts that they had to look at.

use contracts::PaymentId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{PaymentView, PayoutView};
use super::{MANAGE, theirs};
use crate::commands::Whose;
use crate::commands::review::{self, Finding};
use crate::domain::{PayoutId, Reason, Review, ReviewId, ReviewOutcome};
use crate::error::Error;
use crate::store;

/// What somebody found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewPayment, example = json!({"outcome": "confirmed", "note": "Refunded by hand."}))]
pub(super) struct Found {
    /// Whether the trouble was real.
    outcome: ReviewOutcome,
    /// Why; it stays, so it names nobody.
    note: Reason,
}

/// Says what was found of a payment that a person had to look at.
#[utoipa::path(post, path = "/api/v1/payments/{id}/review", tag = "payments", params(("id" = PaymentId, Path)),
    request_body = Found, extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "The payment, which nobody has to look at any more.", body = PaymentView)))]
pub(super) async fn review_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PaymentId>,
    Json(body): Json<Found>,
) -> Answer<PaymentView> {
    let scope = caller.require(MANAGE)?;
    let found = body.by(&caller);
    ctx.write(scope, key, move |tx| review::payment(tx, id, &found).map(PaymentView::from)).await.answered()
}

/// Says what was found of a payout that a person had to look at.
#[utoipa::path(post, path = "/api/v1/payouts/{id}/review", tag = "payouts", params(("id" = PayoutId, Path)),
    request_body = Found, extensions(("x-stoa" = json!({"id_prefix": "pout"}))),
    responses((status = 200, description = "The payout, which nobody has to look at any more.", body = PayoutView)))]
pub(super) async fn review_payout(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PayoutId>,
    Json(body): Json<Found>,
) -> Answer<PayoutView> {
    let scope = caller.require(MANAGE)?;
    let found = body.by(&caller);
    ctx.write(scope, key, move |tx| review::payout(tx, id, &found).map(PayoutView::from)).await.answered()
}

/// Lists what people found of a payment, oldest first.
#[utoipa::path(get, path = "/api/v1/payments/{id}/reviews", tag = "payments",
    params(("id" = PaymentId, Path), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query)),
    extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "A page of reviews.", body = Page<Review>)))]
pub(super) async fn list_payment_reviews(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<PaymentId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<Review>> {
    let there = move |tx: &mut Tx<'_>| theirs(tx, id, Whose::Everybodys).map(drop);
    listed(&ctx, &caller, id.to_string(), page, there).await
}

/// Lists what people found of a payout, oldest first.
#[utoipa::path(get, path = "/api/v1/payouts/{id}/reviews", tag = "payouts",
    params(("id" = PayoutId, Path), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query)),
    extensions(("x-stoa" = json!({"id_prefix": "pout"}))),
    responses((status = 200, description = "A page of reviews.", body = Page<Review>)))]
pub(super) async fn list_payout_reviews(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<PayoutId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<Review>> {
    let there = move |tx: &mut Tx<'_>| store::payout(tx, id)?.map(drop).ok_or(Error::NoSuchPayout);
    listed(&ctx, &caller, id.to_string(), page, there).await
}

async fn listed(
    ctx: &Ctx,
    caller: &Caller,
    subject: String,
    page: PageQuery,
    there: impl Fn(&mut Tx<'_>) -> Result<(), Error> + Send + 'static,
) -> Answer<Page<Review>> {
    let scope = caller.require(MANAGE)?;
    let (limit, after) = (page.limit()?, page.after::<ReviewId>()?);
    let rows = ctx.read(scope, move |tx| {
        there(tx)?;
        Ok::<_, Error>(store::reviews_of(tx, &subject, after, limit + 1)?)
    });
    rows.await.map(|rows| Page::of(rows, limit, |review| review.id)).answered()
}

impl Found {
    fn by(self, caller: &Caller) -> Finding {
        Finding { outcome: self.outcome, note: self.note, reviewer: caller.name() }
    }
}
