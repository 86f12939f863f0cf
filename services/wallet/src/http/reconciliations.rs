//! Whether the balances here are those of the ledger: the comparisons of the nights.

use contracts::Timestamp;
use kernel::http::{Answer, Answering, Caller, Ctx, Query};
use kernel::store::{Page, PageQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::MANAGE;
use crate::domain::{DifferingAccount, Reconciliation};
use crate::store;

/// The comparison of a night.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"day": "2026-11-21", "started_at": "2026-11-21T03:43:00.000Z",
    "ended_at": "2026-11-21T03:43:02.000Z", "checked": 1200, "agreeing": 1199, "differing": 1, "accounts": [
    {"account_id": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "ledger": 120000, "wallet": 115000}]}))]
pub(super) struct WalletReconciliationView {
    /// Of which day, in UTC.
    day: String,
    /// When the ledger began to tell.
    started_at: Timestamp,
    /// When all was compared; null as long as it is not.
    ended_at: Option<Timestamp>,
    /// Accounts that were compared; those that moved meanwhile are not among them.
    checked: u64,
    /// Those that agree.
    agreeing: u64,
    /// Those that do not.
    differing: u64,
    /// The first 50 of them, with both figures.
    accounts: Vec<DifferingAccount>,
}

impl From<Reconciliation> for WalletReconciliationView {
    fn from(run: Reconciliation) -> Self {
        let checked = run.checked();
        let Reconciliation { day, started_at, ended_at, agreeing, differing, found: accounts, .. } = run;
        Self { day, started_at, ended_at, checked, agreeing, differing, accounts }
    }
}

/// Lists the comparisons of balances with the ledger's, newest first.
#[utoipa::path(get, path = "/api/v1/wallet/reconciliations", tag = "wallet", params(PageQuery),
    responses((status = 200, description = "A page of comparisons.", body = Page<WalletReconciliationView>)))]
pub(super) async fn list_wallet_reconciliations(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<WalletReconciliationView>> {
    let scope = caller.require(MANAGE)?;
    let (limit, before) = (page.limit()?, page.after::<String>()?);
    let found = ctx.read(scope, move |tx| store::reconciliations(tx, before.as_deref(), limit + 1)).await;
    let views = |rows: Vec<_>| rows.into_iter().map(WalletReconciliationView::from).collect();
    found.map(|rows| Page::of(views(rows), limit, |view| view.day.clone())).answered()
}
