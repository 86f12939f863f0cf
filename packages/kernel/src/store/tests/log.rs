//! The log beside a SQLite file: it is brought over while commits go on, and begins anew.

use super::*;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_notes.sql",
    sql: "create table notes (project_id text not null, number bigint not null, body text not null,
          primary key (project_id, number));",
}];

/// More than a hundred pages each.
async fn note(store: &Store, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let add = move |tx: &mut Tx<'_>| {
            let body = number.to_string().repeat(500_000 / number.to_string().len());
            tx.run(
                "insert into notes (project_id, number, body) values ($1, $2, $3)",
                params![tx.project()?, number, body],
            )
        };
        store.write(mine(), add).await.map_err(|error: StoreError| error.to_string()).unwrap();
    }
}

/// Pages of the log, and how many of them are over.
fn log(directory: &Path) -> (i64, i64) {
    let other = sqlite::open(&directory.join("notes.db")).unwrap();
    let counts = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get(2)?));
    other.query_row("pragma wal_checkpoint(passive)", [], counts).unwrap()
}

fn mib(directory: &Path, file: &str) -> u64 {
    std::fs::metadata(directory.join(file)).unwrap().len() >> 20
}

#[test]
fn the_log_is_brought_over_while_commits_go_on() {
    let place = Place::sqlite();
    let Engine::Sqlite { directory } = &place.engine else { unreachable!() };
    run(async {
        let store = place.store("notes", MIGRATIONS);
        note(&store, 0..300).await;
        // 64 MiB and the last commit, of 143 MiB in all.
        assert!(mib(directory, "notes.db-wal") <= 65, "{}", mib(directory, "notes.db-wal"));
        assert!(mib(directory, "notes.db") >= 75, "{}", mib(directory, "notes.db"));
        store.close();
        assert!(mib(directory, "notes.db") >= 140, "all of it, after a clean stop");
        let again = place.store("notes", MIGRATIONS);
        let whole = "select count(*) from notes where project_id = $1 and length(body) > 499900";
        let kept = again.read(mine(), |tx| tx.one::<u64>(whole, params![tx.project()?])).await;
        assert_eq!(kept.map_err(|error: StoreError| error.to_string()), Ok(300));
    });
}

#[test]
fn who_looks_at_an_older_state_goes_on_seeing_it_and_the_log_begins_anew_afterwards() {
    let place = Place::sqlite();
    let Engine::Sqlite { directory } = &place.engine else { unreachable!() };
    run(async {
        let store = place.store("notes", MIGRATIONS);
        note(&store, 0..1).await;
        let looking = sqlite::open(&directory.join("notes.db")).unwrap();
        let count =
            || looking.query_row("select count(*) from notes", [], |row| row.get::<_, i64>(0)).unwrap();
        looking.execute_batch("begin").unwrap();
        assert_eq!(count(), 1);
        note(&store, 1..30).await;
        assert_eq!(count(), 1);
        let (pages, over) = log(directory);
        assert!(pages > 3_000 && over < 1_000, "{over} of {pages} are over what is still looked at");
        looking.execute_batch("commit").unwrap();
        assert_eq!(count(), 30);
        let mut number = 30;
        while log(directory).0 > 3_000 {
            assert!(number < 100, "it has not begun anew");
            note(&store, number..number + 1).await;
            number += 1;
        }
    });
}
