//! Calls to the outside: one idempotency key, never guessed, never more than so many.

use tokio::sync::watch;

use super::*;

fn say(trouble: CallTrouble) -> Script {
    Script::Say(Err(trouble))
}

fn silent() -> CallTrouble {
    CallTrouble::Unknown("silence".into())
}

fn down() -> CallTrouble {
    CallTrouble::NotSent("down".into())
}

#[test]
fn a_call_carries_its_jobs_id_and_its_outcome_is_written_once() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (jobs, mut hears) = sending(vec![], Policy::default());
        let jobs = Arc::new(jobs);
        let id = enqueue::<Send>(&store, 5, &["hello"]).await[0];
        drain(&store, &jobs).await;
        let attempt = hears.recv().await.unwrap();
        assert_eq!((attempt.job, attempt.number, attempt.after_unknown), (id, 1, false));
        assert_eq!(attempt.project, Some(project(5)));
        assert_eq!(effects(&store).await, ["hello: Done(\"ok\")"]);
        assert_eq!(only(&store).await.state, JobState::Done);
        assert!(hears.try_recv().is_err());
    });
}

#[test]
fn a_call_that_was_not_sent_is_made_again_until_it_is_given_up() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let policy = Policy { attempts_max: 3, ..Policy::default() };
        let (jobs, mut hears) = sending(vec![say(down()), say(down()), say(down())], policy);
        let jobs = Arc::new(jobs);
        let id = enqueue::<Send>(&store, 1, &["m"]).await[0];
        for number in 1..=3 {
            drain(&store, &jobs).await;
            let attempt = hears.recv().await.unwrap();
            assert_eq!((attempt.job, attempt.number, attempt.after_unknown), (id, number, false));
            store.clock().advance(HOUR);
        }
        assert_eq!(only(&store).await.state, JobState::Dead);
        assert_eq!(effects(&store).await, ["m: Failed { why: \"down\" }"]);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0);
    });
}

#[test]
fn the_other_side_says_when_to_come_back_but_not_for_ever() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let later = |after| say(CallTrouble::Later { after });
        let (jobs, _hears) =
            sending(vec![later(Duration::from_secs(90)), later(HOUR * 9_000)], Policy::default());
        let jobs = Arc::new(jobs);
        enqueue::<Send>(&store, 1, &["m"]).await;
        drain(&store, &jobs).await;
        let wait = only(&store).await.due_at.duration_since(store.clock().now());
        assert_eq!(wait, Duration::from_secs(90));
        store.clock().advance(wait);
        drain(&store, &jobs).await;
        let wait = only(&store).await.due_at.duration_since(store.clock().now());
        assert_eq!(wait, HOUR);
        store.clock().advance(wait);
        drain(&store, &jobs).await;
        assert_eq!(effects(&store).await, ["m: Done(\"ok\")"]);
    });
}

#[test]
fn a_refused_call_is_not_made_again() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (jobs, _hears) = sending(vec![say(CallTrouble::Refused("no".into()))], Policy::default());
        let jobs = Arc::new(jobs);
        enqueue::<Send>(&store, 1, &["m"]).await;
        drain(&store, &jobs).await;
        assert_eq!(only(&store).await.state, JobState::Dead);
        assert_eq!(effects(&store).await, ["m: Failed { why: \"no\" }"]);
        store.clock().advance(HOUR * 100);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0);
    });
}

#[test]
fn an_unknown_outcome_waits_for_people_and_the_next_try_asks_first() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (jobs, mut hears) = sending(vec![say(silent()), say(down())], Policy::default());
        let jobs = Arc::new(jobs);
        let id = enqueue::<Send>(&store, 1, &["m"]).await[0];
        drain(&store, &jobs).await;
        assert_eq!(only(&store).await.state, JobState::Unknown);
        assert_eq!(effects(&store).await, ["m: Unknown"]);
        store.clock().advance(HOUR * 1_000);
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0);
        assert_eq!(purge_finished(&store, store.clock().now()).await.unwrap(), 0);

        assert!(!hears.recv().await.unwrap().after_unknown);
        assert_eq!(retry(&store, id).await.unwrap(), Changed::Done);
        for _ in 0..2 {
            drain(&store, &jobs).await;
            let again = hears.recv().await.unwrap();
            assert_eq!((again.job, again.after_unknown), (id, true), "also after a try that was not sent");
            store.clock().advance(HOUR);
        }
        assert_eq!(effects(&store).await, ["m: Done(\"ok\")", "m: Unknown"]);
    });
}

#[test]
fn where_the_other_side_can_be_asked_an_unknown_outcome_is_found_out() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let policy = Policy { on_unknown: OnUnknown::AskAgain, attempts_max: 3, ..Policy::default() };
        let script = vec![say(silent()), Script::Say(Ok("found")), say(silent()), say(down()), say(down())];
        let (jobs, mut hears) = sending(script, policy);
        let jobs = Arc::new(jobs);
        let id = enqueue::<Send>(&store, 1, &["m"]).await[0];
        drain(&store, &jobs).await;
        assert_eq!(only(&store).await.state, JobState::Ready);
        store.clock().advance(HOUR);
        drain(&store, &jobs).await;
        assert_eq!(effects(&store).await, ["m: Done(\"found\")"]);
        let (first, second) = (hears.recv().await.unwrap(), hears.recv().await.unwrap());
        assert_eq!((first.job, first.after_unknown, second.job, second.after_unknown), (id, false, id, true));

        let id = enqueue::<Send>(&store, 1, &["n"]).await[0];
        for _ in 0..3 {
            drain(&store, &jobs).await;
            store.clock().advance(HOUR);
        }
        let unknown = list(&store, Some(JobState::Unknown), None, 9).await.unwrap();
        assert_eq!(
            unknown.iter().map(|row| row.id).collect::<Vec<_>>(),
            [id],
            "never found out is not failed"
        );
        assert_eq!(effects(&store).await, ["m: Done(\"found\")", "n: Unknown"]);
    });
}

