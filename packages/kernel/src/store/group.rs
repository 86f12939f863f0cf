//! Who works with a SQLite file: one writer with group commit, readers on snapshots.
//!
//! A caller gets its answer after the fsync of the commit that holds its work, never before. Whoever comes alone does the
//! writer's work in its own thread: to wake another one and be woken by it costs as much as the rest.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Parts;
use super::error::StoreError;
use super::log::Log;
use super::queue::{Queue, Verdict, Work};
use super::sqlite::SqliteConnection;
use super::tx::{self, Health};

/// One fsync carries at most this many works, so that the first of a crowd does not wait for the last.
const GROUP_WORKS_MAX: usize = 512;
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);
/// sysexits' EX_IOERR.
const EXIT_IO_ERROR: i32 = 74;
const PATIENCE: Duration = Duration::from_secs(3600);

/// The one connection of a database that writes, with its log; nothing, when the store has closed.
pub(super) struct Writer(Mutex<Option<(SqliteConnection, Log)>>);

impl Writer {
    pub fn new(connection: SqliteConnection, log: Log) -> Self {
        Self(Mutex::new(Some((connection, log))))
    }

    fn connection(&self) -> MutexGuard<'_, Option<(SqliteConnection, Log)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does this work, and what waits in line, as one commit.
    pub fn write(&self, first: Box<dyn Work>, queue: &Queue, parts: &Parts) {
        match self.connection().as_mut() {
            Some((connection, log)) => {
                write_group(connection, first, queue, parts);
                log.look(&connection.inner);
            }
            None => first.finish(Err(StoreError::Unavailable("the store has closed".into()))),
        }
    }

    /// Drains the line, commits once, answers all, until the line has closed.
    pub fn write_until_closed(&self, queue: &Queue, parts: &Parts) {
        while queue.is_alive() {
            let Some(first) = queue.pop(PATIENCE) else { continue };
            self.write(first, queue, parts);
        }
        let Some((connection, log)) = self.connection().take() else { return };
        // After a clean stop the database is one whole file again; if not, the log is read at the next start.
        if let Err(error) = log.close(&connection.inner) {
            tracing::debug!(service = parts.service, %error, "the log stays beside the database");
        }
    }
}

fn write_group(connection: &mut SqliteConnection, first: Box<dyn Work>, queue: &Queue, parts: &Parts) {
    let started = Instant::now();
    if let Err((error, _)) = connection.simple("begin immediate") {
        first.finish(Err(error));
        return;
    }
    let mut done: Vec<Box<dyn Work>> = Vec::new();
    let (mut events, mut jobs) = (0, 0);
    let mut next = Some(first);
    while let Some(mut work) = next {
        let outcome = run_in_savepoint(connection, work.as_mut(), parts);
        match outcome {
            Ok(Ran { events: announced, jobs: enqueued }) => {
                events += announced;
                jobs += enqueued;
                done.push(work);
            }
            Err(Undone::Alone(error)) => work.finish(error.map_or(Ok(()), Err)),
            Err(Undone::All) => {
                done.push(work);
                abandon(connection, done, || StoreError::Unavailable("the write was undone".into()));
                return;
            }
        }
        let full = done.len() >= GROUP_WORKS_MAX || started.elapsed() >= GROUP_TIME_MAX;
        next = if full { None } else { queue.pop_now() };
    }
    match connection.simple("commit") {
        Ok(()) => {
            // Woken before the answers go out: an event is on its way when its cause is acknowledged.
            parts.signals.announce(events, jobs);
            done.into_iter().for_each(|work| work.finish(Ok(())));
        }
        Err((error, _)) => {
            // When it was the fsync that failed, all bytes are in the log: after a crash they may be found there.
            tracing::error!(error = %error, "a commit failed; it is not known whether its work is kept");
            abandon(connection, done, || StoreError::Unknown);
            if was_fsync(&error) {
                // The system forgets which pages it could not write, so the next fsync would lie. Only what a
                // new process reads from the disk can be built upon.
                tracing::error!(
                    "the disk does not sync; this process ends, so that the next one reads what is there"
                );
                std::process::exit(EXIT_IO_ERROR);
            }
        }
    }
}

fn was_fsync(error: &StoreError) -> bool {
    let StoreError::Unavailable(cause) = error else { return false };
    matches!(cause.downcast_ref(), Some(rusqlite::Error::SqliteFailure(failure, _))
        if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_FSYNC)
}

/// The group cannot be kept: all of it is rolled back and everybody is told why.
fn abandon(connection: &mut SqliteConnection, works: Vec<Box<dyn Work>>, why: fn() -> StoreError) {
    if !connection.inner.is_autocommit()
        && let Err((error, _)) = connection.simple("rollback")
    {
        tracing::error!(error = %error, "a rollback failed");
    }
    for work in works {
        work.finish(Err(why()));
    }
}

/// What a work that is kept brought with it.
struct Ran {
    events: usize,
    jobs: usize,
}

enum Undone {
    /// This work alone; with an error of ours where the closure had none.
    Alone(Option<StoreError>),
    /// The engine gave the whole transaction up: disk full, I/O error.
    All,
}

fn run_in_savepoint(
    connection: &mut SqliteConnection,
    work: &mut dyn Work,
    parts: &Parts,
) -> Result<Ran, Undone> {
    connection.simple("savepoint work").map_err(|_| Undone::All)?;
    connection.enter(work.scope());
    let mut tx = parts.tx(tx::Connection::Sqlite(connection), work);
    let verdict = work.run(&mut tx);
    let told = if verdict == Verdict::Keep { tx.tell() } else { Err(None) };
    let health = tx.health;
    if health == Health::Lost || connection.inner.is_autocommit() {
        return Err(Undone::All);
    }
    match told {
        Ok((events, jobs)) => {
            connection.simple("release work").map_err(|_| Undone::All)?;
            Ok(Ran { events, jobs })
        }
        Err(error) => {
            connection.simple("rollback to work").map_err(|_| Undone::All)?;
            connection.simple("release work").map_err(|_| Undone::All)?;
            Err(Undone::Alone(error))
        }
    }
}

/// One reader: each work sees one snapshot.
pub(super) fn read_until_closed(mut connection: SqliteConnection, queue: &Queue, parts: &Parts) {
    while queue.is_alive() {
        let Some(mut work) = queue.pop(PATIENCE) else { continue };
        if let Err((error, _)) = connection.simple("begin") {
            work.finish(Err(error));
            continue;
        }
        connection.enter(work.scope());
        let mut tx = parts.tx(tx::Connection::Sqlite(&mut connection), work.as_ref());
        work.run(&mut tx);
        let ended = connection.simple("commit");
        work.finish(ended.map_err(|(error, _)| error));
    }
}
