//! One database a service: transactions as plain closures, on SQLite or Postgres, tenants apart on both.
//!
//! Read [`Store`] first, then `tx.rs` (what a command can do), `queue.rs` (how it waits its turn), `sqlite.rs`
//! with `group.rs`, and `postgres.rs` with `dial.rs` (the engines), `migrate.rs`. Rows and values go through serde in `row.rs` and `value.rs`.
//! Which engine runs is decided here and nowhere else: a service has one SQL text and never asks.

mod enqueue;
pub(crate) mod answers;
mod care;
mod dial;
mod error;
mod group;
mod log;
mod migrate;
mod page;
mod postgres;
mod queue;
mod row;
mod sqlite;
mod tell;
mod tx;
mod value;
mod wrap;

#[cfg(test)]
mod tests;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{oneshot, watch};

pub use care::{back_up_files, check_files, check_postgres, postgres_environment, sqlite_version};
pub use error::{OnConstraint, StoreError};
pub use migrate::Migration;
pub use page::{BadPage, LIMIT_DEFAULT, LIMIT_MAX, Page, PageQuery};
pub use row::BadRow;
pub(crate) use tell::project_text;
pub use tx::{Origin, Scope, Tx};
pub use value::Value;
pub use wrap::{Bytes, Json};

use crate::clock::Clock;
use crate::durable;
use crate::ids::Ids;
use crate::keys::Keys;
use crate::telemetry::metrics::Counter;
use group::Writer;
use log::Log;
use queue::{Access, Command, Pushed, Queue, Work};

static SYSTEM_WORK: Counter = Counter::new(
    "stoa_system_work_total",
    "Transactions that may see the rows of all projects, by the reason they gave.",
    &["service", "reason"],
);

/// Works that may wait for one database; the next one hears "busy".
const WAITING_MAX: usize = 8_192;
const SQLITE_READERS: usize = 2;
/// Reading another service's log needs no more.
const ATTACHED_CONNECTIONS: usize = 1;

/// Which engine holds a service's data, and where.
#[derive(Clone, Debug)]
pub enum Engine {
    /// A file a service in this directory.
    Sqlite {
        /// The directory of the files.
        directory: PathBuf,
    },
    /// A schema a service in this database.
    Postgres {
        /// `postgres://user@host/database`; masked wherever it is printed.
        url: String,
        /// Connections a service may open.
        connections_max: usize,
    },
}

/// What transactions take from outside of the database.
#[derive(Clone)]
pub struct Surroundings {
    /// What time it is.
    pub clock: Clock,
    /// Where new ids come from.
    pub ids: Ids,
    /// What fields are sealed and blocks are signed with.
    pub keys: Arc<Keys>,
}

/// The database of one service. Clones are the same database.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    parts: Arc<Parts>,
    engine: Engine,
    writers: Arc<Queue>,
    readers: Arc<Queue>,
    /// Of an embedded database.
    writer: Option<Arc<Writer>>,
    pool: Option<Pool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Where a Postgres store gets one connection more.
struct Pool {
    address: postgres::Address,
    connections_max: usize,
}

/// What every transaction is made with.
pub(crate) struct Parts {
    service: &'static str,
    clock: Clock,
    ids: Ids,
    keys: Arc<Keys>,
    signals: Signals,
    beside: Beside,
}

/// What a service keeps in memory beside its database: one of each type, as long as the database is open. What it holds
/// is not undone with a transaction, so whoever uses it compares it with the rows first.
#[derive(Default)]
pub(crate) struct Beside(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Beside {
    fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        Arc::clone(one).downcast().unwrap_or_default()
    }
}

/// Wakes who waits for events or jobs of this database, after the commit.
struct Signals {
    events: watch::Sender<u64>,
    /// Events that can be read: on SQLite the same moment, on Postgres after the sequencer.
    positioned: watch::Sender<u64>,
    jobs: watch::Sender<u64>,
    positions_with_commit: bool,
}

impl Signals {
    fn announce(&self, events: usize, jobs: usize) {
        if events > 0 {
            self.events.send_modify(|count| *count += events as u64);
            if self.positions_with_commit {
                self.positioned.send_modify(|count| *count += events as u64);
            }
        }
        if jobs > 0 {
            self.jobs.send_modify(|count| *count += jobs as u64);
        }
    }
}

impl Parts {
    fn new(service: &'static str, engine: &Engine, surroundings: Surroundings) -> Arc<Self> {
        let Surroundings { clock, ids, keys } = surroundings;
        let signals = Signals {
            events: watch::Sender::new(0),
            positioned: watch::Sender::new(0),
            jobs: watch::Sender::new(0),
            positions_with_commit: matches!(engine, Engine::Sqlite { .. }),
        };
        Arc::new(Self { service, clock, ids, keys, signals, beside: Beside::default() })
    }

