//! What the registry is told reaches the service that it is for, while that runs.

use contracts::{Id, ProjectId};
use kernel::events;
use kernel::service::{JOBS_KEPT, Running};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stage::*;

/// Has the shop hear all that the registry has told.
async fn hear(stage: &Stage, shop: &Running) {
    events::catch_up(shop.store(), stage.running.store(), shop.handlers()).await.unwrap();
    shop.refresh_settings().await.unwrap();
}

#[test]
fn a_running_service_takes_what_is_set_and_gives_back_what_is_taken_back() {
    staged(async |stage, _| {
        let shop = stage.beside(crate::stage::shop()).await;
        let settings = shop.settings();
        let values = json!({ "shop.tables": "9", "shop.till_key": "hunter2", "jobs.kept": "3d" });
        stage.set(&operator(), values).await.expect(200);
        hear(stage, &shop).await;
        assert_eq!((settings.get(&TABLES), settings.heard_revision()), (9, 1));
        assert_eq!(settings.get(&TILL_KEY).expose(), "hunter2");
        assert_eq!(settings.get(&JOBS_KEPT).as_secs(), 3 * 86_400);
        assert_eq!(
            stage.running.settings().get(&JOBS_KEPT).as_secs(),
            7 * 86_400,
            "it was for the shop alone"
        );
        stage.post(&operator(), "/config/shop/rollback", &json!({ "to_revision": 0 })).await.expect(200);
        hear(stage, &shop).await;
        assert_eq!((settings.get(&TABLES), settings.heard_revision()), (4, 2));
        assert_eq!(settings.get(&TILL_KEY).expose(), "");
    });
}

#[test]
fn a_project_is_greeted_as_its_administrator_wants() {
    staged(async |stage, _| {
        let shop = stage.beside(crate::stage::shop()).await;
        stage.set(&operator(), json!({ "shop.greeting": "Good morning" })).await.expect(200);
        stage.set(&admin(1), json!({ "shop.greeting": "Moin" })).await.expect(200);
        hear(stage, &shop).await;
        let greeting = |number| shop.settings().get_for(ProjectId::from_u128(number), &GREETING);
        assert_eq!((greeting(1).as_str(), greeting(2).as_str()), ("Moin", "Good morning"));
        assert_eq!(shop.settings().get(&GREETING), "Good morning");
    });
}

#[test]
fn a_service_that_comes_when_the_log_has_forgotten_hears_within_a_day_what_is_set() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "9" })).await.expect(200);
        stage.set(&admin(1), json!({ "shop.greeting": "Moin" })).await.expect(200);
        assert_eq!(stage.told().await.len(), 2);
        let later = stage.clock.now().saturating_add(std::time::Duration::from_secs(1));
        assert_eq!(events::purge(stage.running.store(), later).await.unwrap(), 2);
        let shop = stage.beside(crate::stage::shop()).await;
        hear(stage, &shop).await;
        assert_eq!(shop.settings().get(&TABLES), 4);
        stage.wait(std::time::Duration::from_secs(86_400)).await;
        assert_eq!(stage.told().await.len(), 2);
        hear(stage, &shop).await;
        assert_eq!((shop.settings().get(&TABLES), shop.settings().heard_revision()), (9, 1));
        assert_eq!(shop.settings().get_for(ProjectId::from_u128(1), &GREETING), "Moin");
        let before = shop.settings().revision();
        stage.wait(std::time::Duration::from_secs(86_400)).await;
        hear(stage, &shop).await;
        assert_eq!(shop.settings().revision(), before, "who knows it already is not disturbed");
    });
}

#[test]
fn services_in_full_swing_follow_by_themselves_and_the_registry_follows_itself() {
    staged(async |stage, _| {
        let shop = stage.beside(crate::stage::shop()).await;
        let registry = &stage.running;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        registry.start(&[shop.store().clone()], &stopped, &mut tasks);
        shop.start(&[registry.store().clone()], &stopped, &mut tasks);
        for (service, key, value) in
            [("shop", "shop.tables", "9"), ("registry", "registry.instance_lease", "60s")]
        {
            let running = if service == "shop" { &shop } else { registry };
            let mut changes = running.settings().changes();
            let body = json!({ "values": { key: value } });
            stage.put(&operator(), &format!("/config/{service}"), &body).await.expect(200);
            let heard = tokio::time::timeout(std::time::Duration::from_secs(20), changes.changed()).await;
            heard.expect("it is heard").unwrap();
        }
        assert_eq!(shop.settings().get(&TABLES), 9);
        assert_eq!(registry.settings().get(&registry::LEASE).as_secs(), 60);
        stop.send(true).unwrap();
        tasks.join_all().await;
    });
}
