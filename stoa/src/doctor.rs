//! `stoa doctor`: examines an installation, and says of each thing what is wrong and what to do.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use kernel::config::{Mode, Settings};
use kernel::keys::Keys;
use kernel::store::Engine;

use crate::lock::DataLock;
use crate::output::{say, table, with_causes};
use crate::platform::{self, Failure};
use crate::settings;

type Finding = Result<String, String>;

/// Examines everything; fails when something is wrong.
pub fn examine(settings: &Settings) -> Result<ExitCode, Failure> {
    let directory = settings.get(&settings::DATA_DIR);
    let mut found: Vec<(&str, Finding)> = vec![
        ("settings", Ok("every value is understood".to_owned())),
        ("data directory", data_directory(&directory)),
        ("fsync", fsync(&directory)),
        ("keys", keys(settings)),
        ("address", address(settings)),
        ("mode", mode(settings)),
    ];
    found.push(("databases", databases(settings)));
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(what, finding)| match finding {
            Ok(text) => vec!["ok".to_owned(), (*what).to_owned(), text.clone()],
            Err(text) => vec!["WRONG".to_owned(), (*what).to_owned(), text.clone()],
        })
        .collect();
    table(&["", "what", "finding"], &rows);
    let wrong = found.iter().filter(|(_, finding)| finding.is_err()).count();
    say(if wrong == 0 { "Nothing is wrong.".to_owned() } else { format!("{wrong} things are wrong.") });
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn data_directory(directory: &Path) -> Finding {
    match DataLock::take(directory) {
        Ok(_) => Ok(format!("{} is ours and can be written", directory.display())),
        Err(Failure::Locked { holder, .. }) => Ok(format!("in use by {holder}")),
        Err(failure) => Err(format!("{failure}; check its owner and rights")),
    }
}

fn fsync(directory: &Path) -> Finding {
    let probe = directory.join("doctor.probe");
    let measure = || -> std::io::Result<u128> {
        use std::io::Write;
        let mut file = std::fs::File::create(&probe)?;
        let started = Instant::now();
        for _ in 0..20 {
            file.write_all(&[0; 4096])?;
            file.sync_data()?;
        }
        Ok(started.elapsed().as_micros() / 20)
    };
    let measured = measure();
    // The probe has served; what is left of it does no harm.
    let _ = std::fs::remove_file(&probe);
    match measured {
        Ok(micros) => Ok(format!("{micros} µs for 4 KiB: a lone write waits about that long")),
        Err(error) => Err(format!("a file in the data directory cannot be synced: {error}")),
    }
}

fn keys(settings: &Settings) -> Finding {
    let keys =
        Keys::load_or_create(&platform::keys_directory(settings)).map_err(|error| error.to_string())?;
    Ok(format!("readable; audit blocks are signed by {}", keys.signer.kid()))
}

fn address(settings: &Settings) -> Finding {
    let address = settings.get(&settings::LISTEN);
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(format!("{address} is in use, by us if we run"))
        }
        Err(error) => Err(format!("{address} cannot be listened on: {error}")),
    }
}

fn mode(settings: &Settings) -> Finding {
    match settings.get(&settings::MODE) {
        Mode::Sandbox => Ok("sandbox: trial tokens and demo data; not for real customers".to_owned()),
        Mode::Production if settings.get(&settings::JWKS_URL).is_none() => {
            Err("production without `auth.jwks_url`: nobody can call".to_owned())
        }
        Mode::Production => Ok("production".to_owned()),
    }
}

fn databases(settings: &Settings) -> Finding {
    match platform::engine(settings).map_err(|failure| failure.to_string())? {
        Engine::Sqlite { directory } => {
            let checked = kernel::store::check_files(&directory).map_err(|error| error.to_string())?;
            Ok(format!("SQLite {}, {checked} files, all whole", kernel::store::sqlite_version()))
        }
        Engine::Postgres { url, .. } => {
            kernel::store::check_postgres(&url).map_err(|error| with_causes(&error))
        }
    }
}
