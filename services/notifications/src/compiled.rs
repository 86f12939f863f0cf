//! Compiled templates, kept by version: a version never changes, so what was compiled once stays true.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::domain::builtin;
use crate::domain::rendering::Compiled;
use crate::domain::template::{Misfit, Version, VersionId};

/// Versions that are kept compiled: a generation of as many again is on its way out.
const VERSIONS_MAX: usize = 256;

#[derive(Default)]
struct Kept {
    young: HashMap<VersionId, Arc<Compiled>>,
    old: HashMap<VersionId, Arc<Compiled>>,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
static OURS: LazyLock<HashMap<&'static str, Arc<Compiled>>> = LazyLock::new(|| {
    let compile = |one: &builtin::Builtin| {
        let version = one.version();
        // A test compiles each of them.
        Compiled::new(&version.variables, &version.words).ok().map(|compiled| (one.name, Arc::new(compiled)))
    };
    builtin::ALL.iter().filter_map(compile).collect()
});

/// One of ours.
pub fn ours(name: &str) -> Option<Arc<Compiled>> {
    OURS.get(name).cloned()
}

/// A version that was compiled before.
pub fn find(id: VersionId) -> Option<Arc<Compiled>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.young.get(&id) {
        return Some(Arc::clone(found));
    }
    let found = kept.old.remove(&id)?;
    kept.young.insert(id, Arc::clone(&found));
    Some(found)
}

/// Compiles a version, and keeps it where it has a name.
pub fn compile(version: &Version) -> Result<Arc<Compiled>, Misfit> {
    let compiled = Arc::new(Compiled::new(&version.variables, &version.words)?);
    if let Some(id) = version.id {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.young.len() >= VERSIONS_MAX {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(id, Arc::clone(&compiled));
    }
    Ok(compiled)
}
