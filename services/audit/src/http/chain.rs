//! What proves the trail to those who do not trust its keeper.

use contracts::AuditRecordId;
use kernel::auth::Jwk;
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Path, Query};
use kernel::store::{Page, PageQuery, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{MANAGE, READ, scope_of};
use crate::commands::project_of;
use crate::domain::{Block, Hash, Leaf, Record, Report};
use crate::queries::{self, Proof};
use crate::store;

/// What proves one record with nothing but the public key.
#[derive(Serialize, ToSchema)]
pub(super) struct ProofView {
    /// The record exactly as it was sealed; null when it has been purged.
    record: Option<Record>,
    /// The entry of the chain that stands for it.
    leaf: Leaf,
    /// Its place in the block, from 0.
    index: usize,
    /// How many entries the block has.
    size: usize,
    /// The hashes that lead from the entry to the block's root, nearest first (RFC 9162).
    path: Vec<Hash>,
    /// The block, with its signature.
    block: Block,
    /// The key that signed it (RFC 8037), as long as it is known here.
    #[schema(value_type = Option<Object>)]
    public_key: Option<Jwk>,
}

/// Blocks to be kept elsewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct Digests {
    /// The earliest first.
    data: Vec<Block>,
    /// Go on after it; absent when there are no more now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_after: Option<u64>,
}

/// The public keys of the trail.
#[derive(Serialize, ToSchema)]
pub(super) struct KeySet {
    /// As JSON web keys.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Jwk>,
}

/// Which digests are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Blocks with greater numbers.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    after: Option<u64>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What a verification is held against.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"digests": []}))]
pub(super) struct Verify {
    /// Digests that were kept elsewhere; without them a chain that was rebuilt with its key goes unnoticed.
    #[serde(default)]
    digests: Vec<Block>,
}

/// What a verification saw.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"whole": true, "records": 1200, "purged": 40, "blocks": 31, "compared": 31, "unsealed": 2}))]
pub(super) struct ReportView {
    /// Whether nothing is wrong.
    whole: bool,
    /// Records that are there and are what was sealed.
    records: u64,
    /// Records that a purge took.
    purged: u64,
    /// Blocks that were checked.
    blocks: u64,
    /// Digests that were compared and found the same.
    compared: u64,
    /// Records that wait for their seal.
    unsealed: u64,
    /// The first bad place; nothing after it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_bad: Option<String>,
    /// What should be looked into.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
}

/// Proves one record.
#[utoipa::path(get, path = "/api/v1/audit/records/{id}/proof", tag = "audit", params(("id" = AuditRecordId, Path)),
    responses((status = 200, description = "The proof.", body = ProofView)))]
pub(super) async fn prove_record(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<AuditRecordId>,
) -> Answer<ProofView> {
    let scope = scope_of(&caller, READ)?;
    ctx.read(scope, move |tx| queries::proof(tx, id)).await.map(ProofView::from).answered()
}

/// Lists blocks, the latest first.
#[utoipa::path(get, path = "/api/v1/audit/blocks", tag = "audit", params(PageQuery),
    responses((status = 200, description = "A page of blocks.", body = Page<Block>)))]
pub(super) async fn list_blocks(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<Block>> {
    let scope = scope_of(&caller, READ)?;
    let (limit, before) = (page.limit()?, page.after::<i64>()?.unwrap_or(i64::MAX));
    ctx.read(scope, move |tx| {
        let blocks = store::blocks_before(tx, project_of(tx), before, limit + 1)?;
        Ok::<_, StoreError>(Page::of(blocks, limit, |block| block.number))
    })
    .await
    .answered()
}

/// Lists what is to be kept elsewhere: the signed blocks, the earliest first.
#[utoipa::path(get, path = "/api/v1/audit/digests", tag = "audit", params(After),
    responses((status = 200, description = "Blocks, each a digest of all before it.", body = Digests)))]
pub(super) async fn list_digests(ctx: Ctx, caller: Caller, Query(wanted): Query<After>) -> Answer<Digests> {
    let scope = scope_of(&caller, READ)?;
    let limit = PageQuery { limit: wanted.limit, cursor: None }.limit()?;
    let after = wanted.after.map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX));
    ctx.read(scope, move |tx| {
        let data = store::blocks_after(tx, project_of(tx), after, limit)?;
        let last = data.last().filter(|_| data.len() == limit as usize);
        let next_after = last.map(|block| block.number);
        Ok::<_, StoreError>(Digests { data, next_after })
    })
    .await
    .answered()
}

/// Shows the public keys that blocks are signed with.
#[utoipa::path(get, path = "/api/v1/audit/keys", tag = "audit",
    responses((status = 200, description = "The keys.", body = KeySet)))]
pub(super) async fn list_keys(ctx: Ctx, caller: Caller) -> Answer<KeySet> {
    scope_of(&caller, READ)?;
    Ok(KeySet { keys: ctx.service().store().keys().public().keys }).answered()
}

/// Verifies the whole trail, and names the first bad place.
#[utoipa::path(post, path = "/api/v1/audit/verify", tag = "audit", request_body = Option<Verify>,
    responses((status = 200, description = "What was seen.", body = ReportView)))]
pub(super) async fn verify_trail(ctx: Ctx, caller: Caller, body: Option<Json<Verify>>) -> Answer<ReportView> {
    let scope = scope_of(&caller, MANAGE)?;
    let digests = body.map(|Json(body)| body.digests).unwrap_or_default();
    let verified = ctx.read(scope, move |tx| queries::verify_one(tx, project_of(tx), digests.clone())).await;
    verified.map(ReportView::from).answered()
}

impl From<Proof> for ProofView {
    fn from(Proof { record, leaf, index, size, path, block, public_key }: Proof) -> Self {
        Self { record, leaf, index, size, path, block, public_key }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            whole: report.first_bad.is_none(),
            records: report.records,
            purged: report.purged,
            blocks: report.blocks,
            compared: report.published,
            unsealed: report.unsealed,
            first_bad: report.first_bad.map(|finding| finding.to_string()),
            warning: report.warning.map(|warning| warning.to_string()),
        }
    }
}
