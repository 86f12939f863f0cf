//! Paying at a time, once or again and again.

use contracts::{Timestamp, WalletAccountId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::PayScheduleView;
use super::{READ, WRITE};
use crate::commands::schedules::{self, Planned};
use crate::domain::{Amount, Every, Note, PayScheduleId, Payee};
use crate::error::Error;
use crate::store;

/// A payment at a time, once or again and again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "to": "ben@example.com", "amount": 5000,
    "note": "Rent", "every": "month", "starts_at": "2027-01-31T09:00:00.000Z"}))]
pub(super) struct PlanPayment {
    /// From which of the caller's accounts.
    from_account: WalletAccountId,
    /// Whom; it is settled now which account that is.
    to: Payee,
    /// How much each time, in minor units of the account's currency.
    amount: Amount,
    /// What for.
    note: Option<Note>,
    /// How often.
    every: Every,
    /// The first time, which is yet to come.
    starts_at: Timestamp,
    /// Nothing is paid after this.
    until: Option<Timestamp>,
}

/// Plans a payment, once or again and again.
#[utoipa::path(post, path = "/api/v1/wallet/schedules", tag = "wallet", request_body = PlanPayment,
    responses((status = 201, description = "The schedule.", body = PayScheduleView)))]
pub(super) async fn plan_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<PlanPayment>,
) -> Answer<PayScheduleView> {
    let scope = caller.require(WRITE)?;
    let planned = Planned {
        user: caller.user()?,
        from: body.from_account,
        to: body.to,
        amount: body.amount.minor(),
        note: body.note,
        every: body.every,
        starts_at: body.starts_at,
        until: body.until,
    };
    ctx.write(scope, key, move |tx| schedules::plan(tx, &planned).map(PayScheduleView::from)).await.created()
}

/// Lists the caller's schedules, newest first.
#[utoipa::path(get, path = "/api/v1/wallet/schedules", tag = "wallet", params(PageQuery),
    responses((status = 200, description = "A page of schedules.", body = Page<PayScheduleView>)))]
pub(super) async fn list_pay_schedules(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<PayScheduleView>> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    let (limit, before) = (page.limit()?, page.after()?);
    let found = ctx.read(scope, move |tx| store::schedules_of(tx, user, before, limit + 1)).await;
    let views = |rows: Vec<_>| rows.into_iter().map(PayScheduleView::from).collect();
    found.map(|rows| Page::of(views(rows), limit, |view: &PayScheduleView| view.id)).answered()
}

/// Shows one of the caller's schedules.
#[utoipa::path(get, path = "/api/v1/wallet/schedules/{id}", tag = "wallet", params(("id" = PayScheduleId, Path)),
    responses((status = 200, description = "The schedule.", body = PayScheduleView)))]
pub(super) async fn get_pay_schedule(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<PayScheduleId>,
) -> Answer<PayScheduleView> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.read(scope, move |tx| {
        let found = store::schedule(tx, id)?.filter(|schedule| schedule.user == user);
        found.map(PayScheduleView::from).ok_or(Error::Absent("schedule"))
    })
    .await
    .answered()
}

/// Stops a schedule. What it has begun goes on.
#[utoipa::path(delete, path = "/api/v1/wallet/schedules/{id}", tag = "wallet", params(("id" = PayScheduleId, Path)),
    responses((status = 200, description = "The schedule as it is now.", body = PayScheduleView)))]
pub(super) async fn cancel_pay_schedule(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<PayScheduleId>,
) -> Answer<PayScheduleView> {
    let scope = caller.require(WRITE)?;
    let user = caller.user()?;
    ctx.write(scope, key, move |tx| schedules::cancel(tx, id, user).map(PayScheduleView::from))
        .await
        .answered()
}
