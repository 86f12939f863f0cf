//! Telling what happened, and asking for it.

use contracts::{AuditRecordId, Timestamp};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{APPEND, READ, scope_of};
use crate::commands;
use crate::domain::{Class, Entry, Outcome, Record};
use crate::error::Error;
use crate::queries::{self, Shown};
use crate::store::{Filter, Place};

/// Several things that happened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    /// 1 to 500 of them; all are remembered or none.
    #[schema(min_items = 1, max_items = 500)]
    records: Vec<Entry>,
}

/// The id of what was remembered.
#[derive(Serialize, ToSchema)]
pub(super) struct Appended {
    /// The record.
    id: AuditRecordId,
}

/// The ids of what was remembered.
#[derive(Serialize, ToSchema)]
pub(super) struct AppendedAll {
    /// The records, in the order in which they were told.
    ids: Vec<AuditRecordId>,
}

/// A record.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "aud_01jd3sa4k8qm7v2x9c5f0t6w1b", "occurred_at": "2026-11-21T09:47:35.123Z",
    "recorded_at": "2026-11-21T09:47:35.125Z", "class": "financial", "actor": "service:orders",
    "action": "order.refunded", "object": {"kind": "order", "id": "ord_1"}, "outcome": "succeeded",
    "source": "orders", "correlation_id": "5f0c7a9de1b24c06", "details": {"amount_minor": 1350}, "erased": false}))]
pub(super) struct RecordView {
    /// Its id.
    id: AuditRecordId,
    /// When it happened.
    occurred_at: Timestamp,
    /// When it was written down.
    recorded_at: Timestamp,
    /// How long it must be kept.
    class: Class,
    /// Who did it.
    actor: String,
    /// What was done.
    action: String,
    /// What it was done to.
    object: ObjectView,
    /// How it ended.
    outcome: Outcome,
    /// The service that says so; `api` for people and programs.
    source: String,
    /// The request that it was part of.
    correlation_id: String,
    /// The event that it was told by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    causation: Option<String>,
    /// The person whom the details are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// Whatever else is known; null when the person whom it was about has been erased.
    #[schema(value_type = Option<serde_json::Value>)]
    details: Option<Box<RawValue>>,
    /// Whether the details can be read no more.
    erased: bool,
}

/// The thing that something was done to.
#[derive(Serialize, ToSchema)]
pub(super) struct ObjectView {
    /// What kind of thing it is.
    kind: String,
    /// Which one.
    id: String,
}

/// Which records are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Who did it.
    actor: Option<String>,
    /// What was done.
    action: Option<String>,
    /// What kind of thing it was done to.
    object_kind: Option<String>,
    /// Which thing it was done to.
    object_id: Option<String>,
    /// How long it is kept.
    #[param(inline)]
    class: Option<Class>,
    /// How it ended.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// The request that it was part of.
    correlation_id: Option<String>,
    /// It happened then or later.
    from: Option<Timestamp>,
    /// It happened earlier.
    to: Option<Timestamp>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The most entries of one batch.
const BATCH_MAX: usize = 500;

/// Remembers something that happened.
#[utoipa::path(post, path = "/api/v1/audit/records", tag = "audit", request_body = Entry,
    responses((status = 201, description = "It is remembered.", body = Appended)))]
pub(super) async fn append_record(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(entry): Json<Entry>,
) -> Answer<Appended> {
    let scope = scope_of(&caller, APPEND)?;
    ctx.write(scope, key, move |tx| {
        let ids = commands::append(tx, &caller, std::slice::from_ref(&entry))?;
        ids.first().map(|id| Appended { id: *id }).ok_or(Error::NoSuchRecord)
    })
    .await
    .created()
}

/// Remembers several things that happened, all or none.
#[utoipa::path(post, path = "/api/v1/audit/records/batch", tag = "audit", request_body = Entries,
    responses((status = 201, description = "They are remembered.", body = AppendedAll)))]
pub(super) async fn append_records(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<Entries>,
) -> Answer<AppendedAll> {
    let scope = scope_of(&caller, APPEND)?;
    if !(1..=BATCH_MAX).contains(&body.records.len()) {
        return Err(Problem::field("records", "holds 1 to 500 records"));
    }
    ctx.write(scope, key, move |tx| {
        Ok::<_, Error>(AppendedAll { ids: commands::append(tx, &caller, &body.records)? })
    })
    .await
    .created()
}

/// Lists records, newest first.
#[utoipa::path(get, path = "/api/v1/audit/records", tag = "audit", params(Wanted),
    responses((status = 200, description = "A page of records.", body = Page<RecordView>)))]
pub(super) async fn list_records(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Answer<Page<RecordView>> {
    let scope = scope_of(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor.clone() };
    let (limit, after) = (page.limit()?, page.after::<Place>()?);
    let (filter, place) = wanted.parted(after);
    let page = ctx.read(scope, move |tx| queries::list(tx, &filter, &place, limit)).await;
    page.map(|page| page.map(RecordView::from)).answered()
}

/// Shows one record.
#[utoipa::path(get, path = "/api/v1/audit/records/{id}", tag = "audit", params(("id" = AuditRecordId, Path)),
    responses((status = 200, description = "The record.", body = RecordView)))]
pub(super) async fn get_record(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<AuditRecordId>,
) -> Answer<RecordView> {
    let scope = scope_of(&caller, READ)?;
    ctx.read(scope, move |tx| queries::record(tx, id)).await.map(RecordView::from).answered()
}

impl Wanted {
    /// What to look for, and where to go on.
    fn parted(self, after: Option<Place>) -> (Filter, Place) {
        let end = self.to.unwrap_or(Timestamp::MAX).as_micros();
        let filter = Filter {
            actor: self.actor,
            action: self.action,
            object_kind: self.object_kind,
            object_id: self.object_id,
            class: self.class,
            outcome: self.outcome,
            correlation_id: self.correlation_id,
            from: self.from,
        };
        (filter, after.unwrap_or_else(|| Place { occurred_at: end, id: String::new() }))
    }
}

impl From<Shown> for RecordView {
    fn from(Shown { record, details }: Shown) -> Self {
        let Record { id, occurred_at, recorded_at, class, actor, action, outcome, source, .. } = record;
        Self {
            id,
            occurred_at,
            recorded_at,
            class,
            actor,
            action,
            object: ObjectView { kind: record.object_kind, id: record.object_id },
            outcome,
            source,
            correlation_id: record.correlation_id,
            causation: record.causation,
            subject: record.subject,
            erased: details.is_none(),
            details: details.and_then(|json| RawValue::from_string(json).ok()),
        }
    }
}
