//! Porters: threads that each serve a share of a door's connections alone, so that nothing of a request moves between
//! cores.
//!
//! They are for doors behind which others do the work. Whoever takes long at one holds up the rest of its connections.

use std::cell::Cell;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

/// The threads; they end when nobody has them any more.
#[derive(Clone)]
pub struct Porters(Arc<[Porter]>);

struct Porter {
    runtime: Handle,
    /// As many as there are connections, and one.
    connections: Arc<()>,
    _ends_when_gone: watch::Sender<()>,
}

/// A connection that one of them serves, until it is dropped.
pub(super) struct Served(#[expect(dead_code, reason = "it is counted")] Arc<()>);

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// Which porter's thread this is, from 1 on; 0 is none's.
pub fn porter() -> usize {
    NUMBER.get()
}

impl Porters {
    /// As many as there are cores.
    pub fn hire() -> std::io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        (1..=count).map(Porter::hire).collect::<Result<_, _>>().map(Self)
    }

    /// The one with the fewest connections takes one more.
    pub(super) fn take(&self) -> Option<(&Handle, Served)> {
        let least = self.0.iter().min_by_key(|porter| Arc::strong_count(&porter.connections))?;
        Some((&least.runtime, Served(Arc::clone(&least.connections))))
    }
}

impl Porter {
    fn hire(number: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (sender, mut gone) = watch::channel(());
        std::thread::Builder::new().name(format!("porter-{number}")).spawn(move || {
            NUMBER.set(number);
            // Nothing is ever sent: it ends with the sender.
            runtime.block_on(async { while gone.changed().await.is_ok() {} });
        })?;
        Ok(Self { runtime: handle, connections: Arc::default(), _ends_when_gone: sender })
    }
}
