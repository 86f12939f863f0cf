//! Names that are still there after a power cut: a synced file may yet be found under no name, unless its folder was
//! synced as well.

use std::fs::File;
use std::io::{ErrorKind, Result};
use std::path::Path;

/// Makes a folder, and those around it that are missing.
pub fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let around = folder.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(around)?;
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_names(around),
    }
}

/// Gives a file another name in its folder, whose names are kept then.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync_names)
}

/// Copies a file; its rights stay as they are.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    to.parent().map_or(Ok(()), sync_names)
}

fn sync_names(folder: &Path) -> Result<()> {
    // Elsewhere a folder cannot be opened.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::unique_directory;

    #[test]
    fn a_folder_is_made_with_those_around_it_and_once() {
        let home = unique_directory();
        let folder = home.join("one/two/three");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        std::fs::write(folder.join("a"), "text").unwrap();
        rename(&folder.join("a"), &folder.join("b")).unwrap();
        copy(&folder.join("b"), &folder.join("c")).unwrap();
        assert!(!folder.join("a").exists());
        assert_eq!(std::fs::read_to_string(folder.join("c")).unwrap(), "text");
        assert!(make_folder(&folder.join("c/four")).is_err(), "a file is no folder");
        std::fs::remove_dir_all(home).unwrap();
    }
}
