//! Addresses that hear events. A secret is in one answer only, which is kept nowhere.

use contracts::Timestamp;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::secrets::Secret;
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MANAGE;
use crate::commands::endpoints as commands;
use crate::domain::endpoint::{Endpoint, EndpointId, Hears};
use crate::domain::words::WebUrl;
use crate::error::Error;
use crate::store::endpoints as store;

/// An address that is to hear events.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.com/hooks", "kinds": ["order.paid", "payment.failed"]}))]
pub(super) struct CreateEndpoint {
    /// Where; no other endpoint of the project has this address.
    url: WebUrl,
    /// What it hears; nothing but what is sent to it by name where none is named.
    #[schema(max_items = 20)]
    kinds: Vec<Hears>,
}

/// An address that hears events.
#[derive(Serialize, ToSchema)]
pub(super) struct EndpointView {
    /// Its id.
    id: EndpointId,
    /// Where.
    url: WebUrl,
    /// What it hears.
    kinds: Vec<Hears>,
    /// Since when nothing is sent there, because it said that nobody wants this; a new secret begins anew.
    gone_at: Option<Timestamp>,
    /// Until when the secret before this one goes on.
    old_secret_until: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
}

/// An endpoint with its secret, which is never shown again.
#[derive(Serialize, ToSchema)]
pub(super) struct EndpointSecret {
    #[serde(flatten)]
    endpoint: EndpointView,
    /// What signs, by Standard Webhooks.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    secret: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Deleted {
    /// Whether it is gone; always.
    deleted: bool,
}

const KINDS_MAX: usize = 20;

/// Makes an endpoint.
#[utoipa::path(post, path = "/api/v1/notifications/endpoints", tag = "endpoints", request_body = CreateEndpoint,
    extensions(("x-stoa" = json!({"unkept": true}))),
    responses((status = 201, description = "The endpoint with its secret, to be kept by you.", body = EndpointSecret)))]
pub(super) async fn create_endpoint(
    ctx: Ctx,
    caller: Caller,
    Json(body): Json<CreateEndpoint>,
) -> Answer<EndpointSecret> {
    let scope = caller.require(MANAGE)?;
    if body.kinds.len() > KINDS_MAX {
        return Err(Problem::field("kinds", format!("has at most {KINDS_MAX} entries")));
    }
    let made =
        ctx.write_unkept(scope, caller.name(), move |tx| commands::create(tx, &body.url, &body.kinds)).await;
    made.map(EndpointSecret::of).created()
}

/// Lists endpoints, oldest first.
#[utoipa::path(get, path = "/api/v1/notifications/endpoints", tag = "endpoints", params(PageQuery),
    responses((status = 200, description = "A page of endpoints.", body = Page<EndpointView>)))]
pub(super) async fn list_endpoints(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<EndpointView>> {
    let scope = caller.require(MANAGE)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let rows = ctx.read(scope, move |tx| store::list(tx, after, limit + 1)).await;
    rows.map(|rows| Page::of(rows, limit, |one| one.id).map(EndpointView::from)).answered()
}

/// Shows an endpoint, without its secret.
#[utoipa::path(get, path = "/api/v1/notifications/endpoints/{id}", tag = "endpoints",
    params(("id" = EndpointId, Path)),
    responses((status = 200, description = "The endpoint.", body = EndpointView)))]
pub(super) async fn get_endpoint(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<EndpointId>,
) -> Answer<EndpointView> {
    let scope = caller.require(MANAGE)?;
    let query = move |tx: &mut kernel::store::Tx<'_>| store::find(tx, id)?.ok_or(Error::NoSuch("endpoint"));
    ctx.read(scope, query).await.map(EndpointView::from).answered()
}

/// Forgets an endpoint.
#[utoipa::path(delete, path = "/api/v1/notifications/endpoints/{id}", tag = "endpoints",
    params(("id" = EndpointId, Path)),
    responses((status = 200, description = "Nothing is sent there any more.", body = Deleted)))]
pub(super) async fn delete_endpoint(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<EndpointId>,
) -> Answer<Deleted> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| commands::delete(tx, id).map(|()| Deleted { deleted: true }))
        .await
        .answered()
}

/// Gives an endpoint another secret; the one before signs beside it for a day.
#[utoipa::path(post, path = "/api/v1/notifications/endpoints/{id}/rotate", tag = "endpoints",
    params(("id" = EndpointId, Path)),
    extensions(("x-stoa" = json!({"unkept": true}))),
    responses((status = 200, description = "The endpoint with its new secret, to be kept by you.",
        body = EndpointSecret)))]
pub(super) async fn rotate_endpoint_secret(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<EndpointId>,
) -> Answer<EndpointSecret> {
    let scope = caller.require(MANAGE)?;
    let rotated = ctx.write_unkept(scope, caller.name(), move |tx| commands::rotate(tx, id)).await;
    rotated.map(EndpointSecret::of).answered()
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        let Endpoint { id, url, kinds, gone_at, old_secret_until, created_at } = endpoint;
        Self { id, url, kinds, gone_at, old_secret_until, created_at }
    }
}

impl EndpointSecret {
    fn of((endpoint, secret): (Endpoint, Secret<String>)) -> Self {
        Self { endpoint: endpoint.into(), secret: secret.into_exposed() }
    }
}
