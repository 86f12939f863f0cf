//! Holds: what is set aside, and ending it.

use contracts::TransactionId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::HoldView;
use super::{MANAGE, SomeMinorUnits, seen, write};
use crate::commands::keeping;
use crate::domain::{Address, Hold, HoldStatus, Phase};
use crate::error::Error;
use crate::store::{self, HoldFilter};

/// Which holds are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedHolds {
    /// Where they stand.
    #[param(inline)]
    status: Option<HoldStatus>,
    /// Who gives.
    account_id: Option<Address>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How a hold is to move.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 900, "final": false}))]
pub(super) struct PostLedgerHold {
    /// How much of it; all that is left where it is left out.
    amount: Option<SomeMinorUnits>,
    /// Whether the rest is let go; it is where this is left out.
    #[serde(rename = "final")]
    last: Option<bool>,
}

/// Lists holds, newest first.
#[utoipa::path(get, path = "/api/v1/ledger/holds", tag = "ledger", operation_id = "list_ledger_holds",
    params(WantedHolds), responses((status = 200, description = "A page of holds.", body = Page<HoldView>)))]
pub(super) async fn list_holds(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedHolds>,
) -> Answer<Page<HoldView>> {
    let scope = seen(&caller)?;
    let WantedHolds { status, account_id: debit, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let filter = HoldFilter { status, debit };
    let found = ctx.read(scope, move |tx| store::holds(tx, &filter, before, limit + 1)).await;
    let views = |holds: Vec<Hold>| holds.into_iter().map(HoldView::from).collect();
    found.map(|holds| Page::of(views(holds), limit, |hold| hold.id)).answered()
}

/// Shows a hold.
#[utoipa::path(get, path = "/api/v1/ledger/holds/{id}", tag = "ledger", operation_id = "get_ledger_hold",
    params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The hold.", body = HoldView)))]
pub(super) async fn get_hold(ctx: Ctx, caller: Caller, Path(id): Path<TransactionId>) -> Answer<HoldView> {
    let scope = seen(&caller)?;
    let found = ctx.read(scope, move |tx| keeping::hold(tx, id)).await;
    found.map(HoldView::from).answered()
}

/// Moves what is set aside, or part of it.
#[utoipa::path(post, path = "/api/v1/ledger/holds/{id}/post", tag = "ledger", operation_id = "post_ledger_hold",
    request_body = PostLedgerHold, params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The hold as it is now.", body = HoldView)))]
pub(super) async fn post_hold(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<TransactionId>,
    Json(body): Json<PostLedgerHold>,
) -> Answer<HoldView> {
    let scope = caller.require(MANAGE)?;
    let (amount, keeps_rest) = (body.amount.map(|amount| amount.0), body.last == Some(false));
    let command = move |tx: &mut Tx<'_>| ended(keeping::end_hold(tx, id, Phase::Post, amount, keeps_rest));
    write(&ctx, scope, key, command).await.answered()
}

/// Lets go of what is set aside.
#[utoipa::path(post, path = "/api/v1/ledger/holds/{id}/void", tag = "ledger", operation_id = "void_ledger_hold",
    params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The hold as it is now.", body = HoldView)))]
pub(super) async fn void_hold(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<TransactionId>,
) -> Answer<HoldView> {
    let scope = caller.require(MANAGE)?;
    let command = move |tx: &mut Tx<'_>| ended(keeping::end_hold(tx, id, Phase::Void, None, false));
    write(&ctx, scope, key, command).await.answered()
}

fn ended(hold: Result<Hold, Error>) -> Result<HoldView, Error> {
    hold.map(HoldView::from)
}
