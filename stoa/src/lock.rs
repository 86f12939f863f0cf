//! One data directory has one owner: a second start is told who that is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use kernel::durable;

use crate::platform::Failure;

/// Held for as long as the process owns the data directory; the system lets it go when the process ends.
pub struct DataLock {
    file: File,
}

impl DataLock {
    /// Takes the directory, or says who has it.
    pub fn take(directory: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::File(directory.join("lock").display().to_string(), error);
        durable::make_folder(directory).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join("lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = Self { file };
                lock.note("starting").map_err(failed)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(failed)?;
                Err(Failure::Locked {
                    directory: directory.display().to_string(),
                    holder: holder.trim().to_owned(),
                })
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Writes down what this process does, for whoever comes second.
    pub fn note(&mut self, doing: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "process {} ({doing})", std::process::id())
    }
}
