//! Jobs inside: once in effect, apart from each other, fair, and under a fence.

use super::super::run::{inside, run_inside};
use super::super::store as sql;
use super::super::store::{Fenced, Leased};
use super::*;

#[test]
fn a_job_is_stored_with_its_cause_or_not_at_all() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let failed: Result<(), StoreError> = store
            .write(Scope::Project(project(1)), |tx| {
                tx.enqueue(&Count::named("never"))?;
                Err(StoreError::Missing)
            })
            .await;
        assert!(failed.is_err());
        assert!(rows(&store).await.is_empty());
    });
}

#[test]
fn a_job_is_done_once_in_the_scope_and_origin_of_its_cause() {
    /// The trace goes on; the span is the job's own.
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-";
    on_both(async |place| {
        fn trace(tx: &mut Tx<'_>, _: &Count) -> Result<(), StoreError> {
            let (project, origin) = (tx.project()?, tx.origin().clone());
            let trace: Option<String> = origin.traceparent.map(|trace| trace.chars().take(36).collect());
            note(tx, &format!("{project} {} {trace:?} {:?}", origin.correlation_id, origin.actor))
        }
        let store = place.store("svc", MIGRATIONS);
        let mut jobs = Jobs::default();
        jobs.inside(trace);
        let jobs = Arc::new(jobs);
        let origin = Origin {
            correlation_id: "cor-1".into(),
            traceparent: Some(format!("{TRACE}00f067aa0ba902b7-01")),
            ..Origin::default()
        };
        store
            .write_from::<_, StoreError, _>(origin, Scope::Project(project(7)), |tx| {
                tx.enqueue(&Count::named("x"))
            })
            .await
            .unwrap();
        drain(&store, &jobs).await;
        let expected = format!("{} cor-1 Some(\"{TRACE}\") Some(\"service:svc\")", project(7));
        assert_eq!(effects(&store).await, [expected]);
        assert_eq!(only(&store).await.state, JobState::Done);
    });
}

#[test]
fn a_failing_job_undoes_itself_alone() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = Arc::new(counting());
        enqueue::<Count>(&store, 1, &["a", "bad", "b"]).await;
        enqueue::<Count>(&store, 2, &["panic", "c", "broken", "d"]).await;
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 7);
        assert_eq!(effects(&store).await, ["a", "b", "c", "d"]);
        let found = rows(&store).await;
        assert_eq!(troubles(JobState::Ready, &found).len(), 3);
        assert!(found.iter().all(|row| row.attempts == 1));
    });
}

#[test]
fn a_job_of_no_project_runs_as_the_system_after_one_of_a_project() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = Arc::new(counting());
        enqueue::<Count>(&store, 9, &["project's"]).await;
        store
            .write::<_, StoreError, _>(Scope::System("a test"), |tx| {
                tx.enqueue(&Count::named("system's"))?;
                tx.enqueue_for(project(3), &Count::named("handed on"), tx.now())
            })
            .await
            .unwrap();
        work_once(&store, &jobs).await.unwrap();
        let read = |tx: &mut Tx<'_>| tx.rows("select project_id, name from effects order by name", params![]);
        let found: Vec<(String, String)> =
            store.read::<_, StoreError, _>(Scope::System("a test"), read).await.unwrap();
        let expected = [
            (project(3).to_string(), "handed on"),
            (project(9).to_string(), "project's"),
            (String::new(), "system's"),
        ];
        assert_eq!(found, expected.map(|(whose, name)| (whose, name.to_owned())));
    });
}

#[test]
fn a_project_cannot_enqueue_for_another() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let refused: Result<JobId, StoreError> = store
            .write(Scope::Project(project(1)), |tx| tx.enqueue_for(project(2), &Count::named("x"), tx.now()))
            .await;
        assert!(matches!(refused, Err(StoreError::Scope(_))));
    });
}

#[test]
fn a_job_is_not_done_before_its_time() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = Arc::new(counting());
        store
            .write::<_, StoreError, _>(Scope::Project(project(1)), |tx| {
                let at = tx.now().saturating_add(HOUR);
                tx.enqueue_at(&Count::named("later"), at)
            })
            .await
            .unwrap();
        store.clock().advance(HOUR - Duration::from_micros(1));
        let mut floor = Floor::new(store.clone(), Arc::clone(&jobs));
        let round = floor.round().await.unwrap();
        assert_eq!(
            (round.worked, round.next),
            (0, Some(store.clock().now().saturating_add(Duration::from_micros(1))))
        );
        store.clock().advance(Duration::from_micros(1));
        drain(&store, &jobs).await;
        assert_eq!(effects(&store).await, ["later"]);
    });
}

#[test]
fn a_job_that_keeps_failing_waits_longer_and_longer_then_for_people() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let mut jobs = Jobs::default();
        jobs.inside(count).attempts_max = 4;
        let jobs = Arc::new(jobs);
        let id = enqueue::<Count>(&store, 1, &["bad"]).await[0];
        for attempt in 1..4 {
            work_once(&store, &jobs).await.unwrap();
            let row = only(&store).await;
            assert_eq!((row.state, row.attempts), (JobState::Ready, attempt));
            assert!(
                row.due_at <= store.clock().now().saturating_add(Duration::from_secs(1 << (attempt - 1)))
            );
            store.clock().advance(HOUR);
        }
        work_once(&store, &jobs).await.unwrap();
        let row = only(&store).await;
        assert_eq!((row.state, row.attempts), (JobState::Dead, 4));
        assert_eq!(row.error.as_deref(), Some("there is no such row"));
        store.clock().advance(HOUR * 1_000);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0);

        assert_eq!(retry(&store, id).await.unwrap(), Changed::Done);
        assert_eq!(retry(&store, id).await.unwrap(), Changed::Absent, "it is ready already");
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 1);
        assert_eq!(only(&store).await.attempts, 1);
        assert!(effects(&store).await.is_empty());
    });
}