    fn tx<'c>(&'c self, connection: tx::Connection<'c>, work: &dyn Work) -> Tx<'c> {
        Tx {
            connection,
            scope: work.scope().clone(),
            origin: work.origin().clone(),
            now: self.clock.now(),
            ids: &self.ids,
            keys: &self.keys,
            beside: &self.beside,
            health: tx::Health::Well,
            events: Vec::new(),
            jobs: Vec::new(),
        }
    }
}

impl Store {
    /// Opens the database of `service` and brings it up to date. Blocks; call it outside async code.
    pub fn open(
        service: &'static str,
        engine: Engine,
        migrations: &[Migration],
        surroundings: Surroundings,
    ) -> Result<Self, StoreError> {
        let parts = Parts::new(service, &engine, surroundings);
        match engine.clone() {
            Engine::Sqlite { directory } => Self::open_sqlite(parts, engine, &directory, migrations),
            Engine::Postgres { url, connections_max } => {
                let address = postgres::Address::parse(&url, service)?;
                // The client blocks on a runtime of its own, which must not start inside another.
                std::thread::scope(|scope| {
                    let migrating =
                        scope.spawn(|| migrate::postgres(&mut address.owner()?, service, migrations));
                    migrating.join().unwrap_or(Err(StoreError::Panicked))
                })?;
                Ok(Self::on_postgres(parts, engine, address, connections_max))
            }
        }
    }

    /// The database of a service that another process runs: its log can be read. Postgres only, since the
    /// embedded engine's files belong to one process.
    pub fn attach(
        service: &'static str,
        engine: Engine,
        surroundings: Surroundings,
    ) -> Result<Self, StoreError> {
        let Engine::Postgres { url, .. } = &engine else {
            return Err(StoreError::Unavailable(
                "embedded databases are not shared between processes".into(),
            ));
        };
        let address = postgres::Address::parse(url, service)?;
        let parts = Parts::new(service, &engine, surroundings);
        Ok(Self::on_postgres(parts, engine, address, ATTACHED_CONNECTIONS))
    }

    fn on_postgres(
        parts: Arc<Parts>,
        engine: Engine,
        address: postgres::Address,
        connections_max: usize,
    ) -> Self {
        let queue = Arc::new(Queue::new(WAITING_MAX));
        let (writers, readers) = (Arc::clone(&queue), queue);
        let pool = Some(Pool { address, connections_max });
        Self(Arc::new(Inner {
            parts,
            engine,
            writers,
            readers,
            writer: None,
            pool,
            threads: Mutex::default(),
        }))
    }

    fn open_sqlite(
        parts: Arc<Parts>,
        engine: Engine,
        directory: &Path,
        migrations: &[Migration],
    ) -> Result<Self, StoreError> {
        durable::make_folder(directory).map_err(|error| StoreError::Unavailable(error.into()))?;
        let path = directory.join(format!("{}.db", parts.service));
        let fail = |error: rusqlite::Error| StoreError::Unavailable(error.into());
        let mut connection = sqlite::open(&path)?;
        migrate::sqlite(&mut connection, migrations)?;
        let tables =
            Arc::new(sqlite::Tables::read(&connection, migrate::append_only(migrations)).map_err(fail)?);
        let (log, carrier) = Log::of(&mut connection, &path)?;
        let writer = sqlite::SqliteConnection::guard(connection, Arc::clone(&tables), sqlite::Role::Writer)
            .map_err(fail)?;
        let writer = Arc::new(Writer::new(writer, log));
        let (writers, readers) = (Arc::new(Queue::new(WAITING_MAX)), Arc::new(Queue::new(WAITING_MAX)));
        let mut threads = Vec::new();
        let (one, queue, held) = (Arc::clone(&writer), Arc::clone(&writers), Arc::clone(&parts));
        threads.push(thread(format!("{}-writer", parts.service), move || {
            one.write_until_closed(&queue, &held);
        })?);
        threads.push(thread(format!("{}-log", parts.service), move || carrier.work())?);
        for _ in 0..SQLITE_READERS {
            let reader = sqlite::SqliteConnection::guard(
                sqlite::open(&path)?,
                Arc::clone(&tables),
                sqlite::Role::Reader,
            )
            .map_err(fail)?;
            let (queue, held) = (Arc::clone(&readers), Arc::clone(&parts));
            threads.push(thread(format!("{}-reader", parts.service), move || {
                group::read_until_closed(reader, &queue, &held);
            })?);
        }
        let (writer, threads) = (Some(writer), Mutex::new(threads));
        Ok(Self(Arc::new(Inner { parts, engine, writers, readers, writer, pool: None, threads })))
    }

    /// Runs a closure on one snapshot of the rows in `scope`.
    pub async fn read<T, E, F>(&self, scope: Scope, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ask(&self.0.readers, Access::Read, scope, Origin::default(), closure).await
    }

