//! How many connections there may be: doors that share a room share the number.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::telemetry::metrics::Gauge;

static OPEN: Gauge = Gauge::new("stoa_http_connections", "Connections that are open.", &[]);

const CONNECTIONS_MAX: usize = 10_000;

/// Room for so many connections at once; clones are the same room.
#[derive(Clone, Debug)]
pub struct Room(Arc<Walls>);

#[derive(Debug)]
struct Walls {
    places: Arc<Semaphore>,
    connections_max: usize,
    /// Whether the log has told that it was full: once is enough, the figures tell the rest.
    told: AtomicBool,
}

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Room for so many connections, and for one at least.
    pub fn for_connections(connections_max: usize) -> Self {
        let connections_max = connections_max.clamp(1, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(connections_max));
        Self(Arc::new(Walls { places, connections_max, told: AtomicBool::new(false) }))
    }

    /// How many connections have a place now.
    pub fn taken(&self) -> usize {
        self.0.connections_max - self.0.places.available_permits()
    }

    /// Waits until a place is free and leaves it so: a door where nobody knocks must hold none.
    pub(super) async fn wait(&self) {
        if self.0.places.available_permits() > 0 {
            return;
        }
        if !self.0.told.swap(true, Ordering::Relaxed) {
            let connections_max = self.0.connections_max;
            tracing::warn!(connections_max, "as many connections are open as there may be; new ones wait");
        }
        // It is never closed, so there is no error to tell.
        let _ = self.0.places.acquire().await;
    }

    /// Takes a place, waiting for one where another door was quicker.
    pub(super) async fn enter(&self) -> Place {
        let permit = Arc::clone(&self.0.places).acquire_owned().await.ok();
        OPEN.add(1.0, &[]);
        Place { _permit: permit }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::for_connections(CONNECTIONS_MAX)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        OPEN.add(-1.0, &[]);
    }
}
