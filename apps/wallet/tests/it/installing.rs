//! What a phone needs to keep the wallet like an app.

use serde_json::Value;

use crate::browser::Browser;
use crate::world::World;

#[tokio::test]
async fn a_phone_can_keep_it_like_an_app() {
    let world = World::default();
    let mut browser = Browser::of(&world);
    let page = browser.open("/wallet/sign-in").await;
    page.shows(&[
        "rel=\"manifest\" href=\"/wallet/app.webmanifest\"",
        "rel=\"icon\" href=\"/wallet/icon.svg\"",
    ]);
    let manifest = browser.open("/wallet/app.webmanifest").await;
    assert_eq!(manifest.headers["content-type"], "application/manifest+json");
    let manifest: Value = serde_json::from_str(&manifest.text).unwrap();
    assert_eq!((&manifest["start_url"], &manifest["display"]), (&"/wallet".into(), &"standalone".into()));
    let icon = browser.open(manifest["icons"][0]["src"].as_str().unwrap()).await;
    assert_eq!(
        (icon.status.as_u16(), &icon.headers["content-type"]),
        (200, &"image/svg+xml".parse().unwrap())
    );
}

#[tokio::test]
async fn nothing_of_anybody_is_kept_for_when_there_is_no_network() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let worker = ana.open("/wallet/worker.js").await;
    assert_eq!(worker.headers["service-worker-allowed"], "/wallet");
    let kept = worker.text.lines().next().unwrap().trim_start_matches("const KEPT = ").trim_end_matches(';');
    let kept: Vec<String> = serde_json::from_str(kept).unwrap();
    assert_eq!(kept[0], "/wallet/offline");
    for path in &kept {
        assert_eq!(ana.open(path).await.status, 200, "{path}");
    }
    let offline = ana.open("/wallet/offline").await;
    offline.shows(&["You are not connected"]).hides(&["ana", "token", "Sign out"]);
    assert!(kept[1..].iter().all(|path| path.starts_with("/wallet/assets/")), "{kept:?}");
    assert!(world.asked("GET").is_empty(), "the page is the same for everybody");
}
