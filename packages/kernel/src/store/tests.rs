//! What the store promises, on both engines.

mod encrypted;
mod isolation;
mod leading;
mod log;
mod migrating;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contracts::{Event, Id, ProjectId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::*;
use crate::params;
use crate::testing::{Place, on_both, run, surroundings};

const SQL: &str = "
create table things (
  project_id text not null,
  id text not null,
  name text not null,
  amount bigint not null,
  open boolean not null,
  state text not null,
  doc jsonb,
  raw bytea,
  made_at bigint not null,
  version bigint not null,
  primary key (project_id, id),
  constraint things_amount_check check (amount >= 0)
);
create unique index things_name_key on things (project_id, name);
create table parts (
  project_id text not null,
  thing_id text not null,
  number bigint not null,
  primary key (project_id, thing_id, number),
  foreign key (project_id, thing_id) references things (project_id, id)
);
-- append only
create table facts (
  project_id text not null,
  number bigint not null,
  primary key (project_id, number)
);
create table settings (
  name text primary key,
  value bigint not null
);
";
const MIGRATIONS: &[Migration] = &[Migration { name: "0001_things.sql", sql: SQL }];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    id: UserId,
    name: String,
    amount: i64,
    open: bool,
    state: State,
    doc: Option<Json<Vec<u32>>>,
    raw: Option<Bytes>,
    made_at: Timestamp,
    version: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    BrandNew,
    Used,
}

fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

fn mine() -> Scope {
    Scope::Project(project(1))
}

fn theirs() -> Scope {
    Scope::Project(project(2))
}

fn system() -> Scope {
    Scope::System("a test")
}

fn thing(name: &str) -> Thing {
    Thing {
        id: UserId::from_u128(name.bytes().fold(7, |sum, byte| sum * 251 + u128::from(byte))),
        name: name.to_owned(),
        amount: 5,
        open: true,
        state: State::BrandNew,
        doc: Some(Json(vec![1, 2])),
        raw: Some(Bytes(vec![0, 255])),
        made_at: Timestamp::from_micros(1_700_000_000_123_456),
        version: 1,
    }
}

fn insert(tx: &mut Tx<'_>, thing: &Thing) -> Result<(), StoreError> {
    tx.run(
        "insert into things (project_id, id, name, amount, open, state, doc, raw, made_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            tx.project()?,
            thing.id,
            thing.name,
            thing.amount,
            thing.open,
            thing.state,
            thing.doc,
            thing.raw,
            thing.made_at,
            thing.version
        ],
    )
    .map(drop)
}

fn all(tx: &mut Tx<'_>) -> Result<Vec<Thing>, StoreError> {
    tx.rows(
        "select id, name, amount, open, state, doc, raw, made_at, version from things
         where project_id = $1 order by name",
        params![tx.project()?],
    )
}

async fn add(store: &Store, scope: Scope, name: &'static str) -> Result<(), StoreError> {
    store.write(scope, move |tx| insert(tx, &thing(name))).await
}

#[test]
fn a_row_comes_back_as_it_was_stored() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "cup").await.unwrap();
        let bare = Thing { doc: None, raw: None, state: State::Used, ..thing("bowl") };
        let stored = bare.clone();
        store.write(mine(), move |tx| insert(tx, &stored)).await.unwrap();
        let found: Vec<Thing> = store.read(mine(), all).await.unwrap();
        assert_eq!(found, [bare, thing("cup")]);
        let counted: (i64, bool) = store
            .read(mine(), |tx| {
                tx.one(
                    "select count(*), count(*) > 1 from things where project_id = $1",
                    params![tx.project()?],
                )
            })
            .await
            .unwrap();
        assert_eq!(counted, (2, true));
    });
}

