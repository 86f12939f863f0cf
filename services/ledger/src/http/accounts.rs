//! Accounts, what is in them now or was at a time, and what led to it.

use std::sync::Arc;

use contracts::{Currency, Timestamp, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::{AccountView, BalanceView, LineView};
use super::{CodeNumber, MANAGE, read, seen, write};
use crate::commands::accounts;
use crate::domain::{Account, Address, Bounds, Position};
use crate::queries;

/// An account to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "users:7:wallet", "currency": "INR", "bounds": "debits_must_not_exceed_credits"}))]
pub(super) struct OpenLedgerAccount {
    /// What it is to be called. Names that begin with `outside`, `fees`, `liquidity` or `suspense`, and those of
    /// wallets, are taken.
    id: Address,
    /// What it is counted in.
    currency: Currency,
    /// What it may not do; a deposit, out of which nothing goes that did not come in, where it is left out.
    bounds: Option<Bounds>,
    /// What its maker takes it for; 1 where it is left out.
    code: Option<CodeNumber>,
    /// Whose it is.
    user_id: Option<UserId>,
}

/// At which time.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AtTime {
    /// The time; now where it is left out.
    at: Option<Timestamp>,
}

/// Which part of a statement.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedLines {
    /// Nothing that was made before it.
    from: Option<Timestamp>,
    /// Nothing that was made after it.
    until: Option<Timestamp>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Opens an account.
#[utoipa::path(post, path = "/api/v1/ledger/accounts", tag = "ledger", operation_id = "open_ledger_account",
    request_body = OpenLedgerAccount, responses((status = 201, description = "It is open.", body = AccountView)))]
pub(super) async fn open_account(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<OpenLedgerAccount>,
) -> Answer<AccountView> {
    let scope = caller.require(MANAGE)?;
    let OpenLedgerAccount { id, currency, bounds, code, user_id } = body;
    let bounds = bounds.unwrap_or(Bounds::DebitsMustNotExceedCredits);
    let code = code.map_or(1, |code| code.0);
    let account = Arc::new(Account::open(id, currency, code, bounds, user_id, Timestamp::MIN));
    write(&ctx, scope, key, move |tx| accounts::open(tx, &account).map(AccountView::from)).await.created()
}

/// Lists accounts, by their names.
#[utoipa::path(get, path = "/api/v1/ledger/accounts", tag = "ledger", operation_id = "list_ledger_accounts",
    params(PageQuery), responses((status = 200, description = "A page of accounts.", body = Page<AccountView>)))]
pub(super) async fn list_accounts(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<AccountView>> {
    let scope = seen(&caller)?;
    let (limit, after) = (page.limit()?, page.after::<Address>()?);
    let found = read(&ctx, scope, move |tx| queries::accounts(tx, after.as_ref(), limit + 1)).await;
    let views = |accounts: Vec<Account>| accounts.into_iter().map(AccountView::from).collect();
    found.map(|accounts| Page::of(views(accounts), limit, AccountView::id)).answered()
}

/// Shows an account.
#[utoipa::path(get, path = "/api/v1/ledger/accounts/{id}", tag = "ledger", operation_id = "get_ledger_account",
    params(("id" = Address, Path)), responses((status = 200, description = "The account.", body = AccountView)))]
pub(super) async fn get_account(ctx: Ctx, caller: Caller, Path(id): Path<Address>) -> Answer<AccountView> {
    let scope = seen(&caller)?;
    read(&ctx, scope, move |tx| queries::account(tx, &id)).await.map(AccountView::from).answered()
}

/// Shows what is in an account, or was at a time.
#[utoipa::path(get, path = "/api/v1/ledger/accounts/{id}/balance", tag = "ledger",
    operation_id = "get_ledger_balance", params(("id" = Address, Path), AtTime),
    responses((status = 200, description = "The balance.", body = BalanceView)))]
pub(super) async fn get_balance(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<Address>,
    Query(wanted): Query<AtTime>,
) -> Answer<BalanceView> {
    let scope = seen(&caller)?;
    let found = read(&ctx, scope, move |tx| queries::balance(tx, &id, wanted.at)).await;
    found.map(|(account, columns)| BalanceView::of(account, columns, wanted.at)).answered()
}

/// Lists what led to an account's balance, newest first, each line with the balance after it.
#[utoipa::path(get, path = "/api/v1/ledger/accounts/{id}/statement", tag = "ledger",
    operation_id = "get_ledger_statement", params(("id" = Address, Path), WantedLines),
    responses((status = 200, description = "A page of lines.", body = Page<LineView>)))]
pub(super) async fn get_statement(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<Address>,
    Query(wanted): Query<WantedLines>,
) -> Answer<Page<LineView>> {
    let scope = seen(&caller)?;
    let WantedLines { from, until, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after::<Position>()?);
    let span = (from.unwrap_or(Timestamp::MIN), until.unwrap_or(Timestamp::MAX));
    let found = read(&ctx, scope, move |tx| queries::statement(tx, &id, before, span, limit + 1)).await;
    let views = |(account, lines): (Account, Vec<_>)| {
        lines.into_iter().map(|line| LineView::of(line, account.bounds)).collect()
    };
    found.map(|found| Page::of(views(found), limit, |line| Position(line.position))).answered()
}
