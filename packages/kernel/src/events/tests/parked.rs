//! What fails is parked with its key; nothing is skipped, and a person decides in the end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use super::*;
use crate::testing::{on_both, run};

/// Time passes until nothing is tried again by itself.
async fn let_time_pass(hall: &Store) -> usize {
    let mut handled = 0;
    for _ in 0..12 {
        hall.clock().advance(Duration::from_secs(600));
        handled += retry_parked(hall, &handlers()).await.unwrap();
    }
    handled
}

async fn letters(hall: &Store) -> Vec<DeadLetter> {
    dead_letters(hall, 0, 100).await.unwrap()
}

async fn states(hall: &Store) -> Vec<LetterState> {
    letters(hall).await.iter().map(|letter| letter.state).collect()
}

#[test]
fn a_failing_event_parks_its_key_and_the_others_go_on() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        set_mood(&hall, "soup", "sour").await;
        cook(&kitchen, mine(), &["bread"]).await;
        cook(&kitchen, mine(), &["soup"]).await;
        cook(&kitchen, mine(), &["bread", "soup"]).await;
        hear_all(&hall, &kitchen).await;
        cook(&kitchen, mine(), &["bread", "soup"]).await;
        hear_all(&hall, &kitchen).await;
        assert_eq!(came(&hall, mine(), "bread").await, "1 2 3");
        assert_eq!(came(&hall, mine(), "soup").await, "", "what a failed handler wrote is undone");
        assert_eq!(states(&hall).await, [LetterState::Retrying, LetterState::Waiting, LetterState::Waiting]);
        let error = letters(&hall).await[0].error.clone().unwrap();
        assert!(error.contains("sour mood"), "{error}");
        place_all(&hall).await;
        let told = tail(&hall, 0, 10).await.unwrap();
        assert_eq!(told.len(), 3, "what a failed handler told is undone, too");

        set_mood(&hall, "soup", "fine").await;
        assert_eq!(let_time_pass(&hall).await, 3);
        assert_eq!(came(&hall, mine(), "soup").await, "1 2 3");
        assert_eq!(parked(&hall).await.unwrap(), Parked::default());
        cook(&kitchen, mine(), &["soup"]).await;
        hear_all(&hall, &kitchen).await;
        assert_eq!(came(&hall, mine(), "soup").await, "1 2 3 4");
    });
}

#[test]
fn an_event_that_always_fails_is_dead_and_visible_until_a_person_replays_it() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        set_mood(&hall, "soup", "sour").await;
        cook(&kitchen, mine(), &["soup"]).await;
        cook(&kitchen, mine(), &["soup"]).await;
        hear_all(&hall, &kitchen).await;
        assert_eq!(let_time_pass(&hall).await, 0);
        assert_eq!(states(&hall).await, [LetterState::Dead, LetterState::Waiting]);
        assert_eq!(parked(&hall).await.unwrap(), Parked { all: 2, dead: 1 });
        let first = letters(&hall).await[0].clone();
        assert_eq!((first.attempts, first.source.as_str(), first.key.as_str()), (10, "kitchen", "soup"));

        set_mood(&hall, "soup", "fine").await;
        assert_eq!(let_time_pass(&hall).await, 0, "nobody has asked for it");
        assert_eq!(replay(&hall, first.id).await.unwrap(), Replayed::Done);
        assert_eq!(retry_parked(&hall, &handlers()).await.unwrap(), 2);
        assert_eq!(came(&hall, mine(), "soup").await, "1 2");
        assert_eq!(replay(&hall, first.id).await.unwrap(), Replayed::Absent);
    });
}

#[test]
fn a_discarded_event_lets_those_behind_it_go_on_in_order() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        set_mood(&hall, "soup", "sour").await;
        for _ in 0..4 {
            cook(&kitchen, mine(), &["soup"]).await;
        }
        hear_all(&hall, &kitchen).await;
        let_time_pass(&hall).await;
        let ids: Vec<i64> = letters(&hall).await.iter().map(|letter| letter.id).collect();
        set_mood(&hall, "soup", "fine").await;
        // One from the middle first: the dead one still stands in front.
        assert_eq!(discard(&hall, ids[2]).await.unwrap(), Replayed::Done);
        assert_eq!(let_time_pass(&hall).await, 0);
        assert_eq!(replay(&hall, ids[1]).await.unwrap(), Replayed::Done);
        assert_eq!(let_time_pass(&hall).await, 0, "a waiting event cannot overtake");
        assert_eq!(discard(&hall, ids[0]).await.unwrap(), Replayed::Done);
        assert_eq!(retry_parked(&hall, &handlers()).await.unwrap(), 2);
        assert_eq!(came(&hall, mine(), "soup").await, "2 4");
        assert_eq!(discard(&hall, ids[0]).await.unwrap(), Replayed::Absent);
    });
}