#[test]
fn a_failed_or_panicking_closure_undoes_its_own_work_only() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        let refused: Result<(), StoreError> = store
            .write(mine(), |tx| {
                insert(tx, &thing("gone"))?;
                Err(StoreError::Missing)
            })
            .await;
        let panicked: Result<(), StoreError> = store
            .write(mine(), |tx| {
                insert(tx, &thing("gone too"))?;
                panic!("a bug")
            })
            .await;
        let kept = add(&store, mine(), "kept").await;
        assert!(matches!(refused, Err(StoreError::Missing)));
        assert!(matches!(panicked, Err(StoreError::Panicked)));
        kept.unwrap();
        let names: Vec<String> =
            store.read(mine(), all).await.unwrap().into_iter().map(|t: Thing| t.name).collect();
        assert_eq!(names, ["kept"]);
    });
}

#[test]
fn constraints_answer_by_the_same_name_on_both_engines() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "cup").await.unwrap();
        let same_key = add(&store, mine(), "cup").await.unwrap_err();
        let same_name = store
            .write(mine(), |tx| insert(tx, &Thing { id: UserId::from_u128(9), ..thing("cup") }))
            .await
            .unwrap_err();
        let negative =
            store.write(mine(), |tx| insert(tx, &Thing { amount: -1, ..thing("x") })).await.unwrap_err();
        let orphan = store
            .write(mine(), |tx| {
                tx.run(
                    "insert into parts (project_id, thing_id, number) values ($1, 'no', 1)",
                    params![tx.project()?],
                )
                .map(drop)
            })
            .await
            .unwrap_err();
        let name = |error| match error {
            StoreError::Constraint { name } => name,
            other => panic!("{other:?}"),
        };
        assert!(["things_pkey", "things_name_key"].contains(&name(same_key).as_str()));
        assert_eq!(name(same_name), "things_name_key");
        assert_eq!(name(negative), "things_amount_check");
        assert_eq!(name(orphan), "foreign_key");
        add(&store, theirs(), "cup").await.unwrap();
    });
}

#[test]
fn a_swallowed_error_still_undoes_the_transaction() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "cup").await.unwrap();
        let done: Result<(), StoreError> = store
            .write(mine(), |tx| {
                let _ = insert(tx, &thing("cup"));
                Ok(())
            })
            .await;
        assert!(done.is_err());
    });
}

#[test]
fn two_writers_of_one_version_are_one_winner_and_one_conflict() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "cup").await.unwrap();
        let change = |version: u32| {
            store.write(mine(), move |tx| {
                tx.run_versioned(
                    "update things set amount = amount + 1, version = version + 1
                     where project_id = $1 and name = 'cup' and version = $2",
                    params![tx.project()?, version],
                )
            })
        };
        let (a, b) = tokio::join!(change(1), change(1));
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
        assert!([a, b].into_iter().any(|r| matches!(r, Err(StoreError::Conflict))));
    });
}

#[test]
fn no_increment_is_lost_in_a_crowd() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "cup").await.unwrap();
        let crowd: Vec<_> = (0..200)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .write(mine(), |tx| {
                            let amount: i64 = tx.one(
                                "select amount from things where project_id = $1 and name = 'cup'",
                                params![tx.project()?],
                            )?;
                            tx.run(
                                "update things set amount = $2 where project_id = $1 and name = 'cup'",
                                params![tx.project()?, amount + 1],
                            )
                        })
                        .await
                })
            })
            .collect();
        let mut done = 0;
        for one in crowd {
            done += i64::from(one.await.unwrap().is_ok());
        }
        let things = store.read(mine(), all).await.unwrap();
        assert_eq!(things[0].amount, 5 + done);
        assert!(done > 150, "only {done} of 200 were done");
    });
}

#[test]
fn a_read_sees_one_moment() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        let (reader, writer) = (store.clone(), store.clone());
        let between = Arc::new(AtomicBool::new(false));
        let written = Arc::clone(&between);
        let counts = tokio::spawn(async move {
            reader
                .read(mine(), move |tx| {
                    let before = all(tx)?.len();
                    between.store(true, Ordering::SeqCst);
                    while between.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    Ok::<_, StoreError>((before, all(tx)?.len()))
                })
                .await
        });
        while !written.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        add(&writer, mine(), "late").await.unwrap();
        written.store(false, Ordering::SeqCst);
        assert_eq!(counts.await.unwrap().unwrap(), (0, 0));
    });
}

#[test]
fn a_read_cannot_write() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        let refused = store.read(mine(), |tx| insert(tx, &thing("cup"))).await;
        assert!(refused.is_err());
    });
}

