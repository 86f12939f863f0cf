//! What happened in an account, whatever it was.

use contracts::{Currency, Timestamp, WalletAccountId};
use kernel::http::{Answer, Answering, Caller, Ctx, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, reach};
use crate::commands::accounts;
use crate::domain::{Activity, ActivityKind, ActivityState, Day, Note, Search, ShortName};
use crate::error::Error;
use crate::store::{self, WantedActivity};

/// What is wanted, and which page of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedHere {
    /// Of which kind.
    #[param(inline)]
    kind: Option<ActivityKind>,
    /// How far it has come.
    #[param(inline)]
    state: Option<ActivityState>,
    /// Begun on this day in UTC or later.
    #[param(inline)]
    from: Option<Day>,
    /// Begun on this day or before.
    #[param(inline)]
    to: Option<Day>,
    /// What its note holds, or the name of the other side.
    #[param(inline)]
    q: Option<Search>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Something that happened in an account, or is about to.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletActivityView, example = json!({"at": "2026-11-21T09:47:35.123Z", "kind": "payment",
    "id": "wpay_01jd3sa4k8qm7v2x9c5f0t6w1b", "state": "completed", "status": "completed",
    "other_account": "acc_01jd3sa4k8qm7v2x9c5f0t6w1c", "other_name": "Ben K.", "net": -5000, "currency": "INR",
    "note": "Tea", "reason": null}))]
pub(super) struct ActivityView {
    /// When it began.
    at: Timestamp,
    /// What it is.
    kind: ActivityKind,
    /// The payment, top-up or withdrawal; a fee has the id of its payment.
    id: String,
    /// How far it has come.
    state: ActivityState,
    /// Where it stands, in the words of its kind.
    status: String,
    /// The wallet at the other end, where there is one.
    other_account: Option<WalletAccountId>,
    /// What its owner is called: a first name and an initial.
    other_name: Option<ShortName>,
    /// How much comes, or goes where it is negative, in minor units.
    net: i64,
    /// The currency of it.
    currency: Currency,
    /// What it is for.
    note: Option<Note>,
    /// Why it comes, or came, to nothing, as a code.
    reason: Option<String>,
}

/// Lists what happened in an account, newest first: payments, refunds, fees, top-ups and withdrawals, those on their way
/// and those that came to nothing included. A payment to the account is here once it has arrived.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/activity", tag = "wallet",
    params(("id" = WalletAccountId, Path), WantedHere),
    responses((status = 200, description = "A page of it.", body = Page<ActivityView>)))]
pub(super) async fn list_wallet_activity(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<WalletAccountId>,
    Query(wanted): Query<WantedHere>,
) -> Answer<Page<ActivityView>> {
    let (scope, whose) = reach(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let asked = WantedActivity {
        account: id,
        kind: wanted.kind,
        state: wanted.state,
        since: wanted.from.as_ref().map(Day::begins),
        before: wanted.to.as_ref().map(Day::ends),
        search: wanted.q,
        after,
    };
    let found = ctx.read(scope, move |tx| {
        let currency = accounts::get(tx, id, whose)?.currency();
        let rows = store::activity(tx, &asked, limit + 1)?;
        Ok::<_, Error>((currency, rows))
    });
    let (currency, rows) = found.await?;
    Ok(Page::of(rows, limit, Activity::place).map(|row| ActivityView::of(row, currency))).answered()
}

impl ActivityView {
    fn of(row: Activity, currency: Currency) -> Self {
        Self {
            at: row.at,
            kind: row.kind,
            id: row.id,
            state: row.state,
            status: row.status,
            other_account: row.other_account,
            other_name: row.other_name,
            net: row.net,
            currency,
            note: row.note,
            reason: row.reason,
        }
    }
}
