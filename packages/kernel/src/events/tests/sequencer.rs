//! On Postgres numbers are drawn before they are committed; the sequencer is what makes a log of the outbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::super::log::{read, sequence_once};
use super::*;
use crate::testing::run;

const WRITERS: usize = 8;
const ROUNDS: usize = 50;
const DISHES: [&str; 12] =
    ["soup", "bread", "stew", "tea", "cake", "rice", "fish", "pie", "jam", "tart", "bean", "leek"];

/// Cooks two dishes, each under the lock of its pot, some of them for long.
async fn cook_two(kitchen: &Store, writer: usize, round: usize) {
    let mut keys = [DISHES[(writer * 5 + round) % 12], DISHES[(writer * 7 + round * 3 + 1) % 12]];
    keys.sort_unstable();
    if keys[0] == keys[1] {
        keys[1] = if keys[0] == "tea" { "tart" } else { "tea" };
        keys.sort_unstable();
    }
    let long = (writer + round).is_multiple_of(9);
    let work = move |tx: &mut Tx<'_>| {
        for key in keys {
            let version: u32 = tx.one(
                "update pots set version = version + 1 where project_id = $1 and key = $2 returning version",
                params![tx.project()?, key],
            )?;
            tx.publish(key, &Cooked { version })?;
        }
        if long {
            // Load, not order: the transaction stays open while others commit.
            std::thread::sleep(Duration::from_millis(15));
        }
        Ok(())
    };
    // The loser of a dozen races cooks again.
    while let Err(error) = kitchen.write(mine(), work).await {
        assert!(matches!(error, StoreError::Conflict), "{error}");
    }
}

#[test]
fn with_many_writers_and_two_sequencers_nothing_is_missing_and_each_key_is_in_order() {
    let Some(place) = Place::postgres() else { return };
    run(async {
        // Three processes: one writes, and each of the others has a sequencer.
        let kitchen = place.store("kitchen", MIGRATIONS);
        let (first, second) = (place.store("kitchen", MIGRATIONS), place.store("kitchen", MIGRATIONS));
        let lay = |tx: &mut Tx<'_>| {
            let project = tx.project()?;
            DISHES.iter().try_for_each(|key| {
                tx.run(
                    "insert into pots (project_id, key, version) values ($1, $2, 0)",
                    params![project, key],
                )
                .map(drop)
            })
        };
        kitchen.write::<_, StoreError, _>(mine(), lay).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut sequencers = JoinSet::new();
        sequencers.spawn(sequence(first.clone(), stopped.clone()));
        sequencers.spawn(sequence(second.clone(), stopped));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let kitchen = kitchen.clone();
            writers.spawn(async move {
                for round in 0..ROUNDS {
                    cook_two(&kitchen, writer, round).await;
                }
            });
        }
        let expected = WRITERS * ROUNDS * 2;
        let (mut position, mut found) = (0, 0);
        let mut seen: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        until("all events are read", async || {
            let batch = read(&second, position, None, 64).await.unwrap();
            position = batch.until;
            for event in batch.events {
                let version = event.envelope.read::<Cooked>().unwrap().version;
                seen.entry(event.envelope.key.unwrap()).or_default().push(version);
                found += 1;
            }
            found >= expected
        })
        .await;
        writers.join_all().await;
        assert_eq!(found, expected);
        for (key, versions) in seen {
            assert!(versions.iter().copied().eq(1..=versions.len() as u32), "{key}: {versions:?}");
        }
        stop.send_replace(true);
        sequencers.join_all().await;
    });
}

/// One raw connection of the test, in the service's schema.
fn raw(place: &Place) -> postgres::Client {
    let Engine::Postgres { url, .. } = &place.engine else { panic!("a test of Postgres") };
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.batch_execute("set search_path = kitchen").unwrap();
    client
}

const TELL: &str =
    "insert into outbox (event_id, project_id, type, version, key, occurred_at, correlation_id, data)
    values ($1, '', 'dish.cooked', 1, $2, 0, '', '{\"version\":1}')";

fn tell(client: &mut impl postgres::GenericClient, number: u128, key: &str) {
    let id = contracts::EventId::from_u128(number).to_string();
    client.execute(TELL, &[&id, &key]).unwrap();
}

#[test]
fn a_reader_by_row_number_loses_what_commits_late_and_a_reader_by_position_does_not() {
    let Some(place) = Place::postgres() else { return };
    let kitchen = place.store("kitchen", MIGRATIONS);
    let (mut slow, mut quick, mut naive) = (raw(&place), raw(&place), raw(&place));
    let mut last = 0_i64;
    let mut naively = |client: &mut postgres::Client| -> Vec<String> {
        let rows = client.query("select seq, key from outbox where seq > $1 order by seq", &[&last]).unwrap();
        last = rows.last().map_or(last, |row| row.get(0));
        rows.iter().map(|row| row.get(1)).collect()
    };
    let mut position = 0;
    let mut by_position = || -> Vec<String> {
        run(async {
            sequence_once(&kitchen).await.unwrap();
            let batch = read(&kitchen, position, None, 10).await.unwrap();
            position = batch.until;
            batch.events.into_iter().filter_map(|event| event.envelope.key).collect()
        })
    };

    let mut stalled = slow.transaction().unwrap();
    tell(&mut stalled, 1, "stalled");
    tell(&mut quick, 2, "quick");
    assert_eq!(naively(&mut naive), ["quick"]);
    assert_eq!(by_position(), ["quick"]);
    stalled.commit().unwrap();
    assert_eq!(naively(&mut naive), [""; 0], "it is lost for ever");
    assert_eq!(by_position(), ["stalled"]);
}

#[test]
fn one_sequencer_works_at_a_time() {
    let Some(place) = Place::postgres() else { return };
    let kitchen = place.store("kitchen", MIGRATIONS);
    let mut other = raw(&place);
    tell(&mut other, 1, "soup");
    let mut holding = other.transaction().unwrap();
    holding.execute("select pg_advisory_xact_lock(7203101, hashtext(current_schema()))", &[]).unwrap();
    assert_eq!(run(sequence_once(&kitchen)).unwrap(), 0);
    holding.rollback().unwrap();
    assert_eq!(run(sequence_once(&kitchen)).unwrap(), 1);
}

#[test]
fn a_sequencer_that_is_undone_leaves_a_gap_and_no_loss() {
    let Some(place) = Place::postgres() else { return };
    let kitchen = place.store("kitchen", MIGRATIONS);
    tell(&mut raw(&place), 1, "soup");
    let undone = AtomicBool::new(false);
    let died = run(kitchen.write(system(), move |tx| {
        super::super::store::sequence(tx, 10)?;
        undone.store(true, Ordering::SeqCst);
        Err::<(), _>(StoreError::Missing)
    }));
    assert!(died.is_err());
    assert_eq!(run(sequence_once(&kitchen)).unwrap(), 1);
    assert_eq!(run(newest(&kitchen)).unwrap(), 2);
    assert_eq!(run(tail(&kitchen, 0, 10)).unwrap().len(), 1);
}
