//! Schedules: once among all workers, once for all that was missed.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn tick(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    note(tx, &now.to_string())
}

fn hourly() -> Arc<Jobs> {
    let mut jobs = Jobs::default();
    jobs.every("tick", Schedule::interval(HOUR).unwrap(), tick);
    Arc::new(jobs)
}

#[test]
fn a_schedule_fires_once_among_two_workers() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = hourly();
        work_once(&store, &jobs).await.unwrap();
        assert!(effects(&store).await.is_empty(), "nothing fires on the first start");
        for times in 1..=10 {
            store.clock().advance(HOUR);
            let (one, other) = tokio::join!(work_once(&store, &jobs), work_once(&store, &jobs));
            assert_eq!(one.unwrap() + other.unwrap(), 1);
            assert_eq!(effects(&store).await.len(), times);
        }
    });
}

#[test]
fn firings_missed_while_nobody_worked_are_one() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = hourly();
        work_once(&store, &jobs).await.unwrap();
        store.clock().advance(HOUR * 50);
        drain(&store, &jobs).await;
        assert_eq!(effects(&store).await.len(), 1);
        let mut floor = Floor::new(store.clone(), jobs);
        let next = floor.round().await.unwrap().next.unwrap();
        assert_eq!(next, Schedule::interval(HOUR).unwrap().next_after(store.clock().now()));
    });
}

#[test]
fn a_schedule_that_fails_fires_again_soon_and_leaves_nothing_behind() {
    static WELL: AtomicBool = AtomicBool::new(false);
    fn sick(tx: &mut Tx<'_>) -> Result<(), StoreError> {
        note(tx, "fired")?;
        if WELL.load(Ordering::Relaxed) { Ok(()) } else { Err(StoreError::Missing) }
    }
    on_both(async |place| {
        WELL.store(false, Ordering::Relaxed);
        let store = place.store("svc", MIGRATIONS);
        let mut jobs = Jobs::default();
        jobs.every("sick", Schedule::cron("0 3 * * *").unwrap(), sick);
        let jobs = Arc::new(jobs);
        work_once(&store, &jobs).await.unwrap();
        store.clock().advance(HOUR * 24);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0);
        assert!(effects(&store).await.is_empty());
        WELL.store(true, Ordering::Relaxed);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0, "not at once");
        store.clock().advance(Duration::from_secs(60));
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 1);
        assert_eq!(effects(&store).await, ["fired"]);
    });
}

#[test]
fn a_schedule_that_was_made_quicker_does_not_wait_for_its_old_time() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let mut yearly = Jobs::default();
        yearly.every("tick", Schedule::cron("0 0 1 1 *").unwrap(), tick);
        work_once(&store, &Arc::new(yearly)).await.unwrap();
        let jobs = hourly();
        work_once(&store, &jobs).await.unwrap();
        store.clock().advance(HOUR);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 1);
    });
}

#[test]
fn a_firing_can_hand_its_parts_to_the_projects() {
    fn hand_out(tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let now: Timestamp = tx.now();
        for whose in 1..=3 {
            tx.enqueue_for(project(whose), &Count::named("part"), now)?;
        }
        Ok(())
    }
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let mut jobs = counting();
        jobs.every("hand out", Schedule::interval(HOUR).unwrap(), hand_out);
        let jobs = Arc::new(jobs);
        work_once(&store, &jobs).await.unwrap();
        store.clock().advance(HOUR);
        drain(&store, &jobs).await;
        assert_eq!(effects(&store).await, ["part"; 3]);
    });
}
