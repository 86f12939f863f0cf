//! Looking after databases: whole, backed up at one moment, reachable.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::StoreError;
use super::dial::Dial;
use super::sqlite;

const PAGES_PER_STEP: i32 = 1_024;

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(error.into())
}

fn database_files(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|kind| kind == "db") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Which SQLite is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Whether no file can be made where temporary ones belong; the answer is that of the first time.
pub(super) fn temporary_files_are_refused() -> bool {
    static REFUSED: OnceLock<bool> = OnceLock::new();
    *REFUSED.get_or_init(|| {
        let probe = std::env::temp_dir().join(format!("stoa-probe-{}", std::process::id()));
        let made = File::create_new(&probe);
        made.and_then(|_| std::fs::remove_file(probe)).is_err()
    })
}

/// Checks every file of a directory; returns how many there are.
pub fn check_files(directory: &Path) -> Result<usize, StoreError> {
    let files = database_files(directory)?;
    for file in &files {
        let connection = sqlite::open(file)?;
        let answer: String =
            connection.query_row("pragma quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
        if answer != "ok" {
            return Err(StoreError::Unavailable(format!("{}: {answer}", file.display()).into()));
        }
    }
    Ok(files.len())
}

/// Copies all files of a directory as they are at one moment; writers wait only while that moment is taken.
pub fn back_up_files(
    directory: &Path,
    target: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), StoreError> {
    let files = database_files(directory)?;
    let mut gates = Vec::new();
    let mut snapshots = Vec::new();
    // With all writers held, every snapshot is of the same moment: no consumer is ahead of its source.
    for file in &files {
        let gate = sqlite::open(file)?;
        gate.execute_batch("begin immediate").map_err(failed)?;
        gates.push(gate);
    }
    for file in &files {
        let snapshot = sqlite::open(file)?;
        snapshot.execute_batch("begin; select count(*) from sqlite_schema").map_err(failed)?;
        snapshots.push(snapshot);
    }
    for gate in gates {
        gate.execute_batch("rollback").map_err(failed)?;
    }
    let sizes: Vec<u64> = snapshots.iter().map(pages).collect::<Result<_, _>>()?;
    let total = sizes.iter().sum();
    let mut before = 0;
    for ((file, snapshot), size) in files.iter().zip(&snapshots).zip(sizes) {
        let mut copy = Connection::open(target.join(file.file_name().unwrap_or_default())).map_err(failed)?;
        let backup = Backup::new(snapshot, &mut copy).map_err(failed)?;
        while backup.step(PAGES_PER_STEP).map_err(failed)? != StepResult::Done {
            let left = u64::try_from(backup.progress().remaining).unwrap_or(0);
            progress(before + size.saturating_sub(left), total);
        }
        before += size;
        drop(backup);
        copy.execute_batch("pragma journal_mode = delete").map_err(failed)?;
    }
    Ok(())
}

fn pages(connection: &Connection) -> Result<u64, StoreError> {
    let pages: i64 = connection.query_row("pragma page_count", [], |row| row.get(0)).map_err(failed)?;
    Ok(u64::try_from(pages).unwrap_or(0))
}

/// Whether a Postgres answers, and what it is.
pub fn check_postgres(url: &str) -> Result<String, StoreError> {
    let mut client = Dial::parse(url)?.connect().map_err(failed)?;
    let row = client
        .query_one("select current_setting('server_version'), current_user, rolsuper or rolcreaterole from pg_roles where rolname = current_user", &[])
        .map_err(failed)?;
    let (version, user, may_create): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
    let roles: i64 = client
        .query_one("select count(*) from pg_roles where rolname in ('stoa_app', 'stoa_system')", &[])
        .map_err(failed)?
        .get(0);
    if roles < 2 && !may_create {
        let why = format!("{user} may not create the roles stoa_app and stoa_system, and they are not there");
        return Err(StoreError::Unavailable(why.into()));
    }
    Ok(format!("Postgres {version} as {user}"))
}

/// How Postgres' own tools are told where to go: by environment, so that no password is an argument.
pub fn postgres_environment(url: &str) -> Result<Vec<(&'static str, String)>, StoreError> {
    Ok(Dial::parse(url)?.environment())
}
