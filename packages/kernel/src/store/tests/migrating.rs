//! Migrations: applied once, never edited, whole or not at all.

use super::encrypted::Server;
use super::*;

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

/// The roles are the server's, and on a new one they are not there yet.
#[test]
fn several_databases_of_a_new_server_may_be_begun_at_once() {
    let Some(server) = Server::start() else { return };
    let names: Vec<String> = (0..6).map(|number| format!("begun_{number}")).collect();
    for name in &names {
        server.obey(&format!("create database {name}"));
    }
    let starts: Vec<_> = names
        .iter()
        .map(|name| {
            let url = server.url("localhost", "").replace("/postgres?", &format!("/{name}?"));
            let engine = Engine::Postgres { url, connections_max: 1 };
            std::thread::spawn(move || Store::open("things", engine, MIGRATIONS, surroundings()).map(drop))
        })
        .collect();
    for start in starts {
        start.join().unwrap().unwrap();
    }
}
