//! Told by one service, heard by another: once, in order, in the right scope.

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::*;
use crate::store::Origin;
use crate::testing::on_both;

#[test]
fn an_event_is_heard_once_in_the_scope_of_its_project() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        cook(&kitchen, mine(), &["soup"]).await;
        cook(&kitchen, Scope::Project(project(2)), &["soup"]).await;
        cook(&kitchen, mine(), &["soup"]).await;
        assert_eq!(hear_all(&hall, &kitchen).await, 3);
        assert_eq!(hear_all(&hall, &kitchen).await, 0);
        assert_eq!(came(&hall, mine(), "soup").await, "1 2");
        assert_eq!(came(&hall, Scope::Project(project(2)), "soup").await, "1");
    });
}

#[test]
fn what_a_handler_tells_in_turn_carries_the_history_of_its_cause() {
    /// The trace goes on; the span is the hearing's own.
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-";
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let origin = Origin {
            correlation_id: "cor-1".into(),
            traceparent: Some(format!("{TRACE}00f067aa0ba902b7-01")),
            ..Origin::default()
        };
        let cause = kitchen
            .write_from(origin, mine(), |tx| tx.publish("soup", &Cooked { version: 1 }))
            .await
            .unwrap();
        cook(&kitchen, Scope::Project(project(2)), &["bread"]).await;
        hear_all(&hall, &kitchen).await;
        place_all(&hall).await;
        let told = tail(&hall, 0, 10).await.unwrap();
        let first = &told[0];
        assert_eq!(first.envelope.correlation_id, "cor-1");
        assert_eq!(first.envelope.causation_id, Some(cause));
        assert_eq!(first.envelope.project_id, Some(project(1)));
        assert_eq!(first.envelope.source.as_deref(), Some("hall"));
        assert!(first.traceparent.as_deref().is_some_and(|trace| trace.starts_with(TRACE)));
        assert_eq!(told[1].envelope.project_id, Some(project(2)));
        assert_eq!(told[1].envelope.correlation_id, "");
    });
}

#[test]
fn an_event_of_no_project_is_heard_as_work_of_the_system() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        cook(&kitchen, mine(), &["soup"]).await;
        cook(&kitchen, system(), &["salt"]).await;
        hear_all(&hall, &kitchen).await;
        assert_eq!(came(&hall, system(), "salt").await, "1");
        assert_eq!(came(&hall, mine(), "soup").await, "1");
    });
}

#[test]
fn an_event_is_heard_by_its_other_name_and_not_by_one_that_looks_like_it() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        kitchen.write(mine(), |tx| tx.publish("soup", &CookedOfOld { version: 7 })).await.unwrap();
        // An envelope of the old name is read as the new event.
        assert_eq!(hear_all(&hall, &kitchen).await, 1);
        assert_eq!(came(&hall, mine(), "soup").await, "7");
        kitchen.write(mine(), |tx| tx.publish("soup", &Lookalike { version: 8 })).await.unwrap();
        assert_eq!(hear_all(&hall, &kitchen).await, 0);
        assert_eq!(came(&hall, mine(), "soup").await, "7");
    });
}

#[test]
fn a_service_that_hears_nothing_of_a_log_still_moves_on() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let burn = async |count: u32| {
            kitchen
                .write(mine(), move |tx| (0..count).try_for_each(|_| tx.publish("soup", &Burnt {}).map(drop)))
                .await
                .unwrap();
            place_all(&kitchen).await;
        };
        let stored = async || {
            let position =
                |tx: &mut Tx<'_>| tx.one("select coalesce(max(position), 0) from cursors", params![]);
            hall.read::<i64, StoreError, _>(system(), position).await.unwrap()
        };
        let mut hearing = Hearing::new(hall.clone(), kitchen.clone(), handlers());
        burn(600).await;
        assert_eq!(hearing.step().await.unwrap(), 0);
        assert_eq!(stored().await, 0, "a few events of others cost no write");
        burn(9_500).await;
        assert_eq!(hearing.step().await.unwrap(), 0);
        assert_eq!(stored().await, 10_100, "many are not looked at again after a restart");
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        assert_eq!(hearing.step().await.unwrap(), 1);
        assert_eq!(stored().await, 10_101);
    });
}

#[test]
fn a_service_may_hear_every_event_there_is() {
    fn note(tx: &mut Tx<'_>, envelopes: &[&contracts::Envelope]) -> Result<(), StoreError> {
        let project = tx.project()?;
        let sql = "insert into dishes (project_id, key, versions) values ($1, $2, '')";
        envelopes.iter().try_for_each(|one| tx.run(sql, params![project, one.event_type]).map(drop))
    }
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        kitchen.write(mine(), |tx| tx.publish("soup", &Burnt {})).await.unwrap();
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        let mut all = Handlers::default();
        all.hear_all(note);
        let heard = Hearing::new(hall.clone(), kitchen, Arc::new(all)).step().await.unwrap();
        assert_eq!(heard, 2);
        let kinds: Vec<String> = hall
            .read(mine(), |tx| {
                tx.rows("select key from dishes where project_id = $1 order by key", params![tx.project()?])
            })
            .await
            .unwrap();
        assert_eq!(kinds, ["dish.burnt", "dish.cooked"]);
    });
}

