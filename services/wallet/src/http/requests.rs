//! Asking somebody for money, and answering.

use contracts::{Currency, Timestamp, UserId, WalletAccountId, WalletPaymentId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, WRITE, client_address, terms};
use crate::commands::requests::{self, Accepting, Asking};
use crate::domain::{Amount, Device, MoneyRequest, MoneyRequestId, Note, Payee, RequestState, ShortName};
use crate::error::Error;
use crate::store::{self, Names};

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

/// A request for money.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "wreq_01jd3sa4k8qm7v2x9c5f0t6w1b", "state": "open",
    "requester": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "requester_name": "Ben K.",
    "to_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "payer": "usr_01jd3sa4k8qm7v2x9c5f0t6w1c",
    "payer_name": "Ann L.", "amount": 5000, "currency": "INR", "note": "Tea", "payment_id": null,
    "created_at": "2026-11-21T09:47:35.123Z"}))]
pub(super) struct MoneyRequestView {
    /// Its id.
    id: MoneyRequestId,
    /// Where it stands.
    state: RequestState,
    /// Who asks.
    requester: UserId,
    /// What they are called: a first name and an initial.
    requester_name: Option<ShortName>,
    /// Where the money is to go.
    to_account: WalletAccountId,
    /// Who is asked.
    payer: UserId,
    /// What they are called.
    payer_name: Option<ShortName>,
    /// For how much, in minor units.
    amount: i64,
    /// The currency of it.
    currency: Currency,
    /// What for.
    note: Option<Note>,
    /// The payment that it was answered with.
    payment_id: Option<WalletPaymentId>,
    /// When it was asked.
    created_at: Timestamp,
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
    ctx.write(scope, key, move |tx| {
        let request = requests::ask(tx, &asking)?;
        MoneyRequestView::of(tx, request)
    })
    .await
    .created()
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
    let found = ctx.read(scope, move |tx| {
        let rows = match direction {
            RequestDirection::Incoming => store::requests_to(tx, user, state, before, limit + 1),
            RequestDirection::Outgoing => store::requests_from(tx, user, state, before, limit + 1),
        }?;
        MoneyRequestView::all(tx, rows)
    });
    found.await.map(|views| Page::of(views, limit, |view| view.id)).answered()
}

/// Shows a request for money: to who asks and to who is asked.
#[utoipa::path(get, path = "/api/v1/wallet/requests/{id}", tag = "wallet", params(("id" = MoneyRequestId, Path)),
    responses((status = 200, description = "The request.", body = MoneyRequestView)))]
pub(super) async fn get_money_request(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<MoneyRequestId>,
) -> Answer<MoneyRequestView> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.read(scope, move |tx| {
        let request = requests::get(tx, id, user)?;
        MoneyRequestView::of(tx, request)
    })
    .await
    .answered()
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
    ctx.write(scope, key, move |tx| {
        let request = requests::accept(tx, &accepting, &terms)?;
        MoneyRequestView::of(tx, request)
    })
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
    ctx.write(scope, key, move |tx| {
        let request = requests::decline(tx, id, payer)?;
        MoneyRequestView::of(tx, request)
    })
    .await
    .answered()
}

impl MoneyRequestView {
    fn of(tx: &mut Tx<'_>, request: MoneyRequest) -> Result<Self, Error> {
        let names = store::names(tx, [request.requester, request.payer])?;
        Ok(Self::named(request, &names))
    }

    fn all(tx: &mut Tx<'_>, requests: Vec<MoneyRequest>) -> Result<Vec<Self>, Error> {
        let names = store::names(tx, requests.iter().flat_map(|request| [request.requester, request.payer]))?;
        Ok(requests.into_iter().map(|request| Self::named(request, &names)).collect())
    }

    fn named(request: MoneyRequest, names: &Names) -> Self {
        Self {
            id: request.id,
            state: request.state,
            requester: request.requester,
            requester_name: names.get(&request.requester).cloned(),
            to_account: request.to,
            payer: request.payer,
            payer_name: names.get(&request.payer).cloned(),
            amount: request.amount.minor(),
            currency: request.amount.currency(),
            note: request.note,
            payment_id: request.payment,
            created_at: request.asked_at,
        }
    }
}
