//! Payouts: looked at by their owners, settled by people where people pay them out.

use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::PayoutView;
use super::{MANAGE, READ, whose};
use crate::commands::{Whose, pay_out};
use crate::domain::{AttemptId, FailureCode, Payout, PayoutId, PayoutStatus};
use crate::error::Error;
use crate::store::{self, AskedPayouts, PayoutAttempt};

/// Which payouts are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedPayouts {
    /// Those that stand so.
    #[param(inline)]
    status: Option<PayoutStatus>,
    /// Those that a person has to look at, or those that nobody has to.
    needs_review: Option<bool>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Why a payout came to nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "account_closed"}))]
pub(super) struct FailPayout {
    /// As a code, which is told to the wallet.
    reason: FailureCode,
}

/// Lists payouts, newest first.
#[utoipa::path(get, path = "/api/v1/payouts", tag = "payouts", params(WantedPayouts),
    responses((status = 200, description = "A page of payouts.", body = Page<PayoutView>)))]
pub(super) async fn list_payouts(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedPayouts>,
) -> Answer<Page<PayoutView>> {
    let (scope, whose) = whose(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let asked = AskedPayouts { status: wanted.status, needs_review: wanted.needs_review, before };
    let rows = ctx.read(scope, move |tx| match whose {
        Whose::Everybodys => store::payouts(tx, &asked, limit + 1),
        Whose::Of(user) => store::payouts_of(tx, user, &asked, limit + 1),
    });
    rows.await.map(|rows| Page::of(rows, limit, |payout| payout.id).map(PayoutView::from)).answered()
}

/// Shows one payout.
#[utoipa::path(get, path = "/api/v1/payouts/{id}", tag = "payouts", params(("id" = PayoutId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "pout"}))),
    responses((status = 200, description = "The payout.", body = PayoutView)))]
pub(super) async fn get_payout(ctx: Ctx, caller: Caller, Path(id): Path<PayoutId>) -> Answer<PayoutView> {
    let (scope, whose) = whose(&caller, READ)?;
    let shown = ctx.read(scope, move |tx| {
        let view = PayoutView::from(theirs(tx, id, whose)?);
        let destination = match whose {
            Whose::Everybodys => pay_out::destination(tx, id)?,
            Whose::Of(_) => None,
        };
        Ok::<_, Error>(view.to(destination))
    });
    shown.await.answered()
}

/// Lists what was asked and said about a payout, oldest first.
#[utoipa::path(get, path = "/api/v1/payouts/{id}/attempts", tag = "payouts",
    params(("id" = PayoutId, Path), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query)),
    extensions(("x-stoa" = json!({"id_prefix": "pout"}))),
    responses((status = 200, description = "A page of attempts.", body = Page<PayoutAttempt>)))]
pub(super) async fn list_payout_attempts(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<PayoutId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<PayoutAttempt>> {
    let (scope, whose) = whose(&caller, READ)?;
    let (limit, after) = (page.limit()?, page.after::<AttemptId>()?);
    let rows = ctx.read(scope, move |tx| {
        theirs(tx, id, whose)?;
        Ok::<_, Error>(store::payout_attempts_of(tx, id, after, limit + 1)?)
    });
    rows.await.map(|rows| Page::of(rows, limit, |attempt| attempt.id)).answered()
}

/// Says that money was paid out by hand, or that people found out that it was.
#[utoipa::path(post, path = "/api/v1/payouts/{id}/settle", tag = "payouts", params(("id" = PayoutId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "pout"}))),
    responses((status = 200, description = "The payout.", body = PayoutView)))]
pub(super) async fn settle_payout(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PayoutId>,
) -> Answer<PayoutView> {
    let scope = caller.require(MANAGE)?;
    let by = caller.name();
    ctx.write(scope, key, move |tx| pay_out::settle(tx, id, &by).map(PayoutView::from)).await.answered()
}

/// Says that money cannot be paid out by hand, or that people found out that it was not.
#[utoipa::path(post, path = "/api/v1/payouts/{id}/fail", tag = "payouts", params(("id" = PayoutId, Path)),
    request_body = FailPayout, extensions(("x-stoa" = json!({"id_prefix": "pout"}))),
    responses((status = 200, description = "The payout.", body = PayoutView)))]
pub(super) async fn fail_payout(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PayoutId>,
    Json(body): Json<FailPayout>,
) -> Answer<PayoutView> {
    let scope = caller.require(MANAGE)?;
    let by = caller.name();
    let failed = move |tx: &mut Tx<'_>| pay_out::fail(tx, id, &body.reason, &by).map(PayoutView::from);
    ctx.write(scope, key, failed).await.answered()
}

/// One payout, if it is theirs.
fn theirs(tx: &mut Tx<'_>, id: PayoutId, whose: Whose) -> Result<Payout, Error> {
    store::payout(tx, id)?.filter(|payout| whose.covers(payout.user_id)).ok_or(Error::NoSuchPayout)
}
