//! An account's statement: as JSON, and as a sheet.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use contracts::{Currency, Money, Timestamp, WalletAccountId};
use http::header;
use kernel::http::{Answer, Answering, Caller, Ctx, Path, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, reach};
use crate::commands::statement;
use crate::domain::{Account, Day, Kind, Line, ShortName, Statement};

/// Of which time a statement is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedStatement {
    /// The first day, in UTC.
    #[param(inline)]
    from: Day,
    /// The last day.
    #[param(inline)]
    to: Day,
}

/// What was in an account, and what moved.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"account_id": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "currency": "INR", "from": "2026-11-01",
    "to": "2026-11-30", "opening_balance": 120000, "closing_balance": 115000, "lines": [{
    "moved_at": "2026-11-21T09:47:36.001Z", "kind": "payment", "id": "wpay_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "direction": "out", "other_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1c", "other_name": "Ben K.", "amount": 5000,
    "fee": 0, "net": -5000, "balance": 115000, "note": "Tea"}]}))]
pub(super) struct WalletStatementView {
    /// The account.
    account_id: WalletAccountId,
    /// The currency of all amounts, which are minor units.
    currency: Currency,
    /// The first day, in UTC.
    from: Day,
    /// The last day.
    to: Day,
    /// What was in it before the first day.
    opening_balance: i64,
    /// What was in it after the last.
    closing_balance: i64,
    /// What moved, oldest first.
    lines: Vec<WalletStatementLine>,
}

/// What moved an account's money.
#[derive(Serialize, ToSchema)]
struct WalletStatementLine {
    /// When it moved; of an adjustment only the day is known.
    moved_at: Timestamp,
    /// What it was.
    kind: Kind,
    /// The payment, top-up or withdrawal; an adjustment has none.
    id: Option<String>,
    /// Which way it moved.
    direction: WalletDirection,
    /// The wallet at the other end, where there is one.
    other_account: Option<WalletAccountId>,
    /// What its owner is called: a first name and an initial.
    other_name: Option<ShortName>,
    /// How much was moved.
    amount: i64,
    /// How much of it the project kept.
    fee: i64,
    /// How much more is in the account after it, or less where it is negative.
    net: i64,
    /// What was in the account then.
    balance: i64,
    /// What it was for.
    note: Option<String>,
}

/// Which way money moved.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WalletDirection {
    /// Into the account.
    In,
    /// Out of it.
    Out,
}

/// Gives an account's statement: what was in it, what moved with the balance after it, and what was in it then. What
/// the ledger booked for another reason than a payment, top-up or withdrawal is an `adjustment`. More than 10,000 lines
/// are not given at once.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/statement", tag = "wallet",
    params(("id" = WalletAccountId, Path), WantedStatement),
    responses((status = 200, description = "The statement.", body = WalletStatementView)))]
pub(super) async fn show_wallet_statement(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
    Query(wanted): Query<WantedStatement>,
) -> Answer<WalletStatementView> {
    let (account, statement) = stated(&ctx, &caller, id, &wanted).await?;
    Ok(WalletStatementView {
        account_id: id,
        currency: account.currency(),
        from: wanted.from,
        to: wanted.to,
        opening_balance: statement.opening,
        closing_balance: statement.closing,
        lines: statement.lines.into_iter().map(WalletStatementLine::from).collect(),
    })
    .answered()
}

/// Gives an account's statement as CSV: what reached and left it, oldest first. A cell that a spreadsheet would take
/// for a formula has a `'` before it. More than 10,000 lines are not given at once.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/statement.csv", tag = "wallet",
    params(("id" = WalletAccountId, Path), WantedStatement),
    responses((status = 200, description = "The sheet.", content_type = "text/csv", body = String)))]
pub(super) async fn get_wallet_statement(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
    Query(wanted): Query<WantedStatement>,
) -> Result<Response, Problem> {
    let (account, statement) = stated(&ctx, &caller, id, &wanted).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"statement.csv\""),
    ];
    Ok((headers, sheet(account.currency(), statement.lines)).into_response())
}

async fn stated(
    ctx: &Ctx,
    caller: &Caller,
    id: WalletAccountId,
    wanted: &WantedStatement,
) -> Result<(Account, Statement), Problem> {
    let (scope, whose) = reach(caller, READ)?;
    let (since, before) = (wanted.from.begins(), wanted.to.ends());
    if before <= since {
        return Err(Problem::field("to", "is `from` or a later day"));
    }
    ctx.read(scope, move |tx| statement::of(tx, id, whose, since, before)).await
}

fn sheet(currency: Currency, lines: Vec<Line>) -> String {
    let mut text =
        "moved_at,kind,id,direction,other_account,amount,fee,net,balance,currency,note,other_name\r\n"
            .to_owned();
    for line in lines.into_iter().map(WalletStatementLine::from) {
        let decimal = |minor: i64| Money::new(minor, currency).to_decimal();
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{},{},{currency},{},{}\r\n",
            line.moved_at,
            line.kind.word(),
            line.id.as_deref().unwrap_or_default(),
            line.direction.word(),
            line.other_account.map(|account| account.to_string()).unwrap_or_default(),
            decimal(line.amount),
            decimal(line.fee),
            decimal(line.net),
            decimal(line.balance),
            cell(line.note.as_deref().unwrap_or_default()),
            cell(line.other_name.as_ref().map_or("", ShortName::as_str)),
        );
    }
    text
}

/// A text as a cell, which no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

impl WalletDirection {
    fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

impl From<Line> for WalletStatementLine {
    fn from(line: Line) -> Self {
        let Line { movement, balance } = line;
        let direction = if movement.net < 0 { WalletDirection::Out } else { WalletDirection::In };
        Self {
            moved_at: movement.moved_at,
            kind: movement.kind,
            id: movement.id,
            direction,
            other_account: movement.other_account,
            other_name: movement.other_name,
            amount: movement.amount,
            fee: movement.fee,
            net: movement.net,
            balance,
            note: movement.note,
        }
    }
}
