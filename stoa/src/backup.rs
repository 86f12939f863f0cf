//! `stoa backup` and `stoa restore`: all databases as they were at one moment, while everything runs.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use kernel::config::Settings;
use kernel::durable;
use kernel::secrets::Secret;
use kernel::store::{Engine, back_up_files, check_files};
use serde::{Deserialize, Serialize};

use crate::lock::DataLock;
use crate::output::{Progress, say};
use crate::platform::{self, Failure};
use crate::settings;

const MANIFEST: &str = "manifest.json";
const POSTGRES_DUMP: &str = "postgres.dump";

#[derive(Serialize, Deserialize)]
struct Manifest {
    version: String,
    engine: String,
    files: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    bytes: u64,
    sha256: String,
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::File(path.clone(), error)
}

/// Copies all databases into a new directory.
pub fn backup(settings: Settings, target: &Path, with_keys: bool) -> Result<ExitCode, Failure> {
    if target.exists() {
        return Err(Failure::Other(format!(
            "{} exists already; a backup needs a new directory",
            target.display()
        )));
    }
    durable::make_folder(target).map_err(failed(target))?;
    let engine = match platform::engine(&settings)? {
        Engine::Sqlite { directory } => {
            let mut progress: Option<Progress> = None;
            back_up_files(&directory, target, |done, total| {
                progress.get_or_insert_with(|| Progress::new("backup", total)).at(done);
            })
            .map_err(|error| Failure::Store("all services", error))?;
            progress.into_iter().for_each(Progress::end);
            "sqlite"
        }
        Engine::Postgres { url, .. } => {
            let dump = target.join(POSTGRES_DUMP);
            // Row-level security binds the tables' owner too; as a member of the system's role it sees every row.
            postgres_tool(
                "pg_dump",
                &["--format=custom", "--enable-row-security", "--file", &dump.display().to_string()],
                &url,
            )?;
            "postgres"
        }
    };
    if with_keys {
        copy_keys(&platform::keys_directory(&settings), &target.join("keys"))?;
    }
    let files = entries(target)?;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION").into(), engine: engine.into(), files };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Failure::Other(error.to_string()))?;
    std::fs::write(target.join(MANIFEST), text).map_err(failed(target))?;
    say(format!("{} files, {} KiB in {}", manifest.files.len(), bytes / 1024, target.display()));
    if !with_keys {
        say("The keys are not in it; without them sealed fields stay closed. Keep a copy of them elsewhere.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in place, where there is no data yet.
pub fn restore(settings: &Settings, source: &Path) -> Result<ExitCode, Failure> {
    let text = std::fs::read_to_string(source.join(MANIFEST)).map_err(failed(&source.join(MANIFEST)))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| Failure::Other(format!("the manifest cannot be read: {error}")))?;
    if entries(source)?
        .iter()
        .map(|file| (&file.name, &file.sha256))
        .ne(manifest.files.iter().map(|file| (&file.name, &file.sha256)))
    {
        return Err(Failure::Other("the files of this backup are not those that were written".into()));
    }
    let _lock = DataLock::take(&settings.get(&settings::DATA_DIR))?;
    match (platform::engine(settings)?, manifest.engine.as_str()) {
        (Engine::Sqlite { directory }, "sqlite") => restore_files(source, &directory)?,
        (Engine::Postgres { url, .. }, "postgres") => {
            let dump = source.join(POSTGRES_DUMP).display().to_string();
            postgres_tool(
                "pg_restore",
                &["--exit-on-error", "--single-transaction", "--dbname=", &dump],
                &url,
            )?;
        }
        (_, engine) => {
            return Err(Failure::Other(format!(
                "this is a backup of {engine}, and the settings choose another engine"
            )));
        }
    }
    let keys = platform::keys_directory(settings);
    match (source.join("keys").exists(), keys.exists()) {
        (true, false) => copy_keys(&source.join("keys"), &keys)?,
        (true, true) => {
            say(format!("{} has keys already; those of the backup were left where they are.", keys.display()))
        }
        (false, _) => {}
    }
    say("Restored. Start as usual.");
    Ok(ExitCode::SUCCESS)
}

fn restore_files(source: &Path, directory: &Path) -> Result<(), Failure> {
    durable::make_folder(directory).map_err(failed(directory))?;
    if files(directory)?.iter().any(|path| path.extension().is_some_and(|kind| kind == "db")) {
        return Err(Failure::Other(format!(
            "{} holds data already; move it away first",
            directory.display()
        )));
    }
    for path in files(source)?.iter().filter(|path| path.extension().is_some_and(|kind| kind == "db")) {
        let name = path.file_name().unwrap_or_default();
        durable::copy(path, &directory.join(name)).map_err(failed(path))?;
    }
    check_files(directory).map_err(|error| Failure::Store("all services", error))?;
    Ok(())
}

fn copy_keys(from: &Path, to: &Path) -> Result<(), Failure> {
    durable::make_folder(to).map_err(failed(to))?;
    for path in files(from)? {
        // A copy keeps the rights of its file: readable by its owner only.
        durable::copy(&path, &to.join(path.file_name().unwrap_or_default())).map_err(failed(&path))?;
    }
    Ok(())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn entries(directory: &Path) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for path in files(directory)?.into_iter().filter(|path| !path.ends_with(MANIFEST)) {
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        let mut file = std::fs::File::open(&path).map_err(failed(&path))?;
        let mut buffer = vec![0; 1 << 16];
        let mut bytes = 0;
        loop {
            let read = std::io::Read::read(&mut file, &mut buffer).map_err(failed(&path))?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            hash.update(&buffer[..read]);
        }
        let sha256 = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        entries.push(Entry { name, bytes, sha256 });
    }
    Ok(entries)
}

/// The address goes by the environment: arguments can be read by everybody on the machine.
fn postgres_tool(tool: &str, arguments: &[&str], url: &str) -> Result<(), Failure> {
    let url = Secret::new(url.to_owned());
    let mut command = Command::new(tool);
    let parts = kernel::store::postgres_environment(url.expose())
        .map_err(|error| Failure::Other(error.to_string()))?;
    let database = parts.iter().find(|(name, _)| *name == "PGDATABASE").map(|(_, value)| value.clone());
    for argument in arguments {
        match (*argument, &database) {
            ("--dbname=", Some(name)) => command.arg(format!("--dbname={name}")),
            _ => command.arg(argument),
        };
    }
    let status = command.envs(parts).status().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::Other(format!("`{tool}` is needed and not installed; it comes with Postgres' client"))
        }
        _ => Failure::File(tool.to_owned(), error),
    })?;
    if status.success() { Ok(()) } else { Err(Failure::Other(format!("`{tool}` ended with {status}"))) }
}
