//! What the store promises, on both engines.

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

/// Each statement kind against another project's rows: what a guard must refuse or hide.
async fn leaks(store: &Store) -> Vec<&'static str> {
    add(store, theirs(), "secret").await.unwrap();
    let mut leaks = Vec::new();
    let mut note = |leaked: bool, what| {
        if leaked {
            leaks.push(what);
        }
    };
    let names = |rows: Result<Vec<String>, StoreError>| rows.is_ok_and(|rows| !rows.is_empty());
    let unfiltered = store.read(mine(), |tx| tx.rows("select name from things", params![])).await;
    note(names(unfiltered), "select without a project");
    let named = store
        .read(mine(), |tx| tx.rows("select name from things where project_id = $1", params![project(2)]))
        .await;
    note(names(named), "select of their project");
    let loose = store
        .read(mine(), |tx| {
            tx.rows("select name from things where project_id = $1 or 1 = 1", params![project(1)])
        })
        .await;
    note(names(loose), "select with a loose condition");
    let count = store.read(mine(), |tx| tx.one::<i64>("select count(*) from things", params![])).await;
    note(count.is_ok_and(|count| count > 0), "count");
    let planted = store
        .write(mine(), |tx| {
            tx.run("insert into facts (project_id, number) values ($1, 1)", params![project(2)])
        })
        .await;
    note(planted.is_ok(), "insert into their project");
    let unowned = store
        .write(mine(), |tx| tx.run("insert into facts (project_id, number) values ('', 1)", params![]))
        .await;
    note(unowned.is_ok(), "insert into no project");
    let changed = store.write(mine(), |tx| tx.run("update things set amount = 0", params![])).await;
    note(changed.is_ok_and(|rows| rows > 0), "update without a project");
    let theirs_changed = store
        .write(mine(), |tx| tx.run("update things set amount = 0 where project_id = $1", params![project(2)]))
        .await;
    note(theirs_changed.is_ok_and(|rows| rows > 0), "update of their project");
    let deleted = store.write(mine(), |tx| tx.run("delete from things", params![])).await;
    note(deleted.is_ok_and(|rows| rows > 0), "delete");
    add(store, mine(), "own").await.unwrap();
    let given = store
        .write(mine(), |tx| {
            tx.run(
                "update things set project_id = $2 where project_id = $1 and name = 'own'",
                params![project(1), project(2)],
            )
        })
        .await;
    note(given.is_ok_and(|rows| rows > 0), "handing a row over");
    let setting = store.read(mine(), |tx| tx.rows::<String>("select name from settings", params![])).await;
    note(setting.is_ok(), "a table of no project");
    let outbox = store.read(mine(), |tx| tx.rows::<String>("select type from outbox", params![])).await;
    note(outbox.is_ok_and(|rows| !rows.is_empty()), "the outbox");
    leaks
}

#[test]
fn a_project_reaches_nothing_of_another() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        assert_eq!(leaks(&store).await, Vec::<&str>::new());
        let survived = store.read(theirs(), all).await.unwrap();
        assert_eq!(survived, [thing("secret")]);
    });
}

#[test]
fn the_suite_that_services_run_finds_nothing_here() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, theirs(), "secret").await.unwrap();
        let found = crate::testing::isolation(&store, project(2), project(1)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        assert!(found.tried >= 6 && !found.unproved.contains(&"things".to_owned()), "{found:?}");
    });
}

#[test]
fn without_the_guard_the_isolation_test_fails() {
    run(async {
        let place = Place::sqlite();
        let engine = place.engine.clone();
        let Engine::Sqlite { directory } = &engine else { unreachable!() };
        drop(place.store("things", MIGRATIONS));
        let parts = place.store("things", MIGRATIONS).0.parts.clone();
        let (writers, readers) = (Arc::new(Queue::new(10)), Arc::new(Queue::new(10)));
        for (queue, writes) in [(&writers, true), (&readers, false)] {
            let open = sqlite::open(&directory.join("things.db")).unwrap();
            let tables = Arc::new(sqlite::Tables::default());
            let bare = sqlite::SqliteConnection::guard(open, tables, sqlite::Role::Unguarded).unwrap();
            let (queue, parts) = (Arc::clone(queue), Arc::clone(&parts));
            std::thread::spawn(move || match writes {
                true => sqlite::write_until_closed(bare, &queue, &parts),
                false => sqlite::read_until_closed(bare, &queue, &parts),
            });
        }
        let threads = Mutex::default();
        let store =
            Store(Arc::new(Inner { parts, engine: engine.clone(), writers, readers, pool: None, threads }));
        assert!(leaks(&store).await.len() >= 8);
        let suite = crate::testing::isolation(&store, project(2), project(1)).await.unwrap();
        assert!(suite.leaks.len() >= 5, "{suite:?}");
    });
}

#[test]
fn without_the_policy_the_isolation_test_fails() {
    let Some(place) = Place::postgres() else { return };
    run(async {
        let store = place.store("things", MIGRATIONS);
        let Engine::Postgres { url, .. } = &place.engine else { unreachable!() };
        let url = url.clone();
        std::thread::spawn(move || {
            let mut owner = ::postgres::Client::connect(&url, ::postgres::NoTls).unwrap();
            for table in ["things", "facts"] {
                owner
                    .batch_execute(&format!("alter table things.{table} disable row level security"))
                    .unwrap();
            }
        })
        .join()
        .unwrap();
        assert!(leaks(&store).await.len() >= 5);
    });
}

