//! Sealed periods, and replaying the journal.

use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Query};
use kernel::store::{Page, PageQuery, Tx};

use super::views::{PeriodView, ReportView};
use super::{MANAGE, seen, write};
use crate::commands::keeping;
use crate::queries;
use crate::store::{self, PeriodRow};

/// Seals what happened since the last period was sealed.
#[utoipa::path(post, path = "/api/v1/ledger/periods", tag = "ledger", operation_id = "close_ledger_period",
    responses((status = 201, description = "It is sealed.", body = PeriodView)))]
pub(super) async fn close_period(ctx: Ctx, caller: Caller, key: IdempotencyKey) -> Answer<PeriodView> {
    let scope = caller.require(MANAGE)?;
    let command = move |tx: &mut Tx<'_>| keeping::close_period(tx).map(PeriodView::from);
    write(&ctx, scope, key, command).await.created()
}

/// Lists sealed periods, newest first.
#[utoipa::path(get, path = "/api/v1/ledger/periods", tag = "ledger", operation_id = "list_ledger_periods",
    params(PageQuery), responses((status = 200, description = "A page of periods.", body = Page<PeriodView>)))]
pub(super) async fn list_periods(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<PeriodView>> {
    let scope = seen(&caller)?;
    let (limit, before) = (page.limit()?, page.after()?);
    let found = ctx.read(scope, move |tx| store::periods(tx, before, limit + 1)).await;
    let views = |periods: Vec<PeriodRow>| periods.into_iter().map(PeriodView::from).collect();
    found.map(|periods| Page::of(views(periods), limit, |period| period.number)).answered()
}

/// Replays the whole journal and compares every balance. A long journal is verified by `stoa ledger verify` instead.
#[utoipa::path(get, path = "/api/v1/ledger/verification", tag = "ledger", operation_id = "verify_ledger",
    responses((status = 200, description = "What was found.", body = ReportView)))]
pub(super) async fn verify_journal(ctx: Ctx, caller: Caller) -> Answer<ReportView> {
    let scope = caller.require(MANAGE)?;
    ctx.read(scope, queries::verify_one).await.map(ReportView::from).answered()
}
