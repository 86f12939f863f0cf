//! What people who look after fraud were told.

use kernel::http::{Answer, Answering, Caller, Ctx, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::reading;
use super::views::FraudAlertView;
use crate::domain::AlertKind;
use crate::store;

/// Which alerts are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedAlerts {
    /// What they are about.
    #[param(inline)]
    kind: Option<AlertKind>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists alerts, newest first.
#[utoipa::path(get, path = "/api/v1/fraud/alerts", tag = "fraud", params(WantedAlerts),
    responses((status = 200, description = "A page of alerts.", body = Page<FraudAlertView>)))]
pub(super) async fn list_alerts(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedAlerts>,
) -> Answer<Page<FraudAlertView>> {
    let scope = reading(&caller)?;
    let WantedAlerts { kind, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let found = ctx.read(scope, move |tx| store::alerts(tx, kind, before, limit + 1)).await;
    found.map(|rows| Page::of(rows, limit, |row| row.id).map(FraudAlertView::from)).answered()
}