async fn claim_all(store: &Store) -> Vec<Leased> {
    store
        .write::<_, StoreError, _>(Scope::System("a test"), |tx| {
            let mut fenced = Fenced::default();
            for pick in sql::pick(tx, "default", ",test.count,", "", 100)? {
                fenced.add(pick.id, pick.fence);
            }
            let until = tx.now().saturating_add(Duration::from_secs(60));
            sql::claim(tx, &fenced, until)
        })
        .await
        .unwrap()
}

#[test]
fn a_worker_killed_before_its_batch_loses_it_to_another_and_writes_nothing_more() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = Arc::new(counting());
        enqueue::<Count>(&store, 1, &["a", "b"]).await;
        let old = claim_all(&store).await;
        assert_eq!(old.len(), 2);
        store.clock().advance(Duration::from_secs(60));
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0, "the lease still runs");
        store.clock().advance(Duration::from_secs(1));
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 2);
        run_inside(store.clone(), Arc::clone(&jobs), old.clone()).await;
        assert!(effects(&store).await.is_empty(), "the fence holds while the job waits");
        store.clock().advance(HOUR);
        let taken_over = claim_all(&store).await;
        run_inside(store.clone(), Arc::clone(&jobs), old).await;
        assert!(effects(&store).await.is_empty(), "the fence holds while another works");
        run_inside(store.clone(), Arc::clone(&jobs), taken_over).await;
        assert_eq!(effects(&store).await, ["a", "b"]);
    });
}

#[test]
fn two_workers_share_the_load_and_do_each_job_once() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = Arc::new(counting());
        let names: Vec<String> = (0..2_000).map(|n| format!("{n:04}")).collect();
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        for (whose, part) in borrowed.chunks(500).enumerate() {
            enqueue::<Count>(&store, whose as u128 + 1, part).await;
        }
        let (mut one, mut other) =
            (Floor::new(store.clone(), Arc::clone(&jobs)), Floor::new(store.clone(), jobs));
        let first = (one.round().await.unwrap().worked, other.round().await.unwrap().worked);
        assert_eq!(first, (256, 256), "what one has leased the other does not look at");
        let until_none = |mut floor: Floor| {
            let store = store.clone();
            tokio::spawn(async move {
                while !counts(&store).await.unwrap().is_empty() {
                    floor.round().await.unwrap();
                    floor.finish().await;
                }
            })
        };
        let (one, other) = tokio::join!(until_none(one), until_none(other));
        one.and(other).unwrap();
        assert_eq!(effects(&store).await, names);
    });
}

#[test]
fn a_project_with_many_jobs_does_not_hold_up_one_with_few() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (mut jobs, mut hears) = sending(vec![], Policy::default());
        jobs.queue("mail", Concurrency(1));
        enqueue::<Send>(&store, 1, &["x"; 40]).await;
        store.clock().advance(HOUR);
        enqueue::<Send>(&store, 2, &["y"; 3]).await;
        enqueue::<Send>(&store, 3, &["z"; 2]).await;
        let mut floor = Floor::new(store.clone(), Arc::new(jobs));
        let mut order = Vec::new();
        for _ in 0..9 {
            assert_eq!(floor.round().await.unwrap().worked, 1);
            floor.finish().await;
            order.push(hears.recv().await.unwrap().project.unwrap().as_u128());
        }
        assert_eq!(order, [1, 2, 3, 1, 2, 3, 1, 2, 1]);
    });
}

#[test]
fn people_see_count_discard_and_forget_jobs() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let mut jobs = Jobs::default();
        jobs.inside(count).attempts_max = 1;
        let jobs = Arc::new(jobs);
        let ids = enqueue::<Count>(&store, 1, &["a", "bad", "b"]).await;
        work_once(&store, &jobs).await.unwrap();
        let ready = enqueue::<Count>(&store, 1, &["c"]).await[0];
        let first = list(&store, None, None, 2).await.unwrap();
        let rest = list(&store, None, Some(first[1].id), 2).await.unwrap();
        let seen: Vec<JobId> = first.iter().chain(&rest).map(|row| row.id).collect();
        assert_eq!(seen, [ids[0], ids[1], ids[2], ready]);
        let dead = list(&store, Some(JobState::Dead), None, 10).await.unwrap();
        assert_eq!(dead.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[1]]);

        let stand: Vec<_> =
            counts(&store).await.unwrap().into_iter().map(|c| (c.queue, c.state, c.count)).collect();
        let queue = || "default".to_owned();
        assert_eq!(stand, [(queue(), JobState::Dead, 1), (queue(), JobState::Ready, 1)]);

        assert_eq!(discard(&store, ready).await.unwrap(), Changed::Done);
        assert_eq!(discard(&store, ids[0]).await.unwrap(), Changed::Absent, "what is done stays");
        store.clock().advance(HOUR);
        assert_eq!(purge_finished(&store, store.clock().now()).await.unwrap(), 3);
        assert!(rows(&store).await.is_empty());
    });
}
#[test]
fn a_batch_of_many_projects_is_one_transaction() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let jobs = Arc::new(counting());
        for whose in 1..=3 {
            enqueue::<Count>(&store, whose, &["a", "bad", "b"]).await;
        }
        let claimed = claim_all(&store).await;
        inside(&store, &jobs, claimed.into()).await.unwrap();
        assert_eq!(effects(&store).await.len(), 6);
    });
}