#[test]
fn every_table_with_a_project_is_guarded_by_a_forced_policy() {
    let Some(place) = Place::postgres() else { return };
    drop(place.store("things", MIGRATIONS));
    let Engine::Postgres { url, .. } = &place.engine else { unreachable!() };
    let mut owner = ::postgres::Client::connect(url, ::postgres::NoTls).unwrap();
    let bare = owner
        .query(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'project_id'
             where c.relnamespace = 'things'::regnamespace and c.relkind = 'r' and not
               (c.relrowsecurity and c.relforcerowsecurity and exists (select 1 from pg_policy p
                where p.polrelid = c.oid and p.polqual is not null and p.polwithcheck is not null))",
            &[],
        )
        .unwrap();
    assert!(bare.is_empty());
    let owned = owner
        .query_one(
            "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner
             where r.rolname in ('stoa_app', 'stoa_system') or
               exists (select 1 from pg_roles where rolname in ('stoa_app', 'stoa_system') and (rolbypassrls or rolsuper))",
            &[],
        )
        .unwrap();
    assert_eq!(owned.get::<_, i64>(0), 0);
}

#[test]
fn system_work_sees_all_projects() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        add(&store, mine(), "a").await.unwrap();
        add(&store, theirs(), "b").await.unwrap();
        let count: i64 =
            store.read(system(), |tx| tx.one("select count(*) from things", params![])).await.unwrap();
        assert_eq!(count, 2);
    });
}

#[test]
fn rows_of_an_append_only_table_are_never_changed() {
    on_both(async |place| {
        let store = place.store("things", MIGRATIONS);
        store
            .write(mine(), |tx| {
                tx.run("insert into facts (project_id, number) values ($1, 1)", params![tx.project()?])
            })
            .await
            .unwrap();
        for scope in [mine(), system()] {
            let changed = store
                .write(scope.clone(), |tx| {
                    tx.run("update facts set number = 2 where project_id = $1", params![project(1)])
                })
                .await;
            let deleted = store
                .write(scope, |tx| tx.run("delete from facts where project_id = $1", params![project(1)]))
                .await;
            assert!(matches!(changed, Err(StoreError::Scope(_))), "{changed:?}");
            assert!(matches!(deleted, Err(StoreError::Scope(_))), "{deleted:?}");
        }
    });
}

#[test]
fn an_edited_migration_is_refused_and_a_new_one_is_applied() {
    on_both(async |place| {
        drop(place.store("things", MIGRATIONS));
        let open = |migrations: &'static [Migration]| {
            let engine = place.engine.clone();
            std::thread::spawn(move || Store::open("things", engine, migrations, surroundings()).map(drop))
                .join()
                .unwrap()
        };
        let edited: &'static [Migration] = Box::leak(Box::new([Migration {
            name: "0001_things.sql",
            sql: "create table things (a bigint);",
        }]));
        let grown: &'static [Migration] = Box::leak(Box::new([
            MIGRATIONS[0],
            Migration {
                name: "0002_more.sql",
                sql: "create table more (project_id text not null, a bigint);",
            },
        ]));
        let refusal = std::error::Error::source(&open(edited).unwrap_err()).unwrap().to_string();
        assert!(refusal.contains("0001_things.sql was edited"), "{refusal}");
        open(grown).unwrap();
        open(grown).unwrap();
    });
}

#[test]
fn a_broken_migration_leaves_nothing_behind() {
    on_both(async |place| {
        let engine = place.engine.clone();
        let broken: &'static [Migration] = &[Migration {
            name: "0001_broken.sql",
            sql: "create table half (project_id text not null, a bigint); create tabel other (b bigint);",
        }];
        let opened =
            std::thread::spawn(move || Store::open("things", engine, broken, surroundings()).map(drop));
        assert!(opened.join().unwrap().is_err());
        let mended = place.store("things", MIGRATIONS);
        add(&mended, mine(), "cup").await.unwrap();
    });
}

#[test]
fn several_processes_may_migrate_at_once() {
    let Some(place) = Place::postgres() else { return };
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let engine = place.engine.clone();
            std::thread::spawn(move || Store::open("things", engine, MIGRATIONS, surroundings()).map(drop))
        })
        .collect();
    for start in starts {
        start.join().unwrap().unwrap();
    }
}

#[test]
fn a_full_line_answers_busy() {
    run(async {
        let place = Place::sqlite();
        let store = place.store("things", MIGRATIONS);
        let gate = Arc::new(AtomicBool::new(true));
        let shut = Arc::clone(&gate);
        let blocker = store.clone();
        let blocked = tokio::spawn(async move {
            blocker
                .write(mine(), move |_| {
                    while shut.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    Ok::<_, StoreError>(())
                })
                .await
        });
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
            Arc::new((0..10_000).map(|n| vec![Value::of(&project(1)), Value::Int(n)]).collect());
        let inserted = store
            .write(mine(), move |tx| {
                tx.run_many("insert into facts (project_id, number) values ($1, $2)", &rows)
            })
            .await
            .unwrap();
        assert_eq!(inserted, 10_000);
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
