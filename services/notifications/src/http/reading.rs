//! Looking at notifications, and at what became of them.

use std::collections::BTreeMap;

use contracts::{NotificationId, Timestamp, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{READ, only};
use crate::domain::notification::{Channel, Priority, Reason, State};
use crate::domain::words::{Category, Locale, TemplateName};
use crate::error::Error;
use crate::store::notifications::{self as store, Entry, Filter, Kept};

/// Entries of a timeline that are shown.
const ENTRIES_MAX: u32 = 100;

/// A notification.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "ntf_01jd3sa4k8qm7v2x9c5f0t6w1b", "channel": "email", "state": "delivered",
    "category": "order", "priority": "normal", "recipient": "ann@example.com",
    "template": {"name": "order_paid", "version": 0}, "locale": "en", "provider": "smtp", "attempts": 1,
    "metadata": {}, "created_at": "2026-11-21T09:47:35.123Z", "updated_at": "2026-11-21T09:47:35.523Z"}))]
pub(super) struct NotificationView {
    /// Its id.
    id: NotificationId,
    /// How it travels.
    channel: Channel,
    /// Where it stands.
    state: State,
    /// Why it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<Reason>,
    /// What it is about.
    category: Category,
    /// Whether it can wait.
    priority: Priority,
    /// The person it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user_id: Option<UserId>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recipient: Option<String>,
    /// The template it was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    template: Option<UsedTemplate>,
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    locale: Option<Locale>,
    /// Who sent it, or tried last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "smtp")]
    provider: Option<String>,
    /// How often it was tried.
    #[schema(minimum = 0)]
    attempts: u32,
    /// What the sender wants to find again.
    metadata: BTreeMap<String, String>,
    /// After this it is not worth sending.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
    /// When it was accepted.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// The template a notification was made of.
#[derive(Serialize, ToSchema)]
struct UsedTemplate {
    /// Its name.
    name: TemplateName,
    /// Its version; 0 is one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    version: Option<u32>,
}

/// A notification with what it says and what became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct NotificationDetail {
    #[serde(flatten)]
    notification: NotificationView,
    /// What it says; null where that is a secret, or its reader was erased.
    #[schema(value_type = Option<Object>)]
    content: Option<Box<RawValue>>,
    /// What happened, oldest first.
    timeline: Vec<EntryView>,
}

/// One thing that happened.
#[derive(Serialize, ToSchema)]
struct EntryView {
    /// When.
    at: Timestamp,
    /// What: `accepted`, an attempt's outcome such as `later`, or the state that followed.
    #[schema(example = "delivered")]
    what: String,
    /// With which provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    provider: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// Which notifications are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Those of this person.
    user_id: Option<UserId>,
    /// Those that stand so.
    state: Option<State>,
    /// Those that travel so.
    channel: Option<Channel>,
    /// Those about this.
    category: Option<Category>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists notifications, newest first: a person's own, or all that fit.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications", params(Wanted),
    responses((status = 200, description = "A page of notifications.", body = Page<NotificationView>)))]
pub(super) async fn list_notifications(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Answer<Page<NotificationView>> {
    let scope = caller.require(READ)?;
    let Wanted { user_id, state, channel, category, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    // Whoever sees their own alone and asks for somebody else's finds nothing.
    let nobody = only(&caller).is_some_and(|own| user_id.is_some_and(|asked| asked != own));
    let filter = Filter { user: only(&caller).or(user_id), state, channel, category, reason: None };
    ctx.read(scope, move |tx| {
        let rows = if nobody { Vec::new() } else { store::list(tx, &filter, before, limit + 1)? };
        page_of(rows, limit)
    })
    .await
    .answered()
}

/// Shows a notification, with what it says and what became of it.
#[utoipa::path(get, path = "/api/v1/notifications/{id}", tag = "notifications",
    params(("id" = NotificationId, Path)),
    responses((status = 200, description = "The notification.", body = NotificationDetail)))]
pub(super) async fn get_notification(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<NotificationId>,
) -> Answer<NotificationDetail> {
    let scope = caller.require(READ)?;
    let own = only(&caller);
    ctx.read(scope, move |tx| {
        let is_seen = |kept: &Kept| own.is_none_or(|own| kept.user_id == Some(own));
        let kept = store::find(tx, id)?.filter(is_seen).ok_or(Error::NoSuch("notification"))?;
        let entries = store::entries(tx, id, ENTRIES_MAX)?;
        NotificationDetail::of(kept, entries)
    })
    .await
    .answered()
}

/// A page of notifications from rows that were asked for with one more.
pub(super) fn page_of(rows: Vec<Kept>, limit: u32) -> Result<Page<NotificationView>, Error> {
    let page = Page::of(rows, limit, |kept| kept.id);
    let data = page.data.into_iter().map(NotificationView::of).collect::<Result<_, _>>()?;
    Ok(Page { data, next_cursor: page.next_cursor })
}

impl NotificationView {
    pub(super) fn of(kept: Kept) -> Result<Self, Error> {
        let metadata = kept.metadata.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let version = kept.template_version;
        Ok(Self {
            id: kept.id,
            channel: kept.channel,
            state: kept.state,
            reason: kept.reason,
            category: kept.category,
            priority: kept.priority,
            user_id: kept.user_id,
            recipient: kept.recipient,
            template: kept.template.map(|name| UsedTemplate { name, version }),
            locale: kept.locale,
            provider: kept.provider,
            attempts: kept.attempts,
            metadata,
            expires_at: kept.expires_at,
            created_at: kept.created_at,
            updated_at: kept.updated_at,
        })
    }
}

impl NotificationDetail {
    fn of(kept: Kept, entries: Vec<Entry>) -> Result<Self, Error> {
        let content = kept.content.clone().filter(|_| !kept.sealed).map(RawValue::from_string).transpose()?;
        let first =
            EntryView { at: kept.created_at, what: "accepted".to_owned(), provider: None, detail: None };
        let later = entries.into_iter().map(|Entry { at, what, provider, detail }| EntryView {
            at,
            what,
            provider,
            detail,
        });
        let timeline = std::iter::once(first).chain(later).collect();
        Ok(Self { notification: NotificationView::of(kept)?, content, timeline })
    }
}
