//! Accounts: opening, looking, freezing.

use contracts::{Currency, UserId, WalletAccountId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::{WalletAccountView, WalletLimitsView};
use super::{MANAGE, READ, WRITE, reach, terms};
use crate::commands::accounts;
use crate::domain::{FeeBasisPoints, Note, Periods, Whose};
use crate::error::Error;
use crate::store;

/// An account to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"currency": "INR"}))]
pub(super) struct OpenWalletAccount {
    /// Its currency; somebody has one account in each.
    currency: Currency,
    /// For whom: with `wallet:manage` somebody else.
    user_id: Option<UserId>,
}

/// Why an account is frozen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Reported stolen"}))]
pub(super) struct FreezeWalletAccount {
    /// As people say it; the owner sees it.
    reason: Note,
}

/// Whether an account is a merchant's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fee_basis_points": 150}))]
pub(super) struct SetWalletMerchant {
    /// What of each payment the project keeps, in hundredths of a percent; no merchant's where it is null.
    fee_basis_points: Option<FeeBasisPoints>,
}

/// Which accounts are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedAccounts {
    /// Whose; with `wallet:manage` anybody's.
    user_id: Option<UserId>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Opens an account: one's own, or with `wallet:manage` somebody's.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "wallet", request_body = OpenWalletAccount,
    responses((status = 201, description = "The account.", body = WalletAccountView)))]
pub(super) async fn open_wallet_account(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<OpenWalletAccount>,
) -> Answer<WalletAccountView> {
    let (scope, whose) = reach(&caller, WRITE)?;
    let owner = match body.user_id {
        Some(user) if whose.covers(user) => user,
        Some(_) => return Err(Problem::forbidden(format!("to open somebody's account needs {MANAGE}"))),
        None => caller.user()?,
    };
    let currency = body.currency;
    ctx.write(scope, key, move |tx| accounts::open(tx, owner, currency).map(WalletAccountView::from))
        .await
        .created()
}

/// Lists accounts, oldest first: one's own, or with `wallet:manage` those of the project.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "wallet", params(WantedAccounts),
    responses((status = 200, description = "A page of accounts.", body = Page<WalletAccountView>)))]
pub(super) async fn list_wallet_accounts(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedAccounts>,
) -> Answer<Page<WalletAccountView>> {
    let (scope, whose) = reach(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let owner = match (whose, wanted.user_id) {
        (Whose::Everybodys, wanted) => wanted,
        (Whose::Of(user), Some(wanted)) if wanted != user => {
            return Ok(Page { data: Vec::new(), next_cursor: None }).answered();
        }
        (Whose::Of(user), _) => Some(user),
    };
    let found = ctx.read(scope, move |tx| store::purses(tx, owner, after, limit + 1)).await;
    let views = |rows: Vec<_>| rows.into_iter().map(WalletAccountView::from).collect();
    found.map(|rows| Page::of(views(rows), limit, WalletAccountView::id)).answered()
}

/// Shows an account.
#[utoipa::path(get, path = "/api/v1/accounts/{id}", tag = "wallet", params(("id" = WalletAccountId, Path)),
    responses((status = 200, description = "The account.", body = WalletAccountView)))]
pub(super) async fn get_wallet_account(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
) -> Answer<WalletAccountView> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.read(scope, move |tx| accounts::purse(tx, id, whose)).await.map(WalletAccountView::from).answered()
}

/// Shows an account, and again whenever something of it has changed.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/live", tag = "wallet", params(("id" = WalletAccountId, Path)),
    responses((status = 200, description = "Server-sent events, each an account as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_wallet_account(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
) -> Result<Live, Problem> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.live(scope, move |tx| Ok::<_, Error>(WalletAccountView::from(accounts::purse(tx, id, whose)?))).await
}

/// Shows how much may leave an account, and how much of that is used up.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/limits", tag = "wallet", params(("id" = WalletAccountId, Path)),
    responses((status = 200, description = "The limits.", body = WalletLimitsView)))]
pub(super) async fn get_wallet_limits(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
) -> Answer<WalletLimitsView> {
    let (scope, whose) = reach(&caller, READ)?;
    let terms = terms(&ctx, &scope)?;
    ctx.read(scope, move |tx| {
        let account = accounts::get(tx, id, whose)?;
        let level = store::kyc_level(tx, account.owner)?;
        let spent = store::spent(tx, id, &Periods::of(tx.now()))?;
        Ok::<_, Error>(WalletLimitsView::of(
            &account,
            level,
            terms.limits_of(level, account.currency()),
            spent,
        ))
    })
    .await
    .answered()
}

/// Freezes an account: nothing leaves or enters it, and what is pending comes to nothing. Withdrawals are called off, but
/// for those whose payout has begun.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/freeze", tag = "wallet", request_body = FreezeWalletAccount,
    params(("id" = WalletAccountId, Path)),
    responses((status = 200, description = "The account as it is now.", body = WalletAccountView)))]
pub(super) async fn freeze_wallet_account(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletAccountId>,
    Json(body): Json<FreezeWalletAccount>,
) -> Answer<WalletAccountView> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| {
        accounts::freeze(tx, id, body.reason.as_str()).map(WalletAccountView::from)
    })
    .await
    .answered()
}

/// Lets a frozen account be used again.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/thaw", tag = "wallet", params(("id" = WalletAccountId, Path)),
    responses((status = 200, description = "The account as it is now.", body = WalletAccountView)))]
pub(super) async fn thaw_wallet_account(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletAccountId>,
) -> Answer<WalletAccountView> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| accounts::thaw(tx, id).map(WalletAccountView::from)).await.answered()
}

/// Makes an account a merchant's, of whose payments the project keeps a part, or no merchant's.
#[utoipa::path(put, path = "/api/v1/accounts/{id}/merchant", tag = "wallet", request_body = SetWalletMerchant,
    params(("id" = WalletAccountId, Path)),
    responses((status = 200, description = "The account as it is now.", body = WalletAccountView)))]
pub(super) async fn set_wallet_merchant(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<WalletAccountId>,
    Json(body): Json<SetWalletMerchant>,
) -> Answer<WalletAccountView> {
    let scope = caller.require(MANAGE)?;
    let points = body.fee_basis_points.map(FeeBasisPoints::get);
    ctx.write(scope, key, move |tx| accounts::set_merchant(tx, id, points).map(WalletAccountView::from))
        .await
        .answered()
}
