//! The API under `/api/v1/ledger`: `accounts`, `transfers`, `crowd` (what many ask at once), `transactions` (also under `/api/v1/transactions/{id}`),
//! `holds`, `keeping` (sealed periods, and replaying the journal), `views` (what is shown).
//!
//! Who holds `ledger:read` sees the whole ledger of the project, who holds `ledger:manage` changes it: both are for staff
//! and programs. People see what is theirs through `wallet`.

mod accounts;
mod crowd;
mod holds;
mod keeping;
mod transactions;
mod transfers;
mod views;

use contracts::BadText;
use kernel::auth::{Caller, Denied, Permission};
use kernel::http::{Ctx, IdempotencyKey, Problem, Written};
use kernel::service::Running;
use kernel::store::{Scope, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Error;

/// To see the ledger of the project.
const READ: Permission = Permission::new("ledger:read");
/// To change it.
const MANAGE: Permission = Permission::new("ledger:manage");

/// A full batch with the longest names.
pub const BATCH_BYTES_MAX: usize = 8 << 20;

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(accounts::open_account, accounts::list_accounts))
        .routes(routes!(accounts::get_account))
        .routes(routes!(accounts::get_balance))
        .routes(routes!(accounts::get_statement))
        .routes(routes!(transfers::post_transfers))
        .routes(routes!(transfers::get_transfer))
        .routes(routes!(transactions::make_transaction, transactions::list_transactions))
        .routes(routes!(transactions::get_transaction))
        .routes(routes!(transactions::get_transaction_by_its_short_path))
        .routes(routes!(transactions::reverse_transaction))
        .routes(routes!(transactions::exchange))
        .routes(routes!(holds::list_holds))
        .routes(routes!(holds::get_hold))
        .routes(routes!(holds::post_hold))
        .routes(routes!(holds::void_hold))
        .routes(routes!(keeping::close_period, keeping::list_periods))
        .routes(routes!(keeping::verify_journal))
}

/// The project that the caller may look at.
fn seen(caller: &Caller) -> Result<Scope, Denied> {
    caller.require(READ).or_else(|_| caller.require(MANAGE))
}

/// An amount in minor units that may be nothing. JSON carries it exactly in every language up to 2^53 - 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64")]
#[schema(value_type = i64, minimum = 0, maximum = 9007199254740991_i64, example = 1500)]
struct MinorUnits(i64);

/// An amount in minor units that is more than nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64")]
#[schema(value_type = i64, minimum = 1, maximum = 9007199254740991_i64, example = 1500)]
struct SomeMinorUnits(i64);

/// What the caller takes a transfer or account for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "i64")]
#[schema(value_type = i32, minimum = 1, maximum = 65535, example = 1)]
struct CodeNumber(u16);

const AMOUNT_MAX: i64 = (1 << 53) - 1;

impl TryFrom<i64> for MinorUnits {
    type Error = BadText;

    fn try_from(amount: i64) -> Result<Self, BadText> {
        let fits = (0..=AMOUNT_MAX).contains(&amount);
        if fits { Ok(Self(amount)) } else { Err(BadText("an amount from 0 to 9007199254740991")) }
    }
}

impl TryFrom<i64> for SomeMinorUnits {
    type Error = BadText;

    fn try_from(amount: i64) -> Result<Self, BadText> {
        let fits = (1..=AMOUNT_MAX).contains(&amount);
        if fits { Ok(Self(amount)) } else { Err(BadText("an amount from 1 to 9007199254740991")) }
    }
}

impl TryFrom<i64> for CodeNumber {
    type Error = BadText;

    fn try_from(code: i64) -> Result<Self, BadText> {
        let code = u16::try_from(code).ok().filter(|code| *code > 0);
        code.map(Self).ok_or(BadText("a code from 1 to 65535"))
    }
}

/// All batches of a project want its turn; when many do at once on Postgres, the store's own tries may all lose.
const ROUNDS_MAX: u32 = 6;
const LOST_RACE: &str = "conflict";

/// Asks a question, again where the journal has moved on from under it.
async fn read<T, F>(ctx: &Ctx, scope: Scope, query: F) -> Result<T, Problem>
where
    F: Fn(&mut Tx<'_>) -> Result<T, Error> + Clone + Send + 'static,
    T: Send + 'static,
{
    again(|| ctx.read(scope.clone(), query.clone())).await
}

/// Runs a command, again where others were faster every time.
async fn write<T, F>(ctx: &Ctx, scope: Scope, key: IdempotencyKey, command: F) -> Result<Written<T>, Problem>
where
    F: Fn(&mut Tx<'_>) -> Result<T, Error> + Clone + Send + 'static,
    T: Serialize + Send + 'static,
{
    again(|| ctx.write(scope.clone(), key.clone(), command.clone())).await
}

async fn again<T, A>(mut ask: impl FnMut() -> A) -> Result<T, Problem>
where
    A: Future<Output = Result<T, Problem>>,
{
    let mut round = 1;
    loop {
        match ask().await {
            Err(problem) if problem.code() == LOST_RACE && round < ROUNDS_MAX => round += 1,
            done => return done,
        }
    }
}
