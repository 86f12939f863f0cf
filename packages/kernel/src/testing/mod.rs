//! What tests of services share: fresh databases of both engines, and clocks that a test holds.
//!
//! A test that needs a server which is not there says so by name and passes; where `STOA_TEST_REQUIRE` names it
//! (as in CI), its absence is a failure.

mod isolation;
mod peer;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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
    database: Option<(String, String)>,
    directory: Option<PathBuf>,
}

static PLACES: AtomicU32 = AtomicU32::new(0);

impl Place {
    /// An empty directory for SQLite.
    pub fn sqlite() -> Self {
        let directory = unique_directory();
        Self {
            engine: Engine::Sqlite { directory: directory.clone() },
            database: None,
            directory: Some(directory),
        }
    }

    /// An empty database on Postgres, where there is one.
    pub fn postgres() -> Option<Self> {
        let admin = postgres_url()?;
        let name = format!("stoa_test_{}_{}", std::process::id(), PLACES.fetch_add(1, Ordering::Relaxed));
        let mut client = postgres::Client::connect(&admin, postgres::NoTls).ok()?;
        client.batch_execute(&format!("drop database if exists {name} with (force)")).ok()?;
        client.batch_execute(&format!("create database {name}")).ok()?;
        let (base, _) = admin.rsplit_once('/')?;
        // On this machine nobody listens between; encryption has tests of its own.
        let url = format!("{base}/{name}?sslmode=disable");
        let engine = Engine::Postgres { url, connections_max: 8 };
        Some(Self { engine, database: Some((admin, name)), directory: None })
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
        if let Some((admin, name)) = &self.database
            && let Ok(mut client) = postgres::Client::connect(admin, postgres::NoTls)
        {
            let _ = client.batch_execute(&format!("drop database if exists {name} with (force)"));
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
