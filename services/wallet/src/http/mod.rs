//! The API: `accounts` under `/api/v1/accounts`, `payments` and `moves` under `/api/v1/wallet/payments` (and, for
//! payments, under `/api/v1/payments`, which is shared with another service), `requests`, `schedules`,
//! `top_ups` and `withdrawals` under an account, `statement`, `activity`, `payees` (whom to pay),
//! `reconciliations`, `views` (what is shown).
//!
//! Handlers ask whether the caller may, call one command or query, and answer. People reach their own with
//! `wallet:read` and `wallet:write`; who holds `wallet:manage` reaches those of the whole project.

mod accounts;
mod activity;
mod moves;
mod payees;
mod payments;
mod reconciliations;
mod requests;
mod schedules;
mod statement;
mod top_ups;
mod views;
mod withdrawals;

use kernel::auth::{Caller, Denied, Permission};
use kernel::http::Ctx;
use kernel::service::Running;
use kernel::store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{Terms, Whose};
use crate::settings;

/// To see one's own.
const READ: Permission = Permission::new("wallet:read");
/// To open accounts, to pay, to put money in and take it out, to ask for money.
const WRITE: Permission = Permission::new("wallet:write");
/// To see everybody's, to freeze accounts, to look at payments in review.
const MANAGE: Permission = Permission::new("wallet:manage");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(accounts::open_wallet_account, accounts::list_wallet_accounts))
        .routes(routes!(accounts::get_wallet_account))
        .routes(routes!(accounts::get_wallet_limits))
        .routes(routes!(accounts::follow_wallet_account))
        .routes(routes!(accounts::freeze_wallet_account))
        .routes(routes!(accounts::thaw_wallet_account))
        .routes(routes!(accounts::set_wallet_merchant))
        .routes(routes!(activity::list_wallet_activity))
        .routes(routes!(statement::get_wallet_statement))
        .routes(routes!(statement::show_wallet_statement))
        .routes(routes!(top_ups::request_wallet_top_up, top_ups::list_wallet_top_ups))
        .routes(routes!(top_ups::get_wallet_top_up))
        .routes(routes!(top_ups::follow_wallet_top_up))
        .routes(routes!(withdrawals::request_wallet_withdrawal, withdrawals::list_wallet_withdrawals))
        .routes(routes!(withdrawals::get_wallet_withdrawal))
        .routes(routes!(withdrawals::follow_wallet_withdrawal))
        .routes(routes!(withdrawals::cancel_wallet_withdrawal))
        .routes(routes!(payees::find_wallet_payees))
        .routes(routes!(payees::get_wallet_qr))
        .routes(routes!(payments::pay_from_wallet, payments::list_wallet_payments))
        .routes(routes!(payments::start_wallet_payment))
        .routes(routes!(payments::get_wallet_payment))
        .routes(routes!(payments::show_wallet_payment))
        .routes(routes!(payments::follow_wallet_payment))
        .routes(routes!(moves::cancel_wallet_payment))
        .routes(routes!(moves::refund_wallet_payment))
        .routes(routes!(moves::give_wallet_payment_back))
        .routes(routes!(moves::review_wallet_payment))
        .routes(routes!(moves::judge_wallet_payment))
        .routes(routes!(reconciliations::list_wallet_reconciliations))
        .routes(routes!(requests::ask_for_money, requests::list_money_requests))
        .routes(routes!(requests::get_money_request))
        .routes(routes!(requests::accept_money_request))
        .routes(routes!(requests::decline_money_request))
        .routes(routes!(schedules::plan_payment, schedules::list_pay_schedules))
        .routes(routes!(schedules::get_pay_schedule, schedules::cancel_pay_schedule))
}

/// Whose things the caller reaches: with `own` alone, their own.
fn reach(caller: &Caller, own: Permission) -> Result<(Scope, Whose), Denied> {
    match caller.require(MANAGE) {
        Ok(scope) => Ok((scope, Whose::Everybodys)),
        Err(_) => Ok((caller.require(own)?, Whose::Of(caller.user()?))),
    }
}

/// What the caller's project has set for what begins now.
fn terms(ctx: &Ctx, scope: &Scope) -> Result<Terms, Denied> {
    let project = scope.project().ok_or(Denied::NoProject)?;
    Ok(settings::terms(ctx.settings(), project))
}

/// From where the caller asks, where that is known.
fn client_address(ctx: &Ctx) -> Option<String> {
    ctx.client_address().map(|address| address.to_string())
}
