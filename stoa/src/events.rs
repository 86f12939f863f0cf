//! `stoa events ..`: what was announced, and what could not be handled.

use std::process::ExitCode;
use std::time::Duration;

use kernel::config::Settings;
use kernel::events::{self, Logged, Replayed};
use kernel::service::Running;
use kernel::store::StoreError;

use crate::cli::EventsCommand;
use crate::output::{say, table};
use crate::platform::{self, Failure};
use crate::trail;

const PAGE: u32 = 200;
const PAUSE: Duration = Duration::from_millis(500);

/// Does what is asked.
pub fn run(settings: Settings, what: EventsCommand) -> Result<ExitCode, Failure> {
    match what {
        EventsCommand::Tail { service, after, once } => {
            let services = some_or_all(&settings, service)?;
            platform::block_on(tail(&services, after, once))??;
        }
        EventsCommand::Dead { service } => platform::block_on(dead(&some_or_all(&settings, service)?))??,
        EventsCommand::Replay { service, id } => {
            let service = platform::open_one(&settings, &service)?;
            let replayed = platform::block_on(events::replay(service.store(), id))?;
            return told(replayed.map_err(|e| Failure::Store(service.name(), e))?, "it is tried again, now");
        }
        EventsCommand::Discard { service, id } => {
            let service = platform::open_one(&settings, &service)?;
            let discarded = platform::block_on(events::discard(service.store(), id))?;
            return told(discarded.map_err(|e| Failure::Store(service.name(), e))?, "it is given up");
        }
        EventsCommand::Trail { key, diagram } => {
            platform::block_on(trail::show(&some_or_all(&settings, None)?, &key, diagram))??;
        }
        EventsCommand::Rebuild { service } => platform::block_on(rebuild(&settings, &service))??,
    }
    Ok(ExitCode::SUCCESS)
}

fn some_or_all(settings: &Settings, service: Option<String>) -> Result<Vec<Running>, Failure> {
    let names: Vec<String> = service.into_iter().collect();
    platform::open(&platform::platform(settings)?, &names)
}

fn told(replayed: Replayed, done: &str) -> Result<ExitCode, Failure> {
    match replayed {
        Replayed::Done => say(done),
        Replayed::Absent => return Err(Failure::Other("there is no such dead event".into())),
    }
    Ok(ExitCode::SUCCESS)
}

async fn tail(services: &[Running], after: Option<i64>, once: bool) -> Result<(), Failure> {
    let mut positions = Vec::new();
    for service in services {
        let from = match after {
            Some(after) => after,
            None if once => 0,
            None => events::newest(service.store()).await.map_err(|e| Failure::Store(service.name(), e))?,
        };
        positions.push(from);
    }
    loop {
        let mut quiet = true;
        for (service, position) in services.iter().zip(&mut positions) {
            let batch = events::tail(service.store(), *position, PAGE).await;
            for event in batch.map_err(|error| Failure::Store(service.name(), error))? {
                *position = event.position;
                quiet = false;
                show(&event)?;
            }
        }
        if quiet && once {
            return Ok(());
        }
        if quiet {
            tokio::select! { () = tokio::time::sleep(PAUSE) => {}, _ = tokio::signal::ctrl_c() => return Ok(()) }
        }
    }
}

fn show(event: &Logged) -> Result<(), Failure> {
    let line = serde_json::to_string(&event.envelope);
    say(format!("{:>8} {}", event.position, line.map_err(|error| Failure::Other(error.to_string()))?));
    Ok(())
}

async fn dead(services: &[Running]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for service in services {
        let mut after = 0;
        loop {
            let letters = events::dead_letters(service.store(), after, PAGE).await;
            let letters = letters.map_err(|error: StoreError| Failure::Store(service.name(), error))?;
            let Some(last) = letters.last() else { break };
            after = last.id;
            rows.extend(letters.into_iter().map(|letter| {
                vec![
                    service.name().to_owned(),
                    letter.id.to_string(),
                    format!("{:?}", letter.state).to_lowercase(),
                    letter.source,
                    letter.key,
                    letter.attempts.to_string(),
                    letter.error.unwrap_or_default(),
                ]
            }));
        }
    }
    if rows.is_empty() {
        say("No event waits: all were handled.");
    } else {
        table(&["service", "id", "state", "source", "key", "tries", "error"], &rows);
    }
    Ok(())
}

async fn rebuild(settings: &Settings, name: &str) -> Result<(), Failure> {
    let platform = platform::platform(settings)?;
    let services = platform::open(&platform, &[])?;
    let Some(service) = services.iter().find(|service| service.name() == name) else {
        return Err(Failure::NoSuchService(name.to_owned()));
    };
    let Some(clear) = service.clear() else {
        return Err(Failure::Other(format!("{name} is not a projection of events, so it cannot be rebuilt")));
    };
    let rebuilt = events::rebuild(service.store(), clear).await;
    rebuilt.map_err(|error| Failure::Store(service.name(), error))?;
    say(format!("{name} is empty and hears all kept events again when it runs."));
    Ok(())
}
