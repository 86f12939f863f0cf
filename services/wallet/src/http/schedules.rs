//! Paying at a time, once or again and again.

use contracts::{Currency, Timestamp, WalletAccountId, WalletPaymentId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{READ, WRITE};
use crate::commands::schedules::{self, Planned};
use crate::domain::{Amount, Every, Note, PaySchedule, PayScheduleId, Payee, ScheduleState, ShortName};
use crate::error::Error;
use crate::store::{self, Names};

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

/// A payment at a time, once or again and again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "wsch_01jd3sa4k8qm7v2x9c5f0t6w1b", "state": "active",
    "from_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "to_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1c", "payee_name": "Ben K.",
    "amount": 5000, "currency": "INR", "note": "Rent", "every": "month", "starts_at": "2027-01-31T09:00:00.000Z", "until": null,
    "next_at": "2027-02-28T09:00:00.000Z", "runs": 1, "last_payment_id": "wpay_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "last_problem": null}))]
pub(super) struct PayScheduleView {
    /// Its id.
    id: PayScheduleId,
    /// Whether it goes on.
    state: ScheduleState,
    /// From which account.
    from_account: WalletAccountId,
    /// To which account.
    to_account: WalletAccountId,
    /// What its owner is called: a first name and an initial.
    payee_name: Option<ShortName>,
    /// How much each time, in minor units.
    amount: i64,
    /// The currency of it.
    currency: Currency,
    /// What for.
    note: Option<Note>,
    /// How often.
    every: Every,
    /// The first time.
    starts_at: Timestamp,
    /// Nothing is paid after this.
    until: Option<Timestamp>,
    /// The next time, as long as it goes on.
    next_at: Option<Timestamp>,
    /// How often it has paid or tried to.
    runs: u64,
    /// The last payment that it began.
    last_payment_id: Option<WalletPaymentId>,
    /// Why the last time began none, as a code.
    last_problem: Option<String>,
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
    ctx.write(scope, key, move |tx| {
        let schedule = schedules::plan(tx, &planned)?;
        PayScheduleView::of(tx, schedule)
    })
    .await
    .created()
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
    let found = ctx.read(scope, move |tx| {
        let rows = store::schedules_of(tx, user, before, limit + 1)?;
        PayScheduleView::all(tx, rows)
    });
    found.await.map(|views| Page::of(views, limit, |view| view.id)).answered()
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
        PayScheduleView::of(tx, found.ok_or(Error::Absent("schedule"))?)
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
    ctx.write(scope, key, move |tx| {
        let schedule = schedules::cancel(tx, id, user)?;
        PayScheduleView::of(tx, schedule)
    })
    .await
    .answered()
}

impl PayScheduleView {
    fn of(tx: &mut Tx<'_>, schedule: PaySchedule) -> Result<Self, Error> {
        let names = store::names(tx, [schedule.payee])?;
        Ok(Self::named(schedule, &names))
    }

    fn all(tx: &mut Tx<'_>, schedules: Vec<PaySchedule>) -> Result<Vec<Self>, Error> {
        let names = store::names(tx, schedules.iter().map(|schedule| schedule.payee))?;
        Ok(schedules.into_iter().map(|schedule| Self::named(schedule, &names)).collect())
    }

    fn named(schedule: PaySchedule, names: &Names) -> Self {
        Self {
            id: schedule.id,
            state: schedule.state,
            from_account: schedule.from,
            to_account: schedule.to,
            payee_name: names.get(&schedule.payee).cloned(),
            amount: schedule.amount.minor(),
            currency: schedule.amount.currency(),
            note: schedule.note,
            every: schedule.every,
            starts_at: schedule.starts_at,
            until: schedule.until,
            next_at: schedule.next_at,
            runs: schedule.runs,
            last_payment_id: schedule.last_payment,
            last_problem: schedule.last_problem,
        }
    }
}
