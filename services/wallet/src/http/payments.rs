//! Beginning payments and looking at them.

use contracts::{Currency, WalletAccountId, WalletPaymentId};
use kernel::http::{
    Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Live, Path, Problem, Query, Written,
};
use kernel::store::{Page, PageQuery, Tx};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::WalletPaymentView;
use super::{READ, WRITE, client_address, reach, terms};
use crate::commands::paying::{self, Wanted};
use crate::domain::{Amount, Cause, Day, Device, Note, Payee, Search, Status, Whose};
use crate::error::Error;
use crate::store::{self, Asked};

/// A payment to somebody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "to": "ben@example.com", "amount": 5000,
    "currency": "INR", "note": "Tea"}))]
pub(super) struct PayFromWallet {
    /// From which of the caller's accounts.
    from_account: WalletAccountId,
    /// Whom.
    to: Payee,
    /// How much, in minor units.
    amount: Amount,
    /// The currency of it, which is that of both accounts.
    currency: Currency,
    /// What it is for; the payee sees it.
    note: Option<Note>,
    /// The device that it is asked for with.
    device: Option<Device>,
    /// By which way, where a path takes payments of several.
    #[serde(rename = "method")]
    _method: Option<WalletMethod>,
}

/// The way of wallets.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WalletMethod {
    /// From one wallet to another.
    Wallet,
}

/// Which payments are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedWalletPayments {
    /// Where they stand.
    #[param(inline)]
    state: Option<Status>,
    /// Begun on this day in UTC or later.
    #[param(inline)]
    from: Option<Day>,
    /// Begun on this day or before.
    #[param(inline)]
    to: Option<Day>,
    /// What their notes hold.
    #[param(inline)]
    q: Option<Search>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Begins a payment from the caller's wallet. It is accepted: follow it to see how it ends.
#[utoipa::path(post, path = "/api/v1/wallet/payments", tag = "wallet", request_body = PayFromWallet,
    responses((status = 202, description = "It has begun.", body = WalletPaymentView)))]
pub(super) async fn pay_from_wallet(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<PayFromWallet>,
) -> Answer<WalletPaymentView> {
    begun(&ctx, &caller, key, body).await.accepted()
}

/// Begins a payment from the caller's wallet: another name for `POST /api/v1/wallet/payments`.
#[utoipa::path(post, path = "/api/v1/payments", tag = "wallet", request_body = PayFromWallet,
    extensions(("x-stoa" = json!({"body": {"from_account": null}}))),
    responses((status = 202, description = "It has begun.", body = WalletPaymentView)))]
pub(super) async fn start_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<PayFromWallet>,
) -> Answer<WalletPaymentView> {
    begun(&ctx, &caller, key, body).await.accepted()
}

async fn begun(
    ctx: &Ctx,
    caller: &Caller,
    key: IdempotencyKey,
    body: PayFromWallet,
) -> Result<Written<WalletPaymentView>, Problem> {
    let scope = caller.require(WRITE)?;
    let terms = terms(ctx, &scope)?;
    let wanted = Wanted {
        payer: caller.user()?,
        from: body.from_account,
        to: body.to,
        amount: body.amount.minor(),
        currency: body.currency,
        note: body.note,
        client_address: client_address(ctx),
        device: body.device,
        cause: Cause::Direct,
    };
    ctx.write(scope, key, move |tx| {
        let payment = paying::initiate(tx, &wanted, &terms)?;
        WalletPaymentView::of(tx, payment)
    })
    .await
}

/// Lists payments, newest first: those that one made and those that arrived, or with `wallet:manage` the project's.
#[utoipa::path(get, path = "/api/v1/wallet/payments", tag = "wallet", params(WantedWalletPayments),
    responses((status = 200, description = "A page of payments.", body = Page<WalletPaymentView>)))]
pub(super) async fn list_wallet_payments(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedWalletPayments>,
) -> Answer<Page<WalletPaymentView>> {
    let (scope, whose) = reach(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let asked = Asked {
        status: wanted.state,
        since: wanted.from.as_ref().map(Day::begins),
        before: wanted.to.as_ref().map(Day::ends),
        search: wanted.q,
        after,
    };
    let found = ctx.read(scope, move |tx| {
        let rows = match whose {
            Whose::Everybodys => store::list(tx, &asked, limit + 1),
            Whose::Of(user) => store::list_of(tx, user, &asked, limit + 1),
        }?;
        WalletPaymentView::all(tx, rows)
    });
    found.await.map(|views| Page::of(views, limit, WalletPaymentView::id)).answered()
}

/// Shows a payment: to its payer, and to its payee once it has arrived.
#[utoipa::path(get, path = "/api/v1/wallet/payments/{id}", tag = "wallet", params(("id" = WalletPaymentId, Path)),
    responses((status = 200, description = "The payment.", body = WalletPaymentView)))]
pub(super) async fn get_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletPaymentId>,
) -> Answer<WalletPaymentView> {
    shown(&ctx, &caller, id).await
}

/// Shows a payment: another name for `GET /api/v1/wallet/payments/{id}`.
#[utoipa::path(get, path = "/api/v1/payments/{id}", tag = "wallet", params(("id" = WalletPaymentId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "wpay"}))),
    responses((status = 200, description = "The payment.", body = WalletPaymentView)))]
pub(super) async fn show_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletPaymentId>,
) -> Answer<WalletPaymentView> {
    shown(&ctx, &caller, id).await
}

async fn shown(ctx: &Ctx, caller: &Caller, id: WalletPaymentId) -> Answer<WalletPaymentView> {
    let (scope, whose) = reach(caller, READ)?;
    ctx.read(scope, move |tx| seen(tx, id, whose)).await.answered()
}

/// Shows a payment, and again whenever something of it has changed.
#[utoipa::path(get, path = "/api/v1/wallet/payments/{id}/live", tag = "wallet",
    params(("id" = WalletPaymentId, Path)),
    responses((status = 200, description = "Server-sent events, each a payment as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_wallet_payment(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletPaymentId>,
) -> Result<Live, Problem> {
    let (scope, whose) = reach(&caller, READ)?;
    ctx.live(scope, move |tx| seen(tx, id, whose)).await
}

fn seen(tx: &mut Tx<'_>, id: WalletPaymentId, whose: Whose) -> Result<WalletPaymentView, Error> {
    let payment = paying::get(tx, id, whose)?;
    WalletPaymentView::of(tx, payment)
}
