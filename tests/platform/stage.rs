//! Where one test plays: the binary, a data directory of its own, and a database of its own on Postgres.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use contracts::{Id, ProjectId};
use kernel::store::Engine;
use kernel::testing::{Place, unique_directory};

use crate::server::Server;

/// The permission that is every permission.
pub const ALL: &[&str] = &["*"];

const LIMITS: [&str; 7] = ["GLOBAL", "ADDRESS", "PROJECT", "READ", "WRITE", "AUTH", "OTP"];

/// A place for one installation; it is cleared away at the end.
pub struct Stage {
    home: PathBuf,
    postgres: Option<Place>,
}

/// What a command left behind.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Stage {
    /// On the embedded engine.
    pub fn embedded() -> Self {
        Self { home: unique_directory(), postgres: None }
    }

    /// On Postgres, where there is one.
    pub fn postgres() -> Option<Self> {
        Some(Self { postgres: Some(Place::postgres()?), home: unique_directory() })
    }

    /// Both engines, as far as they are there.
    pub fn both() -> Vec<Self> {
        std::iter::once(Self::embedded()).chain(Self::postgres()).collect()
    }

    /// Another place on the same engine, as empty as this one was.
    pub fn another(&self) -> Self {
        if self.postgres.is_some() { Self::postgres().unwrap() } else { Self::embedded() }
    }

    /// What it stands on, for messages.
    pub fn engine(&self) -> &'static str {
        if self.postgres.is_some() { "postgres" } else { "embedded" }
    }

    /// A path in this place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Puts the settings of this place, and none from around the test, on a command.
    pub fn settle(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("STOA_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.home).stdin(Stdio::null());
        command.env("STOA_DATA_DIR", self.data()).env("STOA_LISTEN", "127.0.0.1:0");
        command.env("STOA_SANDBOX_LISTEN", "127.0.0.1:0").env("STOA_SANDBOX_MAIL", "127.0.0.1:0");
        // One test sends what many callers would; a test of limits sets its own.
        for limit in LIMITS {
            command.env(format!("STOA_LIMITS_{limit}"), "off");
        }
        command.env("STOA_NOTIFICATIONS_LIMIT_RECIPIENT", "100000");
        // Several installations share the one server of a test run.
        command.env("STOA_DATABASE_CONNECTIONS", "3");
        if let Some(Engine::Postgres { url, .. }) = self.postgres.as_ref().map(|place| &place.engine) {
            command.env("STOA_DATABASE_URL", url);
        }
    }

    /// `stoa ARGUMENTS..`, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments);
        self.settle(&mut command);
        command
    }

    /// Runs `stoa ARGUMENTS..` to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments))
    }

    /// Starts `stoa up` and waits until it is ready.
    pub fn start(&self) -> Server {
        self.start_by(self.command(&["up"]))
    }

    /// Starts this command, which ends up as `stoa up`, and waits until it is ready.
    pub fn start_by(&self, command: Command) -> Server {
        Server::start(command, &self.home)
    }

    /// `stoa audit verify` finds nothing wrong.
    pub fn audit_is_whole(&self) -> String {
        let verified = self.run(&["audit", "verify"]);
        assert_eq!(verified.code, Some(0), "{}: {}{}", self.engine(), verified.out, verified.err);
        assert!(!verified.out.contains("BROKEN"), "{}: {}", self.engine(), verified.out);
        verified.out
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("left to be looked at: {}", self.home.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

/// The demo's own project.
pub fn demo_project() -> ProjectId {
    ProjectId::from_u128(1)
}

/// A project that is not the demo's; `number` tells them apart.
pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(0x7000 + number)
}

/// Whether the gate wants this tool or server to be there.
pub fn is_required(what: &str) -> bool {
    std::env::var("STOA_TEST_REQUIRE")
        .is_ok_and(|required| required.split(',').any(|name| name.trim() == what))
}

/// The binary beside this test, built when it is absent or older than its sources.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let binary = profile.join(format!("stoa{}", std::env::consts::EXE_SUFFIX));
        if modified(&binary) < newest_source() {
            build(&profile.file_name().unwrap().to_string_lossy());
        }
        assert!(binary.exists(), "{} is not there; `cargo build -p stoa` makes it", binary.display());
        binary
    })
}

fn build(profile: &str) {
    // The folder of the `dev` profile has another name.
    let profile = if profile == "debug" { "dev" } else { profile };
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "-p", "stoa", "--profile", profile])
        .current_dir(root())
        .status()
        .unwrap();
    assert!(status.success(), "`stoa` does not build");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn modified(path: &Path) -> SystemTime {
    path.metadata().and_then(|known| known.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn newest_source() -> SystemTime {
    let mut newest = modified(&root().join("Cargo.lock"));
    let mut folders: Vec<PathBuf> =
        ["packages", "services", "apps", "stoa"].map(|name| root().join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|kind| ["rs", "sql", "toml", "css", "js"].iter().any(|known| kind == *known))
            {
                newest = newest.max(modified(&path));
            }
        }
    }
    newest
}
