//! `stoa jobs ..`: what waits to be done, and what a person must decide on.

use std::process::ExitCode;

use kernel::config::Settings;
use kernel::jobs::{self, Changed, JobState};
use kernel::service::Running;
use kernel::store::StoreError;

use crate::cli::JobsCommand;
use crate::output::{say, table};
use crate::platform::{self, Failure};

const PAGE: u32 = 200;

/// Does what is asked.
pub fn run(settings: Settings, what: JobsCommand) -> Result<ExitCode, Failure> {
    match what {
        JobsCommand::Count => {
            platform::block_on(count(&platform::open(&platform::platform(&settings)?, &[])?))??
        }
        JobsCommand::List { service, state } => {
            let state = state.map(|text| parse(&text)).transpose()?;
            let service = platform::open_one(&settings, &service)?;
            platform::block_on(list(&service, state))??;
        }
        JobsCommand::Retry { service, id } => {
            let service = platform::open_one(&settings, &service)?;
            return told(
                &service,
                platform::block_on(jobs::retry(service.store(), id))?,
                "it is tried again, now",
            );
        }
        JobsCommand::Discard { service, id } => {
            let service = platform::open_one(&settings, &service)?;
            return told(&service, platform::block_on(jobs::discard(service.store(), id))?, "it is given up");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(text: &str) -> Result<JobState, Failure> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| Failure::Other(format!("`{text}` is not one of ready, running, done, dead, unknown")))
}

fn told(service: &Running, changed: Result<Changed, StoreError>, done: &str) -> Result<ExitCode, Failure> {
    match changed.map_err(|error| Failure::Store(service.name(), error))? {
        Changed::Done => say(done),
        Changed::Absent => return Err(Failure::Other("there is no such job that waits for a person".into())),
    }
    Ok(ExitCode::SUCCESS)
}

async fn count(services: &[Running]) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for service in services {
        let counts = jobs::counts(service.store()).await;
        for row in counts.map_err(|error| Failure::Store(service.name(), error))? {
            let oldest = row.oldest_due_at.to_string();
            rows.push(vec![
                service.name().to_owned(),
                row.queue,
                row.state.as_str().to_owned(),
                row.count.to_string(),
                oldest,
            ]);
        }
    }
    if rows.is_empty() {
        say("There are no jobs.");
    } else {
        table(&["service", "queue", "state", "count", "oldest due"], &rows);
    }
    Ok(())
}

async fn list(service: &Running, wanted: Option<JobState>) -> Result<(), Failure> {
    let found = jobs::list(service.store(), wanted, None, PAGE).await;
    let rows: Vec<Vec<String>> = found
        .map_err(|error| Failure::Store(service.name(), error))?
        .into_iter()
        .map(|job| {
            let due = job.due_at.to_string();
            let error = job.error.unwrap_or_default();
            vec![
                job.id.to_string(),
                job.queue,
                job.kind,
                job.state.as_str().to_owned(),
                job.attempts.to_string(),
                due,
                error,
            ]
        })
        .collect();
    if rows.is_empty() {
        say("There are no such jobs.");
    } else {
        table(&["id", "queue", "kind", "state", "tries", "due", "error"], &rows);
    }
    Ok(())
}
