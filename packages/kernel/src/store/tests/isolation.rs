//! Tenants apart, on both engines, and proof that the proof can fail.

use super::*;

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
            let path = directory.join("things.db");
            let mut open = sqlite::open(&path).unwrap();
            let (log, _) = Log::of(&mut open, &path).unwrap();
            let tables = Arc::new(sqlite::Tables::default());
            let bare = sqlite::SqliteConnection::guard(open, tables, sqlite::Role::Unguarded).unwrap();
            let (queue, parts) = (Arc::clone(queue), Arc::clone(&parts));
            std::thread::spawn(move || match writes {
                true => group::Writer::new(bare, log).write_until_closed(&queue, &parts),
                false => group::read_until_closed(bare, &queue, &parts),
            });
        }
        let (threads, engine) = (Mutex::default(), engine.clone());
        let inner = Inner { parts, engine, writers, readers, writer: None, pool: None, threads };
        let store = Store(Arc::new(inner));
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
