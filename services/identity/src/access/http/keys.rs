//! The API keys of a project. The text of a key is in one answer only, which is kept nowhere.

use contracts::events::access::ApiKeyKind;
use contracts::{ApiKeyId, Timestamp};
use kernel::auth::{Denied, Who};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Scope, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{KEYS_READ, KEYS_WRITE, project_of};
use crate::access::commands::keys::{self as commands, NewKey, Shown};
use crate::access::store::keys as store;
use crate::domain::api_key::{ApiKey, DAYS_MAX, KeyState, OVERLAP_S, OVERLAP_S_MAX, SCOPES_MAX};
use crate::domain::text::{Grant, Title};
use crate::error::Error;

/// A key that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Till 7", "kind": "project", "scopes": ["audit:read"], "expires_in_days": 90}))]
pub(super) struct CreateApiKey {
    /// What people call it.
    name: Title,
    /// Whose it is.
    kind: ApiKeyKind,
    /// What it may do: 1 to 100 permissions, none that you do not have yourself.
    #[schema(min_items = 1, max_items = 100)]
    scopes: Vec<Grant>,
    /// After how many days it is refused: 1 to 3650. When nothing is said, 365; a service's key then does not run out.
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

/// How a key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_seconds": 3600}))]
pub(super) struct RotateApiKey {
    /// How long the old one goes on: 0 to 604800 seconds, 86400 when nothing is said.
    #[schema(minimum = 0, maximum = 604800)]
    overlap_seconds: Option<u32>,
}

/// A key; its secret is shown once, when it is made.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyView {
    /// Its name in lists and logs.
    id: ApiKeyId,
    /// Whose it is.
    kind: ApiKeyKind,
    /// What people call it.
    name: Title,
    /// How its text begins.
    #[schema(example = "stoa_pk_01jd3sa4k8qm7v2x9c5f0t6w1b")]
    prefix: String,
    /// The last letters of its secret.
    #[schema(example = "x7Qa")]
    last_four: String,
    /// What it may do.
    scopes: Vec<Grant>,
    /// Where it stands.
    state: KeyState,
    /// When it was made.
    created_at: Timestamp,
    /// By whom.
    #[schema(example = "user:usr_01jd3sa4k8qm7v2x9c5f0t6w1b")]
    created_by: String,
    /// From then on it is refused.
    expires_at: Option<Timestamp>,
    /// Since then it is refused.
    revoked_at: Option<Timestamp>,
    /// The key that took its place.
    replaced_by: Option<ApiKeyId>,
    /// When it was last seen, to the minute.
    last_used_at: Option<Timestamp>,
}

/// A new key with its text: it is never shown again.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedApiKey {
    /// The whole text, for `x-api-key`.
    #[schema(example = "stoa_pk_01jd3sa4k8qm7v2x9c5f0t6w1b_q8Yz")]
    api_key: String,
    #[serde(flatten)]
    key: ApiKeyView,
}

/// Makes a key.
#[utoipa::path(post, path = "/api/v1/api-keys", tag = "api-keys", request_body = CreateApiKey,
    extensions(("x-stoa" = json!({"unkept": true}))),
    responses((status = 201, description = "The key, to be kept by you.", body = IssuedApiKey)))]
pub(super) async fn create_api_key(
    ctx: Ctx,
    caller: Caller,
    Json(body): Json<CreateApiKey>,
) -> Answer<IssuedApiKey> {
    let project = project_of(&caller, KEYS_WRITE)?;
    if !(1..=SCOPES_MAX).contains(&body.scopes.len()) {
        return Err(Problem::field("scopes", format!("has 1 to {SCOPES_MAX} entries")));
    }
    if body.expires_in_days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        return Err(Problem::field("expires_in_days", format!("is a number from 1 to {DAYS_MAX}")));
    }
    let CreateApiKey { name, kind, scopes, expires_in_days } = body;
    let wanted = NewKey { kind, name, scopes, expires_in_days };
    let command = {
        let caller = caller.clone();
        move |tx: &mut Tx<'_>| commands::create(tx, &caller, project, &wanted)
    };
    let shown = ctx.write_unkept(Scope::Project(project), caller.name(), command).await;
    shown.map(|shown| IssuedApiKey::of(shown, &ctx)).created()
}

/// Lists the keys of the project, oldest first.
#[utoipa::path(get, path = "/api/v1/api-keys", tag = "api-keys", params(PageQuery),
    responses((status = 200, description = "A page of keys.", body = Page<ApiKeyView>)))]
