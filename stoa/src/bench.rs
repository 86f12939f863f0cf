//! `stoa bench`: what this machine and its disk give, in half a minute, on a database of its own.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contracts::{EventId, Id, ProjectId};
use kernel::clock::Clock;
use kernel::ids::Ids;
use kernel::keys::Keys;
use kernel::params;
use kernel::store::{Engine, Migration, Scope, Store, StoreError, Surroundings, sqlite_version};

use crate::output::{Progress, say, table};
use crate::platform::{self, Failure};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_bench.sql",
    sql: "create table measured (project_id text not null, id text not null, value bigint not null,
          primary key (project_id, id));",
}];
const EACH: Duration = Duration::from_secs(5);
const SYNCS: u32 = 100;

/// Measures and prints.
pub fn measure() -> Result<ExitCode, Failure> {
    let directory = std::env::temp_dir().join(format!("stoa-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)
        .map_err(|error| Failure::File(directory.display().to_string(), error))?;
    let rows = platform::block_on(measure_in(&directory));
    std::fs::remove_dir_all(&directory)
        .map_err(|error| Failure::File(directory.display().to_string(), error))?;
    table(&["what", "figure"], &rows??.map(|(what, figure)| vec![what.to_owned(), figure]));
    say(format!("On SQLite {}, every write synced to disk before its answer.", sqlite_version()));
    Ok(ExitCode::SUCCESS)
}

async fn measure_in(directory: &std::path::Path) -> Result<[(&'static str, String); 4], Failure> {
    let fsync =
        fsync_micros(directory).map_err(|error| Failure::File(directory.display().to_string(), error))?;
    let keys = Arc::new(Keys::generate()?);
    let surroundings = Surroundings { clock: Clock::system(), ids: Ids::new(), keys };
    let engine = Engine::Sqlite { directory: directory.to_path_buf() };
    let store =
        Store::open("bench", engine, MIGRATIONS, surroundings).map_err(|e| Failure::Store("bench", e))?;
    let alone = writes_per_second("one writer", &store, 1).await;
    let crowd = writes_per_second("64 writers", &store, 64).await;
    let reads = reads_per_second(&store).await;
    store.close();
    Ok([
        ("fsync of 4 KiB", format!("{fsync} µs")),
        ("durable writes, one at a time", format!("{alone}/s")),
        ("durable writes, 64 at once", format!("{crowd}/s")),
        ("reads by key, 8 at once", format!("{reads}/s")),
    ])
}

fn fsync_micros(directory: &std::path::Path) -> std::io::Result<u128> {
    let mut file = std::fs::File::create(directory.join("probe"))?;
    let started = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(started.elapsed().as_micros() / u128::from(SYNCS))
}

async fn write_one(store: &Store) -> Result<(), StoreError> {
    store
        .write(Scope::Project(ProjectId::from_u128(1)), |tx| {
            let id: EventId = tx.new_id();
            let sql = "insert into measured (project_id, id, value) values ($1, $2, $3)";
            tx.run(sql, params![tx.project()?, id, 1]).map(drop)
        })
        .await
}

async fn read_one(store: &Store) -> Result<(), StoreError> {
    store
        .read(Scope::Project(ProjectId::from_u128(1)), |tx| {
            let sql = "select value from measured where project_id = $1 order by id limit 1";
            tx.one::<i64>(sql, params![tx.project()?]).map(drop)
        })
        .await
}

async fn writes_per_second(what: &str, store: &Store, at_once: usize) -> u64 {
    per_second(what, store, at_once, async |store| write_one(store).await).await
}

async fn reads_per_second(store: &Store) -> u64 {
    per_second("readers", store, 8, async |store| read_one(store).await).await
}

async fn per_second(
    what: &str,
    store: &Store,
    at_once: usize,
    work: impl AsyncFn(&Store) -> Result<(), StoreError> + Copy,
) -> u64 {
    let done = AtomicU64::new(0);
    let started = Instant::now();
    let mut progress = Progress::new(format!("{what:<12}"), EACH.as_millis() as u64);
    let mut crowd: Vec<_> = (0..at_once)
        .map(|_| {
            Box::pin(async {
                while started.elapsed() < EACH {
                    if let Err(error) = work(store).await {
                        tracing::warn!(error = %error, "a measured transaction failed");
                        return;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut open: Vec<bool> = vec![true; crowd.len()];
    std::future::poll_fn(|context| {
        progress.at(started.elapsed().as_millis() as u64);
        for (future, open) in crowd.iter_mut().zip(&mut open) {
            *open = *open && future.as_mut().poll(context).is_pending();
        }
        if open.contains(&true) { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    progress.end();
    (done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()) as u64
}
