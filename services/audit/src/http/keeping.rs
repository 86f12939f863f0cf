//! How long records are kept, and what is done when a person is to be forgotten.

use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::{MANAGE, READ, scope_of};
use crate::commands::{self, project_of};
use crate::domain::{Class, Retention, Subject};
use crate::error::Error;
use crate::store;

/// How long a project's records are kept; permanent ones for ever.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"operational_days": 90, "financial_days": 2557, "version": 0}))]
pub(super) struct RetentionView {
    /// Days that operational records are kept.
    operational_days: Option<u32>,
    /// Days that financial records are kept.
    financial_days: Option<u32>,
    /// Which choice this is; also the `ETag`. 0 as long as the project has made none.
    version: u64,
}

/// What became of a person's details.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"subject": "usr_1", "erased": true}))]
pub(super) struct Erased {
    /// The person.
    subject: String,
    /// Whether there was anything to erase.
    erased: bool,
}

/// Shows how long records are kept.
#[utoipa::path(get, path = "/api/v1/audit/retention", tag = "audit",
    responses((status = 200, description = "The project's choice, or the defaults.", body = RetentionView)))]
pub(super) async fn get_retention(ctx: Ctx, caller: Caller) -> Answer<RetentionView> {
    let scope = scope_of(&caller, READ)?;
    let found = ctx.read(scope, |tx| store::retention(tx, project_of(tx))).await?;
    let (retention, version) = found.unwrap_or_default();
    Ok(RetentionView::of(retention, version)).answered().map(|reply| reply.versioned(version))
}

/// Decides how long records are kept from now on.
#[utoipa::path(put, path = "/api/v1/audit/retention", tag = "audit", request_body = Retention,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the choice that is replaced.")),
    responses((status = 200, description = "The new choice.", body = RetentionView)))]
pub(super) async fn set_retention(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    IfMatch(seen): IfMatch,
    Json(wanted): Json<Retention>,
) -> Answer<RetentionView> {
    let scope = scope_of(&caller, MANAGE)?;
    ctx.write(scope, key, move |tx| {
        let version = commands::set_retention(tx, wanted, seen)?;
        Ok::<_, Error>(RetentionView::of(wanted, version))
    })
    .await
    .answered()
}

/// Makes all details about a person unreadable for ever; their records and the chain stay.
#[utoipa::path(post, path = "/api/v1/audit/subjects/{subject}/erase", tag = "audit",
    params(("subject" = Subject, Path)),
    responses((status = 200, description = "The person's key is gone.", body = Erased)))]
pub(super) async fn erase_subject(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(subject): Path<Subject>,
) -> Answer<Erased> {
    let scope = scope_of(&caller, MANAGE)?;
    ctx.write(scope, key, move |tx| {
        let erased = commands::erase_subject(tx, subject.as_str())?;
        Ok::<_, Error>(Erased { subject: subject.as_str().to_owned(), erased })
    })
    .await
    .answered()
}

impl RetentionView {
    fn of(retention: Retention, version: u64) -> Self {
        let days = |class| retention.days(class);
        let (operational_days, financial_days) = (days(Class::Operational), days(Class::Financial));
        Self { operational_days, financial_days, version }
    }
}
