//! Every event of every service is remembered.

use contracts::events::access::UserErased;
use contracts::events::{OrderPaid, UserCreated};
use contracts::{Currency, Id, OrderId, UserId};
use kernel::events;
use kernel::store::{Scope, Store, StoreError, Tx};
use kernel::testing::Place;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stage::*;

async fn orders(place: &Place) -> Store {
    let (engine, service) = (place.engine.clone(), "orders");
    let open = move || Store::open(service, engine, &[], kernel::testing::surroundings()).unwrap();
    tokio::task::spawn_blocking(open).await.unwrap()
}

async fn announce(store: &Store, scope: Scope) {
    store
        .write(scope, |tx| {
            let (order_id, user_id) = (OrderId::from_u128(1), UserId::from_u128(2));
            let currency: Currency = "INR".parse().unwrap();
            tx.publish(
                order_id,
                &OrderPaid { order_id, amount: 5, currency, user_id, lines: Vec::new(), number: None },
            )?;
            let email = Some("ann@example.com".to_owned());
            tx.publish(user_id, &UserCreated { user_id, email, phone: None })?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

/// Hears with two workers at once, until `caller` finds `count` records.
async fn hear(stage: &Stage, source: &Store, caller: &Caller, count: usize) {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(events::sequence(source.clone(), stopped.clone()));
    for _ in 0..2 {
        let (audit, handlers) = (stage.running.store().clone(), stage.running.handlers().clone());
        tasks.spawn(events::consume(audit, source.clone(), handlers, stopped.clone()));
    }
    while stage.get(caller, "/records?limit=200").await.each("id").len() < count {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    tasks.join_all().await;
}

#[test]
fn an_event_of_another_service_is_recorded_once() {
    staged(async |stage, place| {
        let orders = orders(place).await;
        announce(&orders, Scope::Project(project(1))).await;
        hear(stage, &orders, &ann(), 2).await;
        let heard = stage.get(&ann(), "/records").await;
        let mut actions = heard.each("action");
        actions.sort_unstable();
        assert_eq!(actions, ["order.paid", "user.created"]);
        let found = stage.get(&ann(), "/records?action=order.paid").await.body["data"][0].clone();
        assert_eq!((&found["class"], &found["actor"]), (&json!("financial"), &json!("service:orders")));
        assert_eq!(found["object"], json!({ "kind": "order", "id": OrderId::from_u128(1) }));
        assert_eq!(found["details"]["amount"], 5);
        assert!(found["causation"].as_str().unwrap().starts_with("evt_"));
        let user = UserId::from_u128(2);
        let created = stage.get(&ann(), "/records?action=user.created").await.body["data"][0].clone();
        assert_eq!(created["subject"], json!(user));
        assert_eq!(created["details"]["email"], "ann@example.com");
        stage.post(&ann(), &format!("/subjects/{user}/erase"), &json!({})).await;
        let created = stage.get(&ann(), "/records?action=user.created").await.body["data"][0].clone();
        assert_eq!(created["details"], json!(null));
        stage.seal().await;
        assert_eq!(stage.verify(&ann(), &json!([])).await["records"], 3);
        assert_eq!(stage.get(&stranger(), "/records").await.each("id").len(), 0);
    });
}

#[test]
fn whoever_is_erased_elsewhere_is_forgotten_here() {
    staged(async |stage, place| {
        let orders = orders(place).await;
        announce(&orders, Scope::Project(project(1))).await;
        hear(stage, &orders, &ann(), 2).await;
        let identity = stage.neighbour("identity").await;
        let told = UserErased { user_id: UserId::from_u128(2) };
        stage.0.hear(&identity, Scope::Project(project(1)), "usr", &told).await;
        let created = stage.get(&ann(), "/records?action=user.created").await.body["data"][0].clone();
        assert_eq!((&created["details"], &created["erased"]), (&json!(null), &json!(true)));
        let erased = stage.get(&ann(), "/records?action=user.erased").await;
        assert_eq!(erased.each("action"), ["user.erased"], "that it was asked for is remembered");
    });
}

#[test]
fn what_was_told_of_somebody_just_before_they_are_erased_is_forgotten_with_them() {
    staged(async |stage, _| {
        let identity = stage.neighbour("identity").await;
        let user_id = UserId::from_u128(2);
        let told = move |tx: &mut Tx<'_>| {
            tx.publish(
                user_id,
                &UserCreated { user_id, email: Some("ann@example.com".into()), phone: None },
            )?;
            tx.publish(user_id, &UserErased { user_id }).map(drop)
        };
        identity.write::<_, StoreError, _>(Scope::Project(project(1)), told).await.unwrap();
        hear(stage, &identity, &ann(), 3).await;
        let created = stage.get(&ann(), "/records?action=user.created").await.body["data"][0].clone();
        assert_eq!((&created["details"], &created["erased"]), (&json!(null), &json!(true)));
    });
}

#[test]
fn a_crowd_of_events_of_many_projects_is_recorded_whole_and_apart() {
    const EACH: usize = 120;
    staged(async |stage, place| {
        let orders = orders(place).await;
        for _ in 0..EACH / 2 {
            for scope in [Scope::Project(project(1)), Scope::Project(project(2))] {
                announce(&orders, scope).await;
            }
        }
        hear(stage, &orders, &ann(), EACH).await;
        hear(stage, &orders, &stranger(), EACH).await;
        stage.seal().await;
        for caller in [ann(), stranger()] {
            let report = stage.verify(&caller, &json!([])).await;
            assert_eq!((&report["whole"], &report["records"]), (&json!(true), &json!(EACH)));
        }
    });
}

#[test]
fn an_event_of_no_project_stands_in_the_trail_of_the_platform() {
    staged(async |stage, place| {
        let orders = orders(place).await;
        announce(&orders, Scope::System("a test")).await;
        hear(stage, &orders, &operator(), 2).await;
        assert_eq!(stage.get(&ann(), "/records").await.each("id").len(), 0);
        stage.seal().await;
        let report = stage.verify(&operator(), &json!([])).await;
        assert_eq!((&report["whole"], &report["records"]), (&json!(true), &json!(2)));
    });
}
