//! What tests of services share: fresh databases of both engines, and clocks that a test holds.
//!
//! A test that needs a server which is not there says so by name and passes; where `STOA_TEST_REQUIRE` names it
//! (as in CI), its absence is a failure.

mod isolation;
mod peer;
mod stage;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use contracts::Timestamp;

pub use isolation::{Isolation, isolation};
pub use peer::{Asked, Peer};
pub use stage::{Player, Said, Stage, staged};

use crate::clock::Clock;
use crate::ids::Ids;
use crate::keys::Keys;
use crate::outside::{Guard, Outside, OutsideSettings};
use crate::store::{Engine, Migration, Store, Surroundings};

/// Where tests find a Postgres in which they may create databases.
pub fn postgres_url() -> Option<String> {
    let url = std::env::var("STOA_TEST_DATABASE_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    match postgres::Client::connect(&url, postgres::NoTls) {
        Ok(_) => Some(url),
        Err(error) => {
            let required = std::env::var("STOA_TEST_REQUIRE").unwrap_or_default();
            assert!(!required.contains("postgres"), "Postgres is required and is not there: {error}");
            eprintln!(
                "not run on Postgres: set STOA_TEST_DATABASE_URL to a server where databases may be created"
            );
            None
        }
    }
}

/// A place for the databases of one test; it is cleared away at its end.
pub struct Place {
    /// The engine to open stores with.
    pub engine: Engine,
    /// Whose lock keeps others from the database, on Postgres.
    _holds: Option<Mutex<postgres::Client>>,
    directory: Option<PathBuf>,
}

static PLACES: AtomicU32 = AtomicU32::new(0);
/// The space of locks on databases of tests.
const PLACE_LOCKS: i32 = 0x5704;
/// As many tests may run at a time.
const PLACES_MAX: i32 = 1_000;
/// What a test left, as nobody would see it in a database that was just made.
const CLEARED: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
    do $$ declare name text; begin
      for name in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
        execute format('drop schema %I cascade', name);
      end loop;
    end $$;
    create schema public authorization pg_database_owner;
    grant usage on schema public to public;";

impl Place {
    /// An empty directory for SQLite.
    pub fn sqlite() -> Self {
        let directory = unique_directory();
        Self {
            engine: Engine::Sqlite { directory: directory.clone() },
            _holds: None,
            directory: Some(directory),
        }
    }

    /// An empty database on Postgres, where there is one. It stays for the next test: to make one takes as long as most
    /// tests do.
    pub fn postgres() -> Option<Self> {
        let admin = postgres_url()?;
        let (base, _) = admin.rsplit_once('/')?;
        let mut client = postgres::Client::connect(&admin, postgres::NoTls).ok()?;
        let free = "select pg_try_advisory_lock($1, $2)";
        let mut is_free = |place: &i32| {
            client.query_one(free, &[&PLACE_LOCKS, place]).is_ok_and(|row| row.get::<_, bool>(0))
        };
        let name = format!("stoa_test_{}", (0..PLACES_MAX).find(|place| is_free(place))?);
        let known = client.query_opt("select 1 from pg_database where datname = $1", &[&name]).ok()?;
        // On this machine nobody listens between; encryption has tests of its own.
        let url = format!("{base}/{name}?sslmode=disable");
        match known {
            None => client.batch_execute(&format!("create database {name}")).ok()?,
            Some(_) => postgres::Client::connect(&url, postgres::NoTls).ok()?.batch_execute(CLEARED).ok()?,
        }
        let engine = Engine::Postgres { url, connections_max: 8 };
        Some(Self { engine, _holds: Some(Mutex::new(client)), directory: None })
    }

    /// Both engines, as far as they are there.
    pub fn both() -> Vec<Self> {
        std::iter::once(Self::sqlite()).chain(Self::postgres()).collect()
    }

    /// Opens the store of a service here, on a clock that stands still.
    pub fn store(&self, service: &'static str, migrations: &[Migration]) -> Store {
        match Store::open(service, self.engine.clone(), migrations, surroundings()) {
            Ok(store) => store,
            Err(error) => {
                panic!("the store of a test does not open: {error}: {:?}", std::error::Error::source(&error))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// A clock that stands still, and keys that stand nowhere.
pub fn surroundings() -> Surroundings {
    let keys = match Keys::generate() {
        Ok(keys) => Arc::new(keys),
        Err(error) => panic!("no keys for a test: {error}"),
    };
    Surroundings { clock: Clock::held(Timestamp::from_millis(1_790_000_000_000)), ids: Ids::new(), keys }
}

/// An outside that is this machine.
pub fn outside() -> Arc<Outside> {
    let guard = Guard { ports: vec![1..=u16::MAX], allow_loopback: true };
    match Outside::new(OutsideSettings { guard, ..OutsideSettings::default() }) {
        Ok(outside) => Arc::new(outside),
        Err(error) => panic!("no TLS for a test: {error}"),
    }
}

/// A directory of its own, empty.
pub fn unique_directory() -> PathBuf {
    let name = format!("stoa-test-{}-{}", std::process::id(), PLACES.fetch_add(1, Ordering::Relaxed));
    let directory = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&directory);
    let _ = std::fs::create_dir_all(&directory);
    directory
}

/// Runs the test on each engine, each in a runtime of its own.
pub fn on_both(test: impl AsyncFn(&Place)) {
    for place in Place::both() {
        run(test(&place));
    }
}

/// Runs a future as a test does.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => panic!("no runtime for a test: {error}"),
    }
}
