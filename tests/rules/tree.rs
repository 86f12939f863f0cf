//! The source tree: where it is, and the files in it. Build results and what git ignores are left out.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::source::Source;

const LEFT_OUT: [&str; 5] = [".git", "target", "data", "node_modules", "proptest-regressions"];

/// The root of the source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// All files, by their path from the root.
pub fn files() -> Vec<String> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    found
}

/// All Rust files, read.
pub fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let rust = files().into_iter().filter(|path| path.ends_with(".rs"));
        rust.map(|path| Source::read(&path, &text(&path))).collect()
    })
}

/// What the file holds, where it is text.
pub fn text(path: &str) -> String {
    String::from_utf8(std::fs::read(root().join(path)).unwrap()).unwrap_or_default()
}

/// The folders of the services.
pub fn services() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("services"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").exists())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn collect(directory: &Path, found: &mut Vec<String>) {
    let entries: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_symlink() || LEFT_OUT.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
        }
    }
}
