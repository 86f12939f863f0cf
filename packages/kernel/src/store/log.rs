//! The log beside a SQLite file: what is committed stands there first. A thread of its own brings it over into the file
//! meanwhile, so that commits do not wait for it; when all of it is over, the next commit begins the log anew.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::error::StoreError;
use super::sqlite;

/// So many pages are worth bringing over: 4 MiB.
const PAGES_MIN: u32 = 1_000;
/// So few the writer brings over itself, between two commits: the log begins anew only when nothing is left of it.
const PAGES_FEW: u32 = 64;
/// With so many it waits until they are over: 64 MiB.
const PAGES_MAX: u32 = 16_384;

/// The log as its writer knows it.
pub(super) struct Log {
    shared: Arc<Shared>,
    asks: SyncSender<()>,
}

/// What brings pages over; it ends with the log's writer.
pub(super) struct Carrier {
    shared: Arc<Shared>,
    asked: Receiver<()>,
    path: PathBuf,
}

#[derive(Default)]
struct Shared {
    /// How many pages there were after the last commit.
    pages: AtomicU32,
    /// Hardly any of them are left to be brought over.
    few_left: AtomicBool,
    /// Held while some are.
    pass: Mutex<()>,
}

impl Shared {
    fn pass(&self) -> MutexGuard<'_, ()> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings over what no reader still needs in the log; says how many pages are over in all.
    fn bring_over(&self, connection: &Connection) -> rusqlite::Result<u32> {
        let _pass = self.pass();
        let over: i64 =
            connection.query_row("pragma wal_checkpoint(passive)", [], |row| row.get("checkpointed"))?;
        // Less than nothing, while another process is at it.
        Ok(u32::try_from(over).unwrap_or(0))
    }
}

impl Log {
    /// The log of the file that this connection alone writes to.
    pub fn of(writer: &mut Connection, path: &Path) -> Result<(Self, Carrier), StoreError> {
        let shared = Arc::<Shared>::default();
        let told = Arc::clone(&shared);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages| {
            told.pages.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(|error| StoreError::Unavailable(error.into()))?;
        let (asks, asked) = sync_channel(1);
        let carrier = Carrier { shared: Arc::clone(&shared), asked, path: path.to_owned() };
        Ok((Self { shared, asks }, carrier))
    }

    /// Has pages brought over, where there are enough of them.
    pub fn look(&self, writer: &Connection) {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if pages < PAGES_MIN {
            self.shared.few_left.store(false, Ordering::Relaxed);
            return;
        }
        if self.shared.few_left.swap(false, Ordering::Relaxed) || pages >= PAGES_MAX {
            if let Err(error) = self.shared.bring_over(writer) {
                tracing::warn!(%error, "the log was not brought over");
            }
        } else {
            // Asked already, it looks how many there are by then.
            let _ = self.asks.try_send(());
        }
    }

    /// Brings over all of it; the database is one whole file then.
    pub fn close(self, writer: &Connection) -> rusqlite::Result<()> {
        let _pass = self.shared.pass();
        writer.execute_batch("pragma wal_checkpoint(truncate)")
    }
}

impl Carrier {
    /// Brings pages over whenever it is asked to.
    pub fn work(self) {
        let mut connection = None;
        while let Ok(()) = self.asked.recv() {
            // Only here: most databases never have so much to bring over.
            let opened = connection.take().map_or_else(|| sqlite::open(&self.path), Ok);
            let carried = opened.and_then(|opened| {
                let opened = connection.insert(opened);
                self.carry(opened).map_err(|error| StoreError::Unavailable(error.into()))
            });
            if let Err(error) = carried {
                tracing::warn!(%error, "the log was not brought over");
            }
        }
    }

    /// Goes on while it gains on the writer.
    fn carry(&self, connection: &Connection) -> rusqlite::Result<()> {
        let pages = || self.shared.pages.load(Ordering::Relaxed);
        let mut left = u32::MAX;
        while pages() >= PAGES_MIN && left > PAGES_FEW {
            let over = self.shared.bring_over(connection)?;
            let before = left;
            left = pages().saturating_sub(over);
            if left >= before {
                return Ok(());
            }
        }
        // Fewer than were worth it: it has begun anew.
        self.shared.few_left.store(pages() >= PAGES_MIN && left <= PAGES_FEW, Ordering::Relaxed);
        Ok(())
    }
}
