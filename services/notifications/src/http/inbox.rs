//! What a person finds in the application.

use std::collections::BTreeMap;

use contracts::{NotificationId, Timestamp};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::READ;
use crate::commands::inbox::{self as commands, Readable, UNREAD_MAX};
use crate::domain::words::Category;
use crate::error::Error;
use crate::store::inbox as store;

/// A line of an inbox.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "ntf_01jd3sa4k8qm7v2x9c5f0t6w1b", "category": "order", "title": "Your order is paid",
    "body": "Thank you.", "metadata": {}, "unread": true, "created_at": "2026-11-21T09:47:35.123Z"}))]
pub(super) struct LineView {
    /// The notification.
    id: NotificationId,
    /// What it is about.
    category: Category,
    /// Its first line.
    title: String,
    /// What it says.
    body: String,
    /// What the sender wants to find again.
    metadata: BTreeMap<String, String>,
    /// Whether it was not read yet.
    unread: bool,
    /// When it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    read_at: Option<Timestamp>,
    /// When it came.
    created_at: Timestamp,
}

/// An inbox at a glance.
#[derive(Serialize, ToSchema)]
struct Glance {
    /// How many are unread; 100 stands for as many or more.
    unread: u32,
    /// The newest unread ones, then the newest.
    latest: Vec<LineView>,
}

/// How many lines were marked.
#[derive(Serialize, ToSchema)]
pub(super) struct Marked {
    /// So many were unread before.
    #[schema(minimum = 0)]
    marked: u64,
}

const LATEST: u32 = 5;

/// Lists your inbox: what is unread first, then the newest.
#[utoipa::path(get, path = "/api/v1/notifications/inbox", tag = "inbox", params(PageQuery),
    responses((status = 200, description = "A page of your inbox.", body = Page<LineView>)))]
pub(super) async fn list_inbox(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<LineView>> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    let (limit, after) = (page.limit()?, page.after()?);
    ctx.read(scope, move |tx| {
        let lines = commands::lines(tx, user, after, limit + 1)?;
        let page = Page::of(lines, limit, |one| (one.line.unread, one.line.id));
        let data = page.data.into_iter().map(LineView::of).collect::<Result<_, Error>>()?;
        Ok::<_, Error>(Page { data, next_cursor: page.next_cursor })
    })
    .await
    .answered()
}

/// Follows your inbox: how many are unread and the latest, now and whenever that changes, as server-sent events.
#[utoipa::path(get, path = "/api/v1/notifications/inbox/live", tag = "inbox",
    responses((status = 200, description = "Each event's data is the inbox at a glance, as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_inbox(ctx: Ctx, caller: Caller) -> Result<Live, Problem> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.live(scope, move |tx| {
        let lines = commands::lines(tx, user, None, LATEST)?;
        let latest = lines.into_iter().map(LineView::of).collect::<Result<_, Error>>()?;
        Ok::<_, Error>(Glance { unread: store::unread(tx, user, UNREAD_MAX)?, latest })
    })
    .await
}

/// Marks one line as read.
#[utoipa::path(post, path = "/api/v1/notifications/inbox/{id}/read", tag = "inbox",
    params(("id" = NotificationId, Path)),
    responses((status = 200, description = "It is read.", body = Marked)))]
pub(super) async fn read_inbox_line(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<NotificationId>,
) -> Answer<Marked> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.write(scope, key, move |tx| commands::read(tx, user, id).map(|()| Marked { marked: 1 }))
        .await
        .answered()
}

/// Marks all lines as read.
#[utoipa::path(post, path = "/api/v1/notifications/inbox/read-all", tag = "inbox",
    responses((status = 200, description = "All are read.", body = Marked)))]
pub(super) async fn read_inbox(ctx: Ctx, caller: Caller, key: IdempotencyKey) -> Answer<Marked> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.write(scope, key, move |tx| {
        let marked = store::read_all(tx, user)?;
        Ok::<_, Error>(Marked { marked })
    })
    .await
    .answered()
}

impl LineView {
    fn of(readable: Readable) -> Result<Self, Error> {
        let Readable { line, title, body } = readable;
        let metadata = line.metadata.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        Ok(Self {
            id: line.id,
            category: line.category,
            title,
            body,
            metadata,
            unread: line.unread,
            read_at: line.read_at,
            created_at: line.created_at,
        })
    }
}
