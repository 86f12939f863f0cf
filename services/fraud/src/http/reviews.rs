//! The queue of payments that wait for people.

use contracts::UserId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::{FraudQueueView, FraudReviewView};
use super::{MANAGE, reading};
use crate::commands::reviews;
use crate::domain::review::ReviewState;
use crate::domain::{PaymentName, Reason};
use crate::store::{self, ReviewFilter};

/// Which reviews are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedReviews {
    /// Where they stand; those that wait where nothing is said.
    #[param(inline)]
    state: Option<ReviewState>,
    /// Who is to look at them.
    assignee: Option<UserId>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who is to look at a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"assignee": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b"}))]
pub(super) struct AssignFraudReview {
    /// Who; nobody where it is left out.
    assignee: Option<UserId>,
}

/// What somebody found a payment to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fraud": false, "reason": "The customer confirmed it on the phone."}))]
pub(super) struct DecideFraudReview {
    /// Whether it is fraud.
    fraud: bool,
    /// Why.
    reason: Reason,
}

/// Lists payments that wait for somebody, oldest first; those that are over where they are asked for.
#[utoipa::path(get, path = "/api/v1/fraud/reviews", tag = "fraud", params(WantedReviews),
    responses((status = 200, description = "A page of the queue.", body = Page<FraudQueueView>)))]
pub(super) async fn list_reviews(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedReviews>,
) -> Answer<Page<FraudQueueView>> {
    let scope = reading(&caller)?;
    let WantedReviews { state, assignee, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let filter = ReviewFilter { state: state.unwrap_or(ReviewState::Waiting), assignee };
    let found = ctx.read(scope, move |tx| store::queue(tx, filter, after, limit + 1)).await?;
    let queue = found.into_iter().map(FraudQueueView::from).collect();
    Ok(Page::of(queue, limit, |queued: &FraudQueueView| queued.review.decision_id)).answered()
}

/// Says who is to look at a payment that waits.
#[utoipa::path(post, path = "/api/v1/fraud/reviews/{payment_id}/assign", tag = "fraud",
    params(("payment_id" = PaymentName, Path)), request_body = AssignFraudReview,
    responses((status = 200, description = "The review as it is now.", body = FraudReviewView)))]
pub(super) async fn assign_review(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(payment): Path<PaymentName>,
    Json(AssignFraudReview { assignee }): Json<AssignFraudReview>,
) -> Answer<FraudReviewView> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| reviews::assign(tx, &payment, assignee).map(FraudReviewView::from))
        .await
        .answered()
}

/// Says what a payment is. One that waits for it is approved or blocked; of any other that was judged it is remembered.
#[utoipa::path(post, path = "/api/v1/fraud/reviews/{payment_id}/decide", tag = "fraud",
    params(("payment_id" = PaymentName, Path)), request_body = DecideFraudReview,
    responses((status = 200, description = "The review as it is now.", body = FraudReviewView)))]
pub(super) async fn decide_review(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(payment): Path<PaymentName>,
    Json(DecideFraudReview { fraud, reason }): Json<DecideFraudReview>,
) -> Answer<FraudReviewView> {
    let scope = caller.require(MANAGE)?;
    let by = caller.name();
    let decide =
        move |tx: &mut Tx<'_>| reviews::decide(tx, &payment, fraud, &reason, &by).map(FraudReviewView::from);
    ctx.write(scope, key, decide).await.answered()
}
