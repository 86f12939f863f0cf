//! The same key and body get the same answer; while the first is running, the second is told so.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{Context, SHA256};

use crate::store::answers::Used;
use crate::store::{Scope, project_text};

/// Keys whose first request is still running in this process.
#[derive(Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<String>>>);

/// Held while a request with a key runs.
pub(crate) struct Turn {
    running: Running,
    name: String,
}

impl Running {
    /// `None` when the same key is running now.
    pub fn enter(&self, scope: &Scope, used: &Used) -> Option<Turn> {
        let project = project_text(scope.project());
        let name = format!("{project}\n{}\n{}\n{}", used.caller, used.operation, used.key);
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        fresh.then(|| Turn { running: self.clone(), name })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// What makes two requests the same.
pub(super) fn fingerprint(method: &str, path_and_query: &str, body: &[u8]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in [method.as_bytes(), b"\0", path_and_query.as_bytes(), b"\0", body] {
        hash.update(part);
    }
    hash.finish().as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
