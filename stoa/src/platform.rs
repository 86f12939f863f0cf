//! What all services of a process share, made from the settings: keys, clock, databases, who may call.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use kernel::auth::{JwkSet, StaticKeys, TokenType, Verifier};
use kernel::clock::Clock;
use kernel::config::{ConfigError, Mode, Settings};
use kernel::ids::Ids;
use kernel::keys::{Keys, KeysError, signer};
use kernel::outside::{Guard, Outside, OutsideSettings};
use kernel::secrets::{Secret, SecretError, SecretRef, VaultAccess};
use kernel::service::{Platform, Running, Service};
use kernel::store::{Engine, Store, StoreError, Surroundings};

use crate::keys::{RemoteKeys, TokenKeys};
use crate::lock::DataLock;
use crate::output::say;
use crate::{services, settings};

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Settings are wrong.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Another process owns the data.
    #[error(
        "{directory} is in use by {holder}; stop it first, or choose another directory with STOA_DATA_DIR"
    )]
    Locked {
        /// Which directory.
        directory: String,
        /// Who has it.
        holder: String,
    },
    /// A file cannot be used.
    #[error("{0} cannot be used")]
    File(String, #[source] std::io::Error),
    /// The platform's keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A database cannot be used.
    #[error("the database of {0}: {1}")]
    Store(&'static str, #[source] StoreError),
    /// A name that is no service's.
    #[error("there is no service `{0}`; there are: {all}", all = services::names().join(", "))]
    NoSuchService(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// The directory of the platform's keys.
pub fn keys_directory(settings: &Settings) -> PathBuf {
    settings.get(&settings::DATA_DIR).join("keys")
}

/// The directory of the embedded databases.
pub fn database_directory(settings: &Settings) -> PathBuf {
    settings.get(&settings::DATA_DIR).join("db")
}

/// The signing key of trial tokens.
pub const TOKENS_FILE: &str = "tokens.key";
/// Whom tokens must be meant for.
pub const AUDIENCE: &str = "stoa";
/// The key with which processes of the platform speak to each other; they share it.
pub const INTERNAL_FILE: &str = "internal.key";
/// Whom the word of a gateway is meant for.
pub const INTERNAL_AUDIENCE: &str = "services";

/// Which engine the settings choose.
pub fn engine(settings: &Settings) -> Result<Engine, Failure> {
    Ok(match settings.get(&settings::DATABASE_URL) {
        None => Engine::Sqlite { directory: database_directory(settings) },
        Some(url) => Engine::Postgres {
            url: reveal(settings, &url)?.into_exposed(),
            connections_max: settings.get(&settings::DATABASE_CONNECTIONS),
        },
    })
}

/// The secret that a setting names, or that it is.
fn reveal(settings: &Settings, text: &Secret<String>) -> Result<Secret<String>, Failure> {
    let failed = |error: SecretError| Failure::Other(error.to_string());
    let parse = |text: &Secret<String>| text.expose().parse::<SecretRef>().map_err(failed);
    block_on(async {
        let vault = match (settings.get(&settings::VAULT_ADDRESS), settings.get(&settings::VAULT_TOKEN)) {
            (Some(address), Some(token)) => {
                let token = parse(&token)?.resolve(&VaultAccess::Absent).await.map_err(failed)?;
                VaultAccess::At { address, token }
            }
            _ => VaultAccess::Absent,
        };
        parse(text)?.resolve(&vault).await.map_err(failed)
    })?
}

/// What all services share.
pub fn platform(settings: &Settings) -> Result<Platform, Failure> {
    platform_with(settings, &token_keys(settings)?)
}

/// The keys that tokens may be signed with. Those of `stoa token` count in the sandbox only.
pub fn token_keys(settings: &Settings) -> Result<TokenKeys, Failure> {
    Ok(TokenKeys::with(match settings.get(&settings::MODE) {
        Mode::Sandbox => vec![signer(&keys_directory(settings), TOKENS_FILE)?.jwk()],
        Mode::Production => Vec::new(),
    }))
}

/// What all services share, where tokens signed with `keys` are taken.
pub fn platform_with(settings: &Settings, keys: &TokenKeys) -> Result<Platform, Failure> {
    let own = Arc::new(Keys::load_or_create(&keys_directory(settings))?);
    let surroundings = Surroundings { clock: Clock::system(), ids: Ids::new(), keys: own };
    let issuer = settings.get(&settings::ISSUER);
    let internal = StaticKeys(JwkSet { keys: vec![signer(&keys_directory(settings), INTERNAL_FILE)?.jwk()] });
    let internal = Verifier::new(issuer.clone(), INTERNAL_AUDIENCE, TokenType::Internal, internal);
    // In the sandbox the outside is this machine.
    let allow_loopback = settings.get(&settings::MODE) == Mode::Sandbox;
    let guard = match allow_loopback {
        true => Guard { ports: vec![1..=u16::MAX], allow_loopback },
        false => Guard::default(),
    };
    let outside = Outside::new(OutsideSettings { guard, ..OutsideSettings::default() })
        .map_err(|error| Failure::Other(format!("no TLS for the outside: {error}")))?;
    let verifier = match settings.get(&settings::JWKS_URL) {
        None => Verifier::new(issuer, AUDIENCE, TokenType::Access, keys.clone()),
        Some(url) => {
            let keys = RemoteKeys { url, provider: outside.provider("jwks") };
            Verifier::new(issuer, AUDIENCE, TokenType::Access, keys)
        }
    };
    let verifier = Arc::new(verifier);
    Ok(Platform {
        settings: settings.clone(),
        surroundings,
        engine: engine(settings)?,
        verifier,
        internal: Arc::new(internal),
        catalogue: Arc::new(kernel::service::catalogue(&services::all())),
        outside: Arc::new(outside),
    })
}

/// Opens the named services; all of them when none is named.
pub fn open(platform: &Platform, names: &[String]) -> Result<Vec<Running>, Failure> {
    if let Some(wrong) = names.iter().find(|name| !services::names().contains(&name.as_str())) {
        return Err(Failure::NoSuchService(wrong.clone()));
    }
    let wanted = |service: &Service| names.is_empty() || names.iter().any(|name| name == service.name());
    services::all()
        .into_iter()
        .filter(wanted)
        .map(|service| {
            let name = service.name();
            service.open(platform).map_err(|error| Failure::Store(name, error))
        })
        .collect()
}

/// Opens one service, for a command that looks after it.
pub fn open_one(settings: &Settings, name: &str) -> Result<Running, Failure> {
    let mut services = open(&platform(settings)?, &[name.to_owned()])?;
    services.pop().ok_or_else(|| Failure::NoSuchService(name.to_owned()))
}

/// The logs that the services here hear: those of this process, and on Postgres those of all others.
pub fn logs(platform: &Platform, here: &[Running]) -> Result<Vec<Store>, Failure> {
    let mut logs: Vec<Store> = here.iter().map(|service| service.store().clone()).collect();
    if matches!(platform.engine, Engine::Postgres { .. }) {
        for name in services::names() {
            if !here.iter().any(|service| service.name() == name) {
                let log = Store::attach(name, platform.engine.clone(), platform.surroundings.clone());
                logs.push(log.map_err(|error| Failure::Store(name, error))?);
            }
        }
    }
    Ok(logs)
}

/// Runs async work to its end.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("no threads to run on: {error}")))?;
    Ok(runtime.block_on(work))
}

/// `stoa migrate`
pub fn migrate(settings: Settings) -> Result<ExitCode, Failure> {
    let _lock = match engine(&settings)? {
        Engine::Sqlite { .. } => Some(DataLock::take(&settings.get(&settings::DATA_DIR))?),
        Engine::Postgres { .. } => None,
    };
    for service in open(&platform(&settings)?, &[])? {
        say(format!("{}: up to date", service.name()));
        service.store().close();
    }
    Ok(ExitCode::SUCCESS)
}

/// `stoa rotate-keys`
pub fn rotate_keys(settings: &Settings) -> Result<ExitCode, Failure> {
    Keys::rotate(&keys_directory(settings))?;
    say("New keys are in place; a running process takes them at its next start. Back them up.");
    Ok(ExitCode::SUCCESS)
}