#[test]
fn who_hears_everything_is_told_neighbours_of_a_project_together_and_named_ones_in_their_place() {
    /// Adds a word to what was heard.
    fn write(tx: &mut Tx<'_>, word: &str) -> Result<(), StoreError> {
        tx.run(
            "insert into dishes (project_id, key, versions) values ($1, 'heard', $2)
             on conflict (project_id, key) do update set versions = dishes.versions || ' ' || excluded.versions",
            params![tx.project()?, word],
        )
        .map(drop)
    }
    fn note(tx: &mut Tx<'_>, envelopes: &[&contracts::Envelope]) -> Result<(), StoreError> {
        let keys: Vec<&str> = envelopes.iter().filter_map(|one| one.key.as_deref()).collect();
        write(tx, &keys.join("+"))
    }
    fn burnt(tx: &mut Tx<'_>, _: &Heard<'_, Burnt>) -> Result<(), StoreError> {
        write(tx, "burnt")
    }
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let theirs = || Scope::Project(project(2));
        cook(&kitchen, mine(), &["soup", "bread"]).await;
        kitchen.write(mine(), |tx| tx.publish("stew", &Burnt {})).await.unwrap();
        cook(&kitchen, mine(), &["tea"]).await;
        cook(&kitchen, theirs(), &["rice"]).await;
        cook(&kitchen, mine(), &["fish"]).await;
        place_all(&kitchen).await;
        let mut all = Handlers::default();
        all.hear_all(note);
        all.hear(burnt);
        assert_eq!(Hearing::new(hall.clone(), kitchen, Arc::new(all)).step().await.unwrap(), 6);
        assert_eq!(came(&hall, mine(), "heard").await, "soup+bread burnt stew tea fish");
        assert_eq!(came(&hall, theirs(), "heard").await, "rice");
    });
}

#[test]
fn the_order_of_a_key_is_kept_with_many_writers_and_two_consumers_at_once() {
    const DISHES: [&str; 4] = ["soup", "bread", "stew", "tea"];
    const ROUNDS: u32 = 40;
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        // On Postgres the second consumer is another process; a file has one process, so there it is another task.
        let other = match place.engine {
            Engine::Postgres { .. } => place.store("hall", MIGRATIONS),
            Engine::Sqlite { .. } => hall.clone(),
        };
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(sequence(kitchen.clone(), stopped.clone()));
        tasks.spawn(consume(hall.clone(), kitchen.clone(), handlers(), stopped.clone()));
        tasks.spawn(consume(other, kitchen.clone(), handlers(), stopped));
        let mut writers = JoinSet::new();
        for writer in 0..4_usize {
            let kitchen = kitchen.clone();
            writers.spawn(async move {
                for round in 0..ROUNDS as usize {
                    let mut keys = [DISHES[(writer + round) % 4], DISHES[(writer + round + 1) % 4]];
                    keys.sort_unstable();
                    cook(&kitchen, mine(), &keys).await;
                }
            });
        }
        writers.join_all().await;
        let each = 4 * ROUNDS * 2 / 4;
        for dish in DISHES {
            until("all dishes come", async || {
                came(&hall, mine(), dish).await.split(' ').count() >= each as usize
            })
            .await;
            assert_eq!(came(&hall, mine(), dish).await, in_order(each), "{dish}");
        }
        stop.send_replace(true);
        tasks.join_all().await;
    });
}

#[test]
fn tasks_end_when_they_are_told_and_when_nobody_is_left_to_tell_them() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        for say_it in [true, false] {
            let (stop, stopped) = watch::channel(false);
            let broker = Arc::new(MemoryBroker::new(&["hall"], Faults::default()));
            let mut tasks = JoinSet::new();
            tasks.spawn(sequence(kitchen.clone(), stopped.clone()));
            tasks.spawn(consume(hall.clone(), kitchen.clone(), handlers(), stopped.clone()));
            tasks.spawn(relay(kitchen.clone(), broker.clone(), stopped.clone()));
            tasks.spawn(intake(hall.clone(), handlers(), broker, stopped));
            cook(&kitchen, mine(), &["soup"]).await;
            if say_it {
                stop.send_replace(true);
            }
            drop(stop);
            let ended = tokio::time::timeout(Duration::from_secs(20), tasks.join_all()).await;
            assert!(ended.is_ok(), "a task goes on");
        }
    });
}

#[test]
fn work_of_another_project_that_fails_in_between_leaves_the_scope_as_it_was() {
    const SET: &str = "insert into moods (project_id, key, mood) values ($1, 'soup', $2)";
    on_both(async |place| {
        let hall = place.store("hall", MIGRATIONS);
        hall.write(mine(), |tx| {
            let failed = tx.attempt(|tx| {
                let theirs = Scope::Project(project(2));
                tx.acting(theirs, Origin::default(), |tx| tx.run(SET, params![tx.project()?, None::<String>]))
            })?;
            assert!(failed.is_err());
            tx.run(SET, params![tx.project()?, "fine"])
        })
        .await
        .unwrap();
    });
}
