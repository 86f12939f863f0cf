//! Who projects belong to. For the platform's operators alone.

use contracts::OrganisationId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{PROJECTS_MANAGE, PROJECTS_READ};
use crate::access::commands::projects as commands;
use crate::access::store::projects::{self as store, Organisation};
use crate::domain::text::Title;
use crate::error::Error;

/// An organisation that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Corner Shops Ltd"}))]
pub(super) struct CreateOrganisation {
    /// What people call it.
    name: Title,
}

const READING: &str = "looking at organisations";

/// Makes an organisation.
#[utoipa::path(post, path = "/api/v1/organisations", tag = "projects", request_body = CreateOrganisation,
    responses((status = 201, description = "It is there.", body = Organisation)))]
pub(super) async fn create_organisation(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateOrganisation>,
) -> Answer<Organisation> {
    let scope = caller.require_system(PROJECTS_MANAGE, "making organisations")?;
    ctx.write(scope, key, move |tx| commands::create_organisation(tx, tx.new_id(), &body.name))
        .await
        .created()
}

/// Lists organisations, oldest first.
#[utoipa::path(get, path = "/api/v1/organisations", tag = "projects", params(PageQuery),
    responses((status = 200, description = "A page of organisations.", body = Page<Organisation>)))]
pub(super) async fn list_organisations(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<Organisation>> {
    let scope = caller.require_system(PROJECTS_READ, READING)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let rows = ctx.read(scope, move |tx| store::organisations(tx, after, limit + 1)).await;
    rows.map(|rows| Page::of(rows, limit, |organisation| organisation.id)).answered()
}

/// Shows an organisation.
#[utoipa::path(get, path = "/api/v1/organisations/{id}", tag = "projects", params(("id" = OrganisationId, Path)),
    responses((status = 200, description = "The organisation.", body = Organisation)))]
pub(super) async fn get_organisation(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<OrganisationId>,
) -> Answer<Organisation> {
    let scope = caller.require_system(PROJECTS_READ, READING)?;
    ctx.read(scope, move |tx| store::organisation(tx, id)?.ok_or(Error::NoSuch("organisation")))
        .await
        .answered()
}
