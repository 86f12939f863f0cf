//! The files of the shop alone: its sheet, and the pictures of the demo's goods.

use axum::extract::Path;
use axum::response::Response;
use http::HeaderMap;
use ui::Asset;
use ui::face::send_file;

const STYLE_TYPE: &str = "text/css; charset=utf-8";
const PICTURE_TYPE: &str = "image/svg+xml";

/// How the shop differs from other faces.
pub const STYLE: Asset = Asset::new("shop.css", STYLE_TYPE, include_bytes!("../css/shop.css"));
macro_rules! pictures {
    ($($name:literal)+) => {
        /// The pictures that demo goods have.
        const PICTURES: &[Asset] =
            &[$(Asset::new($name, PICTURE_TYPE, include_bytes!(concat!("../assets/goods/", $name)))),+];
    };
}

pictures! {
    "mug.svg" "teapot.svg" "lamp.svg" "notebook.svg" "bag.svg" "chair.svg"
    "plant.svg" "clock.svg" "candle.svg" "headphones.svg" "rug.svg" "knife.svg"
}

/// `GET /shop/goods/{file}`: a picture; its name stays when it changes, so it is asked for again after a day.
pub async fn send_picture(Path(file): Path<String>, headers: HeaderMap) -> Response {
    send_file(PICTURES.iter().find(|asset| asset.name() == file), &headers, "public, max-age=86400")
}
