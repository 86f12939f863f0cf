//! The settings of the whole platform, and what people can see of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use kernel::config::{Declaration, Mode, Setting, Settings, environment, example_toml, reference_markdown};
use kernel::secrets::Secret;
use kernel::telemetry::logs::LogStyle;

use crate::cli::ConfigCommand;
use crate::output::{say, table};
use crate::platform::Failure;
use crate::services;

/// Where the files are.
pub const DATA_DIR: Setting<PathBuf> =
    Setting::new("data_dir", || PathBuf::from("./data"), "Where the databases and keys are kept.");
/// Where HTTP is served.
pub const LISTEN: Setting<SocketAddr> =
    Setting::new("listen", || SocketAddr::from(([127, 0, 0, 1], 8000)), "Where HTTP is served.");
/// Postgres instead of the embedded engine.
pub const DATABASE_URL: Setting<Option<Secret<String>>> = Setting::new(
    "database_url",
    || None,
    "The Postgres to keep data in; without it, files in the data directory hold everything. It may name a \
     secret: `env:NAME`, `file:/path`, `vault:mount/path#field`.",
)
.example("postgres://stoa@localhost/stoa");
/// Where secrets are kept.
pub const VAULT_ADDRESS: Setting<Option<String>> = Setting::new(
    "vault.address",
    || None,
    "A Vault whose secrets settings may name as `vault:mount/path#field`.",
)
.example("https://vault.internal:8200");
/// What opens it.
pub const VAULT_TOKEN: Setting<Option<Secret<String>>> =
    Setting::new("vault.token", || None, "The token that opens the Vault.").example("env:VAULT_TOKEN");
/// Connections a service.
pub const DATABASE_CONNECTIONS: Setting<usize> =
    Setting::new("database_connections", || 8, "The most connections that one service opens to Postgres.");
/// Sandbox or production.
pub const MODE: Setting<Mode> = Setting::new(
    "mode",
    || Mode::Sandbox,
    "`sandbox` comes with demo data and trial tokens; `production` has neither.",
);
/// How log lines look.
pub const LOG_STYLE: Setting<LogStyle> =
    Setting::new("log.style", || LogStyle::Auto, "How log lines look: readable ones, or JSON for machines.");
/// Which log lines are written.
pub const LOG_FILTER: Setting<String> =
    Setting::new("log.filter", || "info".to_owned(), "Which log lines are written: `info,audit=debug`.");
/// Where traces go.
pub const TRACES_ENDPOINT: Setting<Option<String>> =
    Setting::new("traces.endpoint", || None, "The OTLP/HTTP collector that traces are sent to.")
        .example("http://localhost:4318");
/// Keys of another issuer.
pub const JWKS_URL: Setting<Option<String>> = Setting::new(
    "auth.jwks_url",
    || None,
    "The key set of the issuer whose tokens are accepted; without it, only our own keys are.",
)
.example("https://login.example.com/.well-known/jwks.json");
/// Who issues tokens.
pub const ISSUER: Setting<String> =
    Setting::new("auth.issuer", || "stoa".to_owned(), "The issuer that tokens must name.");
/// How long running requests may go on at the end.
pub const DRAIN: Setting<Duration> = Setting::new(
    "drain",
    || Duration::from_secs(10),
    "How long running requests may go on after a stop is asked.",
);

/// Every setting there is.
pub fn declarations() -> Vec<Declaration> {
    let mut all = vec![
        DATA_DIR.declare(),
        LISTEN.declare(),
        DATABASE_URL.declare(),
        DATABASE_CONNECTIONS.declare(),
        VAULT_ADDRESS.declare(),
        VAULT_TOKEN.declare(),
        MODE.declare(),
        DRAIN.declare(),
        LOG_STYLE.declare(),
        LOG_FILTER.declare(),
        TRACES_ENDPOINT.declare(),
        JWKS_URL.declare(),
        ISSUER.declare(),
    ];
    all.extend(kernel::service::settings());
    all.extend(services::all().iter().flat_map(|service| service.declarations().to_vec()));
    all
}

/// Loads them: defaults, file, environment, flags.
pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Settings, Failure> {
    let here = Path::new("stoa.toml");
    let file = file.or_else(|| here.exists().then_some(here));
    Ok(Settings::load(declarations(), file, environment(), flags)?)
}

/// `stoa config ..`
pub fn show(settings: &Settings, what: ConfigCommand) -> Result<ExitCode, Failure> {
    match what {
        ConfigCommand::Check => {}
        ConfigCommand::Example => say(example_toml(&declarations())),
        ConfigCommand::Reference => say(reference_markdown(&declarations())),
        ConfigCommand::Print => {
            let rows: Vec<Vec<String>> = settings
                .rows()
                .into_iter()
                .map(|row| vec![row.key.to_owned(), row.value, row.origin.to_string()])
                .collect();
            table(&["setting", "value", "from"], &rows);
        }
    }
    Ok(ExitCode::SUCCESS)
}
