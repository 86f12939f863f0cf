//! Taking money out of an account, and looking at it.

use contracts::{Currency, Timestamp, TransactionId, WalletAccountId, WithdrawalId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, WRITE, reach, terms};
use crate::commands::{accounts, withdrawals};
use crate::domain::{Amount, Destination, Withdrawal, WithdrawalStatus};
use crate::error::Error;
use crate::store;

/// How much is to be taken out, and where it is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RequestWalletWithdrawal, example = json!({"amount": 25000, "destination": "ba_1QK7m2LkdIwHu7ix"}))]
pub(super) struct RequestWithdrawal {
    /// How much, in minor units of the account's currency.
    amount: Amount,
    /// Where it goes, as the provider names a bank account or card. It is shown to nobody but the provider.
    destination: Destination,
}

/// Which withdrawals are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedWithdrawals {
    /// Where they stand.
    #[param(inline)]
    state: Option<WithdrawalStatus>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Money on its way out of a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletWithdrawalView, example = json!({"id": "wdr_01jd3sa4k8qm7v2x9c5f0t6w1b", "status": "completed",
    "account_id": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "amount": 25000, "currency": "INR", "destination": "****u7ix",
    "reason": null, "transaction_id": "txn_01jd3sa4k8qm7v2x9c5f0t6w1b", "created_at": "2026-11-21T09:47:35.123Z",
    "ended_at": "2026-11-22T06:12:11.480Z"}))]
pub(super) struct WithdrawalView {
    /// Its id.
    id: WithdrawalId,
    /// Where it stands.
    status: WithdrawalStatus,
    /// From which account.
    account_id: WalletAccountId,
    /// How much, in minor units.
    amount: i64,
    /// The currency of it.
    currency: Currency,
    /// The end of the name of where it goes; null once its owner was forgotten.
    destination: Option<String>,
    /// Why it comes, or came, to nothing, as a code.
    reason: Option<String>,
    /// The ledger's transaction with which it left.
    transaction_id: Option<TransactionId>,
    /// When it was asked for.
    created_at: Timestamp,
    /// When it ended.
    ended_at: Option<Timestamp>,
}

/// Asks for money to be paid out of one of the caller's accounts. It is accepted: follow it to see how it ends.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/withdrawals", tag = "wallet", request_body = RequestWithdrawal,
    params(("id" = WalletAccountId, Path)),
    responses((status = 202, description = "It has begun.", body = WithdrawalView)))]
pub(super) async fn request_wallet_withdrawal(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(account): Path<WalletAccountId>,
    Json(body): Json<RequestWithdrawal>,
) -> Answer<WithdrawalView> {
    let scope = caller.require(WRITE)?;
    let (user, terms) = (caller.user()?, terms(&ctx, &scope)?);
    let amount = body.amount.minor();
    ctx.write(scope, key, move |tx| {
        let withdrawal = withdrawals::request(tx, account, user, amount, &body.destination, &terms)?;
        WithdrawalView::of(tx, withdrawal)
    })
    .await
    .accepted()
}

/// Lists the withdrawals of an account, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/withdrawals", tag = "wallet",
    params(("id" = WalletAccountId, Path), WantedWithdrawals),
    responses((status = 200, description = "A page of withdrawals.", body = Page<WithdrawalView>)))]
pub(super) async fn list_wallet_withdrawals(
    ctx: Ctx,
    caller: Caller,
    Path(account): Path<WalletAccountId>,
    Query(wanted): Query<WantedWithdrawals>,
) -> Answer<Page<WithdrawalView>> {
    let (scope, whose) = reach(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let found = ctx.read(scope, move |tx| {
        accounts::get(tx, account, whose)?;
        let rows = store::withdrawals_of(tx, account, wanted.state, after, limit + 1)?;
        rows.into_iter()
            .map(|withdrawal| WithdrawalView::of(tx, withdrawal))
            .collect::<Result<Vec<_>, Error>>()
    });
    found.await.map(|views| Page::of(views, limit, |view| view.id)).answered()
}

/// Shows a withdrawal.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/withdrawals/{withdrawal_id}", tag = "wallet",
    params(("id" = WalletAccountId, Path), ("withdrawal_id" = WithdrawalId, Path)),
    responses((status = 200, description = "The withdrawal.", body = WithdrawalView)))]
pub(super) async fn get_wallet_withdrawal(
    ctx: Ctx,
    caller: Caller,
    Path((account, id)): Path<(WalletAccountId, WithdrawalId)>,
) -> Answer<WithdrawalView> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.read(scope, move |tx| {
        let withdrawal = withdrawals::get(tx, account, id, whose)?;
        WithdrawalView::of(tx, withdrawal)
    })
    .await
    .answered()
}

/// Shows a withdrawal, and again whenever something of it has changed.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/withdrawals/{withdrawal_id}/live", tag = "wallet",
    params(("id" = WalletAccountId, Path), ("withdrawal_id" = WithdrawalId, Path)),
    responses((status = 200, description = "Server-sent events, each a withdrawal as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_wallet_withdrawal(
    ctx: Ctx,
    caller: Caller,
    Path((account, id)): Path<(WalletAccountId, WithdrawalId)>,
) -> Result<Live, Problem> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.live(scope, move |tx| {
        let withdrawal = withdrawals::get(tx, account, id, whose)?;
        WithdrawalView::of(tx, withdrawal)
    })
    .await
}

/// Calls a withdrawal off, as long as its provider has not begun to pay it out. Follow it to see how it ends: what the
/// provider has begun is paid out.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/withdrawals/{withdrawal_id}/cancel", tag = "wallet",
    params(("id" = WalletAccountId, Path), ("withdrawal_id" = WithdrawalId, Path)),
    responses((status = 202, description = "It is being called off.", body = WithdrawalView)))]
pub(super) async fn cancel_wallet_withdrawal(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path((account, id)): Path<(WalletAccountId, WithdrawalId)>,
) -> Answer<WithdrawalView> {
    let (scope, whose) = reach(&caller, WRITE)?;
    ctx.write(scope, key, move |tx| {
        let withdrawal = withdrawals::cancel(tx, account, id, whose)?;
        WithdrawalView::of(tx, withdrawal)
    })
    .await
    .accepted()
}

impl WithdrawalView {
    fn of(tx: &Tx<'_>, withdrawal: Withdrawal) -> Result<Self, Error> {
        Ok(Self {
            id: withdrawal.id,
            status: withdrawal.status(),
            account_id: withdrawal.account,
            amount: withdrawal.amount.minor(),
            currency: withdrawal.amount.currency(),
            destination: withdrawals::masked(tx, &withdrawal)?,
            reason: withdrawal.reason().map(|reason| reason.as_str().to_owned()),
            transaction_id: withdrawal.transaction(),
            created_at: withdrawal.requested_at,
            ended_at: withdrawal.ended_at(),
        })
    }
}
