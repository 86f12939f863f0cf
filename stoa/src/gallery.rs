//! `/gallery`: the components that all faces share, to be looked at in one place.

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use ui::page::{POLICY, Page};
use ui::{Asset, assets};

/// The page and the files that it loads.
pub fn routes() -> Router {
    Router::new().route("/gallery", get(show_gallery)).route("/gallery/{file}", get(send_asset))
}

async fn show_gallery() -> Response {
    let address = |asset: Asset| format!("/gallery/{}", asset.file());
    let page = Page {
        title: "Gallery".to_owned(),
        styles: vec![address(assets::STYLE)],
        scripts: vec![address(assets::SCRIPT)],
        ..Page::default()
    };
    let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    (policy, Html(page.around(&ui::gallery()).into_string())).into_response()
}

async fn send_asset(Path(file): Path<String>) -> Response {
    let Some(asset) = assets::ALL.into_iter().find(|asset| asset.file() == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Its name changes with it.
    let headers = [
        (header::CONTENT_TYPE, asset.content_type()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, asset.bytes()).into_response()
}
