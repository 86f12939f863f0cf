//! The files that pages load, under names that change with them.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Guise;
use crate::Asset;
use crate::assets::ALL;

/// `GET …/assets/{file}`: its name changes with it, so it may be kept for ever.
pub async fn send_asset(
    State(guise): State<&'static Guise>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let own = std::iter::once(&guise.style).chain(guise.everywhere).chain(guise.scripts);
    let found = ALL.iter().chain(own).find(|asset| asset.file() == file);
    send_file(found, &headers, "public, max-age=31536000, immutable")
}

/// A file, if there is one, for so long.
pub fn send_file(found: Option<&Asset>, headers: &HeaderMap, keep: &'static str) -> Response {
    let Some(asset) = found else { return StatusCode::NOT_FOUND.into_response() };
    let etag = asset.etag();
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    // Whoever compresses on the way makes a tag weak.
    let is_known = known.is_some_and(|known| known.trim_start_matches("W/") == etag);
    let mut response =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { asset.bytes().into_response() };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A picture that is opened by itself is a page, and may do nothing.
    out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    response
}