#[test]
fn a_call_whose_worker_was_killed_is_unknown() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (jobs, mut hears) = sending(vec![Script::Hang], Policy::default());
        let jobs = Arc::new(jobs);
        enqueue::<Send>(&store, 1, &["m"]).await;
        let mut floor = Floor::new(store.clone(), Arc::clone(&jobs));
        floor.round().await.unwrap();
        hears.recv().await.unwrap();
        drop(floor);
        store.clock().advance(Duration::from_secs(59));
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 0);
        store.clock().advance(Duration::from_secs(2));
        assert_eq!(work_once(&store, &jobs).await.unwrap(), 1);
        assert_eq!(only(&store).await.state, JobState::Unknown);
        assert_eq!(effects(&store).await, ["m: Unknown"]);
    });
}

#[test]
fn a_worker_whose_lease_was_taken_over_cannot_write_its_outcome() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let until = Arc::new(Notify::new());
        let policy = Policy { on_unknown: OnUnknown::AskAgain, ..Policy::default() };
        let (jobs, mut hears) = sending(vec![Script::Wait(Arc::clone(&until))], policy);
        let jobs = Arc::new(jobs);
        enqueue::<Send>(&store, 1, &["m"]).await;
        let mut slow = Floor::new(store.clone(), Arc::clone(&jobs));
        slow.round().await.unwrap();
        hears.recv().await.unwrap();
        store.clock().advance(Duration::from_secs(61));
        work_once(&store, &jobs).await.unwrap();
        store.clock().advance(HOUR);
        work_once(&store, &jobs).await.unwrap();
        assert!(hears.recv().await.unwrap().after_unknown);
        until.notify_one();
        slow.finish().await;
        assert_eq!(effects(&store).await, ["m: Done(\"ok\")"]);
    });
}

#[test]
fn a_call_that_takes_too_long_or_panics_is_unknown() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let policy = Policy { call_timeout: Duration::from_millis(20), ..Policy::default() };
        let (jobs, _hears) = sending(vec![Script::Hang, Script::Panic], policy);
        let jobs = Arc::new(jobs);
        enqueue::<Send>(&store, 1, &["m", "n"]).await;
        drain(&store, &jobs).await;
        let found = rows(&store).await;
        let mut why = troubles(JobState::Unknown, &found);
        why.sort_unstable();
        assert_eq!(why, ["no answer came in time", "the call stopped unexpectedly"]);
    });
}

#[test]
fn an_outcome_that_cannot_be_written_is_unknown_and_leaves_nothing_behind() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (jobs, _hears) =
            sending(vec![Script::Say(Ok("paid")), say(CallTrouble::Refused("no".into()))], Policy::default());
        let jobs = Arc::new(jobs);
        enqueue::<Send>(&store, 1, &["unwritable"]).await;
        drain(&store, &jobs).await;
        assert_eq!(only(&store).await.state, JobState::Unknown);
        let id = only(&store).await.id;
        retry(&store, id).await.unwrap();
        drain(&store, &jobs).await;
        let row = only(&store).await;
        assert_eq!(row.state, JobState::Dead);
        assert_eq!(row.error.as_deref(), Some("no; and it could not be written: there is no such row"));
        assert!(effects(&store).await.is_empty());
    });
}

#[test]
fn a_queue_makes_no_more_calls_at_once_than_it_may() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let until = Arc::new(Notify::new());
        let script = (0..5).map(|_| Script::Wait(Arc::clone(&until))).collect();
        let (mut jobs, mut hears) = sending(script, Policy::default());
        jobs.queue("mail", Concurrency(2));
        enqueue::<Send>(&store, 1, &["m"; 5]).await;
        let mut floor = Floor::new(store.clone(), Arc::new(jobs));
        assert_eq!(floor.round().await.unwrap().worked, 2);
        assert_eq!(floor.round().await.unwrap().worked, 0);
        for _ in 0..2 {
            hears.recv().await.unwrap();
            until.notify_one();
        }
        floor.finish().await;
        assert_eq!(floor.round().await.unwrap().worked, 2);
        assert_eq!(effects(&store).await.len(), 2);
    });
}

#[test]
fn a_job_that_cannot_be_read_is_dead_at_once() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let (jobs, mut hears) = sending(vec![], Policy::default());
        enqueue::<Send>(&store, 1, &["m"]).await;
        store
            .write::<_, StoreError, _>(Scope::System("a test"), |tx| {
                tx.run("update jobs set payload = '{}'", params![])
            })
            .await
            .unwrap();
        drain(&store, &Arc::new(jobs)).await;
        assert_eq!(only(&store).await.state, JobState::Dead);
        assert!(hears.try_recv().is_err());
    });
}

#[test]
fn the_worker_wakes_for_a_job_and_finishes_its_calls_when_told_to_stop() {
    on_both(async |place| {
        let store = place.store("svc", MIGRATIONS);
        let until = Arc::new(Notify::new());
        let (jobs, mut hears) =
            sending(vec![Script::Say(Ok("ok")), Script::Wait(Arc::clone(&until))], Policy::default());
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(work(store.clone(), Arc::new(jobs), stopped));
        for _ in 0..2 {
            enqueue::<Send>(&store, 1, &["m"]).await;
            hears.recv().await.unwrap();
        }
        drop(stop);
        until.notify_one();
        worker.await.unwrap();
        assert_eq!(effects(&store).await, ["m: Done(\"late\")", "m: Done(\"ok\")"]);
    });
}