#[test]
fn a_panic_and_a_swallowed_failure_count_as_failures_of_their_event_alone() {
    on_both(async |place| {
        for (key, mood) in [("soup", "wild"), ("stew", "clumsy")] {
            let (kitchen, hall) = kitchen_and_hall(place);
            set_mood(&hall, key, mood).await;
            cook(&kitchen, mine(), &["bread", key]).await;
            cook(&kitchen, Scope::Project(project(2)), &["tea"]).await;
            hear_all(&hall, &kitchen).await;
            assert_eq!(came(&hall, mine(), key).await, "");
            assert_eq!(came(&hall, Scope::Project(project(2)), "tea").await.split(' ').next(), Some("1"));
            assert_eq!(letters(&hall).await.len(), 1);
            hall.clock().advance(Duration::from_secs(600));
            assert_eq!(retry_parked(&hall, &handlers()).await.unwrap(), 0);
            assert_eq!(letters(&hall).await[0].attempts, 2);
            set_mood(&hall, key, "fine").await;
            assert_eq!(let_time_pass(&hall).await, 1);
            assert_eq!(came(&hall, mine(), key).await, "1");
        }
    });
}

#[test]
fn an_event_that_cannot_be_read_is_parked_like_one_that_fails() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        kitchen
            .write(mine(), |tx| {
                tx.publish("soup", &Cooked { version: 1 })?;
                tx.publish("bread", &Cooked { version: 1 }).map(drop)
            })
            .await
            .unwrap();
        let spoil = "update outbox set data = '{\"version\":\"many\"}' where key = 'soup'";
        kitchen.write(system(), move |tx| tx.run(spoil, params![])).await.unwrap();
        hear_all(&hall, &kitchen).await;
        assert_eq!(came(&hall, mine(), "bread").await, "1");
        assert_eq!(states(&hall).await, [LetterState::Retrying]);
    });
}

#[test]
fn with_very_many_parked_events_the_rest_waits_in_the_log() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        set_mood(&hall, "soup", "sour").await;
        kitchen
            .write(mine(), |tx| {
                (1..=10_300).try_for_each(|version| tx.publish("soup", &Cooked { version }).map(drop))?;
                tx.publish("bread", &Cooked { version: 1 }).map(drop)
            })
            .await
            .unwrap();
        place_all(&kitchen).await;
        let mut hearing = Hearing::new(hall.clone(), kitchen.clone(), handlers());
        let full = loop {
            match hearing.step().await {
                Ok(count) => assert!(count > 0, "the log has more than may be parked"),
                Err(error) => break error,
            }
        };
        assert!(matches!(full, StoreError::Busy { .. }), "{full}");
        assert!(parked(&hall).await.unwrap().all < 10_300);
        // Once they are given up, the rest is heard.
        hall.write(system(), |tx| tx.run("delete from dead_letters", params![])).await.unwrap();
        set_mood(&hall, "soup", "fine").await;
        while hearing.step().await.unwrap() > 0 {}
        assert_eq!(came(&hall, mine(), "bread").await, "1");
    });
}

/// Without the turn, an event could be put behind one that has just been handled, and wait for ever.
#[test]
fn a_batch_that_meets_the_end_of_a_parked_event_runs_again() {
    let Some(place) = Place::postgres() else { return };
    run(async {
        let (kitchen, hall) = kitchen_and_hall(&place);
        set_mood(&hall, "soup", "sour").await;
        cook(&kitchen, mine(), &["soup"]).await;
        hear_all(&hall, &kitchen).await;
        let letter = letters(&hall).await[0].clone();

        let (looked, has_looked) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = std::sync::Mutex::new(may_go_on);
        let runs = Arc::new(AtomicU32::new(0));
        let (counted, store) = (Arc::clone(&runs), hall.clone());
        let batch = tokio::spawn(async move {
            let work = move |tx: &mut Tx<'_>| {
                let parked = super::super::store::parked_keys(tx, "kitchen", 10)?;
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    let _ = looked.send(());
                    let _ = may_go_on.lock().unwrap().recv();
                }
                super::super::store::move_cursor(tx, "kitchen", 1, 2)?;
                Ok::<_, StoreError>(parked.len())
            };
            store.write(system(), work).await
        });
        tokio::task::spawn_blocking(move || has_looked.recv()).await.unwrap().unwrap();
        discard(&hall, letter.id).await.unwrap();
        go_on.send(()).unwrap();
        assert_eq!(batch.await.unwrap().unwrap(), 0, "it knows that nothing is parked any more");
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn events_heard_while_their_key_heals_stay_in_order() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        set_mood(&hall, "soup", "sour").await;
        cook(&kitchen, mine(), &["soup"]).await;
        hear_all(&hall, &kitchen).await;
        set_mood(&hall, "soup", "fine").await;
        hall.clock().advance(Duration::from_secs(600));
        let writing = async {
            for _ in 0..60 {
                cook(&kitchen, mine(), &["soup"]).await;
                hear_all(&hall, &kitchen).await;
            }
        };
        let healing = async {
            for _ in 0..60 {
                retry_parked(&hall, &handlers()).await.unwrap();
            }
        };
        tokio::join!(writing, healing);
        retry_parked(&hall, &handlers()).await.unwrap();
        assert_eq!(came(&hall, mine(), "soup").await, in_order(61));
        assert_eq!(parked(&hall).await.unwrap(), Parked::default());
    });
}