#[test]
fn a_full_line_answers_busy() {
    run(async {
        let place = Place::sqlite();
        let store = place.store("things", MIGRATIONS);
        let gate = Arc::new(AtomicBool::new(true));
        let shut = Arc::clone(&gate);
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let blocker = store.clone();
        let blocked = tokio::spawn(async move {
            blocker
                .write(mine(), move |_| {
                    begins.store(true, Ordering::SeqCst);
                    while shut.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    Ok::<_, StoreError>(())
                })
                .await
        });
        // Whoever was served before it would not wait.
        while !begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let crowd: Vec<_> = (0..WAITING_MAX + 50)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.write(mine(), |_| Ok::<_, StoreError>(())).await })
            })
            .collect();
        while store.waiting().0 < WAITING_MAX {
            tokio::task::yield_now().await;
        }
        let refused = store.write(mine(), |_| Ok::<_, StoreError>(())).await;
        assert!(matches!(refused, Err(StoreError::Busy { .. })));
        gate.store(false, Ordering::SeqCst);
        blocked.await.unwrap().unwrap();
        let mut busy = 0;
        for one in crowd {
            busy += usize::from(one.await.unwrap().is_err());
        }
        assert!((1..=51).contains(&busy), "{busy} of the crowd were refused");
    });
}

#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
struct Made {
    name: String,
}

impl Event for Made {
    const TYPE: &'static str = "thing.made";
}

#[test]
fn an_event_is_stored_with_its_cause_or_not_at_all() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        let tell = |fail: bool| {
            store.write(mine(), move |tx| {
                tx.publish("cup", &Made { name: "cup".into() })?;
                if fail { Err(StoreError::Missing) } else { Ok(()) }
            })
        };
        tell(true).await.unwrap_err();
        tell(false).await.unwrap();
        let told: Vec<(String, String)> =
            store.read(system(), |tx| tx.rows("select type, key from outbox", params![])).await.unwrap();
        assert_eq!(told, [("thing.made".to_owned(), "cup".to_owned())]);
    });
}

#[test]
fn many_rows_are_inserted_in_few_round_trips() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        let rows: Arc<Vec<Vec<Value>>> =
            Arc::new((0..10_017).map(|n| vec![Value::of(&project(1)), Value::Int(n)]).collect());
        let inserted = store
            .write(mine(), move |tx| {
                tx.run_many("insert into facts (project_id, number) values ($1, $2)", &rows)
            })
            .await
            .unwrap();
        assert_eq!(inserted, 10_017);
        let sum: i64 = store
            .read(mine(), |tx| {
                let sql = "select cast(sum(number) as bigint) from facts where project_id = $1";
                tx.one(sql, params![tx.project()?])
            })
            .await
            .unwrap();
        assert_eq!(sum, 10_016 * 10_017 / 2);
        let mixed = store
            .write(mine(), |tx| {
                let sql = "insert into facts (project_id, number) values ($1, 1)";
                tx.run_many(sql, &[vec![Value::of(&project(1))]])
            })
            .await;
        assert!(matches!(mixed, Err(StoreError::Sql(_))), "a constant among the values cannot be repeated");
    });
}

#[test]
fn what_was_answered_is_there_after_reopening() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "cup").await.unwrap();
        tokio::task::spawn_blocking(move || store.close()).await.unwrap();
        let again = place.store("things", MIGRATIONS);
        assert_eq!(again.read(mine(), all).await.unwrap(), [thing("cup")]);
    });
}

#[test]
fn a_statement_with_a_limit_is_prepared_once() {
    let directory = crate::testing::unique_directory();
    let connection = super::sqlite::open(&directory.join("plan.db")).unwrap();
    connection.execute_batch("create table things (id integer primary key)").unwrap();
    let mut statement =
        connection.prepare("select id from things where id > ?1 order by id limit ?2").unwrap();
    for limit in 1..10 {
        assert!(!statement.exists([0, limit]).unwrap());
    }
    assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    drop(statement);
    drop(connection);
    std::fs::remove_dir_all(directory).unwrap();
}
