//! Sheets that come in, and how far they have come.

use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use contracts::Timestamp;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::WRITE;
use crate::commands::imports as commands;
use crate::domain::ImportId;
use crate::domain::sheet::{ImportState, Sheet};
use crate::error::Error;
use crate::store::imports::{self as store, Import, RowError};

/// The largest sheet.
pub(super) const SHEET_BYTES_MAX: usize = 8 << 20;

/// A sheet on its way in.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "imp_01jd3sa4k8qm7v2x9c5f0t6w1b", "state": "running", "rows_total": 1200,
    "rows_done": 400, "rows_failed": 3, "created_at": "2026-11-21T09:47:35.123Z", "finished_at": null}))]
pub(super) struct ImportView {
    /// Which.
    id: ImportId,
    /// Where it stands.
    state: ImportState,
    /// How many rows it has.
    rows_total: u32,
    /// How many have been looked at.
    rows_done: u32,
    /// How many of these were bad, and left out.
    rows_failed: u32,
    /// Since when it is there.
    created_at: Timestamp,
    /// When it ended.
    finished_at: Option<Timestamp>,
}

/// What is wrong with a row.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"row": 17, "column": "price", "message": "expected an amount like 12.34"}))]
pub(super) struct RowErrorView {
    /// The number of the row as a spreadsheet shows it: that of the head is 1.
    row: u32,
    /// The column; null where it is the whole row.
    column: Option<String>,
    /// For people.
    message: String,
}

/// Takes a sheet in: CSV as RFC 4180 says, in UTF-8, at most 8 MiB and 100,000 rows. The first row names columns:
/// `sku` and any of `title`, `variant_title`, `slug`, `category`, `description`, `price`, `currency`, `on_hand`,
/// `image_url` and `status`. A row changes the variant with its SKU, or makes it; rows of one slug are variants of
/// one product, rows of one SKU its prices. A column that is left out changes nothing.
#[utoipa::path(post, path = "/api/v1/catalog/imports", tag = "imports",
    request_body(content = String, content_type = "text/csv", description = "The sheet.",
        example = "sku,title,price,currency,on_hand,status\r\nHOSE-20,Garden hose,1299.00,INR,40,on_sale\r\n"),
    responses((status = 202, description = "It will be worked off.", body = ImportView)))]
pub(super) async fn start_import(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<ImportView> {
    let scope = caller.require(WRITE)?;
    let text = sheet_text(&headers, body)?;
    let sheet = Sheet::read(&text).map_err(Error::from)?;
    ctx.write(scope, key, move |tx| commands::start(tx, &sheet).map(ImportView::from)).await.accepted()
}

/// Shows how far a sheet has come.
#[utoipa::path(get, path = "/api/v1/catalog/imports/{id}", tag = "imports", params(("id" = ImportId, Path)),
    responses((status = 200, description = "The import.", body = ImportView)))]
pub(super) async fn get_import(ctx: Ctx, caller: Caller, Path(id): Path<ImportId>) -> Answer<ImportView> {
    let scope = caller.require(WRITE)?;
    let found = ctx.read(scope, move |tx| store::import(tx, id)?.ok_or(Error::NoSuch("import")));
    found.await.map(ImportView::from).answered()
}

/// Lists what is wrong with the rows of a sheet, in their order.
#[utoipa::path(get, path = "/api/v1/catalog/imports/{id}/errors", tag = "imports",
    params(("id" = ImportId, Path), PageQuery),
    responses((status = 200, description = "A page of what is wrong.", body = Page<RowErrorView>)))]
pub(super) async fn list_import_errors(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<ImportId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<RowErrorView>> {
    let scope = caller.require(WRITE)?;
    let (limit, after) = (page.limit()?, page.after::<(u32, String)>()?.unwrap_or_default());
    if after.1.contains('\0') {
        return Err(kernel::store::BadPage::Cursor.into());
    }
    let rows = ctx.read(scope, move |tx| {
        store::import(tx, id)?.ok_or(Error::NoSuch("import"))?;
        Ok::<_, Error>(store::errors(tx, id, &after, limit + 1)?)
    });
    let page = rows.await.map(|rows| Page::of(rows, limit, |row| (row.row_number, row.column_name.clone())));
    page.map(|page| page.map(RowErrorView::from)).answered()
}

/// Follows a sheet: an event each time it has come further.
#[utoipa::path(get, path = "/api/v1/catalog/imports/{id}/live", tag = "imports", params(("id" = ImportId, Path)),
    responses((status = 200, description = "Server-sent events, each the import as it is then.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_import(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<ImportId>,
) -> Result<Live, Problem> {
    let scope = caller.require(WRITE)?;
    let found = move |tx: &mut kernel::store::Tx<'_>| {
        let import = store::import(tx, id)?.ok_or(Error::NoSuch("import"))?;
        Ok::<_, Error>(ImportView::from(import))
    };
    ctx.live(scope, found).await
}

fn sheet_text(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<String, Error> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv") {
        return Err(Error::NotCsv);
    }
    let body = body.map_err(|rejection| match rejection.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge(SHEET_BYTES_MAX),
        _ => Error::Unreadable,
    })?;
    let text = String::from_utf8(body.into()).map_err(|_| Error::field("body", "is not UTF-8"))?;
    if text.contains('\0') { Err(Error::field("body", "holds a NUL character")) } else { Ok(text) }
}

impl From<Import> for ImportView {
    fn from(import: Import) -> Self {
        let Import { id, state, rows_total, rows_done, rows_failed, created_at, finished_at, .. } = import;
        Self { id, state, rows_total, rows_done, rows_failed, created_at, finished_at }
    }
}

impl From<RowError> for RowErrorView {
    fn from(error: RowError) -> Self {
        let RowError { row_number, column_name, message } = error;
        Self { row: row_number, column: Some(column_name).filter(|name| !name.is_empty()), message }
    }
}
