//! The log is kept: projections are rebuilt from it, what is old goes, and what is unheard is counted.

use super::*;
use crate::testing::on_both;

fn clear(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("delete from dishes", params![]).map(drop)
}

#[test]
fn a_projection_that_is_cleared_and_heard_again_equals_the_first() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let farm = place.store("farm", MIGRATIONS);
        for _ in 0..300 {
            cook(&kitchen, mine(), &["soup", "bread"]).await;
        }
        cook(&farm, mine(), &["milk"]).await;
        set_mood(&hall, "bread", "sour").await;
        hear_all(&hall, &kitchen).await;
        hear_all(&hall, &farm).await;
        assert_eq!(came(&hall, mine(), "soup").await, in_order(300));
        assert_eq!(parked(&hall).await.unwrap().all, 300);

        set_mood(&hall, "bread", "fine").await;
        rebuild(&hall, clear).await.unwrap();
        assert_eq!(came(&hall, mine(), "soup").await, "");
        assert_eq!(parked(&hall).await.unwrap().all, 0, "what was parked is heard again, too");
        assert_eq!((hear_all(&hall, &kitchen).await, hear_all(&hall, &farm).await), (600, 1));
        assert_eq!(came(&hall, mine(), "soup").await, in_order(300));
        assert_eq!(came(&hall, mine(), "bread").await, in_order(300));
        assert_eq!(came(&hall, mine(), "milk").await, "1");
    });
}

#[test]
fn a_consumer_at_work_notices_that_its_projection_is_rebuilt() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let mut hearing = Hearing::new(hall.clone(), kitchen.clone(), handlers());
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        hearing.step().await.unwrap();
        rebuild(&hall, clear).await.unwrap();
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        assert!(matches!(hearing.step().await, Err(StoreError::Conflict)));
        assert_eq!(hearing.step().await.unwrap(), 2);
        assert_eq!(came(&hall, mine(), "soup").await, "1 2");
    });
}

#[test]
fn old_events_go_and_younger_and_unplaced_ones_stay() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        for _ in 0..3 {
            cook(&kitchen, mine(), &["soup"]).await;
        }
        hear_all(&hall, &kitchen).await;
        kitchen.clock().advance(Duration::from_secs(3600));
        let before = kitchen.clock().now();
        // On Postgres nobody gives these two their positions yet, and they are as old as can be.
        cook(&kitchen, mine(), &["soup"]).await;
        cook(&kitchen, mine(), &["soup"]).await;
        assert_eq!(purge(&kitchen, before).await.unwrap(), 3);
        kitchen.clock().advance(Duration::from_secs(3600));
        if matches!(place.engine, Engine::Postgres { .. }) {
            assert_eq!(purge(&kitchen, kitchen.clock().now()).await.unwrap(), 0);
        }
        assert_eq!(hear_all(&hall, &kitchen).await, 2);
        assert_eq!(purge(&kitchen, kitchen.clock().now()).await.unwrap(), 2);
        // The log is empty, and its positions go on where they were.
        assert_eq!(newest(&kitchen).await.unwrap(), 0);
        assert_eq!(hear_all(&hall, &kitchen).await, 0);
        cook(&kitchen, mine(), &["soup"]).await;
        assert_eq!(hear_all(&hall, &kitchen).await, 1);
        assert_eq!(came(&hall, mine(), "soup").await, in_order(6));
    });
}

#[test]
fn more_old_events_than_one_step_takes_go_all_the_same() {
    on_both(async |place| {
        let kitchen = place.store("kitchen", MIGRATIONS);
        kitchen
            .write(mine(), |tx| (0..12_000).try_for_each(|_| tx.publish("soup", &Burnt {}).map(drop)))
            .await
            .unwrap();
        place_all(&kitchen).await;
        kitchen.clock().advance(Duration::from_secs(1));
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        assert_eq!(purge(&kitchen, kitchen.clock().now()).await.unwrap(), 12_000);
        assert_eq!(tail(&kitchen, 0, 10).await.unwrap().len(), 1);
    });
}

#[test]
fn what_a_service_has_not_heard_is_counted_with_its_age() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let behind = async || lag(&hall, &kitchen, &handlers()).await.unwrap();
        assert_eq!(behind().await, Lag::default());
        cook(&kitchen, mine(), &["soup"]).await;
        hear_all(&hall, &kitchen).await;
        kitchen.write(mine(), |tx| tx.publish("soup", &Burnt {})).await.unwrap();
        assert_eq!(behind().await, Lag::default(), "what is not for us is no lag");
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        kitchen.clock().advance(Duration::from_secs(5));
        // On Postgres this one has no position yet, and waits all the same.
        cook(&kitchen, mine(), &["soup"]).await;
        assert_eq!(behind().await, Lag { events: 2, oldest_age: Duration::from_secs(5) });
        hear_all(&hall, &kitchen).await;
        assert_eq!(behind().await, Lag::default());
    });
}

#[test]
fn what_was_heard_and_what_failed_stands_on_the_page_of_metrics() {
    on_both(async |place| {
        // A name of its own, for the page is shared by all tests.
        let (kitchen, bar) = (place.store("kitchen", MIGRATIONS), place.store("bar", MIGRATIONS));
        set_mood(&bar, "soup", "sour").await;
        cook(&kitchen, mine(), &["soup", "bread"]).await;
        hear_all(&bar, &kitchen).await;
    });
    let page = crate::telemetry::metrics::render();
    assert!(page.contains("stoa_events_heard_total{service=\"bar\",source=\"kitchen\"} "), "{page}");
    assert!(page.contains("stoa_events_failed_total{service=\"bar\",type=\"dish.cooked\"} "), "{page}");
}
