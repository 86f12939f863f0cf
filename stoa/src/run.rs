//! Serving: start, say where to look, serve, drain.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kernel::config::{Mode, Settings};
use kernel::http::Health;
use kernel::service::{Platform, Running};
use kernel::store::Store;
use kernel::telemetry::{logs, traces};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::front::{self, Served};
use crate::keys::TokenKeys;
use crate::lock::DataLock;
use crate::output::say;
use crate::platform::{self, Failure};
use crate::world::World;
use crate::{demo, doors, fleet, services, settings, wallets};

/// `stoa up`: everything in one process.
pub fn up(settings: Settings) -> Result<ExitCode, Failure> {
    run(settings, &[])
}

/// `stoa serve NAME..`: the named services in one process.
pub fn serve(settings: Settings, names: &[String]) -> Result<ExitCode, Failure> {
    run(settings, names)
}

fn run(settings: Settings, names: &[String]) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    logs::init(settings.get(&settings::LOG_STYLE), &settings.get(&settings::LOG_FILTER))
        .map_err(|error| Failure::Other(error.to_string()))?;
    let directory = settings.get(&settings::DATA_DIR);
    let embedded = settings.get(&settings::DATABASE_URL).is_none();
    // On Postgres the data directory holds keys only, and many processes may share them.
    let mut lock = if embedded { Some(DataLock::take(&directory)?) } else { None };
    let keys = platform::token_keys(&settings)?;
    let platform = platform::platform_with(&settings, &keys)?;
    let services = platform::open(&platform, names)?;
    let logs = platform::logs(&platform, &services)?;
    let address = settings.get(&settings::LISTEN);
    if let Some(lock) = &mut lock {
        let noted = lock.note(&format!("listening on {address}"));
        noted.map_err(|error| Failure::File(directory.display().to_string(), error))?;
    }
    let all = All { settings: &settings, platform: &platform, services: &services, logs: &logs, keys: &keys };
    let served = platform::block_on(serve_all(&all, names.is_empty(), started))?;
    for service in &services {
        service.store().close();
    }
    tracing::info!("stopped");
    served
}

/// What one process serves, and with what.
struct All<'a> {
    settings: &'a Settings,
    platform: &'a Platform,
    services: &'a [Running],
    logs: &'a [Store],
    keys: &'a TokenKeys,
}

async fn serve_all(all: &All<'_>, alone: bool, started: Instant) -> Result<ExitCode, Failure> {
    let All { settings, platform, services: running, logs, keys } = *all;
    let exporter = match settings.get(&settings::TRACES_ENDPOINT) {
        Some(endpoint) => {
            let installed = traces::install(&endpoint, "stoa");
            Some(installed.map_err(|error| Failure::Other(error.to_string()))?)
        }
        None => None,
    };
    let doors = doors::open(settings).await?;
    // One process that is everything is the outside as well; many processes share one that is told by settings.
    let world = if alone { World::open(settings, platform).await? } else { None };
    let outside = world.as_ref().map(World::address);
    let address = format!("{}://{}", doors.scheme(), doors.address());
    let (stop, stopping) = watch::channel(false);
    let health = Health::default();
    let Served { routes, front } = front::served(running, &health, settings, keys)?;
    let mut tasks = JoinSet::new();
    for service in running {
        service.start(&services::heard_by(service, logs), &stopping, &mut tasks);
    }
    let drain = settings.get(&settings::DRAIN);
    let sandbox = match world {
        Some(world) => Some(world.start(&address, drain, &stopping, &mut tasks).await?),
        None => None,
    };
    if let Some(front) = &front {
        front.start(&stopping, &mut tasks);
    }
    if settings.get(&settings::MODE) == Mode::Sandbox {
        demo::seed(settings, running, &routes).await;
        if let Some(bank) = demo::bank(settings, running, &routes) {
            tasks.spawn(wallets::fill(bank, stopping.clone()));
        }
    }
    if let Some(front) = &front {
        front::hear_all(running, logs, front).await;
    }
    fleet::join(settings, running, &address, &health, &stopping, &mut tasks)?;
    health.started(running.iter().map(|service| service.store().clone()).collect());
    welcome(settings, &address, outside, running, started.elapsed());

    // What a gateway alone is asked is answered elsewhere.
    let doors = if front.is_some() && running.len() == 1 { doors.with_porters()? } else { doors };
    let serving = match front {
        Some(front) => tokio::spawn(doors.serve(front, stopping, drain)),
        None => tokio::spawn(doors.serve(routes, stopping, drain)),
    };
    asked_to_stop().await;
    doors::give_notice(settings, &health, asked_to_stop()).await;
    tracing::info!("stopping: no new requests, the running ones may end");
    // A channel without receivers has nobody left to stop.
    let _ = stop.send(true);
    if let Err(error) = serving.await {
        tracing::error!(%error, "serving ended badly");
    }
    let ended = tokio::time::timeout(drain, async { while tasks.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("some background work did not end in time; it goes on at the next start");
    }
    if let Some(sandbox) = sandbox {
        sandbox.close();
    }
    if let Some(exporter) = exporter {
        exporter.shutdown().await;
    }
    Ok(ExitCode::SUCCESS)
}

fn welcome(
    settings: &Settings,
    address: &str,
    outside: Option<SocketAddr>,
    services: &[Running],
    took: Duration,
) {
    let names: Vec<&str> = services.iter().map(Running::name).collect();
    let data = match settings.get(&settings::DATABASE_URL) {
        Some(_) => "Postgres".to_owned(),
        None => format!("files in {}", settings.get(&settings::DATA_DIR).display()),
    };
    tracing::info!(listen = address, services = names.join(","), ready_ms = took.as_millis() as u64, "ready");
    say(format!("\nStoa is ready after {} ms.\n", took.as_millis()));
    say(format!("  home      {address}/"));
    if settings.get(&settings::STOREFRONT_KEY).is_some() {
        say(format!("  shop      {address}/shop"));
    }
    if settings.get(&wallet_app::settings::ORIGIN).is_some() {
        say(format!("  wallet    {address}/wallet"));
    }
    if let Some(outside) = outside {
        say(format!("  sandbox   http://{outside}/inbox   (mail and messages that went out)"));
    }
    say(format!("  API       {address}/docs   (the document: /openapi.json)"));
    say(format!("  health    {address}/health/ready   figures: /metrics"));
    say(format!("  services  {}", names.join(", ")));
    say(format!("  data      {data}"));
    if settings.get(&settings::MODE) == Mode::Sandbox {
        say(format!(
            "\nThis is the sandbox, with demo data. Sign in as {} with `{}`,",
            demo::EMAIL,
            demo::PASSWORD
        ));
        let people: Vec<&str> = wallets::PEOPLE.iter().map(|(_, mail)| *mail).collect();
        say(format!("with a wallet as {} with the same words,", people.join(" or ")));
        say("call with the header `x-api-key: dev-key-123`, or make a token that is valid for 15 minutes:\n");
        say("  TOKEN=$(stoa token)          # or: cargo run --release -- token");
        say(format!("  curl -H \"authorization: Bearer $TOKEN\" {address}/api/v1/audit/records"));
    }
    say("\nCtrl-C stops it.\n");
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; only Ctrl-C stops this process");
            let _ = interrupted.await;
        }
    }
}
