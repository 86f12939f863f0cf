//! What was set before, and going back to it.

use contracts::Timestamp;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::config::ConfigView;
use super::{READ, WRITE, place_of, scope_of, settable};
use crate::commands::{self, Note};
use crate::domain::{Change, Environment, Remark, Revision, ServiceName};
use crate::error::Error;
use crate::store;

/// A change of what is set.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"revision": 3, "made_at": "2026-11-21T09:47:35.123Z",
    "made_by": "user:usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "comment": "The disk is small",
    "changes": [{"key": "jobs.kept", "from": null, "to": "3d"}]}))]
pub(super) struct RevisionView {
    /// Which one it is.
    revision: u64,
    /// When it was made.
    made_at: Timestamp,
    /// Who made it.
    made_by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    comment: Option<Remark>,
    /// The revision that it went back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restores: Option<u64>,
    /// What it changed.
    changes: Vec<Change>,
}

/// Which revisions are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedRevisions {
    /// The installation; the registry's own when it is left out.
    environment: Option<Environment>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which revision to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to_revision": 0, "comment": "It was better before"}))]
pub(super) struct RollBack {
    /// In which environment; the registry's own when it is left out.
    environment: Option<Environment>,
    /// What was set as of this revision is set again; as of 0 nothing was.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    to_revision: u64,
    /// Why.
    comment: Option<Remark>,
}

/// Lists the changes of what is set, the latest first.
#[utoipa::path(get, path = "/api/v1/registry/config/{service}/history", tag = "registry",
    params(("service" = ServiceName, Path), WantedRevisions),
    responses((status = 200, description = "A page of revisions.", body = Page<RevisionView>)))]
pub(super) async fn list_revisions(
    ctx: Ctx,
    caller: Caller,
    Path(service): Path<ServiceName>,
    Query(wanted): Query<WantedRevisions>,
) -> Answer<Page<RevisionView>> {
    let scope = scope_of(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, before) = (page.limit()?, page.after::<i64>()?.unwrap_or(i64::MAX));
    let place = place_of(&ctx, &scope, service, wanted.environment)?;
    let rows = ctx.read(scope, move |tx| store::revisions_before(tx, &place, before, limit + 1)).await;
    rows.map(|rows| Page::of(rows, limit, |row| row.revision).map(RevisionView::from)).answered()
}

/// Sets again what was set as of an earlier revision, as a new one.
#[utoipa::path(post, path = "/api/v1/registry/config/{service}/rollback", tag = "registry",
    request_body = RollBack,
    params(("service" = ServiceName, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what is changed.")),
    responses((status = 200, description = "What is set now.", body = ConfigView)))]
pub(super) async fn roll_back_config(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(service): Path<ServiceName>,
    IfMatch(seen): IfMatch,
    Json(body): Json<RollBack>,
) -> Answer<ConfigView> {
    let scope = scope_of(&caller, WRITE)?;
    let place = place_of(&ctx, &scope, service, body.environment)?;
    let (running, of, note) = (ctx.service().clone(), scope.clone(), Note { seen, remark: body.comment });
    ctx.write(scope, key, move |tx| {
        let settable = settable(&running, &of, &place.service)?;
        let config = commands::roll_back(tx, settable, &place, body.to_revision, &note)?;
        Ok::<_, Error>(ConfigView::of(settable, &place, config))
    })
    .await
    .answered()
}

impl From<Revision> for RevisionView {
    fn from(revision: Revision) -> Self {
        Self {
            revision: revision.revision,
            made_at: revision.made_at,
            made_by: revision.made_by,
            comment: revision.remark,
            restores: revision.restores,
            changes: revision.changes,
        }
    }
}