pub(super) async fn list_api_keys(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<ApiKeyView>> {
    let project = project_of(&caller, KEYS_READ)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let rows = ctx.read(Scope::Project(project), move |tx| store::keys(tx, project, after, limit + 1)).await;
    let now = ctx.store().clock().now();
    rows.map(|rows| Page::of(rows, limit, |key| key.id).map(|key| ApiKeyView::of(key, now))).answered()
}

/// Shows a key.
#[utoipa::path(get, path = "/api/v1/api-keys/{id}", tag = "api-keys", params(("id" = ApiKeyId, Path)),
    responses((status = 200, description = "The key, without its secret.", body = ApiKeyView)))]
pub(super) async fn get_api_key(ctx: Ctx, caller: Caller, Path(id): Path<ApiKeyId>) -> Answer<ApiKeyView> {
    let project = project_of(&caller, KEYS_READ)?;
    let query = move |tx: &mut Tx<'_>| store::key(tx, project, id)?.ok_or(Error::NoSuch("API key"));
    let now = ctx.store().clock().now();
    ctx.read(Scope::Project(project), query).await.map(|key| ApiKeyView::of(key, now)).answered()
}

/// Makes a key that takes the place of another; the other goes on for a while.
#[utoipa::path(post, path = "/api/v1/api-keys/{id}/rotate", tag = "api-keys",
    request_body = Option<RotateApiKey>, params(("id" = ApiKeyId, Path)),
    extensions(("x-stoa" = json!({"unkept": true}))),
    responses((status = 201, description = "The new key, to be kept by you.", body = IssuedApiKey)))]
pub(super) async fn rotate_api_key(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<ApiKeyId>,
    body: Option<Json<RotateApiKey>>,
) -> Answer<IssuedApiKey> {
    let project = project_of(&caller, KEYS_WRITE)?;
    let overlap_s = body.and_then(|Json(body)| body.overlap_seconds).unwrap_or(OVERLAP_S);
    if overlap_s > OVERLAP_S_MAX {
        return Err(Problem::field("overlap_seconds", format!("is a number from 0 to {OVERLAP_S_MAX}")));
    }
    let command = {
        let caller = caller.clone();
        move |tx: &mut Tx<'_>| commands::rotate(tx, &caller, project, id, overlap_s)
    };
    let shown = ctx.write_unkept(Scope::Project(project), caller.name(), command).await;
    shown.map(|shown| IssuedApiKey::of(shown, &ctx)).created()
}

/// Takes a key back at once.
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", tag = "api-keys", params(("id" = ApiKeyId, Path)),
    responses((status = 200, description = "It is refused from now on.", body = ApiKeyView)))]
pub(super) async fn revoke_api_key(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<ApiKeyId>,
) -> Answer<ApiKeyView> {
    let project = project_of(&caller, KEYS_WRITE)?;
    ctx.write(Scope::Project(project), key, move |tx| {
        let revoked = commands::revoke(tx, project, id)?;
        Ok::<_, Error>(ApiKeyView::of(revoked, tx.now()))
    })
    .await
    .answered()
}

/// A key gives itself up: whoever has found it can do no better.
#[utoipa::path(delete, path = "/api/v1/api-keys/self", tag = "api-keys",
    responses((status = 200, description = "It is refused from now on.", body = ApiKeyView)))]
pub(super) async fn revoke_own_api_key(ctx: Ctx, caller: Caller, key: IdempotencyKey) -> Answer<ApiKeyView> {
    let Who::Key(id) = caller.who else {
        return Err(Problem::forbidden("only a key gives itself up"));
    };
    let project = caller.project().ok_or(Denied::NoProject)?;
    ctx.write(Scope::Project(project), key, move |tx| {
        let revoked = commands::revoke(tx, project, id)?;
        Ok::<_, Error>(ApiKeyView::of(revoked, tx.now()))
    })
    .await
    .answered()
}

impl ApiKeyView {
    fn of(key: ApiKey, now: Timestamp) -> Self {
        Self {
            prefix: key.prefix(),
            state: key.state(now),
            id: key.id,
            kind: key.kind,
            name: key.name,
            last_four: key.last_four,
            scopes: key.scopes,
            created_at: key.created_at,
            created_by: key.created_by,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            replaced_by: key.replaced_by,
            last_used_at: key.last_used_at,
        }
    }
}

impl IssuedApiKey {
    fn of(Shown { key, text }: Shown, ctx: &Ctx) -> Self {
        Self { api_key: text.into_exposed(), key: ApiKeyView::of(key, ctx.store().clock().now()) }
    }
}
