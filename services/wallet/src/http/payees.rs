//! Finding somebody to pay, and the text of a code to be scanned.

use contracts::{Currency, WalletAccountId};
use kernel::http::{Answer, Answering, Caller, Ctx, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, reach};
use crate::commands::accounts;
use crate::domain::{Account, Amount, Payee, ShortName};
use crate::error::Error;
use crate::store;

/// Who is looked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedPayee {
    /// An account, a whole mail address or a whole telephone number.
    #[param(inline)]
    q: Payee,
}

/// How much a code is to ask for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedQr {
    /// How much, in minor units; whoever scans it says how much where nothing is said.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 999_999_999_999_i64)]
    amount: Option<Amount>,
}

/// Accounts that can be paid.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{"account_id": "acc_01jd3sa4k8qm7v2x9c5f0t6w1b", "currency": "INR",
    "merchant": false, "name": "Ben K."}]}))]
pub(super) struct WalletPayees {
    /// One in each currency at most.
    data: Vec<WalletPayee>,
}

/// An account that can be paid. Of its owner it says a first name and an initial, so that a payer knows whom they pay.
#[derive(Serialize, ToSchema)]
struct WalletPayee {
    /// The account.
    account_id: WalletAccountId,
    /// Its currency.
    currency: Currency,
    /// Whether it is a merchant's.
    merchant: bool,
    /// What its owner is called, where they have said so.
    name: Option<ShortName>,
}

/// What a code to be scanned holds.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"text": "stoa:pay?to=acc_01jd3sa4k8qm7v2x9c5f0t6w1b&amount=5000&currency=INR"}))]
pub(super) struct WalletQr {
    /// The text.
    text: String,
}

/// Currencies are fewer.
const PAYEES_MAX: u32 = 200;

/// Finds the accounts of whoever has exactly this address, or this account.
#[utoipa::path(get, path = "/api/v1/wallet/payees", tag = "wallet", params(WantedPayee),
    responses((status = 200, description = "The accounts; none where nobody has the address.", body = WalletPayees)))]
pub(super) async fn find_wallet_payees(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedPayee>,
) -> Answer<WalletPayees> {
    let scope = caller.require(READ)?;
    let found = ctx.read(scope, move |tx| {
        let found = match (&wanted.q, store::find_person(tx, &wanted.q)?) {
            (_, None) => Vec::new(),
            (Payee::Account(id), Some(_)) => store::account(tx, *id)?.into_iter().collect(),
            (Payee::Email(_) | Payee::Phone(_), Some(user)) => {
                let purses = store::purses(tx, Some(user), None, PAYEES_MAX)?;
                purses.into_iter().map(|purse| purse.account).collect()
            }
        };
        let names = store::names(tx, found.iter().map(|account| account.owner))?;
        let view = |account: Account| WalletPayee {
            account_id: account.id,
            currency: account.currency(),
            merchant: account.fee_basis_points.is_some(),
            name: names.get(&account.owner).cloned(),
        };
        Ok::<_, Error>(WalletPayees { data: found.into_iter().map(view).collect() })
    });
    found.await.answered()
}

/// Gives the text of a code that asks to pay one of the caller's accounts.
#[utoipa::path(get, path = "/api/v1/wallet/qr/{account}", tag = "wallet",
    params(("account" = WalletAccountId, Path), WantedQr),
    responses((status = 200, description = "The text.", body = WalletQr)))]
pub(super) async fn get_wallet_qr(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
    Query(wanted): Query<WantedQr>,
) -> Answer<WalletQr> {
    let (scope, whose) = reach(&caller, READ)?;
    let account = ctx.read(scope, move |tx| accounts::get(tx, id, whose)).await?;
    let amount = wanted.amount.map(|amount| format!("&amount={}", amount.minor())).unwrap_or_default();
    Ok(WalletQr { text: format!("stoa:pay?to={id}{amount}&currency={}", account.currency()) }).answered()
}