    /// Runs a closure as one transaction; the answer comes after it is stored for good.
    /// The closure may run more than once, and its failure or panic undoes its own work only.
    pub async fn write<T, E, F>(&self, scope: Scope, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_from(Origin::default(), scope, closure).await
    }

    /// Like `write`, and says where the change comes from.
    pub async fn write_from<T, E, F>(&self, origin: Origin, scope: Scope, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ask(&self.0.writers, Access::Write, scope, origin, closure).await
    }

    async fn ask<T, E, F>(
        &self,
        queue: &Arc<Queue>,
        access: Access,
        scope: Scope,
        origin: Origin,
        closure: F,
    ) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if let Scope::System(reason) = &scope {
            SYSTEM_WORK.add(1, &[self.service(), reason]);
        }
        let (reply, answer) = oneshot::channel();
        let command: Box<dyn Work> =
            Box::new(Command { scope, origin, access, closure, outcome: None, reply });
        let writer = self.0.writer.as_ref().filter(|_| access == Access::Write && may_block());
        if let Some((writer, lead)) = writer.and_then(|writer| Some((writer, queue.lead()?))) {
            tokio::task::block_in_place(|| writer.write(command, queue, &self.0.parts));
            drop(lead);
        } else if let (Pushed::AllBusy, Some(pool)) = (queue.push(command), &self.0.pool) {
            self.hire(pool, queue);
        }
        answer.await.unwrap_or_else(|_| Err(E::from(StoreError::Unavailable("the store has closed".into()))))
    }

    /// One connection more, where the pool may still grow.
    fn hire(&self, pool: &Pool, queue: &Arc<Queue>) {
        if !queue.hire(pool.connections_max) {
            return;
        }
        let (address, line, parts) = (pool.address.clone(), Arc::clone(queue), Arc::clone(&self.0.parts));
        let started = thread(format!("{}-postgres", self.0.parts.service), move || {
            postgres::serve_until_idle(&address, &line, &parts);
        });
        match started {
            Ok(handle) => {
                let mut threads = self.0.threads.lock().unwrap_or_else(PoisonError::into_inner);
                threads.retain(|thread| !thread.is_finished());
                threads.push(handle);
            }
            Err(error) => tracing::error!(%error, "no thread for one connection more"),
        }
    }

    /// Whose database this is.
    pub fn service(&self) -> &'static str {
        self.0.parts.service
    }

    /// Which engine holds it.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The clock of its transactions.
    pub fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    /// The generator of its ids.
    pub fn ids(&self) -> &Ids {
        &self.0.parts.ids
    }

    /// The keys of its transactions.
    pub fn keys(&self) -> &Keys {
        &self.0.parts.keys
    }

    /// What the service keeps in memory beside this database.
    pub fn beside<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.0.parts.beside.get()
    }

    /// Changes when events were announced in this process.
    pub fn events_announced(&self) -> watch::Receiver<u64> {
        self.0.parts.signals.events.subscribe()
    }

    /// Changes when events can be read from the log.
    pub fn events_positioned(&self) -> watch::Receiver<u64> {
        self.0.parts.signals.positioned.subscribe()
    }

    /// The sequencer has given positions.
    pub(crate) fn position_events(&self) {
        self.0.parts.signals.positioned.send_modify(|count| *count += 1);
    }

    /// Changes when jobs were enqueued in this process.
    pub fn jobs_enqueued(&self) -> watch::Receiver<u64> {
        self.0.parts.signals.jobs.subscribe()
    }

    /// Wakes the workers of this database's jobs.
    pub(crate) fn nudge_jobs(&self) {
        self.0.parts.signals.announce(0, 1);
    }

    /// How many works wait: (writes, reads). On Postgres it is one line.
    pub fn waiting(&self) -> (usize, usize) {
        (self.0.writers.len(), self.0.readers.len())
    }

    /// How many connections are at work, of how many: (at work, all).
    pub fn connections(&self) -> (usize, usize) {
        if self.0.pool.is_some() {
            return self.0.writers.at_work(0);
        }
        let (writing, writers) = self.0.writers.at_work(1);
        let (reading, readers) = self.0.readers.at_work(SQLITE_READERS);
        (writing + reading, writers + readers)
    }

    /// Takes no more work, finishes what waits and ends the threads. Blocks.
    pub fn close(&self) {
        self.0.writers.close();
        self.0.readers.close();
        let threads: Vec<_> =
            self.0.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!(service = self.service(), "a thread of the store had panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writers.close();
        self.readers.close();
    }
}

/// Whether this thread may wait while others take over what it serves.
fn may_block() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

fn thread(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new().name(name).spawn(work).map_err(|error| StoreError::Unavailable(error.into()))
}
