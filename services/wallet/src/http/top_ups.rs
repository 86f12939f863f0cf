//! Putting money into an account, and looking at it.

use contracts::{Currency, Timestamp, TopUpId, TransactionId, WalletAccountId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, WRITE, reach, terms};
use crate::commands::{accounts, top_ups};
use crate::domain::{Amount, TopUp, TopUpStatus};
use crate::error::Error;
use crate::store;

/// How much is to be put in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RequestWalletTopUp, example = json!({"amount": 50000}))]
pub(super) struct RequestTopUp {
    /// How much, in minor units of the account's currency.
    amount: Amount,
}

/// Which top-ups are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedTopUps {
    /// Where they stand.
    #[param(inline)]
    state: Option<TopUpStatus>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Money on its way into a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletTopUpView, example = json!({"id": "topup_01jd3sa4k8qm7v2x9c5f0t6w1b", "status": "completed",
    "account_id": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "amount": 50000, "paid_amount": 50000, "currency": "INR",
    "reason": null, "transaction_id": "txn_01jd3sa4k8qm7v2x9c5f0t6w1b", "created_at": "2026-11-21T09:47:35.123Z",
    "ended_at": "2026-11-21T09:48:02.001Z"}))]
pub(super) struct TopUpView {
    /// Its id.
    id: TopUpId,
    /// Where it stands.
    status: TopUpStatus,
    /// Into which account.
    account_id: WalletAccountId,
    /// How much was asked for, in minor units.
    amount: i64,
    /// How much was taken, once it was.
    paid_amount: Option<i64>,
    /// The currency of both.
    currency: Currency,
    /// Why it is held, or came to nothing, as a code.
    reason: Option<String>,
    /// The ledger's transaction that credited it.
    transaction_id: Option<TransactionId>,
    /// When it was asked for.
    created_at: Timestamp,
    /// When it ended.
    ended_at: Option<Timestamp>,
}

/// Asks for money to be put into one of the caller's accounts. It is to be paid then; follow it to see how it ends.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/top-ups", tag = "wallet", request_body = RequestTopUp,
    params(("id" = WalletAccountId, Path)),
    responses((status = 201, description = "It waits to be paid.", body = TopUpView)))]
pub(super) async fn request_wallet_top_up(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(account): Path<WalletAccountId>,
    Json(body): Json<RequestTopUp>,
) -> Answer<TopUpView> {
    let scope = caller.require(WRITE)?;
    let (user, terms) = (caller.user()?, terms(&ctx, &scope)?);
    let amount = body.amount.minor();
    ctx.write(scope, key, move |tx| top_ups::request(tx, account, user, amount, &terms).map(TopUpView::from))
        .await
        .created()
}

/// Lists the top-ups of an account, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/top-ups", tag = "wallet",
    params(("id" = WalletAccountId, Path), WantedTopUps),
    responses((status = 200, description = "A page of top-ups.", body = Page<TopUpView>)))]
pub(super) async fn list_wallet_top_ups(
    ctx: Ctx,
    caller: Caller,
    Path(account): Path<WalletAccountId>,
    Query(wanted): Query<WantedTopUps>,
) -> Answer<Page<TopUpView>> {
    let (scope, whose) = reach(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let found = ctx.read(scope, move |tx| {
        accounts::get(tx, account, whose)?;
        Ok::<_, Error>(store::top_ups_of(tx, account, wanted.state, after, limit + 1)?)
    });
    found.await.map(|rows| Page::of(rows, limit, |top_up| top_up.id).map(TopUpView::from)).answered()
}

/// Shows a top-up.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/top-ups/{top_up_id}", tag = "wallet",
    params(("id" = WalletAccountId, Path), ("top_up_id" = TopUpId, Path)),
    responses((status = 200, description = "The top-up.", body = TopUpView)))]
pub(super) async fn get_wallet_top_up(
    ctx: Ctx,
    caller: Caller,
    Path((account, id)): Path<(WalletAccountId, TopUpId)>,
) -> Answer<TopUpView> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.read(scope, move |tx| top_ups::get(tx, account, id, whose)).await.map(TopUpView::from).answered()
}

/// Shows a top-up, and again whenever something of it has changed.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/top-ups/{top_up_id}/live", tag = "wallet",
    params(("id" = WalletAccountId, Path), ("top_up_id" = TopUpId, Path)),
    responses((status = 200, description = "Server-sent events, each a top-up as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_wallet_top_up(
    ctx: Ctx,
    caller: Caller,
    Path((account, id)): Path<(WalletAccountId, TopUpId)>,
) -> Result<Live, Problem> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.live(scope, move |tx| Ok::<_, Error>(TopUpView::from(top_ups::get(tx, account, id, whose)?))).await
}

impl From<TopUp> for TopUpView {
    fn from(top_up: TopUp) -> Self {
        Self {
            id: top_up.id,
            status: top_up.status(),
            account_id: top_up.account,
            amount: top_up.asked.minor(),
            paid_amount: top_up.taken().map(|taken| taken.amount),
            currency: top_up.asked.currency(),
            reason: top_up.reason().map(|reason| reason.as_str().to_owned()),
            transaction_id: top_up.transaction(),
            created_at: top_up.requested_at,
            ended_at: top_up.ended_at(),
        }
    }
}
