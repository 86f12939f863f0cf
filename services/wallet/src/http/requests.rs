//! Asking somebody for money, and answering.

use contracts::WalletAccountId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::MoneyRequestView;
use super::{READ, WRITE, client_address, terms};
use crate::commands::requests::{self, Accepting, Asking};
use crate::domain::{Amount, Device, MoneyRequestId, Note, Payee, RequestState};
use crate::store;

/// A request for money.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "from": "ben@example.com", "amount": 5000,
    "note": "Tea"}))]
pub(super) struct AskForMoney {
    /// Which of the caller's accounts the money is to reach.
    to_account: WalletAccountId,
    /// Who is asked.
    from: Payee,
    /// For how much, in minor units of the account's currency.
    amount: Amount,
    /// What for.
    note: Option<Note>,
}

/// With what a request is answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1c"}))]
pub(super) struct AcceptMoneyRequest {
    /// From which of the caller's accounts.
    from_account: WalletAccountId,
    /// The device that it is answered with.
    device: Option<Device>,
}

/// Which requests are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedRequests {
    /// Those that reached the caller, or those that the caller made; the first where nothing is said.
    #[param(inline)]
    direction: Option<RequestDirection>,
    /// Where they stand.
    #[param(inline)]
    state: Option<RequestState>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which way a request goes.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RequestDirection {
    /// To the caller.
    Incoming,
    /// From the caller.
    Outgoing,
}

/// Asks somebody for money.
#[utoipa::path(post, path = "/api/v1/wallet/requests", tag = "wallet", request_body = AskForMoney,
    responses((status = 201, description = "It is asked.", body = MoneyRequestView)))]
pub(super) async fn ask_for_money(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<AskForMoney>,
) -> Answer<MoneyRequestView> {
    let scope = caller.require(WRITE)?;
    let asking = Asking {
        requester: caller.user()?,
        to: body.to_account,
        payer: body.from,
        amount: body.amount.minor(),
        note: body.note,
    };
    ctx.write(scope, key, move |tx| requests::ask(tx, &asking).map(MoneyRequestView::from)).await.created()
}

/// Lists requests for money, newest first.
#[utoipa::path(get, path = "/api/v1/wallet/requests", tag = "wallet", params(WantedRequests),
    responses((status = 200, description = "A page of requests.", body = Page<MoneyRequestView>)))]
pub(super) async fn list_money_requests(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedRequests>,
) -> Answer<Page<MoneyRequestView>> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let (state, direction) = (wanted.state, wanted.direction.unwrap_or(RequestDirection::Incoming));
    let found = ctx.read(scope, move |tx| match direction {
        RequestDirection::Incoming => store::requests_to(tx, user, state, before, limit + 1),
        RequestDirection::Outgoing => store::requests_from(tx, user, state, before, limit + 1),
    });
    let views = |rows: Vec<_>| rows.into_iter().map(MoneyRequestView::from).collect();
    found.await.map(|rows| Page::of(views(rows), limit, |view: &MoneyRequestView| view.id)).answered()
}

/// Answers a request with a payment. If that comes to nothing, the request is open again.
#[utoipa::path(post, path = "/api/v1/wallet/requests/{id}/accept", tag = "wallet",
    request_body = AcceptMoneyRequest, params(("id" = MoneyRequestId, Path)),
    responses((status = 202, description = "The request with its payment.", body = MoneyRequestView)))]
pub(super) async fn accept_money_request(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<MoneyRequestId>,
    Json(body): Json<AcceptMoneyRequest>,
) -> Answer<MoneyRequestView> {
    let scope = caller.require(WRITE)?;
    let terms = terms(&ctx, &scope)?;
    let accepting = Accepting {
        request: id,
        payer: caller.user()?,
        from: body.from_account,
        client_address: client_address(&ctx),
        device: body.device,
    };
    ctx.write(scope, key, move |tx| requests::accept(tx, &accepting, &terms).map(MoneyRequestView::from))
        .await
        .accepted()
}

/// Turns a request down.
#[utoipa::path(post, path = "/api/v1/wallet/requests/{id}/decline", tag = "wallet",
    params(("id" = MoneyRequestId, Path)),
    responses((status = 200, description = "The request as it is now.", body = MoneyRequestView)))]
pub(super) async fn decline_money_request(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<MoneyRequestId>,
) -> Answer<MoneyRequestView> {
    let scope = caller.require(WRITE)?;
    let payer = caller.user()?;
    ctx.write(scope, key, move |tx| requests::decline(tx, id, payer).map(MoneyRequestView::from))
        .await
        .answered()
}
