//! What the registry has set over the values that the process was started with.
//!
//! It holds them in clear, as this process takes them, and tells who waits for a change. Where they come from, and
//! whether they may be taken, is the business of `heard.rs`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};

use contracts::ProjectId;
use tokio::sync::{Notify, watch};

/// Texts in clear by the setting's name, each one checked.
pub(super) type Texts = BTreeMap<&'static str, String>;

/// The values that may change, shared by all clones of a service's settings.
pub(super) struct Live {
    overlay: RwLock<Overlay>,
    changes: watch::Sender<u64>,
    told: Notify,
}

#[derive(Default)]
struct Overlay {
    /// How far the table of kept values has been read.
    turn: i64,
    revision: u64,
    everywhere: Texts,
    projects: HashMap<ProjectId, Texts>,
}

/// All values of one scope, to take the place of those before.
pub(super) struct Change {
    /// The place in the table of kept values; it rises with every change.
    pub turn: i64,
    /// Whose values; nobody's own are everybody's.
    pub project: Option<ProjectId>,
    /// The registry's revision of them.
    pub revision: u64,
    /// The values.
    pub texts: Texts,
}

impl Default for Live {
    fn default() -> Self {
        Self { overlay: RwLock::default(), changes: watch::Sender::new(0), told: Notify::new() }
    }
}

impl Live {
    /// What `read` makes of the value that holds for `project`, where one is set.
    pub fn find<T>(
        &self,
        project: Option<ProjectId>,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let overlay = self.overlay.read().unwrap_or_else(PoisonError::into_inner);
        let own = project.and_then(|project| overlay.projects.get(&project)?.get(key));
        own.or_else(|| overlay.everywhere.get(key)).and_then(|text| read(text))
    }

    /// Puts changes in place, all at once; those that were seen already change nothing.
    pub fn take(&self, changes: Vec<Change>) {
        let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
        let before = overlay.turn;
        for change in changes.into_iter().filter(|change| change.turn > before) {
            overlay.turn = overlay.turn.max(change.turn);
            match change.project {
                None => (overlay.everywhere, overlay.revision) = (change.texts, change.revision),
                Some(project) if change.texts.is_empty() => drop(overlay.projects.remove(&project)),
                Some(project) => drop(overlay.projects.insert(project, change.texts)),
            }
        }
        let is_new = overlay.turn > before;
        drop(overlay);
        if is_new {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// How far the table of kept values has been read.
    pub fn turn(&self) -> i64 {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner).turn
    }

    /// The registry's revision of what holds for all projects.
    pub fn heard_revision(&self) -> u64 {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner).revision
    }

    /// Counts the changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Something was heard that will be kept with the transaction that runs now.
    pub fn nudge(&self) {
        self.told.notify_one();
    }

    /// Waits until something was heard.
    pub async fn nudged(&self) {
        self.told.notified().await;
    }
}
