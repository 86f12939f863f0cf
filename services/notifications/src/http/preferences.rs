//! What people want to hear, and which addresses are left alone.

use contracts::{Timestamp, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{MANAGE, READ};
use crate::commands::preferences as commands;
use crate::domain::choices::Preferences;
use crate::domain::notification::Channel;
use crate::domain::words::Category;
use crate::error::Error;
use crate::store::people::{self as store, Suppression};

/// An address that is left alone.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"channel": "email", "address": "ann@example.com", "category": "marketing",
    "reason": "unsubscribed", "created_at": "2026-11-21T09:47:35.123Z"}))]
pub(super) struct SuppressionView {
    /// How it would be reached.
    channel: Channel,
    /// The address.
    address: String,
    /// For which category; all where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    category: Option<String>,
    /// Why: `unsubscribed`, or `bad_recipient` where nobody is there.
    reason: String,
    /// Since when.
    created_at: Timestamp,
}

/// Which address is to be written to again.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// How it is reached.
    channel: Channel,
    /// The address.
    #[param(min_length = 1, max_length = 254, pattern = "^[!-~]+$")]
    address: String,
    /// For which category; where it is left out, what holds for all.
    category: Option<Category>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Freed {
    /// Whether it is written to again; always.
    freed: bool,
}

/// Shows what you want to hear.
#[utoipa::path(get, path = "/api/v1/notifications/preferences", tag = "preferences",
    responses((status = 200, description = "Your choices.", body = Preferences)))]
pub(super) async fn get_own_preferences(ctx: Ctx, caller: Caller) -> Answer<Preferences> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.read(scope, move |tx| commands::find(tx, user)).await.answered()
}

/// Chooses what you want to hear, all of it; codes and sign-ins always reach you.
#[utoipa::path(put, path = "/api/v1/notifications/preferences", tag = "preferences", request_body = Preferences,
    responses((status = 200, description = "Your choices.", body = Preferences)))]
pub(super) async fn set_own_preferences(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(wanted): Json<Preferences>,
) -> Answer<Preferences> {
    let scope = caller.require(READ)?;
    let user = caller.user()?;
    ctx.write(scope, key, move |tx| commands::choose(tx, user, &wanted)).await.answered()
}

/// Shows what somebody wants to hear: you, or anybody for those who manage notifications.
#[utoipa::path(get, path = "/api/v1/preferences/{user_id}", tag = "preferences", params(("user_id" = UserId, Path)),
    responses((status = 200, description = "Their choices.", body = Preferences)))]
pub(super) async fn get_preferences(
    ctx: Ctx,
    caller: Caller,
    Path(user): Path<UserId>,
) -> Answer<Preferences> {
    let scope = caller.require(READ)?;
    caller.own(user, MANAGE)?;
    ctx.read(scope, move |tx| commands::find(tx, user)).await.answered()
}

/// Chooses what somebody wants to hear: you, or anybody for those who manage notifications.
#[utoipa::path(put, path = "/api/v1/preferences/{user_id}", tag = "preferences", request_body = Preferences,
    params(("user_id" = UserId, Path)),
    responses((status = 200, description = "Their choices.", body = Preferences)))]
pub(super) async fn set_preferences(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(user): Path<UserId>,
    Json(wanted): Json<Preferences>,
) -> Answer<Preferences> {
    let scope = caller.require(READ)?;
    caller.own(user, MANAGE)?;
    ctx.write(scope, key, move |tx| commands::choose(tx, user, &wanted)).await.answered()
}

/// Lists addresses that are left alone.
#[utoipa::path(get, path = "/api/v1/notifications/suppressions", tag = "preferences", params(PageQuery),
    responses((status = 200, description = "A page of addresses.", body = Page<SuppressionView>)))]
pub(super) async fn list_suppressions(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<SuppressionView>> {
    let scope = caller.require(MANAGE)?;
    let (limit, after) = (page.limit()?, page.after::<(String, String, String)>()?.unwrap_or_default());
    let rows =
        ctx.read(scope, move |tx| store::suppressions(tx, (&after.0, &after.1, &after.2), limit + 1)).await;
    let place =
        |one: &Suppression| (one.channel.as_str().to_owned(), one.address.clone(), one.category.clone());
    rows.map(|rows| Page::of(rows, limit, place).map(SuppressionView::from)).answered()
}

/// Writes to an address again.
#[utoipa::path(delete, path = "/api/v1/notifications/suppressions", tag = "preferences", params(Which),
    responses((status = 200, description = "It is written to again.", body = Freed)))]
pub(super) async fn delete_suppression(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Query(Which { channel, address, category }): Query<Which>,
) -> Answer<Freed> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| {
        if store::unsuppress(tx, channel, &address.to_ascii_lowercase(), category.as_ref())? {
            Ok(Freed { freed: true })
        } else {
            Err(Error::NoSuch("suppression"))
        }
    })
    .await
    .answered()
}

impl From<Suppression> for SuppressionView {
    fn from(Suppression { channel, address, category, reason, created_at }: Suppression) -> Self {
        let category = Some(category).filter(|category| !category.is_empty());
        Self { channel, address, category, reason, created_at }
    }
}
