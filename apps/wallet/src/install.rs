//! What a phone needs to keep the wallet like an app: what it is, its sign, and a page for when there is no network.
//! Nothing of anybody is kept on a device: only that page and what it loads.

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::html;
use serde_json::json;
use ui::face::send_file;
use ui::page::POLICY;
use ui::{Asset, Icon, Page, empty_page};

use crate::STYLE;
use crate::frame::ROOT;

const ICON: Asset = Asset::new("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg"));
const WORKER: &str = include_str!("../js/worker.js");
const OFFLINE: &str = "/wallet/offline";
/// The sign changes rarely, and its name never.
const DAY: &str = "public, max-age=86400";
/// What the worker may do: fetch what is ours.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";

/// What is the same for everybody, signed in or not.
pub fn routes(name: &str) -> Router {
    let (manifest, offline) = (manifest(name), offline(name));
    Router::new()
        .route("/wallet/app.webmanifest", get(async || manifest))
        .route("/wallet/icon.svg", get(async |headers: HeaderMap| send_file(Some(&ICON), &headers, DAY)))
        .route("/wallet/worker.js", get(async || worker()))
        .route(OFFLINE, get(async || offline))
}

fn manifest(name: &str) -> impl IntoResponse + Clone + use<> {
    let icon = |purpose: &str| json!({"src": "/wallet/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": purpose});
    let body = json!({"name": name, "short_name": name, "id": ROOT, "start_url": ROOT, "scope": ROOT, "display": "standalone",
        "lang": "en", "background_color": "#faf8f4", "theme_color": "#0b5a4e", "icons": [icon("any"), icon("maskable")],
        "shortcuts": [{"name": "Send money", "url": "/wallet/send"}, {"name": "My code", "url": "/wallet/my-code"}]});
    ([(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, DAY)], body.to_string())
}

/// The worker, which keeps the page for when there is no network, and what that loads.
fn worker() -> Response {
    let kept =
        json!([OFFLINE, ui::assets::STYLE.below(ROOT), STYLE.below(ROOT), ui::assets::SCRIPT.below(ROOT)]);
    let script = format!("const KEPT = {kept};\nconst OFFLINE = {};\n{WORKER}", json!(OFFLINE));
    let mut response = script.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, WORKER_POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // It stands below `/wallet/`, and looks after `/wallet` as well.
    headers.insert("service-worker-allowed", HeaderValue::from_static(ROOT));
    response
}

fn offline(name: &str) -> impl IntoResponse + Clone + use<> {
    let page = Page {
        title: format!("No network · {name}"),
        private: true,
        site: name.to_owned(),
        styles: [ui::assets::STYLE, STYLE].iter().map(|asset| asset.below(ROOT)).collect(),
        scripts: vec![ui::assets::SCRIPT.below(ROOT)],
        ..Page::default()
    };
    let text = "Your money is where it was. Nothing is sent while you are not connected.";
    let body = html! { main id="main" { div.wrap.page { (empty_page(Icon::Warning, "You are not connected", text, Some((ROOT, "Try again")))) } } };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, page.around(&body).into_string())
}
