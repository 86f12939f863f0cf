//! The settings of the whole platform, and what people can see of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use kernel::config::{Declaration, Mode, Setting, Settings, environment, example_toml, reference_markdown};
use kernel::secrets::Secret;
use kernel::telemetry::logs::LogStyle;

use crate::cli::ConfigCommand;
use crate::doors::MorePorts;
use crate::output::{say, table};
use crate::platform::Failure;
use crate::{services, world};

/// Where the files are.
pub const DATA_DIR: Setting<PathBuf> =
    Setting::new("data_dir", || PathBuf::from("./data"), "Where the databases and keys are kept.");
/// Where HTTP is served.
pub const LISTEN: Setting<SocketAddr> =
    Setting::new("listen", || SocketAddr::from(([127, 0, 0, 1], 8000)), "Where HTTP is served.");
/// Where else HTTP is served.
pub const LISTEN_ALSO: Setting<Option<MorePorts>> = Setting::new(
    "listen_also",
    || None,
    "More ports, on the host of `listen`, or addresses, that lead to the same; `documents` is all ports that the \
     five documents name: 8000, 8080 to 8089, 3001, 3002, 8888, 8761.",
)
.example("documents");
/// How many connections there may be.
pub const CONNECTIONS_MAX: Setting<usize> = Setting::new(
    "connections_max",
    || 10_000,
    "The most connections that are open at once, on all ports together; more wait until one ends.",
);
/// What is shown to callers.
pub const TLS_CERTIFICATE: Setting<Option<PathBuf>> = Setting::new(
    "tls.certificate",
    || None,
    "The certificate with its chain, as PEM: with it every port speaks TLS. A changed file is read anew within 10 s.",
)
.example("/etc/stoa/tls.crt");
/// The key of the certificate.
pub const TLS_KEY: Setting<Option<PathBuf>> =
    Setting::new("tls.key", || None, "The key of the certificate, as PEM.").example("/etc/stoa/tls.key");
/// Who may call, and who is believed.
pub const TLS_CLIENT_CA: Setting<Option<PathBuf>> = Setting::new(
    "tls.client_ca",
    || None,
    "The authority, as PEM, of which callers must show a certificate.",
)
.example("/etc/stoa/ca.crt");
/// Whom calls to other processes trust.
pub const TLS_INSIDE_CA: Setting<Option<PathBuf>> = Setting::new(
    "tls.inside_ca",
    || None,
    "The authority, as PEM, that calls to other processes trust; without it that of `tls.client_ca`.",
)
.example("/etc/stoa/inside-ca.crt");
/// Where services tell that they are there.
pub const REGISTRY_URL: Setting<Option<String>> = Setting::new(
    "registry_url",
    || None,
    "The registry that this process tells where its services answer; without it gateways know by `gateway.upstreams`.",
)
.example("http://10.0.0.5:8888");
/// Where others reach this process.
pub const ADVERTISE: Setting<Option<String>> = Setting::new(
    "advertise",
    || None,
    "The address at which other processes reach this one; without it the one that it listens on.",
)
.example("http://10.0.0.7:8091");
/// Postgres instead of the embedded engine.
pub const DATABASE_URL: Setting<Option<Secret<String>>> = Setting::new(
    "database_url",
    || None,
    "The Postgres to keep data in; without it, files in the data directory hold everything. `sslmode` (`disable`, \
     `prefer`, `require`, `verify-ca`, `verify-full`) and `sslrootcert` in it mean what they mean to libpq. It may \
     name a secret: `env:NAME`, `file:/path`, `vault:mount/path#field`.",
)
.example("postgres://stoa@db.internal/stoa?sslmode=verify-full&sslrootcert=/etc/stoa/db-ca.crt");
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
    Setting::new("database_connections", || 4, "The most connections that one service opens to Postgres.");
/// Sandbox or production.
pub const MODE: Setting<Mode> = Setting::new(
    "mode",
    || Mode::Sandbox,
    "`sandbox` comes with demo data and trial tokens; `production` has neither.",
);
/// Where the sandbox's providers answer.
pub const SANDBOX_LISTEN: Setting<SocketAddr> = Setting::new(
    "sandbox.listen",
    || SocketAddr::from(([127, 0, 0, 1], 8010)),
    "Where the sandbox's providers answer in sandbox mode, and where its inbox is read.",
);
/// Where the sandbox takes mail.
pub const SANDBOX_MAIL: Setting<SocketAddr> = Setting::new(
    "sandbox.mail",
    || SocketAddr::from(([127, 0, 0, 1], 8025)),
    "Where the sandbox takes mail by SMTP in sandbox mode.",
);
/// With what the storefront reads the catalog.
pub const STOREFRONT_KEY: Setting<Option<Secret<String>>> = Setting::new(
    "storefront.api_key",
    || None,
    "The key with which the storefront reads the catalog and keeps carts (`catalog:read`, `orders:write`); without it \
     there is no storefront at /shop.",
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
/// How long it is told before.
pub const DRAIN_NOTICE: Setting<Option<Duration>> = Setting::new(
    "drain_notice",
    || None,
    "How long a process that was asked to stop says that it is not ready, yet serves on, so that balancers send \
     nothing more; 5s in production and 0s in the sandbox, where nothing is set.",
);

/// Every setting there is.
pub fn declarations() -> Vec<Declaration> {
    let mut all = vec![
        DATA_DIR.declare(),
        LISTEN.declare(),
        LISTEN_ALSO.declare(),
        CONNECTIONS_MAX.declare(),
        TLS_CERTIFICATE.declare(),
        TLS_KEY.declare(),
        TLS_CLIENT_CA.declare(),
        TLS_INSIDE_CA.declare(),
        REGISTRY_URL.declare(),
        ADVERTISE.declare(),
        DATABASE_URL.declare(),
        DATABASE_CONNECTIONS.declare(),
        VAULT_ADDRESS.declare(),
        VAULT_TOKEN.declare(),
        MODE.declare(),
        SANDBOX_LISTEN.declare(),
        SANDBOX_MAIL.declare(),
        STOREFRONT_KEY.declare(),
        DRAIN.declare(),
        DRAIN_NOTICE.declare(),
        LOG_STYLE.declare(),
        LOG_FILTER.declare(),
        TRACES_ENDPOINT.declare(),
        JWKS_URL.declare(),
        ISSUER.declare(),
    ];
    all.extend(kernel::service::settings());
    all.extend(storefront::settings::declared());
    all.extend(wallet_app::settings::declared());
    all.extend(sandbox::service().declarations().to_vec());
    all.extend(services::all().iter().flat_map(|service| service.declarations().to_vec()));
    all
}

/// Loads them: defaults, file, environment, flags.
pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Settings, Failure> {
    let here = Path::new("stoa.toml");
    let file = file.or_else(|| here.exists().then_some(here));
    let settings = Settings::load(declarations(), file, environment(), flags)?;
    Ok(world::usual(settings, file, flags)?)
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
