//! What could not be sent: looked at, and sent on its way again.

use contracts::NotificationId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::MANAGE;
use super::reading::{NotificationView, page_of};
use crate::commands::redriving::{Fate, Redriven, Which, redrive};
use crate::domain::notification::{Channel, Reason, State};
use crate::domain::words::Category;
use crate::error::Error;
use crate::store::notifications::{self as store, Filter};

/// Which dead notifications are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedDead {
    /// Those that travel so.
    channel: Option<Channel>,
    /// Those about this.
    category: Option<Category>,
    /// Those that died of this.
    reason: Option<Reason>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which dead notifications are to go again: those that are named, or the newest that fit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"filter": {"channel": "email", "reason": "exhausted"}, "limit": 100, "dry_run": true}))]
pub(super) struct Redrive {
    /// These: 1 to 200.
    #[schema(min_items = 1, max_items = 200)]
    ids: Option<Vec<NotificationId>>,
    /// Those that fit, where none are named; all where nothing is said.
    filter: Option<FittingDead>,
    /// How many at most: 1 to 200, 200 when nothing is said.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// What a dead notification has to be like.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FittingDead {
    /// It travels so.
    channel: Option<Channel>,
    /// It is about this.
    category: Option<Category>,
    /// It died of this.
    reason: Option<Reason>,
}

/// What becomes of each.
#[derive(Serialize, ToSchema)]
pub(super) struct RedriveView {
    /// Whether nothing was done.
    dry_run: bool,
    /// How many go again.
    #[schema(minimum = 0)]
    redriven: usize,
    /// Each of them.
    data: Vec<Redriven>,
}

const REDRIVEN_MAX: u32 = 200;

/// Lists what could not be sent, newest first.
#[utoipa::path(get, path = "/api/v1/notifications/dead", tag = "notifications", params(WantedDead),
    responses((status = 200, description = "A page of notifications.", body = Page<NotificationView>)))]
pub(super) async fn list_dead(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedDead>,
) -> Answer<Page<NotificationView>> {
    let scope = caller.require(MANAGE)?;
    let WantedDead { channel, category, reason, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let filter = Filter { user: None, state: Some(State::Dead), channel, category, reason };
    ctx.read(scope, move |tx| page_of(store::list(tx, &filter, before, limit + 1)?, limit)).await.answered()
}

/// Sends dead notifications on their way again, those that are still wanted and still worth it.
#[utoipa::path(post, path = "/api/v1/notifications/dead/redrive", tag = "notifications", request_body = Redrive,
    responses((status = 200, description = "What becomes of each.", body = RedriveView)))]
pub(super) async fn redrive_dead(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<Redrive>,
) -> Answer<RedriveView> {
    let scope = caller.require(MANAGE)?;
    let Redrive { ids, filter, limit, dry_run } = body;
    let limit = limit.unwrap_or(REDRIVEN_MAX);
    if !(1..=REDRIVEN_MAX).contains(&limit) {
        return Err(Problem::field("limit", format!("is a number from 1 to {REDRIVEN_MAX}")));
    }
    let which = match (ids, filter) {
        (Some(_), Some(_)) => return Err(Problem::field("filter", "does not go with ids")),
        (Some(ids), None) if (1..=REDRIVEN_MAX as usize).contains(&ids.len()) => Which::These(ids),
        (Some(_), None) => return Err(Problem::field("ids", format!("has 1 to {REDRIVEN_MAX} entries"))),
        (None, filter) => Which::Fitting(filter.map(FittingDead::filter).unwrap_or_default(), limit),
    };
    ctx.write(scope, key, move |tx| {
        let data = redrive(tx, &which, dry_run)?;
        let redriven = data.iter().filter(|one| one.fate == Fate::Redriven).count();
        Ok::<_, Error>(RedriveView { dry_run, redriven, data })
    })
    .await
    .answered()
}

impl FittingDead {
    fn filter(self) -> Filter {
        let Self { channel, category, reason } = self;
        Filter { channel, category, reason, ..Filter::default() }
    }
}
